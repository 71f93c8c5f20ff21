"""Measure the exported heads on rows that no one trained on, and on damaged large photos.

    python -m training.firstlook.report --data ../shared/data --photos UNSEEN_PHOTOS --heads OUT

Runs the ONNX files as the product does. Writes `figures.json` beside them.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from training.firstlook.damage import DAMAGE, Kind
from training.firstlook.data import Rated, load_labels, read_pixels
from training.firstlook.evaluate import Figure, Scores, quality_figures, srcc, with_interval
from training.firstlook.inference import Heads

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger("firstlook.report")

# Damage in pixels (or levels, or stops) of the photo as the camera wrote it.
NATIVE_DAMAGE: dict[Kind, tuple[float, ...]] = {
    "defocus": (2.0, 4.0, 8.0),
    "motion": (8.0, 20.0, 40.0),
    "noise": (15.0, 30.0, 50.0),
    "dark": (1.5, 3.0),
    "bright": (1.2, 2.4),
}


def rated_figures(data: Path, heads: Heads) -> dict[str, Figure]:
    """Return the figures of the dev rows of `quality` and `aesthetics`, and of both check sets as a whole."""
    figures: dict[str, Figure] = {}
    rated = dev_rows(data, "quality")
    scores = judged(rated, lambda photo: heads.quality(read_pixels(photo.file)).value)
    figures |= {f"quality {name}": figure for name, figure in quality_figures(rated, scores).items()}
    for name in ("quality_voc", "bokeh"):
        rows = load_labels(data, name)
        scores = judged(rows, lambda photo: heads.quality(read_pixels(photo.file)).value)
        figures[f"{name} srcc"] = with_interval(srcc, rows, scores)
        inside = [index for index, photo in enumerate(rows) if photo.split == "dev"]
        figures[f"{name} dev srcc"] = with_interval(srcc, [rows[index] for index in inside], scores[inside])
    rated = dev_rows(data, "aesthetics")
    figures["aesthetics srcc"] = with_interval(srcc, rated, judged(rated, lambda p: heads.beauty(read_pixels(p.file))))
    return figures


def dev_rows(data: Path, name: str) -> list[Rated]:
    """Return the rows that are there to confirm."""
    return [photo for photo in load_labels(data, name) if photo.split == "dev"]


def judged(rated: list[Rated], judge: Callable[[Rated], float]) -> Scores:
    """Return the judgement of each photo."""
    return np.array([judge(photo) for photo in rated], np.float64)


def damage_table(photos: Path, heads: Heads) -> dict[Kind, dict[str, Any]]:
    """Damage each photo at its own size; return how often the quality falls, and by how much."""
    table: dict[Kind, list[list[float]]] = {kind: [] for kind in NATIVE_DAMAGE}
    for file in sorted(photos.glob("*.jpg")):
        with Image.open(file) as image:
            sound = np.asarray(image.convert("RGB"))
        before = heads.quality(sound).value
        LOG.info("%s %dx%d: %.3f", file.name, sound.shape[1], sound.shape[0], before)
        for kind, sizes in NATIVE_DAMAGE.items():
            generator = np.random.default_rng(0)
            after = [heads.quality(DAMAGE[kind](sound, size, generator)).value for size in sizes]
            table[kind].append([before, *after])
    results: dict[Kind, dict[str, Any]] = {}
    for kind, rows in table.items():
        qualities = np.array(rows)
        steps = -np.diff(qualities, axis=1)
        results[kind] = {
            "sizes": NATIVE_DAMAGE[kind],
            "mean_quality": qualities.mean(0).round(3).tolist(),
            "share_of_steps_down": (steps > 0).mean(0).round(3).tolist(),
        }
    return results


def main() -> None:
    """Print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=Path, help="large photos that were not trained on")
    parser.add_argument("--heads", type=Path, required=True, help="folder with quality.onnx and aesthetic.onnx")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    heads = Heads(arguments.heads)
    figures = rated_figures(arguments.data, heads)
    for name, figure in figures.items():
        LOG.info("%-28s %s (%d photos)", name, figure, figure.photos)
    results: dict[str, Any] = {"dev": {name: asdict(figure) for name, figure in figures.items()}}
    if arguments.photos:
        results["damage"] = damage_table(arguments.photos, heads)
        for kind, row in results["damage"].items():
            LOG.info("%s %s", kind, row)
    (arguments.heads / "figures.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
