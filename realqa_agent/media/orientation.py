"""The eight ways to store a picture (EXIF 2.32, tag 0x0112) as one axis swap and two flips. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.capture import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom lie outside."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What makes a stored picture upright: first swap the axes, then flip the swapped picture."""

    swaps: bool = False
    flips_x: bool = False
    flips_y: bool = False

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Given width and height of one side, stored or upright, return those of the other."""
        return (height, width) if self.swaps else (width, height)

    def stored_box(self, box: Box, width: int, height: int) -> Box:
        """Given a box in the upright picture of that width and height, return where it is stored."""
        left, top, right, bottom = box
        if self.flips_x:
            left, right = width - right, width - left
        if self.flips_y:
            top, bottom = height - bottom, height - top
        return (top, left, bottom, right) if self.swaps else (left, top, right, bottom)

    def pixels(self, stored: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Given stored pixels, shape (h, w, 3), return a view of them upright."""
        if self.swaps:
            stored = stored.swapaxes(0, 1)
        return stored[:: -1 if self.flips_y else 1, :: -1 if self.flips_x else 1]

    def region(self, stored: Region) -> Region:
        """Given a region of the stored picture, return it in the upright one."""
        left, top, width, height = stored.left, stored.top, stored.width, stored.height
        if self.swaps:
            left, top, width, height = top, left, height, width
        if self.flips_x:
            left = 1 - left - width
        if self.flips_y:
            top = 1 - top - height
        return Region(left=left, top=top, width=width, height=height)


UPRIGHT = Turn()

_TURNS = {
    1: UPRIGHT,
    2: Turn(flips_x=True),
    3: Turn(flips_x=True, flips_y=True),
    4: Turn(flips_y=True),
    5: Turn(swaps=True),
    6: Turn(swaps=True, flips_x=True),
    7: Turn(swaps=True, flips_x=True, flips_y=True),
    8: Turn(swaps=True, flips_y=True),
}


def turn_for(orientation: object) -> Turn:
    """Return the turn for an EXIF orientation; anything but 1 to 8 counts as 1, as viewers take it."""
    return _TURNS.get(orientation, UPRIGHT) if isinstance(orientation, int) else UPRIGHT
