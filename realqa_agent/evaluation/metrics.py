"""Agreement of predictions with human scores: two arrays in, one number out, NaN where it is not defined.

Ranks and Pearson need nothing but numpy. All take float arrays of shape (n,) without NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def ranks(values: Floats) -> Floats:
    """Return the ranks from 1 up; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks: Floats = np.cumsum(counts) - (counts - 1) / 2
    return mean_ranks[places]


def plcc(human: Floats, predicted: Floats) -> float:
    """Pearson's linear correlation of the scores as they are; many papers fit a logistic curve first, this doesn't."""
    if len(human) == 0 or np.ptp(human) == 0 or np.ptp(predicted) == 0:
        return math.nan
    first, second = _centred(human), _centred(predicted)
    # Sums of products and no `@`: BLAS starts its threads for 10,000 values, which takes longer than the sum.
    both = (first * second).sum() / math.sqrt((first * first).sum() * (second * second).sum())
    return float(np.clip(both, -1, 1))


def _centred(values: Floats) -> Floats:
    """Return deviations from the mean, in a unit in which no square is too small or too large for a float."""
    scaled = values / np.abs(values).max()
    deviations: Floats = scaled - scaled.mean()
    return deviations


def srcc(human: Floats, predicted: Floats) -> float:
    """Spearman's rank correlation, ties with average ranks."""
    return plcc(ranks(human), ranks(predicted))


def krcc(human: Floats, predicted: Floats) -> float:
    """Kendall's rank correlation tau-b, in O(n log n) after Knight (JASA 61, 1966)."""
    first, second = (np.unique(values, return_inverse=True)[1] for values in (human, predicted))
    all_pairs = len(human) * (len(human) - 1) // 2
    differing = [all_pairs - _equal_pairs(places) for places in (first, second)]
    if 0 in differing:
        return math.nan
    both_equal = _equal_pairs(first * len(human) + second)
    decided = sum(differing) - all_pairs + both_equal
    discordant = _inversions(second[np.lexsort((second, first))])
    return float(np.clip((decided - 2 * discordant) / math.sqrt(math.prod(differing)), -1, 1))


def auc(lower: Floats, higher: Floats) -> float:
    """Return the chance that one of `higher` lies above one of `lower`; half a chance for equals."""
    if not (len(lower) and len(higher)):
        return math.nan
    rank_sum = ranks(np.concatenate([higher, lower]))[: len(higher)].sum()
    return float((rank_sum / len(higher) - (len(higher) + 1) / 2) / len(lower))


def _equal_pairs(places: NDArray[np.intp]) -> int:
    counts = np.unique(places, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def _inversions(places: NDArray[np.intp]) -> int:
    """Count the pairs where the first is greater, given whole numbers from 0.

    Those that differ only in their last bit are counted, then made equal by dropping it.
    """
    found = 0
    # Numpy sorts 16 bits by radix, six times as fast.
    halved: NDArray[np.integer] = places.astype(np.uint16 if len(places) <= 1 << 16 else np.int64)
    while halved.any():
        odd, halved = halved & 1, halved >> 1
        order = np.argsort(halved, kind="stable")
        odd, alike = odd[order].astype(np.int64), halved[order]
        odds_before = np.cumsum(odd) - odd
        begin = np.searchsorted(alike, alike)
        found += int(((odds_before - odds_before[begin]) * (1 - odd)).sum())
    return found
