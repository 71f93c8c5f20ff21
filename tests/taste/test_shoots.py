"""Who is preferred to whom, and that only photos of one shoot are compared."""

from __future__ import annotations

import pytest
from support.photographers import looks

from realqa_agent.taste.shoots import MOST_PAIRS, Opinion, Rated, shoots_of


def opinion(stars: int | None, pick: int | None = None) -> Opinion:
    return Opinion(stars=stars, pick=pick)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (opinion(4), opinion(3)),
        (opinion(1), opinion(-1)),
        (opinion(None, 3), opinion(None, 2)),
        (opinion(None, 2), opinion(None, 1)),
        (opinion(None, 3), opinion(-1)),
        (opinion(1), opinion(None, 1)),
        (opinion(2), opinion(5, 1)),
        (opinion(3, 3), opinion(3, 2)),
        (opinion(4, 2), opinion(3, 3)),
    ],
)
def test_better(better: Opinion, worse: Opinion) -> None:
    assert better.better_than(worse)
    assert not worse.better_than(better)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (opinion(3), opinion(3)),
        (opinion(3), opinion(None, 3)),
        (opinion(-1), opinion(None, 1)),
        (opinion(3, 2), opinion(3)),
    ],
)
def test_nobody_can_tell(one: Opinion, other: Opinion) -> None:
    assert not one.better_than(other)
    assert not other.better_than(one)


def rated(shoot: str, *stars: int) -> list[Rated]:
    seen = zip(stars, looks(len(stars)), strict=True)
    return [Rated(shoot=shoot, opinion=opinion(each), assessment=look) for each, look in seen]


def test_pairs_stay_inside_a_shoot() -> None:
    one, other = shoots_of([*rated("b", 5, 1), *rated("c", 4, 4), *rated("a", 1, 3, 3), *rated("d", 2)])
    assert (one.name, one.pairs) == ("a", ((1, 0), (2, 0)))
    assert (other.name, other.pairs) == ("b", ((0, 1),))
    assert len(one.photos) == 3


@pytest.mark.parametrize("photos", [200, 400])
def test_a_large_shoot_gives_a_sample_of_its_pairs(photos: int) -> None:
    """All of 200 photos' pairs are looked at; of 400 they are drawn."""
    wedding = rated("wedding", *(1 + number % 5 for number in range(photos)))
    (shoot,) = shoots_of(wedding)
    assert len(shoot.pairs) == MOST_PAIRS
    stars = [each.opinion.stars or 0 for each in wedding]
    assert all(stars[better] > stars[worse] for better, worse in shoot.pairs)
    assert len({photo for pair in shoot.pairs for photo in pair}) > 0.9 * photos
    assert shoots_of(wedding) == [shoot]
