"""What a fit found: how often scores with and without taste order the photos of unseen shoots as a human did. Pure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_SHOOTS = 8
"""With fewer, an interval over shoots means nothing."""

MOST_TIMES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How one shoot came out that took no part in the fit."""

    shoot: str
    photos: int
    pairs: int
    without: float
    """Share of the pairs in the human's order by the first look alone, 0 to 1; equal scores are half right."""
    with_taste: float
    """The same by scores with the taste that the other shoots taught."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The measurement. Shoots count by their photos."""

    at: str
    """When, RFC 3339, UTC."""
    results: tuple[Result, ...]
    without: float
    """Share of the pairs in the human's order, over all shoots."""
    with_taste: float
    low: float
    high: float
    """The 95 % interval of the gain, `with_taste - without`: over shoots drawn anew."""
    likes: tuple[tuple[str, float], ...]
    """What the taste likes, in words, with the points for one standard deviation of it; most first."""

    @property
    def gain(self) -> float:
        """Share of the pairs that taste adds to those in the human's order, -1 to 1."""
        return self.with_taste - self.without

    @property
    def significant(self) -> bool:
        """Whether taste helps, as far as these shoots tell: the interval lies above 0."""
        return self.low > 0

    @property
    def photos(self) -> int:
        """Rated photos in all shoots."""
        return sum(result.photos for result in self.results)

    @property
    def more_shoots(self) -> int | None:
        """How many more shoots like these may be needed until the interval lies above 0; None if nothing tells.

        An interval shrinks with the square root of the number of shoots. The guess is as good as the gain is known,
        so beyond `MOST_TIMES` as many it is none.
        """
        if self.significant:
            return 0
        times = ((self.gain - self.low) / self.gain) ** 2 if self.gain > 0 else math.inf
        if times > MOST_TIMES:
            return None
        count = len(self.results)
        return max(1, math.ceil(count * times) - count)

    def as_json(self) -> dict[str, Any]:
        """Return it as the index keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Undo `as_json`."""
        results = tuple(Result(**result) for result in kept["results"])
        likes = tuple((words, points) for words, points in kept["likes"])
        return cls(**{**kept, "results": results, "likes": likes})
