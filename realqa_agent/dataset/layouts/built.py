"""A data set that `realqa dataset build` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.dataset import manifest
from realqa_agent.dataset.layouts.layout import needed, number, places, rows
from realqa_agent.dataset.record import SPLITS, Labelled, RatedSet

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source

NAME = "built"
LOOKS = manifest.FILE


def fits(path: Path) -> bool:
    """Tell whether a folder is such a data set."""
    return (path / LOOKS).is_file()


def read(source: Source) -> RatedSet:
    """Return its pictures with their splits."""
    made = manifest.read(source.path)
    files = {split: needed(source.path, manifest.labels_of(split)) for split in SPLITS}
    where = places(source, source.path)
    images = tuple(
        Labelled(
            name=row["filename"],
            path=where.find(row["filename"]),
            score=number(row["score"]),
            series=row.get("series") or None,
            split=split,
        )
        for split, file in files.items()
        for row in rows(file, ["filename", "score"])
    )
    return RatedSet(
        layout=NAME,
        name=made.name,
        folder=source.path,
        labels=tuple(files.values()),
        role=made.role,
        scale=made.scale,
        images=images,
    )
