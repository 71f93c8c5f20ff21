"""A taste comes in force if it helps: users with known preferences, and users without any."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.photographers import agrees, likes_colour, shoots, throws_dice

from realqa_agent.errors import UserError
from realqa_agent.taste.features import WORDS
from realqa_agent.taste.findings import LEAST_SHOOTS, Findings, Result
from realqa_agent.taste.learning import LEAST_MEANING, Table, learn, table_of
from realqa_agent.taste.plot import draw
from realqa_agent.taste.proof import _tail, prove

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.taste.shoots import Shoot

AT = "2027-01-15T08:00:00Z"


def right(shoot: Shoot, scores: list[float]) -> float:
    """Count the share of the pairs in the user's order, one by one."""
    return sum(
        (scores[better] > scores[worse]) + (scores[better] == scores[worse]) / 2 for better, worse in shoot.pairs
    ) / len(shoot.pairs)


def test_known_preference_is_found_and_helps_with_shoots_never_seen() -> None:
    proven = prove(shoots(likes_colour, count=16), at=AT)
    findings = proven.findings
    assert findings.significant
    assert findings.low < findings.gain < findings.high
    assert {words for words, _ in findings.likes[:2]} == {"strong colour", "open background"}
    unseen = shoots(likes_colour, count=10, seed=99)
    gains = [
        right(shoot, [proven.head.applied(photo).overall for photo in shoot.photos])
        - right(shoot, [photo.overall for photo in shoot.photos])
        for shoot in unseen
    ]
    assert sum(gains) / len(gains) == pytest.approx(findings.gain, abs=0.05)


def test_users_without_a_preference_are_refused() -> None:
    """An interval of 95 % is wrong once in forty times on this side."""
    accepted = [prove(shoots(throws_dice, count=10, seed=seed), at=AT).findings.significant for seed in range(8)]
    assert sum(accepted) <= 1


def test_who_agrees_with_the_first_look_keeps_its_scores() -> None:
    users = shoots(agrees, count=24)
    proven = prove(users, at=AT)
    assert not proven.findings.significant
    shifts = [abs(proven.head.applied(photo).taste_shift) for shoot in users for photo in shoot.photos]
    assert max(shifts) < 0.3


def test_same_ratings_give_the_same_taste() -> None:
    assert prove(shoots(likes_colour, count=8), at=AT) == prove(shoots(likes_colour, count=8), at=AT)


def test_figures_are_those_of_the_pairs() -> None:
    users = shoots(likes_colour, count=9, photos=6) + shoots(likes_colour, count=1, photos=20, seed=5)
    findings = prove(users, at=AT).findings
    by_name = [(shoot.name, len(shoot.photos), len(shoot.pairs)) for shoot in users]
    assert sorted((each.shoot, each.photos, each.pairs) for each in findings.results) == sorted(by_name)
    assert findings.photos == 74
    without = sum(len(shoot.photos) * right(shoot, [photo.overall for photo in shoot.photos]) for shoot in users) / 74
    assert findings.without == pytest.approx(without)
    with_taste = sum(each.photos * each.with_taste for each in findings.results) / 74
    assert findings.with_taste == pytest.approx(with_taste)


def test_few_shoots_are_refused() -> None:
    with pytest.raises(ValueError, match="7 shoots"):
        prove(shoots(likes_colour, count=LEAST_SHOOTS - 1), at=AT)


def test_what_was_fitted_is_what_is_applied() -> None:
    users = shoots(likes_colour, count=8)
    fitted = learn([table_of(shoot) for shoot in users])
    head = fitted.head("firstlook", "1")
    for shoot in users:
        applied = [head.applied(photo).overall for photo in shoot.photos]
        assert applied == pytest.approx(fitted.scores(table_of(shoot)).tolist(), abs=0.0051)
    assert "subject_and_background" not in {weight.name for weight in head.weights}


def test_meaning_of_a_point_follows_the_user() -> None:
    careful, careless = (
        learn([table_of(shoot) for shoot in shoots(user, count=8)]).meaning for user in (agrees, throws_dice)
    )
    assert careful > 1.0 > careless >= LEAST_MEANING


def test_feature_that_is_rarely_known_counts_for_nothing() -> None:
    tables = [table_of(shoot) for shoot in shoots(likes_colour, count=8)]
    rarely = [_known_in_the_first_photo_only(table) for table in tables]
    assert not np.isin("colourfulness", [weight.name for weight in learn(rarely).head("firstlook", "1").weights])


def _known_in_the_first_photo_only(table: Table) -> Table:
    features = table.features.copy()
    features[1:, list(WORDS).index("colourfulness")] = math.nan
    return Table(base=table.base, features=features, better=table.better, worse=table.worse)


def test_interval_is_as_wide_as_students_t_says() -> None:
    """Of 8 shoots: 2.365 for 7 degrees of freedom, times the root of 8/7, is 2.528 deviations; 0.57 % lie beyond."""
    assert _tail(8) == pytest.approx(0.0057, abs=2e-4)
    assert _tail(100_000) == pytest.approx(0.025, abs=1e-4)


def findings(*, without: float, with_taste: float, low: float, high: float, shoots: int = 10) -> Findings:
    result = Result(shoot="a", photos=5, pairs=6, without=without, with_taste=with_taste)
    return Findings(
        at=AT,
        results=(result,) * shoots,
        without=without,
        with_taste=with_taste,
        low=low,
        high=high,
        likes=(("strong colour", 0.5),),
    )


@pytest.mark.parametrize(
    ("with_taste", "low", "more"),
    [
        (0.70, 0.02, 0),
        # The interval reaches twice as far down as the gain is large: it takes four times the shoots.
        (0.65, -0.05, 30),
        (0.65, 0.0, 1),
        (0.60, -0.05, None),
        (0.55, -0.10, None),
        (0.601, -0.05, None),
    ],
)
def test_how_many_more_shoots(with_taste: float, low: float, more: int | None) -> None:
    assert findings(without=0.6, with_taste=with_taste, low=low, high=0.2).more_shoots == more


def test_findings_are_kept_and_read_again() -> None:
    found = findings(without=0.6, with_taste=0.7, low=0.02, high=0.2)
    assert Findings.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_picture(tmp_path: Path) -> None:
    found = prove(shoots(likes_colour, count=8), at=AT).findings
    draw(tmp_path / "taste.png", found, "title")
    assert (tmp_path / "taste.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UserError, match="can't write the plot"):
        draw(tmp_path / "away" / "taste.png", found, "title")
