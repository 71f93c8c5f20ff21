"""The words that every room shares: attributes, assessments, verdicts. Pure data, standard library only.

The ten attributes and their three levels are those of the RealQA paper (arXiv 2503.06141, figure 2); their
values are this project's vocabulary, ordered from worst to best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOWEST, HIGHEST = 1.0, 10.0
"""The range of every score, higher is better."""

UNKNOWN = "unknown"
"""The value of an attribute that a scorer can't judge; its score is None and it counts nowhere."""


class Level(StrEnum):
    """RealQA's three levels of fine-grained attributes."""

    HIGH = "high"
    """What a viewer feels: composition, eye-catching."""
    MIDDLE = "middle"
    """What is in the frame: subject, background, level."""
    LOW = "low"
    """What the camera did: clarity, exposure, saturation."""


ATTRIBUTES: Mapping[str, Level] = MappingProxyType(
    {
        "composition": Level.HIGH,
        "eye_catching": Level.HIGH,
        "subject_and_background": Level.MIDDLE,
        "subject_integrity": Level.MIDDLE,
        "subject_clutter": Level.MIDDLE,
        "background_clutter": Level.MIDDLE,
        "level_shot": Level.MIDDLE,
        "image_clarity": Level.LOW,
        "exposure": Level.LOW,
        "saturation": Level.LOW,
    }
)
"""Attribute name to level, in the order in which they are shown."""


def check_score(name: str, score: float) -> float:
    """Given a score, return it rounded to two decimals; ValueError if it isn't a number from 1 to 10."""
    if not (math.isfinite(score) and LOWEST <= score <= HIGHEST):
        raise ValueError(f"{name} is {score}, not a number from {LOWEST} to {HIGHEST}")
    return round(score, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a scorer says of one attribute."""

    value: str
    """A word of the vocabulary, a whole number for `composition` and `eye_catching`, or `UNKNOWN`."""
    score: float | None
    """1.00 to 10.00, None exactly if the value is `UNKNOWN`."""
    reason: str
    """The evidence in one sentence, with its figures; for an unknown: why it can't be judged."""

    def __post_init__(self) -> None:
        if (self.score is None) != (self.value == UNKNOWN):
            raise ValueError(f"value {self.value!r} does not go with score {self.score}")
        if self.score is not None:
            object.__setattr__(self, "score", check_score("attribute score", self.score))


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipSummary:
    """How the frames of a clip scored; all on the 1 to 10 scale, taken over each frame's overall score."""

    frames: int
    mean: float
    lowest: float
    spread: float
    """Standard deviation over the frames."""
    best_at_s: float
    """Time of the best frame, seconds from the start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncertainty:
    """How far a score may lie from what people would give: one standard deviation, in points of the 1 to 10 scale."""

    quality: float
    aesthetic: float

    def __post_init__(self) -> None:
        for name in ("quality", "aesthetic"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"the uncertainty of {name} is {value}")
            object.__setattr__(self, name, round(value, 2))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taste:
    """What the photographer's own taste made of an overall score, as `realqa taste fit` learned it."""

    without: float
    """The overall score as the scorer gave it, 1.00 to 10.00."""
    because: tuple[str, ...]
    """What weighs most in this picture, in words, the heaviest first; empty if nothing does."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "without", check_score("overall without taste", self.without))


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """What one scorer says of one picture or clip."""

    scorer: str
    version: str
    """Changes whenever the same pixels may score differently."""
    quality: float
    """Technical quality, 1.00 to 10.00."""
    aesthetic: float
    """Aesthetic appeal, 1.00 to 10.00."""
    overall: float
    """What albums are sorted by unless told otherwise, 1.00 to 10.00."""
    attributes: Mapping[str, Judgement]
    """All ten, in the order of `ATTRIBUTES`."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Named raw measurements that the culling policy and later questions may look at; finite numbers."""
    clip: ClipSummary | None = None
    uncertainty: Uncertainty | None = None
    """None if the scorer can't tell."""
    taste: Taste | None = None
    """The part that taste has in `overall`; None if it has none."""

    def __post_init__(self) -> None:
        for name in ("quality", "aesthetic", "overall"):
            object.__setattr__(self, name, check_score(name, getattr(self, name)))
        if self.attributes.keys() != ATTRIBUTES.keys():
            raise ValueError(f"attributes are {list(self.attributes)}, not {list(ATTRIBUTES)}")
        for name, value in self.measures.items():
            if not math.isfinite(value):
                raise ValueError(f"measure {name} is {value}")

    @property
    def taste_shift(self) -> float:
        """Points of `overall` that are the photographer's taste, two decimals; 0 if it has no part."""
        return 0.0 if self.taste is None else round(self.overall - self.taste.without, 2)

    @property
    def taste_told(self) -> str | None:
        """The sentence for people about that part, None if taste has none."""
        if self.taste is None:
            return None
        why = f" ({', '.join(self.taste.because)})" if self.taste.because else ""
        return f"overall {self.overall:.2f}, of which {self.taste_shift:+.2f} by your taste{why}"

    def without_taste(self) -> Assessment:
        """Return the assessment as the scorer gave it."""
        return self if self.taste is None else replace(self, overall=self.taste.without, taste=None)


class Decision(StrEnum):
    """What the agent suggests to do with a file; only a human does it."""

    KEEP = "keep"
    REVIEW = "review"
    """A person should look: evidence is weak, mixed or missing."""
    REJECT = "reject"
    """Strong evidence of a spoilt frame, and nothing that speaks for intention."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A decision and the sentences that explain it (none needed for `KEEP`)."""

    decision: Decision
    reasons: tuple[str, ...] = ()
