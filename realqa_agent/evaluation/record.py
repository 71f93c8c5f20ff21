"""The words of this room: what people said, what a scorer said, and how well the two agree. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from realqa_agent.config import Role

Scale = tuple[float, float]
"""The worst and the best human score that there can be."""


def scale_of(scores: Sequence[float]) -> Scale:
    """Return 0 to 1 if all scores lie there, else from the lowest to the highest score."""
    low, high = min(scores), max(scores)
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """One picture and what people said of it."""

    path: Path
    """Absolute."""
    score: float
    """Finite, on any scale where higher is better."""
    series: str | None = None
    """Frames with the same name show the same scene."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedSet:
    """Pictures that people rated, with what is to be known of all of them together."""

    name: str
    rated: Sequence[Rated]
    scale: Scale
    score: Role | None
    """What people judged; None if nobody has said it."""
    source: Mapping[str, Any]
    """Where it is from: its part of the JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What the scorer said of one picture."""

    score: float
    rejected: bool
    """Whether the verdict is reject."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """What else the scorer says of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A value and its 95 % interval; None where the pictures don't define them."""

    value: float | None
    ci: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """All figures by name, twice: with failed pictures at the mean prediction, and without them."""

    pictures: int
    failed: int
    groups: int
    """How many of the pictures are independent: series and single frames."""
    scale: Scale
    figures: Mapping[str, Figure]
    scored_only: Mapping[str, Figure]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How near a model's digits come to the labels."""

    pictures: int
    """Those that were held against their labels. Some labels, such as 10, a model can't write."""
    scale: Scale
    """Of the model's own numbers, on which the errors are."""
    ncm: float
    ncm_star: float
    """Mean squared errors to the label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """What only the answers of a model tell."""

    unanswered: int
    """Pictures for which it gave no number; they are among those that failed."""
    unread: int | None
    """Answers about attributes that could not be read; None if there were none at all."""
    fit: Fit | None
    """None if it was not held against labels."""
