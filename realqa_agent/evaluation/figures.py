"""The figures of one evaluation, each with a bootstrap interval.

Frames of one series resemble each other, so whole groups are drawn anew and not single frames: intervals over frames
would be too narrow. Percentile bootstrap, Efron and Tibshirani 1993, chapter 13.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.evaluation import metrics
from realqa_agent.evaluation.record import Evaluation, Figure, Prediction

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from realqa_agent.evaluation.record import Rated, Scale

    Floats = NDArray[np.float64]

RESAMPLES, SEED = 1000, 0
TAIL = 0.025
"""Probability on either side of a 95 % interval."""

SPOILT, GOOD = 0.3, 0.5
"""Shares of the scale: a human score under the first is a cull, one over the second a keeper. People differ between."""

PAIR_GAP, BEST_SLACK = 0.1, 0.05
"""Shares of the scale: closer frames are equals to their raters, and as good as the best of a series."""

ROUNDING = 1e-9
"""Share of the scale that decimal scores may be off in binary: 0.3 - 0.2 is less than 0.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sample:
    """Arrays of shape (n,)."""

    human: Floats
    predicted: Floats
    rejected: NDArray[np.bool_]
    series: NDArray[np.intp]
    """Number of the series, -1 for none."""
    groups: NDArray[np.intp]
    """Number of the group; those of one series are in one group."""


def evaluate(
    rated: Sequence[Rated],
    predictions: Sequence[Prediction | None],
    groups: Sequence[Hashable],
    scale: Scale,
    *,
    verdicts: bool = True,
) -> Evaluation:
    """Compare predictions with human scores, in the same order; None is a picture that could not be scored.

    A failed picture is given the mean prediction, which tells nothing, and no verdict. `groups` says which pictures
    are not independent of each other; those of one series are in one group. Without `verdicts` those of the
    predictions are none of the scorer's, and what hangs on them is not defined.
    """
    scored = [prediction for prediction in predictions if prediction is not None]
    mean = float(np.mean([prediction.score for prediction in scored])) if scored else math.nan
    unknown = Prediction(score=mean, rejected=False)
    everything = _sample(rated, [prediction or unknown for prediction in predictions], groups)
    figures = _figures(everything, scale) if scored else _undefined((*_CORRELATIONS, *_SHARES))
    scored_only = figures
    if 0 < len(scored) < len(rated):
        kept = [place for place, prediction in enumerate(predictions) if prediction is not None]
        sample = _sample([rated[place] for place in kept], scored, [groups[place] for place in kept])
        scored_only = _figures(sample, scale)
    if not verdicts:
        figures, scored_only = (each | _undefined(_OF_VERDICTS) for each in (figures, scored_only))
    return Evaluation(
        pictures=len(rated),
        failed=len(rated) - len(scored),
        groups=len(set(groups)),
        scale=scale,
        figures=figures,
        scored_only=scored_only,
    )


def _sample(rated: Sequence[Rated], predictions: Sequence[Prediction], groups: Sequence[Hashable]) -> _Sample:
    series = _numbered([one.series for one in rated])
    series[[one.series is None for one in rated]] = -1
    return _Sample(
        human=np.array([one.score for one in rated]),
        predicted=np.array([prediction.score for prediction in predictions]),
        rejected=np.array([prediction.rejected for prediction in predictions]),
        series=series,
        groups=_numbered(groups),
    )


def _numbered(keys: Sequence[Hashable]) -> NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


_CORRELATIONS = ("srcc", "plcc", "krcc", "reject_auc")
_OF_VERDICTS = ("keepers_destroyed", "culls_found")
_SHARES = ("pairs", "best_of_series", *_OF_VERDICTS)


def _undefined(names: Iterable[str]) -> dict[str, Figure]:
    return {name: Figure(value=None, ci=None) for name in names}


def _figures(sample: _Sample, scale: Scale) -> dict[str, Figure]:
    hits, cases = _counts(sample, scale)
    once = np.ones(hits.shape[1], dtype=np.intp)
    values = [*_correlations(sample, scale, once), *_shares(hits, cases, once)]
    resampled = np.array(
        [
            [*_correlations(sample, scale, times), *_shares(hits, cases, times)]
            for times in _draws(hits.shape[1], RESAMPLES if hits.shape[1] > 1 else 0)
        ]
    ).reshape(-1, len(values))
    found = {
        name: _figure(value, column)
        for name, value, column in zip((*_CORRELATIONS, *_SHARES), values, resampled.T, strict=True)
    }
    for name, group_cases in zip(_SHARES, cases, strict=True):
        found[name] = _unanimous(found[name], int((group_cases > 0).sum()))
    return found


def _draws(groups: int, resamples: int) -> Iterator[NDArray[np.intp]]:
    """Yield how many times each group is drawn, shape (groups,)."""
    random = np.random.default_rng(SEED)
    for _ in range(resamples):
        yield np.bincount(random.integers(0, groups, groups), minlength=groups)


def _figure(value: float, resampled: Floats) -> Figure:
    """Return the figure; without an interval where most resamples don't define it."""
    if not math.isfinite(value):
        return Figure(value=None, ci=None)
    defined = resampled[np.isfinite(resampled)]
    if len(defined) <= RESAMPLES / 2:
        return Figure(value=float(value), ci=None)
    low, high = np.quantile(defined, (TAIL, 1 - TAIL))
    return Figure(value=float(value), ci=(float(low), float(high)))


def _unanimous(figure: Figure, groups: int) -> Figure:
    """Return a share of 0 or 1 with the exact interval of Clopper and Pearson (Biometrika 26, 1934) over its groups.

    Resamples of cases that all went one way do so too, which would make one keeper that survived a certainty.
    """
    if figure.value not in (0.0, 1.0):
        return figure
    reach = TAIL ** (1 / groups)
    return Figure(value=figure.value, ci=(reach, 1.0) if figure.value else (0.0, 1 - reach))


def _correlations(sample: _Sample, scale: Scale, times: NDArray[np.intp]) -> tuple[float, float, float, float]:
    """Return the figures `_CORRELATIONS`, each group taken so many times."""
    drawn = np.repeat(np.arange(len(sample.human)), times[sample.groups])
    human, predicted = sample.human[drawn], sample.predicted[drawn]
    return (
        metrics.srcc(human, predicted),
        metrics.plcc(human, predicted),
        metrics.krcc(human, predicted),
        metrics.auc(predicted[_spoilt(human, scale)], predicted[_good(human, scale)]),
    )


def _shares(hits: Floats, cases: Floats, times: NDArray[np.intp]) -> list[float]:
    """Return the figures `_SHARES`, each group taken so many times."""
    totals = zip(hits @ times, cases @ times, strict=True)
    return [float(hit / case) if case else math.nan for hit, case in totals]


def _counts(sample: _Sample, scale: Scale) -> tuple[Floats, Floats]:
    """Return how many cases of each of `_SHARES` hit, and how many there are, group by group: shape (4, groups) twice.

    Frames that the scorer puts first together share the hit, so that the order of the file doesn't count.
    """
    groups = int(sample.groups.max()) + 1
    hits, cases = np.zeros((4, groups)), np.zeros((4, groups))
    for frames in _series(sample):
        group = sample.groups[frames[0]]
        human, predicted = sample.human[frames], sample.predicted[frames]
        for score, prediction in zip(human, predicted, strict=True):
            worse = human < score - _part(PAIR_GAP, scale)
            cases[0, group] += worse.sum()
            hits[0, group] += (predicted[worse] < prediction).sum()
        first = human[predicted == predicted.max()]
        cases[1, group] += 1
        hits[1, group] += (first >= human.max() - _part(BEST_SLACK, scale, -1)).mean()
    for row, members in ((2, _good(sample.human, scale)), (3, _spoilt(sample.human, scale))):
        cases[row] = np.bincount(sample.groups, members, groups)
        hits[row] = np.bincount(sample.groups, members & sample.rejected, groups)
    return hits, cases


def _series(sample: _Sample) -> list[NDArray[np.intp]]:
    """Return the places of each series of two frames or more."""
    order = np.argsort(sample.series, kind="stable")
    begins = np.flatnonzero(np.diff(sample.series[order], prepend=-1))
    return [frames for frames in np.split(order, begins)[1:] if len(frames) > 1]


def _spoilt(human: Floats, scale: Scale) -> NDArray[np.bool_]:
    below: NDArray[np.bool_] = human < scale[0] + _part(SPOILT, scale)
    return below


def _good(human: Floats, scale: Scale) -> NDArray[np.bool_]:
    above: NDArray[np.bool_] = human > scale[0] + _part(GOOD, scale, -1)
    return above


def _part(share: float, scale: Scale, sign: int = 1) -> float:
    """Return this share of the scale, a hair less (or more, for sign -1): the limits themselves count as written."""
    return (share - sign * ROUNDING) * (scale[1] - scale[0])
