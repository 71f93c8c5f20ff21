"""The views that the networks look at: all sides are multiples of their stride."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from realqa_agent.scoring.firstlook.saliency import shrink

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.media.picture import Picture

    Pixels = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

STRIDE = 32
"""Of the encoders, pixels."""

WHOLE_SIDE = 768
"""Long side up to which a photo is seen at its own size, as in training; beyond, reduced, next to native tiles."""

VIEW_SIDE = 384
"""Long side of the view of a larger photo."""

GLANCE = 224, 224
"""Width and height of the whole view when squashed, whatever its shape, as ImageNet showed the encoder its scenes."""

BEAUTY_AREA = 320 * 256
"""Pixels of the view that beauty is judged on, in the picture's own shape."""

TILE_SIDE, TILES = 224, 3

DETAIL_GRID = 96, 128
"""Rows and columns of the map of detail that says where the tiles are taken; the picture is stretched onto it."""

REACH = 24
"""Rows and columns of that map around a tile's place in which no other one is taken."""


def view_of(picture: Picture, overview: Pixels) -> Pixels:
    """Return the view that quality is judged on, shape (h, w, 3)."""
    if max(picture.width, picture.height) <= WHOLE_SIDE:
        return whole(picture.overview(WHOLE_SIDE))
    height, width, _ = overview.shape
    scale = VIEW_SIDE / max(height, width)
    return resized(overview, width * scale, height * scale)


def details_of(picture: Picture, luma: Floats) -> tuple[Pixels, ...]:
    """Return the most detailed native tiles of a large picture, spread out; none of one that is seen whole.

    Detail is looked for in the overview's luma. A tile is smaller than `TILE_SIDE` where the picture is.
    """
    width, height = (min(TILE_SIDE, side // STRIDE * STRIDE) for side in (picture.width, picture.height))
    if max(picture.width, picture.height) <= WHOLE_SIDE or not (width and height):
        return ()
    detail = shrink(_detail(luma), DETAIL_GRID)
    rows, columns = DETAIL_GRID
    window = _sums(
        detail,
        min(rows, max(1, round(height * rows / picture.height))),
        min(columns, max(1, round(width * columns / picture.width))),
    )
    # Each choice rules out its neighbourhood: three tiles of one eyelash would say nothing of the rest.
    tiles = []
    for _ in range(TILES):
        row, column = divmod(int(window.argmax()), window.shape[1])
        top = min(round(row * picture.height / rows), picture.height - height)
        left = min(round(column * picture.width / columns), picture.width - width)
        tiles.append(picture.tile(left, top, width, height))
        window[max(0, row - REACH) : row + REACH + 1, max(0, column - REACH) : column + REACH + 1] = -1
    return tuple(tiles)


def beauty_view(pixels: Pixels) -> Pixels:
    """Return the whole picture at `BEAUTY_AREA`."""
    height, width, _ = pixels.shape
    scale = float((BEAUTY_AREA / (width * height)) ** 0.5)
    return resized(pixels, width * scale, height * scale)


def glance_of(view: Pixels) -> Pixels:
    """Return the view squashed to `GLANCE`."""
    return resized(view, *GLANCE)


def whole(pixels: Pixels) -> Pixels:
    """Return the pixels, cut at the edges to multiples of the stride, or filled up to one by repeating the edge."""
    pixels = np.pad(pixels, (*((0, max(0, STRIDE - side)) for side in pixels.shape[:2]), (0, 0)), mode="edge")
    height, width = (side // STRIDE * STRIDE for side in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def resized(pixels: Pixels, width: float, height: float) -> Pixels:
    """Return the pixels at the nearest size whose sides are multiples of the stride."""
    size = max(1, round(width / STRIDE)) * STRIDE, max(1, round(height / STRIDE)) * STRIDE
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))


def _detail(luma: Floats) -> Floats:
    """Return the size of the Laplacian, same shape, 0 along the edge."""
    detail = np.zeros_like(luma)
    inside = luma[1:-1, 1:-1]
    detail[1:-1, 1:-1] = abs(4 * inside - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:])
    return detail


def _sums(values: Floats, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Return the sums over all rectangles of that size, shape (h - rows + 1, w - columns + 1)."""
    total = np.pad(values.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    sums: npt.NDArray[np.float64] = (
        total[rows:, columns:] - total[:-rows, columns:] - total[rows:, :-columns] + total[:-rows, :-columns]
    )
    return sums
