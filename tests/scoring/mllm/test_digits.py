"""Numbers from beliefs, against the whole distribution."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.beliefs import belief, places_along

from realqa_agent.scoring.mllm import digits
from realqa_agent.scoring.mllm.questions import DigitBelief

SHARE = st.floats(0.05, 1)
TENTHS = st.dictionaries(st.integers(0, 9), SHARE, min_size=1)


def spread_evenly(tenths: dict[int, dict[int, float]]) -> dict[str, float]:
    """Return a distribution over all two-decimal numbers; the second decimal is anything."""
    shares = {
        f"{unit}.{tenth}{last}": share
        for unit, row in tenths.items()
        for tenth, share in row.items()
        for last in range(10)
    }
    return {number: share / sum(shares.values()) for number, share in shares.items()}


def mean_and_variance(numbers: dict[str, float]) -> tuple[float, float]:
    mean = sum(float(number) * share for number, share in numbers.items())
    return mean, sum((float(number) - mean) ** 2 * share for number, share in numbers.items())


@given(st.dictionaries(st.integers(0, 9), TENTHS, min_size=1, max_size=3))
def test_with_up_to_three_units_it_is_the_mean_of_the_whole_distribution(tenths: dict[int, dict[int, float]]) -> None:
    numbers = spread_evenly(tenths)
    found = digits.expectation(belief(numbers))
    mean, variance = mean_and_variance(numbers)
    assert found.value == pytest.approx(mean, abs=1e-9)
    # The second decimal, 0.00 to 0.09, adds a variance of its own, which isn't the model's doubt.
    assert found.spread**2 == pytest.approx(variance - 0.000825, abs=1e-9)


@given(st.dictionaries(st.integers(0, 9), TENTHS, min_size=4))
def test_with_more_units_it_is_the_mean_given_the_three_likeliest(tenths: dict[int, dict[int, float]]) -> None:
    numbers = spread_evenly(tenths)
    believed = belief(numbers)
    kept = set(digits.followed(believed.units))
    assert len(kept) == 3
    assert min(believed.units[unit] for unit in kept) >= max(
        share for unit, share in believed.units.items() if unit not in kept
    )
    mean, _ = mean_and_variance(spread_evenly({unit: row for unit, row in tenths.items() if unit in kept}))
    assert digits.expectation(believed).value == pytest.approx(mean, abs=1e-9)


def test_units_that_are_all_but_impossible_are_not_followed() -> None:
    assert digits.followed({6: 0.9998, 5: 0.0001, 7: 0.00009}) == [6, 5]
    assert digits.followed({1: 0.2, 9: 0.2, 5: 0.4, 3: 0.2}) == [5, 1, 3]


def ncm_of(places: list[list[float]]) -> float:
    found = digits.ncm(places)
    assert found is not None
    return found


def gauss(mean: float, sigma: float) -> dict[str, float]:
    grid = np.arange(1000) / 100
    shares = np.exp(-0.5 * ((grid - mean) / sigma) ** 2)
    shares /= shares.sum()
    return {f"{number:.2f}": float(share) for number, share in zip(grid, shares, strict=True) if share > 1e-12}


@pytest.mark.parametrize(
    ("sigma", "greedy", "ncm", "marginalised"),
    [(0.05, 0.003, 0.095, 0.000), (0.15, 0.003, 0.142, 0.000), (0.3, 0.003, 0.132, 0.000), (0.6, 0.003, 0.057, 0.032)],
)
def test_errors_are_those_of_the_specification(sigma: float, greedy: float, ncm: float, marginalised: float) -> None:
    errors = []
    for mean in np.arange(2.011, 9, 0.0233):
        numbers = gauss(mean, sigma)
        believed = belief(numbers)
        errors.append(
            (
                float(believed.greedy) - mean,
                ncm_of(places_along(believed.greedy, numbers)) - mean,
                digits.expectation(believed).value - mean,
            )
        )
    found = np.sqrt(np.mean(np.square(errors), axis=0))
    assert found == pytest.approx([greedy, ncm, marginalised], abs=0.01)
    assert found[2] < found[1]


def test_a_belief_across_a_whole_number_keeps_its_mean() -> None:
    numbers = gauss(6.0, 0.15)
    believed = belief(numbers)
    assert digits.expectation(believed).value == pytest.approx(6.0, abs=0.01)
    assert digits.expectation(believed).spread == pytest.approx(0.15, abs=0.01)
    assert abs(ncm_of(places_along("5.99", numbers)) - 6.0) > 0.3


SURE = belief({"6.59": 1.0})


def test_a_sure_model_is_read_to_the_tenth() -> None:
    assert digits.expectation(SURE).value == pytest.approx(6.545)
    assert digits.expectation(SURE).spread == 0
    assert digits.why_unsure(SURE) is None


@pytest.mark.parametrize(
    ("unsure", "why"),
    [
        (replace(SURE, mass=0.49), "the model gave the digits together only 49%: it did not want to say a number"),
        (replace(SURE, mass=math.nan), "it did not want to say a number"),
        (replace(SURE, greedy="6.5"), "'6.5' is no number with two decimals"),
        (replace(SURE, greedy="6.5x"), "'6.5x' is no number with two decimals"),
        (replace(SURE, first_decimals={}), "no first decimal was read for any likely unit"),
        (replace(SURE, first_decimals={6: {5: 0.0}}), "no first decimal was read for any likely unit"),
    ],
)
def test_a_belief_that_gives_no_number_says_why(unsure: DigitBelief, why: str) -> None:
    assert why in str(digits.why_unsure(unsure))
    assert digits.why_unsure(replace(SURE, mass=0.5)) is None


def one_hot(*chosen: int) -> list[list[float]]:
    return [[float(digit == one) for digit in range(10)] for one in chosen]


def test_what_stands_before_each_digit_of_a_label() -> None:
    assert digits.beginnings("3.47") == ["", "3.", "3.4"]
    assert digits.beginnings("0.5") == ["", "0."]


@pytest.mark.parametrize("label", ["10.00", "3", "3.", ".5", "3.478", "-1.00", "3,4", "٣.٤", "nan", ""])
def test_a_label_that_can_not_be_written_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="is not one digit, a dot and one or two digits"):
        digits.beginnings(label)


def test_without_any_digit_there_is_no_ncm() -> None:
    """A server tells of the likeliest tokens alone: 0 would be a number that nobody gave."""
    places = [*one_hot(6, 5), [0.0] * 10]
    assert digits.ncm(places) is None
    assert digits.ncm_star(places, "6.59") is None


def test_ncm_weighs_the_means_of_the_digits() -> None:
    assert digits.ncm(one_hot(6, 5, 9)) == pytest.approx(6.59)
    assert digits.ncm(one_hot(6, 5)) == pytest.approx(6.5)
    even = [[0.1] * 10] * 3
    assert digits.ncm(even) == pytest.approx(4.5 * 1.11)


def test_ncm_star_is_what_lies_on_wrong_digits() -> None:
    assert digits.ncm_star(one_hot(6, 5, 9), "6.59") == 0
    assert digits.ncm_star(one_hot(6, 5), "6.4") == pytest.approx(0.5)
    even = [[0.1] * 10] * 3
    assert digits.ncm_star(even, "6.59") == pytest.approx(4.5 * 1.11 - 0.6 - 0.05 - 0.009)
    with pytest.raises(ValueError, match=r"zip\(\)"):
        digits.ncm_star(even, "10.00")


@given(st.lists(st.lists(SHARE, min_size=10, max_size=10), min_size=3, max_size=3), st.integers(0, 999))
def test_ncm_and_ncm_star_differ_by_the_labels_own_digits(places: list[list[float]], label: int) -> None:
    text = f"{label // 100}.{label % 100:02d}"
    own = sum(
        int(digit) * place[int(digit)] * 0.1**power
        for power, (digit, place) in enumerate(zip(text.replace(".", ""), places, strict=True))
    )
    wrong = digits.ncm_star(places, text)
    assert wrong is not None
    assert ncm_of(places) - wrong == pytest.approx(own, abs=1e-9)


def test_fewer_decimals_are_those_that_the_model_would_write_first() -> None:
    assert [digits.shortened(6.59, decimals) for decimals in (0, 1, 2)] == [6, 6.5, 6.59]
    # Never rounded: 2.99 begins as 2.9, and 0.29 is stored a little under itself.
    assert [digits.shortened(number, 1) for number in (2.99, 0.29, 10.0)] == [2.9, 0.2, 10]


def test_the_mean_of_numbers_with_fewer_decimals() -> None:
    believed = belief({"6.59": 0.6, "6.12": 0.2, "7.00": 0.2})
    # Units 6 and 7 with .8 and .2; first decimals .5, .1 and .0; the second is never read, .045 stands for it.
    assert digits.expected_to(believed, 0) == pytest.approx(0.8 * 6 + 0.2 * 7)
    assert digits.expected_to(believed, 1) == pytest.approx(0.6 * 6.5 + 0.2 * 6.1 + 0.2 * 7)
    assert digits.expected_to(believed, 2) == pytest.approx(0.6 * 6.5 + 0.2 * 6.1 + 0.2 * 7 + 0.045)
