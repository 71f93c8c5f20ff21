"""What the scorer takes out of a picture: one overview, and native tiles where it matters.

A 24-megapixel photo is never filtered as a whole. Focus and noise are measured on some thirty native tiles, a grid
plus the most salient places and the camera's own focus points; the networks see a view and a few native tiles;
everything else happens on an overview.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook.colour import luma_of
from realqa_agent.scoring.firstlook.saliency import saliency_of, shrink
from realqa_agent.scoring.firstlook.views import details_of, view_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.capture import CaptureFacts
    from realqa_agent.media.picture import Picture

OVERVIEW_SIDE = 512
"""Long side of the overview, pixels."""

SMALL = (96, 128)
"""Rows and columns for what is judged at a glance: saliency and arrangement."""

BLOCK = 32
"""Side of the squares in which sharpness is measured, native pixels; tiles are whole multiples of it."""

TILE_SIDE = 192
"""Side of a tile of a large photo, native pixels; small photos get smaller tiles, so that there are many."""

GRID_TILES = 24
SALIENT_TILES = 6

Box = tuple[int, int]
"""Left and top of a tile, native upright pixels."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Look:
    """The pixels that are judged."""

    width: int
    height: int
    facts: CaptureFacts
    camera_pixels: bool
    overview: npt.NDArray[np.uint8]
    """Shape (h, w, 3), sRGB, long side at most `OVERVIEW_SIDE`."""
    luma: npt.NDArray[np.float32]
    """Rec. 601 luma of the overview, shape (h, w), 0 to 255."""
    small: npt.NDArray[np.float32]
    """The overview reduced to `SMALL` cells, shape (*SMALL, 3), 0 to 255; stretched, whatever the picture's shape."""
    saliency: npt.NDArray[np.float32]
    """Shape of `saliency.GRID`; not negative, sums to 1."""
    tiles: npt.NDArray[np.float32]
    """Luma of native tiles, shape (n, side, side), 0 to 255; n is 0 where the picture is too narrow for one."""
    subject: npt.NDArray[np.bool_]
    """Which tiles lie on the subject: the salient places, or the focus points where the camera names them."""
    view: npt.NDArray[np.uint8]
    """What the quality network sees, see `views.view_of`."""
    details: tuple[npt.NDArray[np.uint8], ...]
    """Native tiles for the soundness network, see `views.details_of`."""

    @property
    def overview_scale(self) -> float:
        """Native pixels to one overview pixel."""
        height, width, _ = self.overview.shape
        return max(self.width, self.height) / float(max(height, width))


def look_at(picture: Picture) -> Look:
    """Take the overview and the tiles out of a picture."""
    overview = picture.overview(OVERVIEW_SIDE)
    luma = luma_of(overview)
    small = shrink(overview.astype(np.float32), SMALL)
    saliency = saliency_of(small)
    side = tile_side(picture.width, picture.height)
    grid = _grid(picture.width, picture.height, side)
    subject = _subject_boxes(picture, saliency, side)
    boxes = grid + subject
    tiles = np.empty((len(boxes), side, side), np.float32)
    for place, (left, top) in enumerate(boxes):
        tiles[place] = luma_of(picture.tile(left, top, side, side))
    return Look(
        width=picture.width,
        height=picture.height,
        facts=picture.facts,
        camera_pixels=picture.camera_pixels,
        overview=overview,
        luma=luma,
        small=small,
        saliency=saliency,
        tiles=tiles,
        subject=np.arange(len(boxes)) >= len(grid),
        view=view_of(picture, overview),
        details=details_of(picture, luma),
    )


def tile_side(width: int, height: int) -> int:
    """Return the side of the tiles, native pixels; 0 where the picture is too narrow to tell focus."""
    return min(TILE_SIDE, max(2, min(width, height) // (4 * BLOCK)) * BLOCK) if min(width, height) >= 2 * BLOCK else 0


def _grid(width: int, height: int, side: int) -> list[Box]:
    """Return at most `GRID_TILES` places, evenly spread, at the middles of equal cells."""
    if not side:
        return []
    columns = int(np.clip(round((GRID_TILES * width / height) ** 0.5), 1, min(GRID_TILES, width // side)))
    rows = int(np.clip(GRID_TILES // columns, 1, height // side))
    columns = min(GRID_TILES // rows, width // side)
    return [
        (_spread(column, columns, width, side), _spread(row, rows, height, side))
        for row in range(rows)
        for column in range(columns)
    ]


def _spread(place: int, places: int, length: int, side: int) -> int:
    return _inside((place + 0.5) / places * length, length, side)


def _inside(middle: float, length: int, side: int) -> int:
    """Return where a tile starts that is centred there, pushed into the picture."""
    return int(np.clip(round(middle - side / 2), 0, length - side))


def _subject_boxes(picture: Picture, saliency: npt.NDArray[np.float32], side: int) -> list[Box]:
    """Return the places of the camera's focus points, else of the saliency's peaks."""
    if not side:
        return []
    regions = picture.facts.focus_regions[:SALIENT_TILES]
    points = [(region.left + region.width / 2, region.top + region.height / 2) for region in regions]
    return [
        (_inside(x * picture.width, picture.width, side), _inside(y * picture.height, picture.height, side))
        for x, y in points or _peaks(saliency, side / picture.width, side / picture.height)
    ]


def _peaks(saliency: npt.NDArray[np.float32], width: float, height: float) -> list[tuple[float, float]]:
    """Return up to `SALIENT_TILES` peaks (x, y as fractions), none within a tile of another."""
    left = saliency.copy()
    rows, columns = saliency.shape
    reach_y, reach_x = max(3, round(height * rows)), max(3, round(width * columns))
    peaks = []
    for _ in range(SALIENT_TILES):
        y, x = divmod(int(left.argmax()), columns)
        if left[y, x] <= 0:
            break
        peaks.append(((x + 0.5) / columns, (y + 0.5) / rows))
        left[max(0, y - reach_y) : y + reach_y + 1, max(0, x - reach_x) : x + reach_x + 1] = 0
    return peaks
