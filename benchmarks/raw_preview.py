"""What the embedded preview of a RAW file saves over developing the sensor's data.

Writes DNG files of noise over a gradient, with and without previews, and opens each as a scorer gets it: decoded,
with an overview and the native tiles taken out. All on one core.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import struct
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rawpy
from PIL import Image
from rich.console import Console
from rich.table import Table

from realqa_agent import config
from realqa_agent.media.opening import open_photo

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 10.0
"""A preview must be at least this many times as fast as the demosaic."""

USUAL_PREVIEW = 1616
"""Long side of the only preview in many cameras' files, pixels."""

SHORT, LONG, RATIONAL, SIGNED_RATIONAL, BYTE, ASCII = 3, 4, 5, 10, 1, 2
_CODES = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I", RATIONAL: "II", SIGNED_RATIONAL: "ii"}

Entry = tuple[int, int, list[int]]
"""Tag, type, values; a rational is two values."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=24.0, help="of the sensor (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="times that each is opened (default: %(default)s)")
    arguments = parser.parse_args()
    # A worker has one core; LibRaw would take them all.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    height = 2 * round((arguments.megapixels * 1e6 / 1.5) ** 0.5 / 2)
    width = 2 * round(height * 1.5 / 2)
    with tempfile.TemporaryDirectory(prefix="realqa-raw-") as scratch:
        files = {
            "preview of 1616 pixels": Path(scratch, "usual.dng"),
            "preview of full size": Path(scratch, "full.dng"),
            "no preview (half-size demosaic)": Path(scratch, "none.dng"),
        }
        for file, long_side in zip(files.values(), (USUAL_PREVIEW, width, 0), strict=True):
            file.write_bytes(dng(width, height, long_side))
        # Small samples of everybody in turn, so that a busy machine slows them all alike.
        ways: dict[str, Callable[[], None]] = {name: partial(open_as_scorer, file) for name, file in files.items()}
        ways["full demosaic (AHD), LibRaw"] = partial(demosaic, files["no preview (half-size demosaic)"])
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                times[name].append(time.perf_counter() - began)
    show(width, height, {name: statistics.median(seconds) for name, seconds in times.items()})


def open_as_scorer(file: Path) -> None:
    """Open a RAW and take out what a scorer looks at."""
    picture = open_photo(file, config.Config().media)
    picture.overview(512)
    side = min(192, picture.width, picture.height)
    for number in range(30):
        picture.tile((picture.width - side) * number // 30, (picture.height - side) // 2, side, side)


def demosaic(file: Path) -> None:
    """Develop the sensor's data at full size, with LibRaw's defaults."""
    with rawpy.imread(str(file)) as raw:
        raw.postprocess(use_camera_wb=True)


def dng(width: int, height: int, preview_long_side: int) -> bytes:
    """Return a DNG 1.4 file: 16-bit Bayer data, and a JPEG preview unless its long side is 0.

    A reader that knows TIFF only sees the preview, as in cameras' files; the sensor's data are in a SubIFD.
    """
    light = np.linspace(1000, 9000, width)[None, :] + np.random.default_rng(1).normal(0, 200, (height, width))
    sensor = light.astype("<u2").tobytes()
    rows = [
        (254, LONG, [0]),
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [16]),
        (259, SHORT, [1]),
        (262, SHORT, [32803]),  # colour filter array
        (277, SHORT, [1]),
        (278, LONG, [height]),
        (279, LONG, [len(sensor)]),
        (33421, SHORT, [2, 2]),
        (33422, BYTE, [0, 1, 1, 2]),  # red, green, green, blue
        (50717, LONG, [16383]),
    ]
    about = [
        (271, ASCII, list(b"RealQA\0")),
        (272, ASCII, list(b"Benchmark\0")),
        (274, SHORT, [1]),
        (50706, BYTE, [1, 4, 0, 0]),
        (50708, ASCII, list(b"RealQA Benchmark\0")),
        (50721, SIGNED_RATIONAL, [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]),
        (50728, RATIONAL, [1, 2, 1, 1, 2, 3]),
        (50778, SHORT, [21]),  # daylight
    ]
    file = bytearray(b"II*\0" + bytes(4))
    if not preview_long_side:
        first = _append_directory(file, sorted([*rows, *about]), sensor)
    else:
        jpeg = _preview(width, height, preview_long_side)
        sub = _append_directory(file, rows, sensor)
        small = [
            (254, LONG, [1]),
            (256, LONG, [preview_long_side]),
            (257, LONG, [round(preview_long_side * height / width)]),
            (258, SHORT, [8, 8, 8]),
            (259, SHORT, [7]),
            (262, SHORT, [6]),
            (277, SHORT, [3]),
            (278, LONG, [round(preview_long_side * height / width)]),
            (279, LONG, [len(jpeg)]),
            (330, LONG, [sub]),
        ]
        first = _append_directory(file, sorted([*small, *about]), jpeg)
    file[4:8] = struct.pack("<I", first)
    return bytes(file)


def _preview(width: int, height: int, long_side: int) -> bytes:
    """Return a JPEG with a camera's amount of detail."""
    size = round(long_side * height / width), long_side
    grain = np.random.default_rng(2).normal(0, 4, size)[..., None]
    shades = np.linspace(30, 220, long_side)[None, :, None] + np.array([0, 10, -10]) + grain
    encoded = io.BytesIO()
    Image.fromarray(shades.clip(0, 255).astype(np.uint8)).save(encoded, "JPEG", quality=92)
    return encoded.getvalue()


def _append_directory(file: bytearray, entries: list[Entry], strip: bytes) -> int:
    """Append one strip of pixels and the TIFF directory that describes it; return where the directory is."""
    entries = sorted([*entries, (273, LONG, [len(file)])])
    file += strip + bytes(len(strip) % 2)
    packed = b""
    beyond = len(file) + 2 + 12 * len(entries) + 4
    values = b""
    for tag, kind, numbers in entries:
        code = _CODES[kind]
        data = struct.pack("<" + code * (len(numbers) // len(code)), *numbers)
        count = len(numbers) // len(code)
        if len(data) > 4:
            where = struct.pack("<I", beyond + len(values))
            values += data + bytes(len(data) % 2)
        else:
            where = data.ljust(4, b"\0")
        packed += struct.pack("<HHI", tag, kind, count) + where
    start = len(file)
    file += struct.pack("<H", len(entries)) + packed + bytes(4) + values
    return start


def show(width: int, height: int, seconds: dict[str, float]) -> None:
    """Print the table."""
    *ours, bare = seconds
    title = f"RAW of {width} x {height}: opened, overview and 30 tiles taken out"
    table = Table("", "ms", "times as fast", "limit", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in ours:
        limit = f"{LIMIT:.0f}" if name.startswith("preview") else ""
        table.add_row(name, f"{seconds[name] * 1000:.0f}", f"{seconds[bare] / seconds[name]:.1f}", limit)
    table.add_row(bare, f"{seconds[bare] * 1000:.0f}", "1.0", "")
    Console().print(table)


if __name__ == "__main__":
    main()
