"""The words between what is asked of a model, how it is asked, and what its answers mean. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """The range of the numbers that a model gives, as it was trained on them."""

    low: float
    high: float


class Kind(StrEnum):
    """What an answer to a question is."""

    NUMBER = "number"
    """A score with two decimals after a forced start."""
    ATTRIBUTE = "attribute"
    """One or two of the ten attributes, in words."""
    REASONING = "reasoning"
    """All attributes in one text that ends with the score."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question about a picture."""

    name: str
    """`quality`, `aesthetic`, `overall`; a key of RealQA's attribute data sets; `reasoning_natural` or `_regular`."""
    kind: Kind
    text: str
    """What the user says after the picture, to the letter."""
    start: str = ""
    """How the answer is made to begin, such as `The score of this image is `."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DigitBelief:
    """What a model believes of a number `u.dd` right after a forced start."""

    units: Mapping[int, float]
    """Unit digit to its share among the ten digits."""
    first_decimals: Mapping[int, Mapping[int, float]]
    """Of the units that were followed up, the first decimal's shares."""
    greedy: str
    """The arg-max number, such as `6.59`."""
    mass: float
    """What the ten digits have together of the first place's full softmax, 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A text that a model gave."""

    text: str
    finished: bool
    """False if the token limit cut it."""
