"""In which order lessons are taken, so that those of a batch are of like size. Pure, and the same for the same seed.

A batch is as long as its longest lesson, and the rest is padding that the card reckons with for nothing. Sorting all
lessons would show the model the sizes in order; so they are shuffled, sorted within pools of some batches, and the
batches shuffled again.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL = 50
"""Batches that are sorted together."""


def order(sizes: Sequence[int], *, batch: int, epochs: int, seed: int) -> list[int]:
    """Return the numbers of the lessons in the order of the whole training, each as often as there are epochs.

    Every `batch` of them are a batch. What an epoch leaves over for a whole one begins the next epoch.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    taken: list[int] = []
    waiting: list[int] = []
    for _ in range(epochs):
        waiting += draw.sample(range(len(sizes)), len(sizes))
        whole = len(waiting) // batch * batch
        taken += _alike(waiting[:whole], sizes, batch, draw)
        waiting = waiting[whole:]
    return taken + waiting


def padding(sizes: Sequence[int], taken: Sequence[int], batch: int) -> float:
    """Return which part of all batches together is padding, 0 to 1."""
    batches = [[sizes[number] for number in numbers] for numbers in _cut(taken, batch)]
    reckoned = sum(max(one) * len(one) for one in batches)
    return 1 - sum(map(sum, batches)) / reckoned


def _alike(numbers: Sequence[int], sizes: Sequence[int], batch: int, draw: random.Random) -> list[int]:
    batches = [one for pool in _cut(numbers, POOL * batch) for one in _cut(sorted(pool, key=sizes.__getitem__), batch)]
    draw.shuffle(batches)
    return [number for one in batches for number in one]


def _cut(numbers: Sequence[int], length: int) -> list[Sequence[int]]:
    return [numbers[start : start + length] for start in range(0, len(numbers), length)]
