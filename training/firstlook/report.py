"""Measure the finished scorer on rows that no one trained on, and on damaged large photos.

Scores with the product's own code and the new weights; writes `figures.md`, the tables of the model card.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from realqa_agent.config import Config
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook.scorer import FirstLook
from training.firstlook.damage import DAMAGE, Kind
from training.firstlook.data import Rated, load_labels, read_pixels
from training.firstlook.evaluate import Figure, Scores, quality_figures, srcc, with_interval

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realqa_agent.assessment import Assessment
    from training.firstlook.data import Pixels
    from training.firstlook.workshop import Workshop

    Judge = Callable[[Pixels], Assessment]

LOG = logging.getLogger("firstlook.report")

NATIVE_DAMAGE: dict[Kind, tuple[float, ...]] = {
    "defocus": (2.0, 4.0, 8.0),
    "motion": (8.0, 20.0, 40.0),
    "noise": (15.0, 30.0, 50.0),
    "dark": (1.5, 3.0),
    "bright": (1.2, 2.4),
}


UNITS: dict[Kind, str] = {
    "defocus": "radius in pixels",
    "motion": "pixels",
    "noise": "levels",
    "dark": "stops",
    "bright": "stops",
}
NAMES = {
    "quality srcc": "quality, all, SRCC",
    "quality srcc_ss01": "quality, ss01 (series), SRCC",
    "quality srcc_ss02": "quality, ss02 (noisy labels), SRCC",
    "quality srcc_ss03": "quality, ss03, SRCC",
    "quality reject_auc": "reject AUC, ss01 (MOS under .3 against over .5)",
    "quality pairs": "pairs of a series in the right order",
    "quality best_of_series": "best of a series within .05",
    "aesthetics srcc": "aesthetics, SRCC",
    "quality_voc srcc": "VOC photos, another source, SRCC",
    "bokeh srcc": "shallow focus, SRCC",
}


def rated_figures(data: Path, judge: Judge) -> dict[str, Figure]:
    """Return the figures of the dev rows of `quality` and `aesthetics`, and of the two sets that are only checked."""
    rated = dev_rows(data, "quality")
    quality: Scores = np.array([judge(read_pixels(photo.file)).quality for photo in rated])
    figures = {f"quality {name}": figure for name, figure in quality_figures(rated, quality).items()}
    rated = dev_rows(data, "aesthetics")
    beauty: Scores = np.array([judge(read_pixels(photo.file)).aesthetic for photo in rated])
    figures["aesthetics srcc"] = with_interval(srcc, rated, beauty)
    for name in ("quality_voc", "bokeh"):
        rated = load_labels(data, name)
        quality = np.array([judge(read_pixels(photo.file)).quality for photo in rated])
        figures[f"{name} srcc"] = with_interval(srcc, rated, quality)
    return figures


def dev_rows(data: Path, name: str) -> list[Rated]:
    """Return the rows that are there to confirm."""
    return [photo for photo in load_labels(data, name) if photo.split == "dev"]


def damage_table(photos: Path, judge: Judge) -> dict[Kind, dict[str, Any]]:
    """Damage each photo at its own size; return how often the quality falls, and by how much."""
    table: dict[Kind, list[list[float]]] = {kind: [] for kind in NATIVE_DAMAGE}
    for file in sorted(photos.glob("*.jpg")):
        with Image.open(file) as image:
            sound = np.asarray(image.convert("RGB"))
        before = judge(sound).quality
        LOG.info("%s %dx%d: %.2f", file.name, sound.shape[1], sound.shape[0], before)
        for kind, sizes in NATIVE_DAMAGE.items():
            generator = np.random.default_rng(0)
            after = [judge(DAMAGE[kind](sound, size, generator)).quality for size in sizes]
            table[kind].append([before, *after])
    results: dict[Kind, dict[str, Any]] = {}
    for kind, rows in table.items():
        qualities = np.array(rows)
        steps = -np.diff(qualities, axis=1)
        results[kind] = {
            "sizes": NATIVE_DAMAGE[kind],
            "mean_quality": qualities.mean(0).round(2).tolist(),
            "share_of_steps_down": (steps > 0).mean(0).round(2).tolist(),
        }
    return results


def figures_table(held_out: dict[str, Figure], dev: dict[str, Figure]) -> str:
    """Return both columns of figures as a Markdown table."""
    lines = ["| | held out | dev |", "|---|---|---|"]
    lines += [f"| {words} | {held_out.get(name, '')} | {dev[name]} |" for name, words in NAMES.items()]
    return "\n".join(lines)


def damage_lines(table: dict[Kind, dict[str, Any]]) -> str:
    """Return the damage as a Markdown table."""
    lines = ["| damage | sizes | mean quality | went down |", "|---|---|---|---|"]
    for kind, row in table.items():
        sizes, shares = (", ".join(f"{value:g}" for value in row[key]) for key in ("sizes", "share_of_steps_down"))
        qualities = " → ".join(f"{value:.1f}" for value in row["mean_quality"])
        lines.append(f"| {kind}, {UNITS[kind]} | {sizes} | {qualities} | {shares} |")
    return "\n".join(lines)


def run(workshop: Workshop) -> None:
    """Write the tables."""
    scorer = FirstLook(Config(), workshop.out)

    def judge(pixels: Pixels) -> Assessment:
        return scorer.assess(Picture.from_array(pixels))

    saved = json.loads((workshop.out / "held-out.json").read_text())
    held_out = {name: Figure(**figure) for name, figure in saved.items()}
    figures = figures_table(held_out, rated_figures(workshop.data, judge))
    LOG.info("figures\n%s", figures)
    damage = damage_lines(damage_table(workshop.unseen, judge))
    LOG.info("damage\n%s", damage)
    (workshop.out / "figures.md").write_text(f"{figures}\n\n{damage}\n")
