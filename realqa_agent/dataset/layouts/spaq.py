"""SPAQ: technical quality of smartphone photos, 0 to 100; no published split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realqa_agent.dataset.layouts.layout import first_of, needed, number, places
from realqa_agent.dataset.record import Labelled, RatedSet
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source

NAME = "spaq"
WORKBOOK = "MOS and Image attribute scores.xlsx"
FILES = (f"Annotations/{WORKBOOK}", f"annotations/{WORKBOOK}", WORKBOOK)
LOOKS = FILES[0]
SCALE = (0.0, 100.0)
PICTURE, SCORE = "Image name", "MOS"


def fits(path: Path) -> bool:
    """Tell whether a folder has the workbook with the scores."""
    return first_of(path, *FILES) is not None


def read(source: Source) -> RatedSet:
    """Return the set; the pictures are in `TestImage`."""
    file = needed(source.path, *FILES)
    where = places(source, source.path, "TestImage", "SPAQ/TestImage")
    images = tuple(Labelled(name=name, path=where.find(name), score=number(score)) for name, score in _cells(file))
    return RatedSet(
        layout=NAME, name=NAME, folder=source.path, labels=(file,), role="quality", scale=SCALE, images=images
    )


def _cells(file: Path) -> Iterator[tuple[str, str]]:
    """Yield name and score of each row of the workbook's first sheet."""
    lines = _lines(file)
    header = [str(cell).strip() for cell in next(lines, ())]
    if PICTURE not in header or SCORE not in header:
        raise UserError(f"{file}: its first sheet has no columns {PICTURE!r} and {SCORE!r}")
    picture, score = header.index(PICTURE), header.index(SCORE)
    for cells in lines:
        if cells[picture] is not None:
            yield str(cells[picture]), str(cells[score])


def _lines(file: Path) -> Iterator[tuple[Any, ...]]:
    try:
        import openpyxl  # noqa: PLC0415 - an extra
    except ImportError:
        raise UserError(f"{file}: reading .xlsx needs openpyxl: pip install 'realqa-agent[datasets]'") from None
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    # It raises whatever its XML and its zip file raise.
    except Exception as error:
        raise UserError(f"{file}: is no workbook that can be read: {error}") from error
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()
