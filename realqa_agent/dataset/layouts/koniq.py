"""KonIQ-10k: technical quality, about 120 ratings a picture.

The score is the published one from 1 to 100, out of z-scores, which papers compare with: `MOS` in the file with the
official split, `MOS_zscore` in the one without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.dataset.layouts.layout import first_of, needed, number, places, rows
from realqa_agent.dataset.record import Labelled, RatedSet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source
    from realqa_agent.dataset.record import Split

NAME = "koniq"
SPLIT_FILES = ("koniq10k_distributions_sets.csv", "metadata/koniq10k_distributions_sets.csv")
PLAIN_FILES = (
    "koniq10k_scores_and_distributions.csv",
    "koniq10k_scores_and_distributions/koniq10k_scores_and_distributions.csv",
)
LOOKS = f"{SPLIT_FILES[0]} or {PLAIN_FILES[0]}"
SCALE = (1.0, 100.0)
PUBLISHED: Mapping[str, Split] = {"training": "train", "validation": "dev", "test": "test"}


def fits(path: Path) -> bool:
    """Tell whether a folder has one of the files with the scores."""
    return first_of(path, *SPLIT_FILES, *PLAIN_FILES) is not None


def read(source: Source) -> RatedSet:
    """Return the set; the pictures are in `1024x768`, or in `512x384`."""
    file = needed(source.path, *SPLIT_FILES, *PLAIN_FILES)
    score = "MOS_zscore" if file.name == PLAIN_FILES[0] else "MOS"
    where = places(source, source.path, "1024x768", "512x384", "images")
    images = tuple(
        Labelled(
            name=row["image_name"],
            path=where.find(row["image_name"]),
            score=number(row[score]),
            split=PUBLISHED.get(row.get("set", "")),
        )
        for row in rows(file, ["image_name", score])
    )
    return RatedSet(
        layout=NAME, name=NAME, folder=source.path, labels=(file,), role="quality", scale=SCALE, images=images
    )
