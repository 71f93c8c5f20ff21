"""One upright picture in sRGB whose native pixels are taken out piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from realqa_agent.capture import CaptureFacts


class Picture(Protocol):
    """What a scorer sees. STUB: the media room replaces this by a class."""

    width: int
    height: int
    facts: CaptureFacts

    def overview(self, long_side: int) -> npt.NDArray[np.uint8]:
        """Return the whole frame, shape (h, w, 3), uint8 sRGB, at most `long_side` long, never enlarged."""
        ...

    def tile(self, left: int, top: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Return native pixels of a rectangle in upright coordinates, shape (height, width, 3), uint8 sRGB."""
        ...
