"""Changes to how a photo is arranged: what lies around its subject, on it, and where the frame cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of the ellipse that a subject fills, as fractions of width and height."""


def framed(pixels: Pixels, subject: Box, x: float, y: float, share: float) -> Pixels:
    """Cut out a frame of that share of each side that has the subject's centre at x, y of it."""
    height, width, _ = pixels.shape
    left, top = (subject[0] + subject[2]) / 2 - x * share, (subject[1] + subject[3]) / 2 - y * share
    assert min(left, top) >= 0, "the photo ends there"
    assert max(left, top) <= 1 - share, "the photo ends there"
    rows = slice(round(top * height), round((top + share) * height))
    return pixels[rows, round(left * width) : round((left + share) * width)]


def cut(pixels: Pixels, subject: Box, share: float) -> Pixels:
    """Cut away a side of the photo with that share of the subject's width, the side that lies nearer."""
    width = pixels.shape[1]
    reach = share * (subject[2] - subject[0])
    if subject[0] + subject[2] < 1:
        return pixels[:, round((subject[0] + reach) * width) :]
    return pixels[:, : round((subject[2] - reach) * width)]


def shuffled_behind(pixels: Pixels, subject: Box, side: int, share: float) -> Pixels:
    """Swap that share of the square patches around the subject: clutter that has the photo's own tones and colours."""
    random = np.random.default_rng(2)
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    patches = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, 3).swapaxes(1, 2).copy()
    flat = patches.reshape(rows * columns, side, side, 3)
    moved = random.permutation(len(flat))[: round(share * len(flat))]
    flat[moved] = flat[random.permutation(moved)]
    clutter = pixels.copy()
    clutter[: rows * side, : columns * side] = patches.swapaxes(1, 2).reshape(rows * side, columns * side, 3)
    return _blended(clutter, pixels, _mask(pixels, subject, 3))


def pasted_behind(pixels: Pixels, subject: Box, other: Pixels, count: int) -> Pixels:
    """Paste that many patches of another photo around the subject, each a twelfth of the long side."""
    random = np.random.default_rng(1)
    side = max(pixels.shape) // 12
    clutter = pixels.copy()
    for _ in range(count):
        to_row, to_column = (int(random.integers(0, length - side)) for length in pixels.shape[:2])
        row, column = (int(random.integers(0, length - side)) for length in other.shape[:2])
        clutter[to_row : to_row + side, to_column : to_column + side] = other[row : row + side, column : column + side]
    return _blended(clutter, pixels, _mask(pixels, subject, 3))


def checkered(pixels: Pixels, subject: Box, levels: float) -> Pixels:
    """Lay a random chequer on the subject, that many levels brighter and darker."""
    side = max(pixels.shape) // 48
    shape = tuple(-(-length // side) for length in pixels.shape[:2])
    signs = np.random.default_rng(3).integers(0, 2, shape).repeat(side, axis=0).repeat(side, axis=1) * 2 - 1
    chequer = pixels + levels * signs[: pixels.shape[0], : pixels.shape[1], None]
    return _blended(pixels, chequer, _mask(pixels, subject, 3))


def faded(pixels: Pixels, subject: Box, share: float) -> Pixels:
    """Let the subject fade into the mean colour around it."""
    soft = _mask(pixels, subject, 20)
    wider = _mask(pixels, (subject[0] - 0.05, subject[1] - 0.05, subject[2] + 0.05, subject[3] + 0.05), 1)
    around = pixels[(wider > 0.5) & (soft < 0.1)].mean(axis=0)
    return _blended(pixels, np.broadcast_to(around, pixels.shape), share * soft)


def _mask(pixels: Pixels, subject: Box, blur: float) -> npt.NDArray[np.float64]:
    """Return 1 on the subject and 0 off it, shape (h, w)."""
    height, width, _ = pixels.shape
    mask = Image.new("L", (width, height))
    corners = (subject[0] * width, subject[1] * height, subject[2] * width, subject[3] * height)
    ImageDraw.Draw(mask).ellipse(corners, fill=255)
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(blur))) / 255


def _blended(under: npt.NDArray[np.number], over: npt.NDArray[np.number], mask: npt.NDArray[np.float64]) -> Pixels:
    blend = under + (over.astype(float) - under) * mask[..., None]
    pixels: Pixels = blend.round().clip(0, 255).astype(np.uint8)
    return pixels
