"""The words of the ordinal attributes, and the one table that ties them to scores.

A word is never chosen beside a score: it follows from it, so the two can't contradict each other. The ranks, worst
first, are this project's vocabulary; sides of equal rank (too dark, too bright) are told apart by the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.assessment import HIGHEST, LOWEST, UNKNOWN, Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLARITY = ("very blurry", "blurry", "slightly blurry", "clear")
UNDEREXPOSED = ("underexposed", "slightly underexposed", "properly exposed")
OVEREXPOSED = ("overexposed", "slightly overexposed", "properly exposed")
UNDERSATURATED = ("undersaturated", "slightly undersaturated", "natural")
OVERSATURATED = ("oversaturated", "slightly oversaturated", "natural")
LEVEL = ("tilted", "slightly tilted", "level")
CLUTTER = ("cluttered", "slightly cluttered", "uncluttered")
INTEGRITY = (
    "incomplete (largely cut off or obscured)",
    "partially complete (slightly cut off or slightly obscured)",
    "complete",
)

STARTS: Mapping[int, tuple[float, ...]] = {3: (LOWEST, 4.5, 6.5), 4: (LOWEST, 2.5, 4.5, 6.5)}
"""For scales of three and of four words: the score from which each word holds."""


def on_scale(scale: Sequence[str], score: float, reason: str) -> Judgement:
    """Return the judgement whose word is that of the score, kept within 1 to 10."""
    score = round(clamped(score), 2)
    rank = sum(score >= start for start in STARTS[len(scale)]) - 1
    return Judgement(value=scale[rank], score=score, reason=reason)


def in_numbers(score: float, reason: str) -> Judgement:
    """Return a judgement whose value is the score as a whole number."""
    score = round(clamped(score), 2)
    return Judgement(value=str(int(score + 0.5)), score=score, reason=reason)


def unknown(reason: str) -> Judgement:
    """Return the judgement that says why there is none."""
    return Judgement(value=UNKNOWN, score=None, reason=reason)


def along(value: float, points: Sequence[tuple[float, float]]) -> float:
    """Given a measure and (measure, score) points in rising order of measure, return the score in between."""
    measures, scores = zip(*points, strict=True)
    return float(np.interp(value, measures, scores))


def clamped(score: float) -> float:
    """Return the nearest score from 1 to 10."""
    return min(max(score, LOWEST), HIGHEST)
