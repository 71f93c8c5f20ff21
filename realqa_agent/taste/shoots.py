"""From ratings to pairs: inside a shoot, the photo that a human prefers and the one that they like less. Pure.

Only pairs of one shoot are compared. Across shoots stars depend on the occasion, and would teach what people
photograph instead of which of their frames they like.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realqa_agent.assessment import Assessment

MOST_LOOKED_AT, MOST_PAIRS = 50_000, 2_000
"""Pairs of a shoot that are looked at, and that are taken: a wedding of 3,000 frames has 4.5 million."""

REJECTED_STARS, REJECTED_PICK = -1, 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """What a human said of a photo."""

    stars: int | None
    """1 to 5, -1 for rejected."""
    pick: int | None
    """1 rejected, 2 pending, 3 accepted."""

    @property
    def rejected(self) -> bool:
        """Whether either says so."""
        return self.stars == REJECTED_STARS or self.pick == REJECTED_PICK

    def better_than(self, other: Opinion) -> bool:
        """Tell whether a human prefers this one: a reject comes last, then stars speak, then pick labels.

        Stars and picks are no common scale: where the one photo has only stars and the other only a label, nobody can
        tell.
        """
        if self.rejected or other.rejected:
            return other.rejected and not self.rejected
        if self.stars is not None and other.stars is not None and self.stars != other.stars:
            return self.stars > other.stars
        return self.pick is not None and other.pick is not None and self.pick > other.pick


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """A photo that a human rated, and the first look at it."""

    shoot: str
    """Names the shoot: a folder on a day."""
    opinion: Opinion
    assessment: Assessment
    """Without taste."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shoot:
    """The rated photos of one shoot, at least two of them rated differently."""

    name: str
    photos: tuple[Assessment, ...]
    pairs: tuple[tuple[int, int], ...]
    """Places in `photos`, the preferred one first."""


def shoots_of(rated: Iterable[Rated]) -> list[Shoot]:
    """Return the shoots that say anything, sorted by name. The same ratings give the same pairs."""
    groups: dict[str, list[Rated]] = defaultdict(list)
    for each in rated:
        groups[each.shoot].append(each)
    shoots = (_shoot(name, groups[name]) for name in sorted(groups))
    return [shoot for shoot in shoots if shoot.pairs]


def _shoot(name: str, photos: Sequence[Rated]) -> Shoot:
    random = Random(os.fsencode(name))  # noqa: S311 - a sample, no secret
    pairs = list(_preferences(photos, random))
    return Shoot(
        name=name,
        photos=tuple(photo.assessment for photo in photos),
        pairs=tuple(pairs if len(pairs) <= MOST_PAIRS else random.sample(pairs, MOST_PAIRS)),
    )


def _preferences(photos: Sequence[Rated], random: Random) -> Iterator[tuple[int, int]]:
    count = len(photos)
    few = count * (count - 1) // 2 <= MOST_LOOKED_AT
    drawn = (tuple(random.sample(range(count), 2)) for _ in range(MOST_LOOKED_AT))
    for one, other in combinations(range(count), 2) if few else drawn:
        if photos[one].opinion.better_than(photos[other].opinion):
            yield one, other
        elif photos[other].opinion.better_than(photos[one].opinion):
            yield other, one
