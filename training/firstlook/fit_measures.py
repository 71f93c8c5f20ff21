"""Fit the first-look scorer's two models to human ratings, and report how well they do.

    python training/firstlook/fit_measures.py ../shared/data realqa_agent/scoring/firstlook/fitted.json

Trains on the `train` rows of `quality` (BIQ2021) and `aesthetics` (OASIS-beauty) alone. The strength of the ridge is
chosen by cross-validation over groups within them; the dev rows, `quality_voc` and `bokeh` are only looked at
afterwards. Without the second argument nothing is written. The same data give the same table, bit for bit.
"""

from __future__ import annotations

import argparse
import csv
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realqa_agent.config import Media
from realqa_agent.media.opening import open_photo
from realqa_agent.scoring.firstlook.fitted import Ridge, bent, standardised
from realqa_agent.scoring.firstlook.look import look_at
from realqa_agent.scoring.firstlook.measures import aesthetic_features, measure, quality_features
from realqa_agent.scoring.firstlook.scorer import damage

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

SEED = 20251125
FOLDS = 5
REPEATS = 5
STRENGTHS = (30.0, 100.0, 300.0, 1000.0)
STRETCH_LIMIT = 2.0
"""A weak model's predictions are stretched no further: it must not shout."""

SETS = ("quality", "aesthetics", "quality_voc", "bokeh")


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One rated photo, measured."""

    row: dict[str, str]
    quality: dict[str, float]
    aesthetic: dict[str, float]
    damage: float


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one model is fitted to: ratings mapped linearly to 1 to 10."""

    features: str
    label: str
    lowest: float
    highest: float
    group: str
    bends: bool
    """Whether measures may bend; 201 photos are too few to learn it from, in cross-validation."""

    def scores(self, photos: list[Photo]) -> Floats:
        """Return the ratings on the 1 to 10 scale."""
        ratings = np.array([float(photo.row[self.label]) for photo in photos])
        return 1 + 9 * (ratings - self.lowest) / (self.highest - self.lowest)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What cross-validation says of one strength of the ridge."""

    strength: float
    agreement: float
    """SRCC."""
    stretch: float
    error: float
    """Root mean square, points of the 1 to 10 scale, after the stretch."""


QUALITY = Task(features="quality", label="mos", lowest=0, highest=1, group="group", bends=True)
AESTHETIC = Task(features="aesthetic", label="beauty_mean", lowest=1, highest=7, group="theme", bends=False)


def main() -> None:
    """Measure, choose, fit, write, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="the folder with quality/, aesthetics/, quality_voc/ and bokeh/")
    parser.add_argument("table", type=Path, nargs="?", help="the table to write")
    arguments = parser.parse_args()

    photos = {name: measured(arguments.data / name) for name in SETS}
    table: dict[str, Any] = {
        "about": "Ridge on measures. Trained on BIQ2021 (Ahmed et al. 2022) and OASIS (Kurdi et al. 2017) with beauty "
        "ratings (OASIS-beauty); written by training/firstlook/fit_measures.py.",
    }
    models = {}
    for name, task, of in (("quality", QUALITY, "quality"), ("aesthetic", AESTHETIC, "aesthetics")):
        train = [photo for photo in photos[of] if photo.row["split"] == "train"]
        model, trial = fitted(task, train)
        models[name] = model
        print(f"{name}: {len(train)} photos, ridge {trial.strength:g}, stretched by {trial.stretch:.2f}")
        print(f"  cross-validated SRCC {trial.agreement:.3f}, error {model.uncertainty:.2f} points")
        table[name] = as_table(model)
    if arguments.table:
        arguments.table.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    report(models, photos)


def measured(folder: Path) -> list[Photo]:
    """Return the photos of one set, measured, in the order of its labels."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths = [folder / "images" / row["filename"] for row in rows]
    with ProcessPoolExecutor() as workers:
        results = list(workers.map(features_of, paths, chunksize=16))
    return [
        Photo(row=row, quality=quality, aesthetic=aesthetic, damage=off)
        for row, (quality, aesthetic, off) in zip(rows, results, strict=True)
    ]


def features_of(path: Path) -> tuple[dict[str, float], dict[str, float], float]:
    """Return both models' features of one photo, and the points off for damage."""
    measures = measure(look_at(open_photo(path, Media())))
    quality = quality_features(measures)
    return quality, aesthetic_features(measures), damage(measures, quality)


def fitted(task: Task, photos: list[Photo]) -> tuple[Ridge, Trial]:
    """Choose the ridge's strength by cross-validation and fit it on all photos.

    A ridge's predictions are narrower than the ratings; they are stretched so that their spread, cross-validated,
    is that of the ratings, up to a limit.
    """
    scores = task.scores(photos)
    best = max((trial(task, photos, scores, strength) for strength in STRENGTHS), key=lambda one: one.agreement)
    model = ridge(task, photos, scores, best.strength, best.stretch)
    return replace(model, uncertainty=best.error), best


def trial(task: Task, photos: list[Photo], scores: Floats, strength: float) -> Trial:
    """Cross-validate one strength."""
    repeats = [held_out(task, photos, scores, strength, SEED + repeat) for repeat in range(REPEATS)]
    stretch = min(float(scores.std() / np.mean([predicted.std() for predicted in repeats])), STRETCH_LIMIT)
    errors = [stretch * (predicted - predicted.mean()) - (scores - scores.mean()) for predicted in repeats]
    return Trial(
        strength=strength,
        agreement=float(np.mean([srcc(predicted, scores) for predicted in repeats])),
        stretch=stretch,
        error=float(np.sqrt(np.mean(np.square(errors)))),
    )


def held_out(task: Task, photos: list[Photo], scores: Floats, strength: float, seed: int) -> Floats:
    """Return each photo's score by a model that saw none of its group."""
    groups = sorted({photo.row[task.group] for photo in photos})
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    fold_of = {group: int(place) % FOLDS for group, place in zip(groups, shuffled, strict=True)}
    folds = np.array([fold_of[photo.row[task.group]] for photo in photos])
    predicted = np.empty(len(photos))
    for fold in range(FOLDS):
        train = np.flatnonzero(folds != fold)
        model = ridge(task, [photos[place] for place in train], scores[train], strength, 1.0)
        # Each fold's own mean would make good folds look bad and the other way round.
        for place in np.flatnonzero(folds == fold):
            predicted[place] = model.score(getattr(photos[place], task.features)) - model.average
    return predicted


def ridge(task: Task, photos: list[Photo], scores: Floats, strength: float, stretch: float) -> Ridge:
    """Fit a ridge to standardised features; a missing feature counts as average, a constant one not at all."""
    rows: list[dict[str, float]] = [getattr(photo, task.features) for photo in photos]
    names = tuple(sorted({name for row in rows for name in row}))
    values = np.array([[row.get(name, np.nan) for name in names] for row in rows])
    means, spreads = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    varied = spreads > 1e-6
    names = tuple(name for name, kept in zip(names, varied, strict=True) if kept)
    values, means, spreads = values[:, varied], means[varied], spreads[varied]
    curves = bent(standardised(values, means, spreads))[: 3 if task.bends else 1]
    design = curves.transpose(1, 0, 2).reshape(len(rows), -1)
    centre = design.mean(axis=0)
    centred = design - centre
    weights = stretch * np.linalg.solve(
        centred.T @ centred + strength * np.eye(len(centre)), centred.T @ (scores - scores.mean())
    )
    average = float(scores.mean() - centre @ weights)
    parts = np.zeros((3, len(names)))
    parts[: len(curves)] = weights.reshape(len(curves), -1)
    return Ridge(names=names, means=means, spreads=spreads, weights=parts, average=average, uncertainty=0.0)


def as_table(model: Ridge) -> dict[str, Any]:
    """Return the model as it is written; six digits are more than the data carry."""
    columns = (model.means, model.spreads, *model.weights)
    keys = ("mean", "spread", "weight", "above", "below")
    return {
        "average": round(model.average, 6),
        "uncertainty": round(model.uncertainty, 6),
        "measures": {
            name: {key: round(float(column[place]), 6) for key, column in zip(keys, columns, strict=True)}
            for place, name in enumerate(model.names)
        },
    }


def report(models: dict[str, Ridge], photos: dict[str, list[Photo]]) -> None:
    """Print SRCC on dev, quality by subset and within series."""

    def scored(name: str, chosen: list[Photo]) -> Floats:
        off = np.array([photo.damage if name == "quality" else 0.0 for photo in chosen])
        return np.clip([models[name].score(getattr(photo, name)) for photo in chosen] - off, 1, 10)

    for split in ("dev", "train"):
        chosen = [photo for photo in photos["quality"] if photo.row["split"] == split]
        predicted, ratings = scored("quality", chosen), QUALITY.scores(chosen)
        subsets = np.array([photo.row["subset"] for photo in chosen])
        parts = " ".join(
            f"{part} {srcc(predicted[subsets == part], ratings[subsets == part]):.3f}"
            for part in ("ss01", "ss02", "ss03")
        )
        print(f"quality on {split}: {srcc(predicted, ratings):.3f}; {parts}; {in_series(chosen, predicted, ratings)}")
    for name, label in (("quality_voc", "mos"), ("bokeh", "mos")):
        ratings = np.array([float(photo.row[label]) for photo in photos[name]])
        predicted = scored("quality", photos[name])
        dev = np.array([photo.row["split"] == "dev" for photo in photos[name]])
        print(f"quality on {name}: dev {srcc(predicted[dev], ratings[dev]):.3f}, all {srcc(predicted, ratings):.3f}")
    chosen = [photo for photo in photos["aesthetics"] if photo.row["split"] == "dev"]
    predicted, ratings = scored("aesthetic", chosen), AESTHETIC.scores(chosen)
    print(f"aesthetics on dev: {srcc(predicted, ratings):.3f}")


def in_series(photos: list[Photo], predicted: Floats, ratings: Floats) -> str:
    """Return pair accuracy, best of series and the AUC of spoilt against good frames of ss01."""
    right = pairs = best = 0.0
    series = sorted({photo.row["series"] for photo in photos} - {""})
    for name in series:
        frames = np.array([place for place, photo in enumerate(photos) if photo.row["series"] == name])
        worse, better = np.nonzero(ratings[frames][None] - ratings[frames][:, None] >= 0.9)
        gains = predicted[frames[better]] - predicted[frames[worse]]
        pairs += len(gains)
        right += (gains > 0).sum() + 0.5 * (gains == 0).sum()
        best += ratings[frames[predicted[frames].argmax()]] >= ratings[frames].max() - 0.45
    burst = np.array([photo.row["subset"] == "ss01" for photo in photos])
    spoilt, good = predicted[burst & (ratings < 3.7)], predicted[burst & (ratings > 5.5)]
    order = ranks(np.concatenate([good, spoilt]))[: len(good)]
    auc = (order.sum() - len(good) * (len(good) - 1) / 2) / (len(good) * len(spoilt))
    return f"pairs {right / pairs:.3f}, best {best / len(series):.3f}, spoilt/good AUC {auc:.3f}"


def srcc(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation."""
    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def ranks(values: Floats) -> Floats:
    """Return ranks from 0, ties averaged."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    averaged: Floats = (ends - (counts + 1) / 2)[place]
    return averaged


if __name__ == "__main__":
    main()
