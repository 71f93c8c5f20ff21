"""A small dataset folder, as `realqa dataset build` writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from realqa_agent.config import Role
from realqa_agent.dataset.manifest import Manifest
from realqa_agent.dataset.record import Form
from realqa_agent.scoring.mllm import prompts
from realqa_agent.scoring.mllm.questions import Question, Scale

SCALE = Scale(low=1.0, high=9.99)

SIZES = ((400, 300), (300, 400), (520, 180))

LABELS = {40: 2.34, 90: 4.07, 150: 6.58, 210: 8.21}
"""A grey picture's level to its score."""


def question(role: Role = "overall", scale: Scale = SCALE) -> Question:
    (made,) = prompts.load().questions([role], scale=scale)
    return made


def write_dataset(
    folder: Path,
    train: Mapping[int, float] = LABELS,
    dev: Mapping[int, float] = LABELS,
    *,
    role: Role = "overall",
    forms: Sequence[Form] = ("score", "natural"),
) -> Path:
    """Write grey pictures and what is to be said of them: a score alone, one after some words, or both."""
    (folder / "photos").mkdir(parents=True)
    for level in {**train, **dev}:
        Image.new("L", SIZES[level % len(SIZES)], level).save(folder / f"photos/{level}.png")
    (folder / "dataset.json").write_text(manifest(role, forms, train, dev).model_dump_json())
    for split, labels in {"train": train, "dev": dev, "test": {}}.items():
        (folder / f"{split}.json").write_text(json.dumps(conversations(labels, role, forms)))
        rows = "".join(f"photos/{level}.png,{score}\n" for level, score in labels.items())
        (folder / f"labels.{split}.csv").write_text(f"filename,score\n{rows}")
    return folder


def manifest(role: Role, forms: Sequence[Form], train: Mapping[int, float], dev: Mapping[int, float]) -> Manifest:
    return Manifest(
        name="greys",
        role=role,
        scale=(SCALE.low, SCALE.high),
        seed=0,
        group="name",
        splits={"train": len(train), "dev": len(dev), "test": 0},
        forms=tuple(forms),
        conversations={form: len(train) + len(dev) for form in forms},
        prompts=prompts.load().version,
        vocabulary="project-1",
        sources=(),
    )


def conversations(labels: Mapping[int, float], role: Role, forms: Sequence[Form]) -> list[dict[str, object]]:
    direct = question(role)
    natural = prompts.load().wordings[prompts.NATURAL].text
    said = {
        "score": lambda level, score: conversation(level, direct.text, f"{direct.start}{score:.2f}."),
        "natural": lambda level, score: conversation(level, natural, f"Grey. The final score is <{score:.2f}>."),
    }
    return [said[form](level, score) for level, score in labels.items() for form in forms]


def conversation(level: int, asked: str, answer: str) -> dict[str, object]:
    messages: Sequence[Mapping[str, str]] = [
        {"role": "user", "content": f"<image>{asked}"},
        {"role": "assistant", "content": answer},
    ]
    return {"messages": messages, "images": [f"photos/{level}.png"]}
