"""What the scores of a set look like in figures. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, pstdev, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from realqa_agent.dataset.record import Labelled, Scale

BINS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """Of the pictures that can be used."""

    images: int
    series: int
    """How many different ones there are."""
    splits: Mapping[str, int]
    """As published; empty if they weren't."""
    mean: float
    deviation: float
    """Standard deviation over all pictures."""
    quartiles: tuple[float, float, float]
    scale: Scale
    """From the lowest to the highest score, if nobody said what it is."""
    histogram: tuple[int, ...]
    """Pictures in each of `BINS` equal parts of the scale."""


def describe(images: Sequence[Labelled], scale: Scale | None) -> Statistics:
    """Return the figures of pictures that have scores on the scale; there is one at least."""
    scores = [image.score for image in images]
    scale = scale or (min(scores), max(scores))
    low, median, high = quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else scores * 3
    return Statistics(
        images=len(images),
        series=len({image.series for image in images if image.series is not None}),
        splits=dict(Counter(image.split for image in images if image.split is not None)),
        mean=fmean(scores),
        deviation=pstdev(scores),
        quartiles=(low, median, high),
        scale=scale,
        histogram=histogram(scores, scale),
    )


def histogram(scores: Sequence[float], scale: Scale) -> tuple[int, ...]:
    """Return how many scores lie in each of `BINS` equal parts of the scale, the best score in the last one."""
    low, high = scale
    counts = Counter(min(int(BINS * (score - low) / (high - low)), BINS - 1) if high > low else 0 for score in scores)
    return tuple(counts[part] for part in range(BINS))
