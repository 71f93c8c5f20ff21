"""The adapter goes where RealQA's went: all linear layers of the language model and of the vision tower's blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

# peft asks transformers for what this has another name for by now.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

INSIDE = re.compile(r"\.(language_model\.layers|visual\.blocks)\.")


@pytest.fixture
def recipe(tiny: TinyModels) -> Any:  # noqa: ARG001 - it looks for the extra
    from realqa_agent.tuning.recipe import Recipe  # noqa: PLC0415 - beside the others

    return Recipe(dataset="", base="", prompts="", precision="fp32", rank=128, alpha=256)


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_each_linear_layer_of_the_blocks_and_nothing_else(recipe: Any, family: str) -> None:
    import torch  # noqa: PLC0415 - it may be missing
    from peft.tuners.lora import LoraLayer  # noqa: PLC0415 - as above
    from support import tiny_mllm  # noqa: PLC0415 - as above

    from realqa_agent.tuning.lora import adapted  # noqa: PLC0415 - as above

    network = tiny_mllm.network(family)
    linear = {name for name, module in network.named_modules() if isinstance(module, torch.nn.Linear)}
    model = adapted(network, recipe, "tiny")
    found = {name for name, module in network.named_modules() if isinstance(module, LoraLayer)}
    assert found == {name for name in linear if INSIDE.search(name)}
    assert {name.rpartition(".lora_")[1] for name, one in model.named_parameters() if one.requires_grad} == {".lora_"}


def test_on_the_published_base_it_has_the_published_size(recipe: Any) -> None:
    import torch  # noqa: PLC0415 - it may be missing
    import transformers  # noqa: PLC0415 - as above

    from realqa_agent.tuning.lora import adapted  # noqa: PLC0415 - as above

    text = {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
    }
    vision = {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "num_heads": 16, "mlp_ratio": 4}
    with torch.device("meta"):
        network = transformers.Qwen2VLForConditionalGeneration(
            transformers.Qwen2VLConfig(text_config=text, vision_config=vision)
        )
        model = adapted(network, recipe, "Qwen/Qwen2-VL-7B-Instruct")
    trained = [one for one in model.parameters() if one.requires_grad]
    assert len(trained) == 648
    assert sum(one.numel() for one in trained) == pytest.approx(406.8e6, rel=1e-3)
    assert model.peft_config["default"].base_model_name_or_path == "Qwen/Qwen2-VL-7B-Instruct"
