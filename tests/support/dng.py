"""Made-up DNG files: sensor data in a SubIFD, a JPEG preview in front of them, as cameras and Adobe's converter do."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from PIL import Image

BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 1, 2, 3, 4, 5, 10
WHITE_LEVEL = 16383

Entry = tuple[int, int, Sequence[int | float] | bytes]
"""Tag, type, values."""


def dng(rgb: npt.NDArray[np.uint8], *, preview: Image.Image | None = None, orientation: int = 1) -> bytes:
    """Return a DNG whose sensor saw `rgb` (h, w, 3; even sides) through an RGGB filter, 14 bits."""
    height, width = rgb.shape[:2]
    sensor: list[Entry] = [
        (254, LONG, [0]),
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [16]),
        (259, SHORT, [1]),
        (262, SHORT, [32803]),
        (277, SHORT, [1]),
        (278, LONG, [height]),
        (33421, SHORT, [2, 2]),
        (33422, BYTE, bytes([0, 1, 1, 2])),
        (50717, LONG, [WHITE_LEVEL]),
    ]
    camera: list[Entry] = [
        (271, ASCII, b"Made Up\0"),
        (272, ASCII, b"Dark Box\0"),
        (274, SHORT, [orientation]),
        (50706, BYTE, bytes([1, 4, 0, 0])),
        (50708, ASCII, b"Made Up Dark Box\0"),
        # The sensor's colours are those of linear sRGB.
        (50721, SRATIONAL, [3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572]),
        (50728, RATIONAL, [1, 1, 1]),
        (50778, SHORT, [21]),
    ]
    mosaic = _mosaic(rgb).tobytes()
    if preview is None:
        return b"II*\0" + struct.pack("<I", 8) + _directory(8, camera + sensor, mosaic)
    jpeg = io.BytesIO()
    preview.save(jpeg, "JPEG", quality=90)
    front: list[Entry] = [
        (254, LONG, [1]),
        (256, LONG, [preview.width]),
        (257, LONG, [preview.height]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [7]),
        (262, SHORT, [6]),
        (277, SHORT, [3]),
        (278, LONG, [preview.height]),
        *camera,
    ]
    # The offset of the SubIFD has no influence on the length of what stands before it.
    behind = 8 + len(_directory(8, [*front, (330, LONG, [0])], jpeg.getvalue()))
    first = _directory(8, [*front, (330, LONG, [behind])], jpeg.getvalue())
    return b"II*\0" + struct.pack("<I", 8) + first + _directory(behind, sensor, mosaic)


def _mosaic(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    linear = ((rgb / 255.0) ** 2.2 * WHITE_LEVEL).astype("<u2")
    mosaic: npt.NDArray[np.uint16] = linear[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    return mosaic


def _directory(offset: int, entries: list[Entry], strip: bytes) -> bytes:
    """Return an image file directory that stands at `offset`, with its long values and its one strip behind it."""
    entries = sorted([*entries, (273, LONG, [0]), (279, LONG, [len(strip)])])
    packed = [_values(kind, values) for _, kind, values in entries]
    extra_at = offset + 2 + 12 * len(entries) + 4
    strip_at = extra_at + sum(len(data) for _, data in packed if len(data) > 4)
    head, extra = struct.pack("<H", len(entries)), b""
    for (tag, kind, _), (count, data) in zip(entries, packed, strict=True):
        if tag == 273:
            field = struct.pack("<I", strip_at)
        elif len(data) > 4:
            field = struct.pack("<I", extra_at + len(extra))
            extra += data
        else:
            field = data.ljust(4, b"\0")
        head += struct.pack("<HHI", tag, kind, count) + field
    return head + struct.pack("<I", 0) + extra + strip


def _values(kind: int, values: Sequence[int | float] | bytes) -> tuple[int, bytes]:
    """Return how many values there are, and their bytes, padded to an even number."""
    if isinstance(values, bytes):
        return len(values), values + b"\0" * (len(values) % 2)
    if kind in (RATIONAL, SRATIONAL):
        fractions = [Fraction(value).limit_denominator(10000) for value in values]
        numbers = [part for fraction in fractions for part in (fraction.numerator, fraction.denominator)]
        return len(values), struct.pack(f"<{len(numbers)}i", *numbers)
    return len(values), struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
