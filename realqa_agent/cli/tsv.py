"""Tab-separated lines between the agent and plugins, which can read nothing else: cells of any bytes, and a version.

First comes `#realqa-tsv` with the version, then lines `#key` with values, then the names of the columns, then the
rows. Readers find columns by their names, pass over those that they don't know, and refuse a higher version. Paths
may be of any bytes: they come and go as the file system has them. A list of paths is one a line, with nothing else.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

MARK, VERSION = "#realqa-tsv", 1

HEAD = f"{MARK}\t{VERSION}"

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TABLE = str.maketrans(_ESCAPES)
_CHARACTERS = {escaped: character for character, escaped in _ESCAPES.items()}


def escaped(cell: str) -> str:
    """Return a cell so that it ends neither itself nor its line."""
    return cell.translate(_TABLE)


def unescaped(cell: str) -> str:
    r"""Undo `escaped`; a backslash before anything else stands for itself."""
    return re.sub(r"\\[\\tnr]", lambda found: _CHARACTERS[found[0]], cell)


def line(cells: Iterable[str]) -> str:
    """Return cells as a line, without its end."""
    return "\t".join(map(escaped, cells))


def encoded(text: str) -> bytes:
    """Return text as it is written: bytes, since a file name may be none of the terminal's encoding."""
    return text.encode(errors="surrogateescape")


def read_paths(file: BinaryIO) -> list[str]:
    """Return the paths of a list, each once, as they were given; UserError if one is not absolute."""
    found = dict.fromkeys(map(unescaped, _lines(file)))
    for path in found:
        _check_absolute(path)
    return list(found)


def read_table(file: BinaryIO, columns: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a table by column.

    UserError if a column is missing, a path is not absolute, or the table is of a newer version.
    """
    rows = (row for row in _lines(file) if not _is_note(row))
    names = next(rows, "").split("\t")
    missing = [name for name in columns if name not in names]
    if missing:
        raise UserError(f"the table has no column {missing[0]!r} in its first line; needed are {', '.join(columns)}")
    for row in rows:
        cells = [unescaped(cell) for cell in row.split("\t")]
        if len(cells) != len(names):
            raise UserError(f"{row[:80]!r}: {len(cells)} cells where the table has {len(names)} columns")
        named = dict(zip(names, cells, strict=True))
        if "path" in named:
            _check_absolute(named["path"])
        yield named


def _lines(file: BinaryIO) -> Iterator[str]:
    # Of the ends of lines that Python knows, only one can't be part of a name here.
    return (row for row in os.fsdecode(file.read()).split("\n") if row)


def _is_note(row: str) -> bool:
    key, _, value = row.partition("\t")
    if key == MARK and (not value.isdecimal() or int(value) > VERSION):
        raise UserError(
            f"the table is of version {value[:20]!r}, and this program knows {VERSION}; update RealQA Agent"
        )
    return row.startswith("#")


def _check_absolute(path: str) -> None:
    if not os.path.isabs(path) or "\0" in path:  # noqa: PTH117 - text of any bytes, as it came
        raise UserError(f"{path[:200]!r}: paths have to be absolute, one a line, with \\t, \\n, \\r and \\\\ escaped")
