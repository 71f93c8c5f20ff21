"""TAD66K: aesthetics judged theme by theme, 0 to 10, with its published split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.dataset.layouts.layout import first_of, needed, number, places, rows
from realqa_agent.dataset.record import Labelled, RatedSet

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source
    from realqa_agent.dataset.record import Split

NAME = "tad66k"
FOLDERS = ("labels/merge", "merge")
LOOKS = f"{FOLDERS[0]}/train.csv and test.csv"
SCALE = (0.0, 10.0)
PUBLISHED: tuple[Split, ...] = ("train", "test")


def fits(path: Path) -> bool:
    """Tell whether a folder has the merged scores."""
    return first_of(path, *(f"{folder}/train.csv" for folder in FOLDERS)) is not None


def read(source: Source) -> RatedSet:
    """Return the set; the pictures are in `TAD66K` or `images`."""
    where = places(source, source.path, "TAD66K", "images")
    files = {split: needed(source.path, *(f"{folder}/{split}.csv" for folder in FOLDERS)) for split in PUBLISHED}
    images = tuple(
        Labelled(name=row["image"], path=where.find(row["image"]), score=number(row["score"]), split=split)
        for split, file in files.items()
        for row in rows(file, ["image", "score"])
    )
    return RatedSet(
        layout=NAME,
        name=NAME,
        folder=source.path,
        labels=tuple(files.values()),
        role="aesthetic",
        scale=SCALE,
        images=images,
    )
