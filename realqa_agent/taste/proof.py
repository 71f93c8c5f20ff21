"""Whether a taste helps: measured on whole shoots that took no part in its fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import attrgetter
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.taste.findings import LEAST_SHOOTS, Findings, Result
from realqa_agent.taste.learning import learn, others, parts_of, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from realqa_agent.taste.head import Head
    from realqa_agent.taste.learning import Table
    from realqa_agent.taste.shoots import Shoot

    Floats = NDArray[np.float64]

PARTS = 10
"""The shoots are left out in so many parts."""

DRAWS = 10_000

Z_95 = 1.959964

SLIGHT = 0.05
"""Points from which a liking is worth a word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proven:
    """A taste from all shoots, and what the same fit is worth on shoots that it has not seen."""

    head: Head
    findings: Findings


def prove(shoots: Sequence[Shoot], *, at: str) -> Proven:
    """Fit a taste and measure it. The same shoots give the same figures. ValueError with less than `LEAST_SHOOTS`.

    In each round the strength of the ridge too is chosen without the shoots that are left out.
    """
    if len(shoots) < LEAST_SHOOTS:
        raise ValueError(f"{len(shoots)} shoots tell nothing, {LEAST_SHOOTS} may")
    # Neighbours by name are neighbours in time, and often of one kind: each part gets some of every kind.
    shoots = [shoots[place] for place in np.random.default_rng(0).permutation(len(shoots))]
    tables = [table_of(shoot) for shoot in shoots]
    right = np.zeros((len(shoots), 2))
    for left_out in parts_of(len(shoots), PARTS):
        fitted = learn(others(tables, left_out))
        for place in left_out:
            table = tables[place]
            right[place] = _right(table, table.base), _right(table, fitted.scores(table))
    photos = np.array([len(shoot.photos) for shoot in shoots], np.float64)
    first = shoots[0].photos[0]
    head = learn(tables).head(first.scorer, first.version)
    shares = np.average(right, axis=0, weights=photos).tolist()
    low, high = _interval(right[:, 1] - right[:, 0], photos)
    return Proven(
        head=head,
        findings=Findings(
            at=at,
            results=tuple(sorted(_results(shoots, right), key=attrgetter("shoot"))),
            without=shares[0],
            with_taste=shares[1],
            low=low,
            high=high,
            likes=tuple((words, points) for words, points in head.likes() if points >= SLIGHT),
        ),
    )


def _right(table: Table, scores: Floats) -> float:
    """Return the share of a shoot's pairs in the human's order; equal scores are half right."""
    return float((1 + np.sign(scores[table.better] - scores[table.worse])).mean() / 2)


def _interval(gains: Floats, photos: Floats) -> tuple[float, float]:
    """Return the 95 % interval of the mean gain: percentiles over shoots drawn anew.

    They lie further out the fewer shoots there are: plain ones are too narrow then.
    """
    drawn = np.random.default_rng(0).integers(0, len(gains), (DRAWS, len(gains)))
    means = (gains * photos)[drawn].sum(axis=1) / photos[drawn].sum(axis=1)
    tail = _tail(len(gains))
    low, high = np.quantile(means, [tail, 1 - tail]).tolist()
    return low, high


def _tail(count: int) -> float:
    """Return the share of draws on either side of the interval, 0.025 for very many shoots.

    The expanded percentile interval of Hesterberg (The American Statistician 69, 2015): as far out, in a normal
    distribution, as Student's t is, here by its series in 1 / degrees of freedom, with the bias of the variance.
    """
    free = count - 1
    student = Z_95 + (Z_95**3 + Z_95) / (4 * free) + (5 * Z_95**5 + 16 * Z_95**3 + 3 * Z_95) / (96 * free**2)
    return NormalDist().cdf(-student * math.sqrt(count / free))


def _results(shoots: Sequence[Shoot], right: Floats) -> Iterator[Result]:
    for shoot, (without, with_taste) in zip(shoots, right.tolist(), strict=True):
        yield Result(
            shoot=shoot.name,
            photos=len(shoot.photos),
            pairs=len(shoot.pairs),
            without=without,
            with_taste=with_taste,
        )
