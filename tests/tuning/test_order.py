"""Lessons of like size share a batch, each is taken once an epoch, and a seed is an order."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.tuning.order import order, padding

DRAW = random.Random(3)  # noqa: S311 - no secret
SIZES = [DRAW.randint(280, 800) for _ in range(1000)]


@given(count=st.integers(1, 40), batch=st.integers(1, 7), epochs=st.integers(1, 4), seed=st.integers(0, 5))
def test_each_lesson_is_taken_once_an_epoch(count: int, batch: int, epochs: int, seed: int) -> None:
    taken = order(range(count), batch=batch, epochs=epochs, seed=seed)
    assert Counter(taken) == dict.fromkeys(range(count), epochs)
    # All of an epoch but what is left over for a whole batch comes before the next one.
    assert set(taken[: count // batch * batch]) <= set(range(count))
    assert len(set(taken[: count // batch * batch])) == count // batch * batch


def test_hardly_anything_is_padding_and_short_ones_dont_come_first() -> None:
    batch = 8
    taken = order(SIZES, batch=batch, epochs=3, seed=0)
    shuffled = DRAW.sample(range(1000), 1000)
    assert padding(SIZES, shuffled, batch) > 0.25
    assert padding(SIZES, taken, batch) < 0.02
    firsts = [SIZES[number] for number in taken[: 20 * batch]]
    assert min(firsts) < 320
    assert max(firsts) > 760


def test_padding_by_hand() -> None:
    assert padding([2, 4, 3], [0, 1, 2], 2) == pytest.approx(2 / 11)


def test_a_seed_is_an_order() -> None:
    once = order(SIZES, batch=4, epochs=2, seed=1)
    assert once == order(SIZES, batch=4, epochs=2, seed=1)
    assert once != order(SIZES, batch=4, epochs=2, seed=2)
    assert once[:1000] != once[1000:]
