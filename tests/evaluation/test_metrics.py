"""Correlations against values worked out by hand, and what holds for any scores."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from realqa_agent.evaluation.metrics import auc, krcc, plcc, ranks, srcc

Floats = NDArray[np.float64]

TIED = st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 3)), min_size=2, max_size=60).map(
    lambda pairs: (np.array([a for a, _ in pairs], dtype=float), np.array([b for _, b in pairs], dtype=float))
)
"""Two arrays of one length with many ties."""


def of(*values: float) -> Floats:
    return np.array(values, dtype=float)


def test_equal_values_share_their_mean_rank() -> None:
    assert ranks(of(30, 10, 20, 20, 20)).tolist() == [5, 1, 3, 3, 3]


def test_values_worked_out_by_hand() -> None:
    human, predicted = of(1, 2, 3, 4, 5), of(2, 1, 4, 3, 7)
    # Spearman: 1 - 6 * (1 + 1 + 1 + 1 + 0) / (5 * 24). Kendall: (8 - 2) / 10. Pearson: 12 / sqrt(10 * 21.2).
    assert srcc(human, predicted) == pytest.approx(0.8)
    assert krcc(human, predicted) == pytest.approx(0.6)
    assert plcc(human, predicted) == pytest.approx(12 / math.sqrt(10 * 21.2))


def test_ties_worked_out_by_hand() -> None:
    human, predicted = of(1, 2, 2, 3), of(1, 2, 3, 3)
    # Pairs: 4 in order, none against, one tied in each: 4 / sqrt(5 * 5). Ranks 1, 2.5, 2.5, 4 and 1, 2, 3.5, 3.5.
    assert krcc(human, predicted) == pytest.approx(0.8)
    assert srcc(human, predicted) == pytest.approx(3.75 / 4.5)


def test_auc_is_the_chance_of_the_right_order() -> None:
    assert auc(of(1, 2), of(3, 4)) == 1
    assert auc(of(1, 4), of(3, 4)) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert math.isnan(auc(of(), of(1)))
    assert math.isnan(auc(of(1), of()))


@pytest.mark.parametrize("metric", [srcc, plcc, krcc])
@pytest.mark.parametrize("human", [of(), of(3), of(2, 2, 2), of(0.1, 0.1, 0.1)])
def test_what_is_not_defined_is_nan(metric: Callable[[Floats, Floats], float], human: Floats) -> None:
    assert math.isnan(metric(human, np.arange(len(human), dtype=float)))


@given(TIED)
def test_tau_counts_as_the_definition_does(both: tuple[Floats, Floats]) -> None:
    first, second = both
    assume(np.ptp(first) and np.ptp(second))
    a, b = (np.sign(values[:, None] - values) for values in both)
    expected = (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
    assert krcc(first, second) == pytest.approx(expected, abs=1e-12)


def test_tau_of_more_values_than_16_bits_count() -> None:
    values = np.arange(70_000, dtype=float)
    assert krcc(values, values) == 1
    assert krcc(values, -values) == -1


@given(TIED)
def test_bounds_and_symmetry(both: tuple[Floats, Floats]) -> None:
    for metric in (srcc, plcc, krcc):
        value = metric(*both)
        assert math.isnan(value) == (np.ptp(both[0]) == 0 or np.ptp(both[1]) == 0)
        assert math.isnan(value) or -1 <= value <= 1
        assert metric(both[1], both[0]) == pytest.approx(value, nan_ok=True)
        assert metric(both[0], -both[1]) == pytest.approx(-value, nan_ok=True)


@given(TIED)
def test_ranks_alone_count(both: tuple[Floats, Floats]) -> None:
    human, predicted = both
    for metric in (srcc, krcc):
        assert metric(human, np.exp(predicted)) == pytest.approx(metric(human, predicted), nan_ok=True)
    assert plcc(human, 3 * predicted - 7) == pytest.approx(plcc(human, predicted), nan_ok=True)
