"""Made-up clips."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

QUARTER_TURN = (0, 1, 0, -1, 0, 0, 0, 0, 16384)
"""The display matrix of a phone held upright: turn by 90° clockwise to show (16.16 numbers, the last 2.30)."""


def numbered(count: int, width: int = 64, height: int = 48) -> Iterable[npt.NDArray[np.uint8]]:
    """Return frames whose grey value says their number: 2 levels a frame, up to 100 frames."""
    return (np.full((height, width, 3), 20 + 2 * number, dtype=np.uint8) for number in range(count))


def write_clip(
    path: Path, frames: Iterable[npt.NDArray[np.uint8]], *, rate: int = 10, keyframe_every: int = 1, b_frames: int = 0
) -> Path:
    """Write frames (h, w, 3) as MPEG-4 part 2 into the container that the suffix names."""
    shots = list(frames)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate, options={"qscale": "1", "sc_threshold": "1000000000"})
        stream.codec_context.gop_size = keyframe_every
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.bit_rate = 20_000_000
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = shots[0].shape[:2]
        for rgb in shots:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
    return path


def turn(path: Path, matrix: tuple[int, ...] = QUARTER_TURN) -> Path:
    """Write a display matrix into the track header of an MP4 that has none of its own."""
    head, mark, rest = path.read_bytes().partition(b"tkhd")
    plain, turned = (
        b"".join((number * 65536).to_bytes(4, "big", signed=True) for number in numbers)
        for numbers in ((1, 0, 0, 0, 1, 0, 0, 0, 16384), matrix)
    )
    assert mark
    assert plain in rest
    path.write_bytes(head + mark + rest.replace(plain, turned, 1))
    return path
