from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, Decision, Judgement, Verdict
from realqa_agent.config import Culling
from realqa_agent.culling.stars import stars

STARS_FROM = Culling().stars_from
KEEP, REJECT = Verdict(decision=Decision.KEEP), Verdict(decision=Decision.REJECT, reasons=("spoilt",))


def scored(overall: float) -> Assessment:
    unknown = Judgement(value=UNKNOWN, score=None, reason="not looked at")
    return Assessment(
        scorer="test",
        version="1",
        quality=5,
        aesthetic=5,
        overall=overall,
        attributes=dict.fromkeys(ATTRIBUTES, unknown),
    )


@pytest.mark.parametrize(
    ("overall", "expected"),
    [(1, 1), (3.49, 1), (3.5, 2), (4.99, 2), (5, 3), (6.5, 4), (7.99, 4), (8, 5), (10, 5)],
)
def test_each_limit_belongs_to_the_stars_above_it(overall: float, expected: int) -> None:
    assert stars(scored(overall), KEEP, STARS_FROM) == expected


def test_a_reject_has_the_rating_that_hosts_read_as_rejected() -> None:
    assert stars(scored(9.5), REJECT, STARS_FROM) == -1


def test_a_photo_to_review_has_stars_like_one_to_keep() -> None:
    assert stars(scored(7), Verdict(decision=Decision.REVIEW, reasons=("doubt",)), STARS_FROM) == 4


@given(
    scores=st.tuples(*[st.floats(1, 10)] * 2).map(sorted),
    limits=st.tuples(*[st.floats(1, 10)] * 4).map(lambda four: tuple(sorted(four))),
)
def test_a_better_photo_never_has_fewer_stars(scores: list[float], limits: tuple[float, ...]) -> None:
    lower, higher = (stars(scored(score), KEEP, limits) for score in scores)
    assert 1 <= lower <= higher <= 5


@pytest.mark.parametrize("place", range(4))
def test_every_limit_changes_an_outcome(place: int) -> None:
    raised = [limit + 0.5 if number == place else limit for number, limit in enumerate(STARS_FROM)]
    assessment = scored(STARS_FROM[place])
    assert stars(assessment, KEEP, raised) == stars(assessment, KEEP, STARS_FROM) - 1
