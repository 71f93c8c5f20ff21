"""sRGB taken apart: brightness, and the two opponent colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]


def luma_of(rgb: npt.NDArray[np.uint8] | Floats) -> Floats:
    """Given sRGB, shape (..., 3), return Rec. 601 luma, shape (...), 0 to 255."""
    red, green, blue = np.array([0.299, 0.587, 0.114], np.float32)
    luma: Floats = rgb[..., 0] * red
    luma += rgb[..., 1] * green
    luma += rgb[..., 2] * blue
    return luma


def opponents(rgb: Floats) -> tuple[Floats, Floats]:
    """Given sRGB, shape (..., 3), return red minus green and yellow minus blue, shape (...), -255 to 255."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    half = np.float32(0.5)
    return red - green, (red + green) * half - blue
