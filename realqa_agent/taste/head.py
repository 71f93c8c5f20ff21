"""The taste itself: a weight for each feature, and what it makes of an assessment. A dot product, pure Python.

The light process of the agent applies it, so nothing here may import numpy.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from realqa_agent.assessment import HIGHEST, LOWEST, Taste
from realqa_agent.taste.features import WORDS, features_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realqa_agent.assessment import Assessment

BOUND = 1.5
"""Most points that taste moves a score, up or down: one star, as `stars_from` comes."""

FURTHEST = 3.0
"""Standard deviations after which more of something counts no more: one odd measure must not rule a picture."""

MOST_REASONS = 3

REASON_SHARE = 0.15
"""Share of all that speaks for a shift from which something is named as its reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weight:
    """What one feature counts for."""

    name: str
    """One of `features.WORDS`."""
    usual: float
    """Its mean over the rated pictures."""
    spread: float
    """Its standard deviation there, more than 0."""
    points: float
    """Points that one standard deviation more adds to a score, before the bound."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """One photographer's taste, for the first looks of one version of one scorer."""

    scorer: str
    version: str
    weights: tuple[Weight, ...]

    def applied(self, assessment: Assessment) -> Assessment:
        """Return an assessment with this taste in its overall score, in place of any other.

        What another scorer, or another version, said stays as that gave it: the figures may mean something else there.
        """
        plain = assessment.without_taste()
        if (plain.scorer, plain.version) != (self.scorer, self.version):
            return plain
        parts = self._parts(plain)
        overall = min(HIGHEST, max(LOWEST, plain.overall + bounded(sum(parts.values()))))
        taste = Taste(without=plain.overall, because=tuple(_because(parts)))
        return replace(plain, overall=overall, taste=taste)

    def _parts(self, assessment: Assessment) -> dict[str, float]:
        """Return the points for each thing that a picture has more or less of than usual, by its words."""
        found = features_of(assessment)
        parts = {}
        for weight in self.weights:
            if weight.name in found:
                unusual = standardised(found[weight.name], weight.usual, weight.spread)
                words = WORDS[weight.name]
                parts[words.more if unusual > 0 else words.less] = weight.points * unusual
        return parts

    def likes(self) -> list[tuple[str, float]]:
        """Return what this taste likes, in words, with the points for one standard deviation of it; most first."""
        liked = [
            (WORDS[weight.name].more if weight.points > 0 else WORDS[weight.name].less, bounded(abs(weight.points)))
            for weight in self.weights
            if weight.points
        ]
        return sorted(liked, key=lambda entry: -entry[1])

    def as_json(self) -> dict[str, Any]:
        """Return it as the index keeps it."""
        return {
            "scorer": self.scorer,
            "version": self.version,
            "weights": [asdict(weight) for weight in self.weights],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Undo `as_json`. Features that this program has no words for any more are left out."""
        weights = tuple(Weight(**weight) for weight in kept["weights"] if weight["name"] in WORDS)
        return cls(scorer=kept["scorer"], version=kept["version"], weights=weights)


def standardised(value: float, usual: float, spread: float) -> float:
    """Return how unusual a figure is, in standard deviations, at most `FURTHEST`."""
    return min(FURTHEST, max(-FURTHEST, (value - usual) / spread))


def bounded(points: float) -> float:
    """Return a shift that stays within `BOUND`, and small ones nearly as they are."""
    return BOUND * math.tanh(points / BOUND)


def _because(parts: Mapping[str, float]) -> Iterator[str]:
    """Yield what speaks most for the direction in which a score goes."""
    total = sum(parts.values())
    speaking = {words: points for words, points in parts.items() if points * total > 0}
    least = REASON_SHARE * sum(map(abs, speaking.values()))
    heaviest = sorted(speaking, key=lambda words: -abs(speaking[words]))
    yield from (words for words in heaviest[:MOST_REASONS] if abs(speaking[words]) >= least)
