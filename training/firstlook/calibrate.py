"""Map raw predictions to 1..10 and give each an uncertainty, from photos that the predicting model has not seen.

    python -m training.firstlook.calibrate --data ../shared/data --imagenet efficientnet-lite0-57934424.pth --out OUT

Needs what all the other commands left in OUT. Writes `firstlook.json`, which the product reads beside the
ONNX files, and `reliability.png`.

The scale is that of the people: 1..10 is a straight line over the rating scale of each training set. Predictions are
first brought onto it by a monotone table, because a model trained on noisy ratings hugs the middle.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import logging
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from training.firstlook import inference
from training.firstlook.data import Rated, folds, load_labels
from training.firstlook.evaluate import quality_figures, srcc, with_interval
from training.firstlook.export import load_quality
from training.firstlook.maps import MapStore
from training.firstlook.model import load_imagenet
from training.firstlook.train import Recipe, predict

LOG = logging.getLogger("firstlook.calibrate")
Floats = NDArray[np.float64]

ATTRIBUTION = (
    "Trained on BIQ2021 (Ahmed et al. 2022) and OASIS (Kurdi et al. 2017) with beauty ratings (OASIS-beauty). "
    "Encoders: EfficientNet-Lite0 and -Lite2 (Apache-2.0)."
)
# The ends of the rating scales: BIQ2021 gives 0..1, OASIS 1..7.
QUALITY_ENDS, BEAUTY_ENDS = (0.0, 1.0), (1.0, 7.0)
KNOTS, SPREAD_BINS = 9, 5


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Piecewise linear tables: raw prediction to score, and spread (or score) to the standard error of the score."""

    raw: Floats
    score: Floats
    doubt_at: Floats
    doubt: Floats

    def scores(self, raw: Floats) -> Floats:
        """Return scores 1..10; beyond the table's ends the last slope goes on until 1 or 10."""
        inside = np.interp(raw, self.raw, self.score)
        below = (np.minimum(raw, self.raw[0]) - self.raw[0]) * slope(self.raw[:2], self.score[:2])
        above = (np.maximum(raw, self.raw[-1]) - self.raw[-1]) * slope(self.raw[-2:], self.score[-2:])
        return np.asarray(np.clip(inside + below + above, 1, 10))

    def uncertainties(self, at: Floats) -> Floats:
        """Return the standard error of the scores."""
        return np.asarray(np.interp(at, self.doubt_at, self.doubt))


def slope(x: Floats, y: Floats) -> float:
    """Return the slope of the line through two points."""
    return float((y[1] - y[0]) / (x[1] - x[0]))


def on_scale(human: Floats, ends: tuple[float, float]) -> Floats:
    """Return ratings on the scale of 1 to 10."""
    return 1 + 9 * (human - ends[0]) / (ends[1] - ends[0])


def calibrate(raw: Floats, human: Floats, at: Floats, ends: tuple[float, float]) -> Calibration:
    """Fit both tables to held-out predictions; `at` is what the uncertainty depends on."""
    wanted = on_scale(human, ends)
    knots = np.quantile(raw, np.linspace(0.01, 0.99, KNOTS))
    monotone = IsotonicRegression().fit(raw, wanted)
    # An isotonic fit is a staircase; a mean over each knot's neighbourhood and a least slope make it strictly monotone.
    edges = np.concatenate([[raw.min()], (knots[1:] + knots[:-1]) / 2, [raw.max()]])
    score = np.array([monotone.predict(np.linspace(low, high, 50)).mean() for low, high in itertools.pairwise(edges)])
    score = np.maximum.accumulate(score + 0.01 * np.arange(KNOTS))
    table = Calibration(raw=knots, score=score, doubt_at=np.zeros(1), doubt=np.zeros(1))
    squared = (table.scores(raw) - wanted) ** 2
    bins = np.array_split(np.argsort(at), SPREAD_BINS)
    doubt_at = np.array([at[members].mean() for members in bins])
    doubt = np.sqrt([squared[members].mean() for members in bins])
    return Calibration(raw=knots, score=score, doubt_at=doubt_at, doubt=doubt)


def held_out_quality(data: Path, imagenet: Path, out: Path) -> tuple[list[Rated], Floats]:
    """Return the photos of the trained folds, and for each the quality and spread by the model that has not seen it."""
    recipe = Recipe()
    rated = [photo for photo in load_labels(data, "quality") if photo.split == "train"]
    fold_of = folds(rated, recipe.folds, recipe.seed)
    store = MapStore(load_imagenet(imagenet), out / "maps")
    photos: list[Rated] = []
    predictions = []
    for fold in range(recipe.folds):
        weights = out / f"fold{fold}.weights"
        if weights.exists():
            unseen = [photo for photo, held_out in zip(rated, fold_of == fold, strict=True) if held_out]
            photos += unseen
            predictions.append(predict(load_quality(weights), unseen, store))
    return photos, np.concatenate(predictions)


def held_out_beauty(out: Path) -> tuple[Floats, Floats]:
    """Return the beauty by people and by cross-validated heads."""
    table: dict[str, list[float]] = json.loads((out / "aesthetic-held-out.json").read_text())
    human, predicted = np.array(list(table.values())).T
    return human, predicted


def file_table(file: Path) -> dict[str, Any]:
    """Return what identifies an ONNX file."""
    content = file.read_bytes()
    return {"file": file.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def head_table(file: Path, calibration: Calibration, doubt_from: str) -> dict[str, Any]:
    """Return what the product must know of a calibrated head."""
    tables = {name: [round(float(number), 5) for number in numbers] for name, numbers in vars(calibration).items()}
    return file_table(file) | {"calibration": tables, "doubt_from": doubt_from}


def plot(panels: list[tuple[str, Calibration, Floats, Floats, Floats]], file: Path) -> None:
    """Draw, for each head, score against people in ten bins, and how often people lie within the stated uncertainty."""
    mpl.use("Agg")
    figure, axes = plt.subplots(len(panels), 2, figsize=(9, 4 * len(panels)), layout="constrained")
    for (title, calibration, raw, wanted, at), (left, right) in zip(panels, axes, strict=True):
        scores, doubt = calibration.scores(raw), calibration.uncertainties(at)
        bins = np.array_split(np.argsort(scores), 10)
        centres = [scores[members].mean() for members in bins]
        left.errorbar(centres, [wanted[b].mean() for b in bins], [wanted[b].std() for b in bins], fmt="o", capsize=3)
        left.plot([1, 10], [1, 10], color="grey", linewidth=1)
        left.set(xlabel=f"{title}, score", ylabel="people, mean and standard deviation", xlim=(1, 10), ylim=(1, 10))
        widths = np.linspace(0, 3, 61)
        covered = [(np.abs(wanted - scores) <= width * doubt).mean() for width in widths]
        right.plot(widths, covered, label="held-out photos")
        right.plot(widths, [_normal_within(width) for width in widths], color="grey", label="normal")
        right.set(xlabel="uncertainties either side", ylabel="share of photos within")
        right.legend()
    figure.savefig(file, dpi=110)


def _normal_within(width: float) -> float:
    return math.erf(width / math.sqrt(2))


def main() -> None:
    """Calibrate both heads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--imagenet", type=Path, required=True, help="efficientnet-lite0-57934424.pth")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    photos, predictions = held_out_quality(arguments.data, arguments.imagenet, arguments.out)
    human = np.array([photo.score for photo in photos])
    whole, squashed, spread = predictions.T
    raw = (whole + squashed) / 2
    quality = calibrate(raw, human, spread, QUALITY_ENDS)
    beauty, guess = held_out_beauty(arguments.out)
    aesthetic = calibrate(guess, beauty, guess, BEAUTY_ENDS)
    panels = [
        ("quality", quality, raw, on_scale(human, QUALITY_ENDS), spread),
        ("aesthetics", aesthetic, guess, on_scale(beauty, BEAUTY_ENDS), guess),
    ]
    plot(panels, arguments.out / "reliability.png")
    held_out = {f"quality {name}": asdict(figure) for name, figure in quality_figures(photos, raw).items()}
    rated = [photo for photo in load_labels(arguments.data, "aesthetics") if photo.split == "train"]
    held_out["aesthetics srcc"] = asdict(with_interval(srcc, rated, guess))
    table = {
        "attribution": ATTRIBUTION,
        "input": "pixels: uint8 (n, h, w, 3), upright sRGB, sides multiples of 32",
        "quality": head_table(arguments.out / "quality.onnx", quality, "standard deviation of the local qualities")
        | {"whole_side": inference.WHOLE_SIDE, "overview_side": inference.OVERVIEW_SIDE},
        "soundness": file_table(arguments.out / "soundness.onnx")
        | {
            "tile_side": inference.TILE_SIDE,
            "tiles": inference.TILES,
            "tiles_that_count": inference.TILES_THAT_COUNT,
            "sound": inference.SOUND,
            "cost_of_damage": inference.COST_OF_DAMAGE,
        },
        "aesthetic": head_table(arguments.out / "aesthetic.onnx", aesthetic, "beauty")
        | {"view_area": inference.BEAUTY_AREA},
        "figures": {"held_out": held_out, **json.loads((arguments.out / "figures.json").read_text())},
    }
    (arguments.out / "firstlook.json").write_text(json.dumps(table, indent=1) + "\n")
    LOG.info("wrote firstlook.json from %d held-out photos and %d beauty ratings", len(photos), len(beauty))


if __name__ == "__main__":
    main()
