"""Map raw predictions to 1..10 and give each an uncertainty, from photos that the predicting model has not seen.

Writes `firstlook.json`, which the product reads beside the ONNX files, `held-out.json` with the cross-validated
figures, and `reliability.png`.

The scale is that of the people: 1..10 is a straight line over the rating scale of each training set. Predictions are
first brought onto it by a monotone table, because a model trained on noisy ratings hugs the middle.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from realqa_agent.assessment import HIGHEST, LOWEST
from realqa_agent.scoring.firstlook.heads import TABLE, Calibration
from training.firstlook.data import Rated, folds, load_labels
from training.firstlook.evaluate import quality_figures, srcc, with_interval
from training.firstlook.export import load_quality
from training.firstlook.train import CHOSEN, Recipe, predict

if TYPE_CHECKING:
    from pathlib import Path

    from training.firstlook.workshop import Workshop

LOG = logging.getLogger("firstlook.calibrate")
Floats = NDArray[np.float64]

ATTRIBUTION = (
    "Trained on BIQ2021 (Ahmed et al. 2022) and OASIS (Kurdi et al. 2017) with beauty ratings (OASIS-beauty). "
    "Encoders: EfficientNet-Lite0 and -Lite2 (Apache-2.0)."
)
# The ends of the rating scales: BIQ2021 gives 0..1, OASIS 1..7.
QUALITY_ENDS, BEAUTY_ENDS = (0.0, 1.0), (1.0, 7.0)
KNOTS, DOUBT_BINS = 9, 5
COLUMNS = ("raw", "score", "doubt_at", "doubt")


def on_scale(human: Floats, ends: tuple[float, float]) -> Floats:
    """Return ratings on the scale of 1 to 10."""
    return 1 + 9 * (human - ends[0]) / (ends[1] - ends[0])


def calibrate(raw: Floats, human: Floats, ends: tuple[float, float]) -> Calibration:
    """Fit both tables to held-out predictions."""
    wanted = on_scale(human, ends)
    knots = np.quantile(raw, np.linspace(0.01, 0.99, KNOTS))
    monotone = IsotonicRegression().fit(raw, wanted)
    # An isotonic fit is a staircase; a mean over each knot's neighbourhood and a least slope make it strictly monotone.
    edges = np.concatenate([[raw.min()], (knots[1:] + knots[:-1]) / 2, [raw.max()]])
    score = np.array([monotone.predict(np.linspace(low, high, 50)).mean() for low, high in itertools.pairwise(edges)])
    score = np.maximum.accumulate(score + 0.01 * np.arange(KNOTS))
    table = Calibration(raw=knots, score=score, doubt_at=knots[:1], doubt=np.zeros(1))
    squared = (scores(table, raw) - wanted) ** 2
    bins = np.array_split(np.argsort(raw), DOUBT_BINS)
    doubt_at = np.array([raw[members].mean() for members in bins])
    doubt = np.sqrt([squared[members].mean() for members in bins])
    return Calibration(raw=knots, score=score, doubt_at=doubt_at, doubt=doubt)


def scores(calibration: Calibration, raw: Floats) -> Floats:
    """Return the scores of raw predictions, 1 to 10."""
    return np.clip([calibration.judge(float(value)).score for value in raw], LOWEST, HIGHEST)


def held_out_quality(workshop: Workshop, recipe: Recipe) -> tuple[list[Rated], Floats]:
    """Return the train rows, and for each the raw quality by the model that has not seen its group."""
    rated = [photo for photo in load_labels(workshop.data, "quality") if photo.split == "train"]
    fold_of = folds(rated, recipe.folds, recipe.seed)
    raw = np.zeros(len(rated))
    for fold in range(recipe.folds):
        unseen = np.flatnonzero(fold_of == fold)
        model = load_quality(workshop.out / f"fold{fold}.weights")
        raw[unseen] = predict(model, [rated[index] for index in unseen])
    return rated, raw


def held_out_beauty(out: Path) -> tuple[Floats, Floats]:
    """Return the beauty by people and by cross-validated heads."""
    table: dict[str, list[float]] = json.loads((out / "beauty-held-out.json").read_text())
    human, predicted = np.array(list(table.values())).T
    return human, predicted


def entry(out: Path, name: str, calibration: Calibration | None = None) -> dict[str, Any]:
    """Return what the product must know of a network."""
    file = out / f"{name}.onnx"
    table: dict[str, Any] = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    if calibration:
        table["calibration"] = {
            column: [round(float(number), 5) for number in getattr(calibration, column)] for column in COLUMNS
        }
    return table


def plot(panels: list[tuple[str, Calibration, Floats, Floats]], file: Path) -> None:
    """Draw, for each head, people against score in ten bins, and how often people lie within the stated uncertainty."""
    mpl.use("Agg")
    figure, axes = plt.subplots(len(panels), 2, figsize=(9, 4 * len(panels)), layout="constrained")
    for (title, calibration, raw, wanted), (left, right) in zip(panels, axes, strict=True):
        judged = scores(calibration, raw)
        doubt = np.array([calibration.judge(float(value)).uncertainty for value in raw])
        bins = np.array_split(np.argsort(judged), 10)
        centres = [judged[members].mean() for members in bins]
        left.errorbar(centres, [wanted[b].mean() for b in bins], [wanted[b].std() for b in bins], fmt="o", capsize=3)
        left.plot([1, 10], [1, 10], color="grey", linewidth=1)
        left.set(xlabel=f"{title}, score", ylabel="people, mean and standard deviation", xlim=(1, 10), ylim=(1, 10))
        widths = np.linspace(0, 3, 61)
        covered = [(np.abs(wanted - judged) <= width * doubt).mean() for width in widths]
        right.plot(widths, covered, label="held-out photos")
        right.plot(widths, [_normal_within(width) for width in widths], color="grey", label="normal")
        right.set(xlabel="uncertainties either side", ylabel="share of photos within")
        right.legend()
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _normal_within(width: float) -> float:
    return math.erf(width / math.sqrt(2))


def run(workshop: Workshop, recipe: Recipe = CHOSEN) -> None:
    """Calibrate both heads."""
    rated, raw = held_out_quality(workshop, recipe)
    human = np.array([photo.score for photo in rated])
    quality = calibrate(raw, human, QUALITY_ENDS)
    beauty, guess = held_out_beauty(workshop.out)
    aesthetic = calibrate(guess, beauty, BEAUTY_ENDS)
    plot(
        [
            ("quality", quality, raw, on_scale(human, QUALITY_ENDS)),
            ("aesthetics", aesthetic, guess, on_scale(beauty, BEAUTY_ENDS)),
        ],
        workshop.out / "reliability.png",
    )
    table = {
        "about": ATTRIBUTION,
        "quality": entry(workshop.out, "quality", quality),
        "soundness": entry(workshop.out, "soundness"),
        "beauty": entry(workshop.out, "beauty", aesthetic),
    }
    (workshop.out / TABLE).write_text(json.dumps(table, indent=1) + "\n")
    figures = {f"quality {name}": figure for name, figure in quality_figures(rated, raw).items()}
    seen = [photo for photo in load_labels(workshop.data, "aesthetics") if photo.split == "train"]
    figures["aesthetics srcc"] = with_interval(srcc, seen, guess)
    for name, figure in figures.items():
        LOG.info("held out, %s: %s", name, figure)
    held_out = {name: asdict(figure) for name, figure in figures.items()}
    (workshop.out / "held-out.json").write_text(json.dumps(held_out, indent=1) + "\n")
