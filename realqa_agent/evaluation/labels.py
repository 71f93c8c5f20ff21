"""The labels file: human scores of pictures, checked before anything is scored. Standard library only."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError
from realqa_agent.evaluation.record import Rated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILENAME, SCORE, SERIES = "filename", "score", "series"
"""The columns that are read, the last one if it is there; others are ignored."""

MOST_MISTAKES = 20
"""More than this tell nothing new."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """A labels file whose rows are all sound."""

    sha256: str
    rated: tuple[Rated, ...]


def read_labels(file: Path) -> Labels:
    """Read a CSV file with the header `filename,score[,series]`, in UTF-8; names are relative to its folder.

    Raise UserError with the line of each mistake: columns or images that are missing, images that stand there twice,
    scores that are no finite numbers.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: can't read the labels: {error.strerror}") from error
    # Names of files may be any bytes.
    text = data.decode("utf-8-sig", errors="surrogateescape")
    reading = _Reading(folder=Path(os.path.abspath(file)).parent)  # noqa: PTH100 - resolve() would follow symlinks
    rated = tuple(reading.rows(text))
    if not rated and not reading.mistakes:
        reading.mistakes.append((1, "there is no row under the header"))
    if reading.mistakes:
        raise UserError(_complaint(file, reading.mistakes))
    return Labels(sha256=hashlib.sha256(data).hexdigest(), rated=rated)


@dataclass(kw_only=True, slots=True)
class _Reading:
    """One file in the course of being read."""

    folder: Path
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    """Line, counted from 1, and what is wrong there."""
    lines: dict[Path, int] = field(default_factory=dict)
    """Where each picture stands."""

    def rows(self, text: str) -> Iterator[Rated]:
        """Yield the rows that are sound; note the mistakes of the others."""
        lines = _lines(text, self.mistakes)
        line, header = next(lines, (1, []))
        columns = [name.strip() for name in header]
        self.mistakes += [
            (line, f"the header has {columns.count(name) or 'no'} {name!r} columns; it must be filename,score[,series]")
            for name in (FILENAME, SCORE, SERIES)
            if columns.count(name) > 1 or (name != SERIES and name not in columns)
        ]
        if self.mistakes:
            return
        for line, cells in lines:
            if len(cells) != len(columns):
                self.mistakes.append((line, f"it has {len(cells)} cells, the header has {len(columns)}"))
                continue
            rated = self._row(line, dict(zip(columns, cells, strict=True)))
            if rated is not None:
                yield rated

    def _row(self, line: int, cells: dict[str, str]) -> Rated | None:
        name, score = cells[FILENAME], _finite(cells[SCORE])
        path = Path(os.path.abspath(self.folder / name))  # noqa: PTH100 - as above
        wrong = []
        if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for names that no system allows
            wrong.append(f"there is no image {name!r}" if name else "the filename is empty")
        elif path in self.lines:
            wrong.append(f"{name!r} is already in line {self.lines[path]}")
        if score is None:
            wrong.append(f"the score {cells[SCORE]!r} is not a finite number")
        self.lines.setdefault(path, line)
        self.mistakes += [(line, mistake) for mistake in wrong]
        if wrong or score is None:
            return None
        return Rated(path=path, score=score, series=cells.get(SERIES, "").strip() or None)


def _lines(text: str, mistakes: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line where it begins; note where the CSV itself breaks off."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        mistakes.append((line, f"this is not CSV: {error}"))


def _finite(text: str) -> float | None:
    """Return a number as people write it, None if it isn't one: Python alone would also take `1_000`."""
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _complaint(file: Path, mistakes: Sequence[tuple[int, str]]) -> str:
    shown = [f"  line {line}: {mistake}" for line, mistake in mistakes[:MOST_MISTAKES]]
    if len(mistakes) > len(shown):
        shown.append(f"  and {len(mistakes) - len(shown)} more")
    return "\n".join([f"{file}: these labels can't be used:", *shown])
