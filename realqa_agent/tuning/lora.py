"""Where the adapter's matrices go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peft import LoraConfig, get_peft_model

if TYPE_CHECKING:
    from realqa_agent.tuning.recipe import Recipe

TARGETS = r"model\.(language_model\.layers|visual\.blocks)\.\d+\.\w+\.(\w*proj|qkv|\w*fc\d)"
"""All linear layers of the language model's and of the vision tower's blocks, as RealQA published them; what merges the
places, and the head, stay as they are. A pattern and no list, so that it stands in the adapter's settings to be read.
"""


def adapted(network: Any, recipe: Recipe, base_name: str) -> Any:
    """Return the network with an adapter that changes nothing yet, and is all that will be trained. In place.

    The adapter is kept in fp32 whatever the network is in: steps of 1e-4 would be lost in bf16.
    """
    settings = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=TARGETS,
    )
    # What the adapter's settings will say; else the path on this machine.
    network.name_or_path = base_name
    return get_peft_model(network, settings)
