"""Where the camera focused, from the maker notes that say it simply. Pure.

Layouts after ExifTool's tag tables (Canon AFInfo2, Nikon AFInfo2, Sony, Panasonic, FujiFilm); values are the
plain ones of Exiv2. All makers count in the frame as the sensor lies, before any turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.capture import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realqa_agent.media.orientation import Turn

POINT_SIDE = 0.1
"""Side of the region, as a fraction of the frame, where a camera notes a point without its size."""


def focus_regions(exif: Mapping[str, str], turn: Turn) -> tuple[Region, ...]:
    """Given Exif and what makes the picture upright, return the AF points used; empty where it doesn't say."""
    for maker in (_canon, _nikon, _sony, _panasonic, _fuji):
        if regions := maker(exif):
            return tuple(turn.region(region) for region in regions)
    return ()


def _canon(exif: Mapping[str, str]) -> list[Region]:
    frame = _numbers(exif, "Exif.Canon.AFImageWidth") + _numbers(exif, "Exif.Canon.AFImageHeight")
    in_focus = _numbers(exif, "Exif.Canon.AFPointsInFocus")
    areas = zip(
        _numbers(exif, "Exif.Canon.AFXPositions"),
        _numbers(exif, "Exif.Canon.AFYPositions"),
        _numbers(exif, "Exif.Canon.AFAreaWidths"),
        _numbers(exif, "Exif.Canon.AFAreaHeights"),
        strict=False,
    )
    if len(frame) != 2:
        return []
    # Positions count from the centre; EOS cameras count y upwards, PowerShots downwards.
    up = -1 if "EOS" in exif.get("Exif.Image.Model", "") else 1
    return [
        region
        for index, (x, y, width, height) in enumerate(areas)
        if index // 16 < len(in_focus) and int(in_focus[index // 16]) >> index % 16 & 1
        for region in _around(frame[0] / 2 + x, frame[1] / 2 + up * y, width, height, frame)
    ]


def _nikon(exif: Mapping[str, str]) -> list[Region]:
    for group in ("NikonAf2", "NikonAf22"):
        names = ("ImageWidth", "ImageHeight", "AreaXPosition", "AreaYPosition", "AreaWidth", "AreaHeight")
        numbers = [number for name in names for number in _numbers(exif, f"Exif.{group}.AF{name}")]
        if len(numbers) == len(names):
            frame_width, frame_height, x, y, width, height = numbers
            return _around(x, y, width, height, [frame_width, frame_height])
    return []


def _sony(exif: Mapping[str, str]) -> list[Region]:
    for group in ("Sony1", "Sony2"):
        location = _numbers(exif, f"Exif.{group}.FocusLocation")
        size = _numbers(exif, f"Exif.{group}.FocusFrameSize")
        # Six bytes: two little-endian sizes and whether they hold. Without it, as with manual focus, the location
        # is the centre of the frame and means nothing.
        if len(location) == 4 and len(size) == 6 and (size[4] or size[5]):
            frame_width, frame_height, x, y = location
            width, height = size[0] + 256 * size[1], size[2] + 256 * size[3]
            return _around(x, y, width, height, [frame_width, frame_height])
    return []


def _panasonic(exif: Mapping[str, str]) -> list[Region]:
    point = _numbers(exif, "Exif.Panasonic.AFPointPosition")
    # Fractions of the frame; larger numbers stand for "none".
    return _around(point[0], point[1], POINT_SIDE, POINT_SIDE, [1, 1]) if len(point) == 2 else []


def _fuji(exif: Mapping[str, str]) -> list[Region]:
    point = _numbers(exif, "Exif.Fujifilm.FocusPoint")
    frame = _numbers(exif, "Exif.Photo.PixelXDimension") + _numbers(exif, "Exif.Photo.PixelYDimension")
    if len(point) != 2 or len(frame) != 2:
        return []
    return _around(point[0], point[1], POINT_SIDE * frame[0], POINT_SIDE * frame[1], frame)


def _around(x: float, y: float, width: float, height: float, frame: list[float]) -> list[Region]:
    """Return the region of that size around a point, cut to the frame; none if it isn't in the frame."""
    frame_width, frame_height = frame
    if not (0 < x < frame_width and 0 < y < frame_height and width > 0 and height > 0):
        return []
    left, right = max(0.0, x - width / 2), min(frame_width, x + width / 2)
    top, bottom = max(0.0, y - height / 2), min(frame_height, y + height / 2)
    return [
        Region(
            left=left / frame_width,
            top=top / frame_height,
            width=(right - left) / frame_width,
            height=(bottom - top) / frame_height,
        )
    ]


def _numbers(exif: Mapping[str, str], key: str) -> list[float]:
    """Return the whole numbers and fractions of a value; empty if one of them is neither."""
    numbers = []
    for word in exif.get(key, "").split():
        numerator, _, denominator = word.partition("/")
        try:
            numbers.append(int(numerator) / int(denominator or 1))
        except (ValueError, ZeroDivisionError, OverflowError):
            return []
    return numbers
