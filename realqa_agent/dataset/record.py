"""The words of this room: a rated picture, a set of them, what is wrong with one, a conversation. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realqa_agent.config import Role

Scale = tuple[float, float]
"""The worst and the best score that there can be."""

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")

Form = Literal["score", "natural", "regular", "published"]
FORMS: tuple[Form, ...] = ("score", "natural", "regular", "published")
"""How the answer about a picture looks: a number, prose, all attributes line by line, or as it was published."""


class Message(TypedDict):
    """One turn of a conversation."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


Conversation = tuple[Message, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """One picture as its data set has it, sound or not."""

    name: str
    """As in the labels."""
    path: Path
    """Absolute; where it was looked for first, if it is nowhere."""
    score: float
    """On the set's scale, higher is better; NaN if the labels have no number."""
    series: str | None = None
    """Pictures with the same name show the same scene, or are of one shoot."""
    split: Split | None = None
    """Where those who published the set put it."""
    told: Mapping[Form, str] = field(default_factory=dict)
    """Published answers that reason, by their form."""
    conversations: tuple[Conversation, ...] = ()
    """All that was published about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedSet:
    """What one source holds."""

    layout: str
    name: str
    folder: Path
    """Absolute; names of groups are relative to it, so that a set may move."""
    labels: tuple[Path, ...]
    """The files that the scores were read from; none if they come from the photos themselves."""
    role: Role | None
    """What the scores are of; None if nobody said so."""
    scale: Scale | None
    """None if nobody said so."""
    images: tuple[Labelled, ...]


Fault = Literal["missing", "empty", "duplicate", "no number", "out of range"]
FAULTS: tuple[Fault, ...] = ("missing", "empty", "duplicate", "no number", "out of range")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Why a picture can't be used."""

    fault: Fault
    name: str
    what: str
    """For people."""
