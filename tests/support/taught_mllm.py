"""A tiny model that was taught to answer with a score: a random one wants to say anything but digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from support.tiny_mllm import save_base

from realqa_agent.scoring.mllm import loading, prompts
from realqa_agent.scoring.mllm.checkpoint import read_base
from realqa_agent.scoring.mllm.frames import realqa_view, sized
from realqa_agent.scoring.mllm.packing import pack
from realqa_agent.scoring.mllm.prompts import NUMBERS
from realqa_agent.scoring.mllm.questions import Scale

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.questions import Question

SCALE = Scale(low=0.0, high=9.99)

BRIGHT, DARK = 200, 40

LESSONS = {BRIGHT: "8.21", DARK: "2.34"}
"""A grey picture's level to the score that it gets, whatever the question."""

STEPS, RATE = 16, 1e-2


def grey(level: int) -> npt.NDArray[np.uint8]:
    return np.full((300, 400, 3), level, np.uint8)


def save_taught(folder: Path, family: str = "qwen2_vl") -> Path:
    """Save a model that gives grey pictures the scores of `LESSONS`."""
    loaded = loading.load(read_base(save_base(folder.with_name(f"{folder.name}-untaught"), family)), {}, device="cpu")
    network = loaded.network
    network.requires_grad_(requires_grad=True)
    asked = prompts.load().questions(NUMBERS, scale=SCALE)
    lessons = [(level, said, question) for level, said in LESSONS.items() for question in asked]
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = sum(_loss(loaded, *lesson) for lesson in lessons)
        assert isinstance(loss, torch.Tensor)
        torch.autograd.backward(loss)
        optimiser.step()
    network.requires_grad_(requires_grad=False)
    save_base(folder, family)
    network.save_pretrained(folder)  # over the random one
    return folder


def _loss(loaded: Loaded, level: int, said: str, question: Question) -> torch.Tensor:
    rows, grid = pack(sized(grey(level), realqa_view(loaded.spec.stride)), loaded.spec)
    chat = loaded.chat
    digits = [chat.digits[int(letter)] if letter.isdigit() else chat.dot for letter in said]
    tokens = [*chat.head(loaded.spec.places(grid)), *chat.forced_suffix(question), *digits]
    ids = torch.tensor([tokens])
    out = loaded.network(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        mm_token_type_ids=(ids == chat.picture).int(),
        pixel_values=torch.from_numpy(rows),
        image_grid_thw=torch.tensor([grid]),
        logits_to_keep=len(digits) + 1,
    )
    return torch.nn.functional.cross_entropy(out.logits[0, :-1].float(), torch.tensor(digits))
