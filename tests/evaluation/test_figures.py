"""The figures of an evaluation: failed pictures, series, verdicts, intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realqa_agent.evaluation import figures
from realqa_agent.evaluation.figures import evaluate
from realqa_agent.evaluation.record import Evaluation, Prediction, Rated, scale_of
from realqa_agent.evaluation.report import as_json, better_than_chance, sentence

Row = tuple[float, float | None] | tuple[float, float | None, str]


def evaluated(rows: Sequence[Row], rejected: Sequence[int] = ()) -> Evaluation:
    """Evaluate rows of human score, prediction (None: failed) and series, some of them rejected."""
    rated = [
        Rated(path=Path(f"/{place}.jpg"), score=row[0], series=row[2] if len(row) > 2 else None)
        for place, row in enumerate(rows)
    ]
    predictions = [
        None if row[1] is None else Prediction(score=row[1], rejected=place in rejected)
        for place, row in enumerate(rows)
    ]
    groups = [one.series or one.path for one in rated]
    return evaluate(rated, predictions, groups, scale_of([one.score for one in rated]))


def value(found: Evaluation, name: str) -> float | None:
    return found.figures[name].value


def test_failed_pictures_count_and_get_the_mean_prediction() -> None:
    found = evaluated([(0.1, 2.0), (0.2, 4.0), (0.3, 6.0), (0.9, None)])
    assert (found.pictures, found.failed) == (4, 1)
    assert value(found, "srcc") == pytest.approx(value(evaluated([(1, 2), (2, 4), (3, 6), (9, 4)]), "srcc"))
    assert value(found, "srcc") != pytest.approx(1)
    assert found.scored_only["srcc"].value == pytest.approx(1)


def test_all_failed_leaves_everything_undefined() -> None:
    found = evaluated([(0.1, None), (0.9, None)])
    assert found.failed == 2
    assert all(figure.value is None and figure.ci is None for figure in found.figures.values())
    assert found.scored_only == found.figures


def test_without_verdicts_nothing_is_said_of_them() -> None:
    rated = [Rated(path=Path(f"/{score}.jpg"), score=score) for score in (0.1, 0.5, 0.9)]
    predictions = [Prediction(score=5 * one.score, rejected=True) for one in rated[:2]]
    found = evaluate(rated, [*predictions, None], [1, 2, 3], (0, 1), verdicts=False)
    for each in (found.figures, found.scored_only):
        assert [each[name].value for name in ("keepers_destroyed", "culls_found")] == [None, None]
    assert found.scored_only["srcc"].value == 1


def test_culls_and_keepers_by_their_part_of_the_scale() -> None:
    # Culls are under .3, keepers over .5; the limits themselves are neither.
    rows: list[Row] = [(0.1, 1.0), (0.29, 6.0), (0.3, 9.0), (0.5, 1.0), (0.51, 5.0), (1.0, 8.0)]
    found = evaluated(rows, rejected=[0, 2, 3, 4])
    assert value(found, "reject_auc") == pytest.approx(3 / 4)
    assert value(found, "culls_found") == pytest.approx(1 / 2)
    assert value(found, "keepers_destroyed") == pytest.approx(1 / 2)


def test_failed_keeper_is_not_destroyed() -> None:
    assert value(evaluated([(0.9, None), (0.1, 2.0)]), "keepers_destroyed") == 0


@pytest.mark.parametrize("factor", [1, 4, 100])
def test_series(factor: float) -> None:
    rows: list[Row] = [
        (0, 1.0),
        *[(human * factor, predicted, "one") for human, predicted in [(0.2, 3.0), (0.3, 5.0), (0.39, 4.0), (0.6, 2.0)]],
        *[(human * factor, predicted, "two") for human, predicted in [(0.5, 7.0), (0.55, 9.0)]],
        (factor * 1.0, 2.0, "alone"),
    ]
    found = evaluated(rows)
    # Pairs at least .1 apart: five in series one (.3 to .39 is closer), of which two are in order; none in series two.
    assert value(found, "pairs") == pytest.approx(2 / 5)
    assert value(found, "best_of_series") == pytest.approx(1 / 2)


def test_frames_that_are_put_first_together_share_the_hit() -> None:
    rows: list[Row] = [(0, 5.0, "one"), (1, 5.0, "one"), (0.5, 1.0, "one")]
    assert value(evaluated(rows), "best_of_series") == pytest.approx(1 / 2)
    assert value(evaluated(rows[::-1]), "best_of_series") == pytest.approx(1 / 2)


def test_without_series_their_figures_are_undefined() -> None:
    found = evaluated([(1, 2), (2, 4), (3, 5)])
    assert value(found, "pairs") is None
    assert value(found, "best_of_series") is None


def test_single_frames_of_series_make_none() -> None:
    assert value(evaluated([(1, 2, "a"), (2, 4, "b"), (3, 5, "c")]), "best_of_series") is None


def test_scale() -> None:
    assert scale_of([0.2, 0.7]) == (0, 1)
    assert scale_of([2.5, 6.5, 4]) == (2.5, 6.5)
    assert scale_of([-1, 1]) == (-1, 1)


def noisy(groups: int, frames: int) -> list[Row]:
    """Return series whose frames are alike: each adds little to what the first one says."""
    random = np.random.default_rng(1)
    rows: list[Row] = []
    for group in range(groups):
        human, predicted = random.normal(), random.normal()
        rows += [(human + 0.01 * frame, human + predicted + 0.01 * frame, f"s{group}") for frame in range(frames)]
    return rows


def test_interval_holds_the_value_and_repeats() -> None:
    first, second = evaluated(noisy(40, 1)), evaluated(noisy(40, 1))
    assert first.figures == second.figures
    for name in ("srcc", "plcc", "krcc"):
        figure = first.figures[name]
        assert figure.ci is not None
        assert figure.value is not None
        assert figure.ci[0] < figure.value < figure.ci[1]


def test_more_frames_of_the_same_scenes_make_no_narrower_interval() -> None:
    def width(frames: int) -> float:
        ci = evaluated(noisy(25, frames)).figures["srcc"].ci
        assert ci is not None
        return ci[1] - ci[0]

    assert width(8) > 0.8 * width(1)


def test_one_series_alone_has_no_interval() -> None:
    found = evaluated([(0.1, 1, "one"), (0.5, 2, "one"), (0.9, 5, "one")])
    assert found.groups == 1
    assert found.figures["srcc"].value == pytest.approx(1)
    assert found.figures["srcc"].ci is None


def test_no_keeper_destroyed_is_no_proof_that_none_ever_will_be() -> None:
    rows: list[Row] = [*[(0.9, 8.0)] * 10, *[(0.1, 2.0)] * 5]
    found = evaluated(rows, rejected=range(10, 15))
    # Clopper and Pearson: 1 - .025 ** (1 / 10).
    assert found.figures["keepers_destroyed"].ci == pytest.approx((0, 0.3085), abs=1e-4)
    assert found.figures["culls_found"].ci == pytest.approx((0.4782, 1), abs=1e-4)


@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6), st.none() | st.floats(1, 10), st.sampled_from(["a", "b", "c", "d"]) | st.just("")
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(deadline=None)
def test_any_rows_give_numbers_within_bounds_or_none(rows: list[tuple[float, float | None, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "RESAMPLES", 20)
        found = evaluated([row if row[2] else row[:2] for row in rows], rejected=range(0, 12, 2))
    for named in (found.figures, found.scored_only):
        for name, figure in named.items():
            lowest = -1 if name in {"srcc", "plcc", "krcc"} else 0
            for number in (figure.value, *(figure.ci or ())):
                assert number is None or (math.isfinite(number) and lowest - 1e-9 <= number <= 1 + 1e-9)
            assert figure.value is not None or figure.ci is None


def test_json_has_null_where_nothing_is_defined() -> None:
    found = as_json(evaluated([(1, 5.0), (1, 6.0)]))
    assert (found["n"], found["failed"]) == (2, 0)
    assert found["srcc"] == {"value": None, "ci": None}
    assert found["scored_only"]["n"] == 2


@pytest.mark.parametrize(
    ("rows", "better", "words"),
    [
        ([(place % 6, place % 6 + place / 100) for place in range(30)], True, "agrees with this person better"),
        ([(place % 6, -place % 6) for place in range(30)], None, "better than chance can't be told"),
        ([(place % 6, 9 - place % 6) for place in range(30)], False, "against this person"),
        ([(place, place) for place in range(5)], None, "fewer than 20 shots"),
        ([(3, place) for place in range(30)], None, "no rank correlation is defined"),
    ],
    ids=["agrees", "can't be told", "the other way", "too few", "all the same stars"],
)
def test_sentence(rows: list[Row], better: bool | None, words: str) -> None:  # noqa: FBT001 - a case of the table
    found = evaluated(rows)
    assert better_than_chance(found) is better
    assert words in sentence(found, "firstlook")
    assert sentence(found, "firstlook").startswith(("firstlook", "Whether firstlook"))
