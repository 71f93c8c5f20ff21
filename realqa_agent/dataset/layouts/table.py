"""Any CSV file with a picture and its score in each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.dataset.layouts.layout import first_of, needed, number, places, rows
from realqa_agent.dataset.record import SPLITS, Labelled, RatedSet
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source
    from realqa_agent.dataset.record import Split

NAME = "table"
INSIDE = "labels.csv"
LOOKS = f"a file NAME.csv, or {INSIDE} in a folder"

FILENAMES = ("filename", "path", "image", "image_name", "file")
SCORES = ("score", "mos", "MOS")
"""What the columns are called, the first that is there, unless somebody says so."""

SERIES, SPLIT = "series", "split"


def fits(path: Path) -> bool:
    """Tell whether this is a CSV file, or a folder with one."""
    return path.suffix.lower() in {".csv", ".tsv"} or first_of(path, INSIDE) is not None


def read(source: Source) -> RatedSet:
    """Return the set; names are relative to the file's folder, or to `images` there."""
    file = needed(source.path, INSIDE) if source.path.is_dir() else source.path
    where = places(source, file.parent, "images")
    given = list(rows(file, [column for column in (source.filename, source.score) if column]))
    if not given:
        raise UserError(f"{file}: there is no row under a header")
    filename = source.filename or _column(file, given[0], FILENAMES, "--filename")
    score = source.score or _column(file, given[0], SCORES, "--score")
    images = tuple(
        Labelled(
            name=row[filename],
            path=where.find(row[filename]),
            score=number(row[score]),
            series=row.get(SERIES, "").strip() or None,
            split=_split(file, row),
        )
        for row in given
    )
    return RatedSet(
        layout=NAME,
        name=file.parent.name if file.name == INSIDE else file.stem,
        folder=file.parent,
        labels=(file,),
        role=source.role,
        scale=source.scale,
        images=images,
    )


def _column(file: Path, row: dict[str, str], usual: Sequence[str], option: str) -> str:
    found = next((name for name in usual if name in row), None)
    if found is None:
        raise UserError(f"{file}: it has the columns {', '.join(row)}: say with {option} which one it is")
    return found


def _split(file: Path, row: dict[str, str]) -> Split | None:
    said = row.get(SPLIT, "").strip()
    found = next((split for split in SPLITS if split == said), None)
    if said and found is None:
        raise UserError(f"{file}: the split {said!r} is none of {', '.join(SPLITS)}")
    return found
