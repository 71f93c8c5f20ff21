"""What a model is shown, and what it may answer instead of an assessment. Plain data, standard library only.

Pixels travel as bytes: the parent hands them from the process that opened the photo to the one that holds the model,
and needs no numpy for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from realqa_agent.assessment import Assessment
    from realqa_agent.config import Role

Form = Literal["score", "natural", "regular"]
"""What a number is read from: the answer to the question for it alone, or the end of a text about all attributes."""

Decimals = Literal[0, 1, 2]


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How a picture is to be brought to size for a model."""

    stride: int
    """Pixels that both sides must be a multiple of."""
    least: int
    most: int
    """Pixels of the whole picture."""
    official: bool = False
    """Shrunk as in RealQA's published code: first by taking the nearest pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """A picture at the size that the model takes, and what the first look saw in it at full size."""

    at_s: float | None
    """Seconds from the start of the clip; None for a photo."""
    width: int
    height: int
    rgb: bytes
    """Row after row, three bytes a pixel, sRGB."""
    first: Assessment


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What an evaluation wants of a model: this one score, read in this way, and nothing else."""

    score: Role
    answer: Form = "score"
    decimals: Decimals = 2
    """How many of the number's decimals are read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A photo, or a clip as its frames in the order of time."""

    frames: tuple[Frame, ...]
    label: float | None = None
    """What people gave it, 1 to 10, if the model is to be held against that."""
    trial: Trial | None = None
    """None where all is asked for that the settings say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """The model gave no number; a score is never made up."""

    reason: str
