"""Multimodal models of a few hundred kilobytes: the real classes with random weights, made when they are needed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import torch
import transformers
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken
from transformers import Qwen2Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]

# Of such small matrices a second thread makes nothing but waiting.
torch.set_num_threads(1)

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]

SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"

TEMPLATE = (
    "{%% for message in messages %%}"
    "%s"
    "<|im_start|>{{ message['role'] }}\n"
    "{%% if message['content'] is string %%}{{ message['content'] }}{%% else %%}"
    "{%% for part in message['content'] %%}"
    "{%% if part['type'] == 'image' %%}<|vision_start|><|image_pad|><|vision_end|>"
    "{%% elif part['type'] == 'video' %%}<|vision_start|><|video_pad|><|vision_end|>"
    "{%% elif 'text' in part %%}{{ part['text'] }}{%% endif %%}"
    "{%% endfor %%}{%% endif %%}"
    "<|im_end|>\n"
    "{%% endfor %%}"
    "{%% if add_generation_prompt %%}<|im_start|>assistant\n{%% endif %%}"
)

WITH_SYSTEM = TEMPLATE % f"{{% if loop.first and message['role'] != 'system' %}}{SYSTEM}{{% endif %}}"
"""As Qwen2-VL has it."""

WITHOUT_SYSTEM = TEMPLATE % ""
"""As Qwen3-VL has it."""

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")

TEXT: dict[str, Any] = {
    "vocab_size": 270,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}

OLD_LAYOUT = (("model.model.visual.", "model.visual."), ("model.model.language_model.", "model.model."))
"""How peft 0.12 with transformers 4.46 wrote the keys, as the published adapters have them."""

CLASSES = {
    "qwen2_vl": "Qwen2VLForConditionalGeneration",
    "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
    "qwen3_vl": "Qwen3VLForConditionalGeneration",
}

TARGETS = (
    r".*(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj|attn\.qkv|attn\.proj|fc1|fc2|linear_fc1|linear_fc2)"
)


def signs() -> list[str]:
    """Return the 256 letters that a byte-level vocabulary writes bytes with."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(others))]


def tokenizer(template: str, *, taken_together: tuple[str, ...] = ()) -> Any:
    """Return a byte-level tokenizer whose order is shuffled: in sorted order the digits get Qwen's own numbers."""
    letters = signs()
    random.Random(6).shuffle(letters)  # noqa: S311 - no secret
    made = Qwen2Tokenizer(vocab={letter: index for index, letter in enumerate(letters)}, merges=[])
    made.add_special_tokens(
        {"additional_special_tokens": [AddedToken(name, special=True, normalized=False) for name in SPECIAL]}
    )
    for piece in taken_together:
        made.add_tokens([piece])
    # The real ones name these two.
    made.eos_token, made.pad_token = "<|im_end|>", "<|endoftext|>"
    made.chat_template = template
    return made


def config(family: str) -> Any:
    """Return a family's settings, as small as its architecture allows."""
    rope: dict[str, Any] = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    numbers = {name: len(signs()) + index for index, name in enumerate(SPECIAL)}
    ids = {
        "image_token_id": numbers["<|image_pad|>"],
        "video_token_id": numbers["<|video_pad|>"],
        "vision_start_token_id": numbers["<|vision_start|>"],
        "vision_end_token_id": numbers["<|vision_end|>"],
    }
    text = TEXT | {
        "rope_parameters": rope,
        "eos_token_id": numbers["<|im_end|>"],
        "bos_token_id": numbers["<|endoftext|>"],
    }
    if family == "qwen2_vl":
        vision: dict[str, Any] = {"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 4, "mlp_ratio": 2}
        return transformers.Qwen2VLConfig(text_config=text, vision_config=vision, **ids)
    if family == "qwen2_5_vl":
        vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "out_hidden_size": 64, "num_heads": 4}
        vision |= {"fullatt_block_indexes": [1], "window_size": 112}
        return transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
    rope["mrope_interleaved"] = True
    vision = {"depth": 3, "hidden_size": 32, "intermediate_size": 64, "out_hidden_size": 64, "num_heads": 4}
    vision |= {"patch_size": 16, "num_position_embeddings": 256, "deepstack_visual_indexes": [0, 1]}
    return transformers.Qwen3VLConfig(text_config=text | {"head_dim": 16}, vision_config=vision, **ids)


def preprocessor(family: str) -> dict[str, Any]:
    """Return what a family's `preprocessor_config.json` says."""
    third = family == "qwen3_vl"
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "patch_size": 16 if third else 14,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "image_mean": [0.5] * 3 if third else CLIP_MEAN,
        "image_std": [0.5] * 3 if third else CLIP_STD,
        "min_pixels": 3136,
        "max_pixels": 12845056,
    }


def network(family: str, seed: int = 0) -> Any:
    """Return a random model, louder than the usual start: else all its answers are nearly alike."""
    torch.manual_seed(seed)
    settings = config(family)
    made = getattr(transformers, CLASSES[family])(settings)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.15)
        # No trained model says what stands for a picture.
        made.lm_head.weight[len(signs()) + SPECIAL.index("<|object_ref_start|>") :] = 0
    return made.eval()


def save_base(folder: Path, family: str, *, seed: int = 0, shard: str = "50GB") -> Path:
    """Save a whole model's folder, as one fetches it."""
    network(family, seed).save_pretrained(folder, max_shard_size=shard)
    tokenizer(WITHOUT_SYSTEM if family == "qwen3_vl" else WITH_SYSTEM).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor(family)))
    return folder


def save_adapter(folder: Path, family: str, *, seed: int = 1, loudness: float = 0.1) -> Path:
    """Save an adapter in today's key layout; without loudness it changes nothing."""
    plain = network(family)
    torch.manual_seed(seed)
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS)
    adapted = inject_adapter_in_model(settings, plain)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if ".lora_B." in name:
                parameter.normal_(std=loudness) if loudness else parameter.zero_()
    settings.base_model_name_or_path = f"tiny/{family}"
    settings.save_pretrained(folder)
    # Not with peft's own saving: that asks the hub for the base.
    weights = {
        f"base_model.model.{name.replace('.default', '')}": parameter.detach().contiguous()
        for name, parameter in adapted.named_parameters()
        if ".lora_" in name
    }
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


def rename_keys(folder: Path, *renamings: tuple[str, str]) -> Path:
    """Rename the keys of an adapter, in place; the first renaming that fits a key is its only one."""
    file = folder / "adapter_model.safetensors"
    renamed = {}
    for name, tensor in load_file(file).items():
        old, new = next(((old, new) for old, new in renamings if old in name), ("", ""))
        renamed[name.replace(old, new, 1) if old else name] = tensor
    save_file(renamed, file, metadata={"format": "pt"})
    return folder


class TinyModels:
    """Folders with tiny models and adapters, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def base(self, family: str) -> Path:
        """Return a whole model; that of Qwen3-VL is in several files."""
        return self._made(
            f"{family}-base", lambda to: save_base(to, family, shard="300KB" if family == "qwen3_vl" else "50GB")
        )

    def adapter(self, family: str, *, seed: int = 1) -> Path:
        """Return an adapter with today's keys."""
        return self._made(f"{family}-adapter-{seed}", lambda to: save_adapter(to, family, seed=seed))

    def old_adapter(self, family: str) -> Path:
        """Return the same adapter as `adapter`, with the keys of the published ones."""
        return self._made(f"{family}-old-adapter", lambda to: rename_keys(save_adapter(to, family), *OLD_LAYOUT))

    def _made(self, name: str, make: Callable[[Path], Path]) -> Path:
        folder = self._folder / name
        return folder if folder.exists() else make(folder)
