"""A tiny Qwen3.5 that was taught Q-ReAlign's five words: the real class, with its linear attention."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from support import tiny_mllm
from support.taught_mllm import BRIGHT, DARK, RATE, grey
from support.tiny_mllm import SPECIAL, TEXT, WITHOUT_SYSTEM, signs

from realqa_agent.scoring.mllm import loading
from realqa_agent.scoring.mllm.checkpoint import read_base
from realqa_agent.scoring.mllm.frames import sized
from realqa_agent.scoring.mllm.levels import QUESTIONS, WEIGHTS, view
from realqa_agent.scoring.mllm.packing import pack

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.scoring.mllm.loading import Loaded

LESSONS = {
    (BRIGHT, "quality"): " excellent",
    (BRIGHT, "aesthetic"): " good",
    (DARK, "quality"): " bad",
    (DARK, "aesthetic"): " bad",
}
"""A grey picture's level and what is asked, to the word that it gets."""

STEPS = 24

THINKING = WITHOUT_SYSTEM.replace(
    "<|im_start|>assistant\n",
    "<|im_start|>assistant\n{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
    "{% else %}<think>\n{% endif %}",
)
"""As Qwen3.5 has it."""


def config() -> Any:
    numbers = {name: len(signs()) + index for index, name in enumerate(SPECIAL)}
    text = TEXT | {
        "vocab_size": len(signs()) + len(SPECIAL) + len(WEIGHTS),
        "num_hidden_layers": 4,
        "head_dim": 16,
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 16,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": [1, 1, 2],
            "mrope_interleaved": True,
            "partial_rotary_factor": 0.5,
        },
        "eos_token_id": numbers["<|im_end|>"],
        "bos_token_id": numbers["<|endoftext|>"],
    }
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "out_hidden_size": 64, "num_heads": 4}
    return transformers.Qwen3_5Config(
        text_config=text,
        vision_config=vision | {"patch_size": 16, "num_position_embeddings": 256},
        image_token_id=numbers["<|image_pad|>"],
        video_token_id=numbers["<|video_pad|>"],
        vision_start_token_id=numbers["<|vision_start|>"],
        vision_end_token_id=numbers["<|vision_end|>"],
    )


def save_untaught(folder: Path, *, words: tuple[str, ...] = tuple(WEIGHTS)) -> Path:
    """Save a random model to whose tokenizer these words are single tokens."""
    torch.manual_seed(0)
    network = transformers.Qwen3_5ForConditionalGeneration(config())
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() == 2 and "linear_attn" not in name:
                parameter.normal_(std=0.1)
    network.save_pretrained(folder)
    tiny_mllm.tokenizer(THINKING, taken_together=words).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(tiny_mllm.preprocessor("qwen3_vl")))
    return folder


def save_taught(folder: Path) -> Path:
    """Save a model that says of grey pictures what `LESSONS` has."""
    loaded = loading.load(read_base(save_untaught(folder)), {}, device="cpu")
    loaded.network.requires_grad_(requires_grad=True)
    optimiser = torch.optim.AdamW(loaded.network.parameters(), lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = sum((_loss(loaded, *lesson, word) for lesson, word in LESSONS.items()), torch.zeros(()))
        torch.autograd.backward(loss)
        optimiser.step()
    loaded.network.save_pretrained(folder)
    return folder


def _loss(loaded: Loaded, level: int, name: str, word: str) -> torch.Tensor:
    logits = plainly(loaded, sized(grey(level), view(loaded.spec.stride)), name)
    return torch.nn.functional.cross_entropy(logits[None], torch.tensor(loaded.chat.tokens(word)))


def plainly(loaded: Loaded, pixels: np.ndarray[Any, np.dtype[np.uint8]], name: str) -> torch.Tensor:
    """Return the logits after a whole prompt, the text of which is spelt out."""
    rows, grid = pack(pixels, loaded.spec)
    prompt = (
        "<|im_start|>user\n<|vision_start|>"
        + "<|image_pad|>" * loaded.spec.places(grid)
        + f"<|vision_end|>{QUESTIONS[name].text}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
        + QUESTIONS[name].start
    )
    ids = torch.tensor([loaded.chat.tokens(prompt)])
    out = loaded.network(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        mm_token_type_ids=(ids == loaded.chat.picture).int(),
        pixel_values=torch.from_numpy(rows),
        image_grid_thw=torch.tensor([grid]),
        use_cache=False,
    )
    logits: torch.Tensor = out.logits[0, -1].float()
    return logits
