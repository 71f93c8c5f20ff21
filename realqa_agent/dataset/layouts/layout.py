"""What the layouts have in common: where they look for labels and pictures, and how rows become pictures."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from realqa_agent.config import Role
    from realqa_agent.dataset.record import RatedSet, Scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a person says of a source; None leaves it to the layout."""

    path: Path
    """Absolute."""
    scales: Mapping[Role, Scale]
    """On which scale a model gives its numbers, by role: published conversations are on it already."""
    images: Path | None = None
    """Where its pictures are, if not where the layout has them."""
    role: Role | None = None
    scale: Scale | None = None
    filename: str | None = None
    """Column of a table."""
    score: str | None = None
    """Column of a table."""


class Layout(Protocol):
    """A module that reads one layout."""

    NAME: str
    """As people call it."""
    LOOKS: str
    """What it is known by, for people."""

    def fits(self, path: Path) -> bool:
        """Tell whether a file or folder has this layout."""

    def read(self, source: Source) -> RatedSet:
        """Return all that it holds, sound or not; UserError if it can't be read."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the pictures of a set may be, the likeliest first."""

    folders: tuple[Path, ...]

    def find(self, name: str) -> Path:
        """Return where a picture is; where it was looked for first, if it is nowhere."""
        candidates = [absolute(folder / name) for folder in self.folders]
        return next(filter(os.path.isfile, candidates), candidates[0])


def places(source: Source, folder: Path, *usual: str) -> Places:
    """Return where the pictures of a source may be, given the usual subfolders of this layout."""
    root = source.images or folder
    there = tuple(root / name for name in usual if (root / name).is_dir())
    return Places((*there, root))


def absolute(path: Path) -> Path:
    """Return an absolute path as a person would write it: `resolve()` would follow symlinks."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - as above


def first_of(folder: Path, *names: str) -> Path | None:
    """Return the first of these files that is in the folder."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def needed(folder: Path, *names: str) -> Path:
    """Return the first of these files that is in the folder; UserError if none is."""
    found = first_of(folder, *names)
    if found is None:
        raise UserError(f"{folder}: there is no {' or '.join(names)}")
    return found


def rows(file: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header, separated by commas, semicolons or tabs.

    Raise UserError if it can't be read, lacks one of the columns, or has a row of another length.
    """
    text = read_text(file)
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if lacking := [name for name in columns if name not in names]:
            raise UserError(f"{file}: there is no column {', '.join(lacking)}; it has {', '.join(names) or 'none'}")
        for cells in reader:
            if len(cells) == len(names):
                yield dict(zip(names, cells, strict=True))
            elif cells:
                raise UserError(f"{file}: line {reader.line_num} has {len(cells)} cells, the header has {len(names)}")
    except csv.Error as error:
        raise UserError(f"{file}: line {reader.line_num} is not CSV: {error}") from error


def read_text(file: Path) -> str:
    """Return what a text file holds; names of files in it may be any bytes. Raise UserError if it can't be read."""
    try:
        return file.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise UserError(f"{file}: can't be read: {error.strerror}") from error


def number(text: str) -> float:
    """Return a finite number as people write it, NaN if it isn't one: Python alone would also take `1_000`."""
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
