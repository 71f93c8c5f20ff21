"""AVA: aesthetics by the votes of a photo contest's community, 1 to 10, as their mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from realqa_agent.dataset.layouts.layout import first_of, needed, places, read_text
from realqa_agent.dataset.record import Labelled, RatedSet
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source

NAME = "ava"
LOOKS = "AVA.txt"
FILES = (LOOKS, f"AVA_dataset/{LOOKS}", f"AVA_Files/{LOOKS}")
TEST_LIST = "aesthetics_image_lists/generic_test.jpgl"
SCALE = (1.0, 10.0)


def fits(path: Path) -> bool:
    """Tell whether a folder has the file with the votes."""
    return first_of(path, *FILES) is not None


def read(source: Source) -> RatedSet:
    """Return the set; the pictures are in `images` or `image`. Without the published list of tests it has no split."""
    file = needed(source.path, *FILES)
    tests = first_of(file.parent, TEST_LIST)
    tested = None if tests is None else frozenset(read_text(tests).split())
    where = places(source, source.path, "images", "image", "AVA_dataset/image", "AVA_dataset/images")
    images = []
    for line, text in enumerate(read_text(file).splitlines(), 1):
        cells = text.split()
        if not cells:
            continue
        if len(cells) < 12 or not all(cell.isdecimal() for cell in cells[:12]):
            raise UserError(f"{file}: line {line} is not a number, a picture's number and ten counts of votes")
        name = f"{cells[1]}.jpg"
        images.append(
            Labelled(
                name=name,
                path=where.find(name),
                score=_mean([int(cell) for cell in cells[2:12]]),
                split=None if tested is None else "test" if cells[1] in tested else "train",
            )
        )
    labels = (file,) if tests is None else (file, tests)
    return RatedSet(
        layout=NAME, name=NAME, folder=source.path, labels=labels, role="aesthetic", scale=SCALE, images=tuple(images)
    )


def _mean(votes: list[int]) -> float:
    """Return the mean of votes from 1 on; NaN if nobody voted."""
    return sum(score * count for score, count in enumerate(votes, 1)) / sum(votes) if any(votes) else math.nan
