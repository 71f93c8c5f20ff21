"""The rated photos: labels, folds without leakage, pixels."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.model_selection import GroupKFold

from realqa_agent.scoring.firstlook.views import whole

if TYPE_CHECKING:
    from pathlib import Path

Pixels = NDArray[np.uint8]

# Each set's column of human scores, and the column that must not straddle a split.
SCORE_COLUMN = {"quality": "mos", "quality_voc": "mos", "bokeh": "mos", "aesthetics": "beauty_mean"}
GROUP_COLUMN = {"quality": "group", "quality_voc": "filename", "bokeh": "filename", "aesthetics": "theme"}


@dataclass(frozen=True, kw_only=True)
class Rated:
    """One rated photo. `series` and `subset` are empty where the set has none."""

    file: Path
    split: str
    score: float
    group: str
    series: str
    subset: str


def load_labels(data: Path, name: str) -> list[Rated]:
    """Read `labels.csv` of one of the four rated sets."""
    with (data / name / "labels.csv").open(newline="", encoding="utf-8") as lines:
        return [
            Rated(
                file=data / name / "images" / row["filename"],
                split=row["split"],
                score=float(row[SCORE_COLUMN[name]]),
                group=row[GROUP_COLUMN[name]],
                series=row.get("series", ""),
                subset=row.get("subset", row.get("category", "")),
            )
            for row in csv.DictReader(lines)
        ]


def folds(rated: list[Rated], count: int, seed: int) -> NDArray[np.int64]:
    """Return for each photo the fold that holds it out; no group is in two folds."""
    fold_of = np.zeros(len(rated), np.int64)
    splitter = GroupKFold(n_splits=count, shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(splitter.split(rated, groups=[photo.group for photo in rated])):
        fold_of[held_out] = fold
    return fold_of


def read_pixels(file: Path) -> Pixels:
    """Decode a photo to (h, w, 3) sRGB at its own size."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def normalise(pixels: Pixels) -> NDArray[np.float32]:
    """Return (3, h, w) as EfficientNet-Lite wants it; sides are cropped at the centre to multiples of 32."""
    return np.ascontiguousarray((whole(pixels).astype(np.float32).transpose(2, 0, 1) - 127) / 128)
