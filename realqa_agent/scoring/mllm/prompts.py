"""What is asked of a model, to the letter: `data/prompts.toml`, or a file of the user's in its place."""

from __future__ import annotations

import re
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from realqa_agent.scoring.mllm.datafile import Entry, Origin, read
from realqa_agent.scoring.mllm.pattern import Free, Given, Number
from realqa_agent.scoring.mllm.questions import Kind, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from realqa_agent.scoring.mllm.pattern import Pattern
    from realqa_agent.scoring.mllm.questions import Scale

NUMBERS = ("overall", "quality", "aesthetic")
"""The questions that are answered by a score alone."""

ABOUT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "composition_score": ("composition",),
        "eye_score": ("eye_catching",),
        "subject_and_subject_integrity": ("subject_and_background", "subject_integrity"),
        "subject_and_subject_clutter": ("subject_and_background", "subject_clutter"),
        "background_and_background_clutter": ("subject_and_background", "background_clutter"),
        "level_shot": ("level_shot",),
        "clearness": ("image_clarity",),
        "exposure": ("exposure",),
        "saturation": ("saturation",),
    }
)
"""RealQA's nine single-item data sets to the attributes that each asks for; the one judged comes last."""

NATURAL, REGULAR = "reasoning_natural", "reasoning_regular"
"""The questions that are answered by all attributes and the score in one text."""

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(NUMBERS, Kind.NUMBER),
        **dict.fromkeys(ABOUT, Kind.ATTRIBUTE),
        NATURAL: Kind.REASONING,
        REGULAR: Kind.REASONING,
    }
)
"""Every question by name."""

PLACE = re.compile(r"(\{\w*\})")
"""What stands for something that the model says."""

LONGEST_WORDS = 48
"""Tokens for a reason or a name; the published ones are one sentence."""

SEEN_BY = 8
"""Characters by which one sees that the next label begins: `1.2 Comp`. Its number alone may stand in a reason."""


class Line(Entry):
    """A text and whose it is."""

    text: str = Field(min_length=1)
    origin: Origin


class FactsLine(Line):
    """How measured facts join a question."""

    most: int = Field(ge=0)

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if not ("{question}" in self.text and "{facts}" in self.text):
            raise ValueError("text needs {question} and {facts}")
        return self


class Form(Line):
    """How an answer in the regular form looks."""

    @model_validator(mode="after")
    def _can_be_followed(self) -> Self:
        _ = self.pattern
        return self

    @property
    def pattern(self) -> Pattern:
        """What the answer is held to."""
        pieces = PLACE.split(self.text)
        labels, places = [*pieces[::2], ""], pieces[1::2]
        parts: list[Given | Free | Number] = []
        for place, (before, after) in enumerate(pairwise(labels)):
            if before:
                parts.append(Given(before))
            if place < len(places):
                parts.append(_said(places[place], after.lstrip(" ,;\n")[:SEEN_BY]))
        return tuple(parts)


def _said(place: str, next_label: str) -> Free | Number:
    if not next_label:
        raise ValueError(f"after {place} a label has to follow")
    match place:
        case "{words}":
            return Free(until=next_label, limit=LONGEST_WORDS)
        case "{whole}":
            return Number()
        case "{score}":
            return Number(decimals=2)
        case _:
            raise ValueError(f"{place} is none of {{words}}, {{whole}}, {{score}}")


class Wording(Line):
    """One question and how its answer is made to begin."""

    start: str = ""


class Prompts(Entry):
    """All that is said to a model."""

    version: str = Field(min_length=1)
    system: Line
    facts: FactsLine
    form: Form
    wordings: dict[str, Wording] = Field(alias="questions")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if missing := KINDS.keys() - self.wordings.keys():
            raise ValueError(f"missing: {', '.join(f'questions.{name}' for name in sorted(missing))}")
        if unheard := self.wordings.keys() - KINDS.keys():
            raise ValueError(f"no such question: {', '.join(f'questions.{name}' for name in sorted(unheard))}")
        for name in NUMBERS:
            if not self.wordings[name].start:
                raise ValueError(f"questions.{name}: needs a start, so that the digits come next")
        # Published score questions name no task, so those may be alike.
        seen: dict[str, str] = {}
        for name in (*ABOUT, NATURAL, REGULAR):
            twin = seen.setdefault(self.wordings[name].text, name)
            if twin != name:
                raise ValueError(f"questions.{name}: the same text as questions.{twin}")
        return self

    def questions(self, names: Iterable[str], *, scale: Scale, facts: Sequence[str] = ()) -> list[Question]:
        """Return the questions by these names, for a model that gives scores on this scale.

        Facts, most telling first, join each question; those beyond the file's `facts.most` are left out.
        """
        return [self._question(name, scale, facts[: self.facts.most]) for name in names]

    def _question(self, name: str, scale: Scale, facts: Sequence[str]) -> Question:
        wording = self.wordings[name]
        text = wording.text.replace("{low}", f"{scale.low:g}").replace("{high}", f"{scale.high:g}")
        if facts:
            text = self.facts.text.replace("{question}", text).replace("{facts}", ", ".join(facts))
        return Question(name=name, kind=KINDS[name], text=text, start=wording.start)


def load(path: Path | None = None) -> Prompts:
    """Return the package's prompts, or those of a file; raise UserError that names the file and the entry."""
    return read(Prompts, "prompts.toml", path)
