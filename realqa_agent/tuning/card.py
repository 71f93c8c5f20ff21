"""The adapter's README: what it is and how it came about, from the run's own facts. No claim beyond them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from realqa_agent.tuning.lessons import Course
    from realqa_agent.tuning.recipe import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is to be told of a run that has ended."""

    course: Course
    recipe: Recipe
    base: str
    """Name of the model."""
    architecture: str
    parameters: int
    """Of the adapter."""
    device: str
    versions: Mapping[str, str]
    """Of the packages."""
    log: Sequence[Mapping[str, Any]]


def write(facts: Facts) -> str:
    """Return the card as Markdown."""
    course, recipe = facts.course, facts.recipe
    scale = f"{course.scale.low:g} to {course.scale.high:g}"
    rows = {
        "base": f"{facts.base} ({facts.architecture}), content {recipe.base}",
        "data set": f"{course.name}: {len(course.train)} conversations for training, {len(course.dev)} for looking "
        f"after it; forms {', '.join(course.forms)}; SHA-256 {recipe.dataset}",
        "scores": f"{course.role}, {scale}",
        "adapter": f"LoRA on all linear layers of the language model's and the vision tower's blocks, rank "
        f"{recipe.rank}, alpha {recipe.alpha}, dropout {recipe.dropout:g}; {facts.parameters:,} parameters",
        "training": f"{recipe.epochs} epochs in {_steps(facts)} steps of {recipe.batch} x {recipe.accumulation} x "
        f"{recipe.processes} conversations (batch, accumulation, cards); AdamW, {recipe.learning_rate:g}, warm-up "
        f"{recipe.warm_up:g}, then a cosine; loss on the answers' tokens; seed {recipe.seed}",
        "weights of the base": str(recipe.precision),
        "pictures": f"shrunk the `{recipe.preprocess}` way; positions are M-RoPE's, as at scoring",
        "device": facts.device,
        "time": _spoken(sum(line.get("seconds", 0.0) for line in facts.log)),
        "made with": ", ".join(f"{name} {version}" for name, version in facts.versions.items()),
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"""---
base_model: {facts.base}
library_name: peft
tags: [image-quality, lora]
---
# Adapter for {course.role} scores

A LoRA adapter that `realqa train` wrote; this page is made from the facts of that run. It is "RealQA-style", not one of
RealQA's own.

| what | facts |
|---|---|
{table}

## How it fared

{_fared(facts)}

These are the photos that the run was watched by. How well it does on others, `realqa eval` tells.

## Use

```toml
[scoring]
scorer = "realqa"

[mllm]
model = "FOLDER OF THE BASE"
preprocess = "{recipe.preprocess}"

[mllm.adapters]
{course.role} = "FOLDER OF THIS ADAPTER"

[mllm.scales]
{course.role} = [{course.scale.low:g}, {course.scale.high:g}]
```

Prompts: version {recipe.prompts}. Numbers of two adapters can't be compared with one another.

## Licence

Not stated: it may be bound by the terms of the base and of the photos that it was trained on. Whoever passes it on has
to know them.
"""


def _fared(facts: Facts) -> str:
    losses = [line["loss"] for line in facts.log if "loss" in line]
    said = f"The loss went from {losses[0]:.3f} to {losses[-1]:.3f}."
    exams = [(line["step"], line["dev"]) for line in facts.log if "dev" in line]
    if not exams:
        return f"{said} No dev photos were asked."
    rows = "\n".join(
        f"| {step} | {_figure(marks['srcc'])} | {_figure(marks['ncm'])} | {_figure(marks['ncm_star'])} "
        f"| {marks['unanswered']} of {marks['pictures']} |"
        for step, marks in exams
    )
    return f"""{said} On dev photos, asked for the score alone, by step:

| step | SRCC | NCM, squared error | NCM*, squared error | without a number |
|---|---|---|---|---|
{rows}"""


def _figure(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def _steps(facts: Facts) -> int:
    return sum("loss" in line for line in facts.log)


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
