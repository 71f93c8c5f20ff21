"""Agreement with people: the figures of the model card, each with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from training.firstlook.data import Rated

Scores = NDArray[np.float64]
Measure = Callable[[Sequence[Rated], Scores], float]

# BIQ2021: a spoilt frame and a good frame; between them people disagree.
SPOILT, GOOD = 0.3, 0.5
# Smaller differences between two frames of a series are within the raters' noise.
PAIR_GAP, BEST_SLACK = 0.1, 0.05


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured value with its 95 % bootstrap interval, and the number of photos behind it."""

    value: float
    low: float
    high: float
    photos: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def srcc(rated: Sequence[Rated], scores: Scores) -> float:
    """Spearman's rank correlation with the human scores."""
    return float(spearmanr(scores, [photo.score for photo in rated]).statistic)


def reject_auc(rated: Sequence[Rated], scores: Scores) -> float:
    """Chance that a good ss01 frame scores above a spoilt one."""
    human = np.array([photo.score for photo in rated])
    told_apart = (human < SPOILT) | (human > GOOD)
    return float(roc_auc_score(human[told_apart] > GOOD, scores[told_apart]))


def pairs(rated: Sequence[Rated], scores: Scores) -> float:
    """Share of frame pairs of one series, at least `PAIR_GAP` apart, put in the right order."""
    right = total = 0
    for frames in series_of(rated):
        human = np.array([rated[frame].score for frame in frames])
        better = human[:, None] - human >= PAIR_GAP
        ordered = scores[frames][:, None] > scores[frames]
        right += int((better & ordered).sum())
        total += int(better.sum())
    return right / total


def best_of_series(rated: Sequence[Rated], scores: Scores) -> float:
    """Share of series whose top-scored frame people put within `BEST_SLACK` of the best."""
    hits = []
    for frames in series_of(rated):
        human = np.array([rated[frame].score for frame in frames])
        hits.append(human[scores[frames].argmax()] >= human.max() - BEST_SLACK)
    return float(np.mean(hits))


def series_of(rated: Sequence[Rated]) -> list[NDArray[np.int64]]:
    """Return the positions of the frames of each series."""
    names = np.array([photo.series for photo in rated])
    return [np.flatnonzero(names == name) for name in np.unique(names) if name]


def with_interval(measure: Measure, rated: Sequence[Rated], scores: Scores, *, resamples: int = 1000) -> Figure:
    """Measure, and resample whole groups (frames of one scene are not independent) for the interval."""
    generator = np.random.default_rng(0)
    _, group_of = np.unique([photo.group for photo in rated], return_inverse=True)
    members = [np.flatnonzero(group_of == group) for group in range(group_of.max() + 1)]
    values = []
    for _ in range(resamples):
        drawn = generator.integers(0, len(members), len(members))
        chosen = np.concatenate([members[group] for group in drawn])
        # A series that is drawn twice stays two series.
        copies = np.repeat(np.arange(len(drawn)), [len(members[group]) for group in drawn])
        sample = [_copy(rated[photo], int(copy)) for photo, copy in zip(chosen, copies, strict=True)]
        values.append(measure(sample, scores[chosen]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Figure(value=measure(rated, scores), low=float(low), high=float(high), photos=len(rated))


def quality_figures(rated: Sequence[Rated], scores: Scores) -> dict[str, Figure]:
    """Return the figures of the set `quality`."""
    figures = {"srcc": with_interval(srcc, rated, scores)}
    for subset in ("ss01", "ss02", "ss03"):
        inside = [index for index, photo in enumerate(rated) if photo.subset == subset]
        figures[f"srcc_{subset}"] = with_interval(srcc, [rated[index] for index in inside], scores[inside])
    ss01 = [index for index, photo in enumerate(rated) if photo.subset == "ss01"]
    figures["reject_auc"] = with_interval(reject_auc, [rated[index] for index in ss01], scores[ss01])
    in_series = [index for index, photo in enumerate(rated) if photo.series]
    frames = [rated[index] for index in in_series]
    figures["pairs"] = with_interval(pairs, frames, scores[in_series])
    figures["best_of_series"] = with_interval(best_of_series, frames, scores[in_series])
    return figures


def _copy(photo: Rated, copy: int) -> Rated:
    if not photo.series:
        return photo
    return Rated(
        file=photo.file,
        split=photo.split,
        score=photo.score,
        group=photo.group,
        series=f"{photo.series}#{copy}",
        subset=photo.subset,
    )
