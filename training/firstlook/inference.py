"""Score photos with the exported heads: the reference for the product's code, and what the figures are made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from training.firstlook.data import squash

if TYPE_CHECKING:
    from pathlib import Path

    from training.firstlook.data import Pixels

Floats = NDArray[np.float32]

STRIDE = 32
# Up to this long side a photo is seen whole at its own size, as in training; beyond it, shrunk, next to native tiles.
WHOLE_SIDE = 768
OVERVIEW_SIDE = 480
TILE_SIDE, TILES = 224, 4
# A shallow-focus photo is judged where it is sharp: only the better half of the tiles counts.
TILES_THAT_COUNT = 2
# Undamaged photos of many cameras reach this soundness; above it nothing is lost.
SOUND = 0.75
# What a thoroughly damaged photo loses of the 0..1 scale on top of what its overview shows.
COST_OF_DAMAGE = 0.4
BEAUTY_AREA = 416 * 320


@dataclass(frozen=True, kw_only=True)
class Quality:
    """A quality on the scale of MOS (0..1), the local qualities of the view it comes from, and their spread.

    `soundness` is that of the best native tiles, 0..1; None where the photo was small enough to be seen whole.
    """

    value: float
    local: Floats
    spread: float
    soundness: float | None


class Heads:
    """The three ONNX sessions, one thread each."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._quality = onnxruntime.InferenceSession(folder / "quality.onnx", options)
        self._soundness = onnxruntime.InferenceSession(folder / "soundness.onnx", options)
        self._aesthetic = onnxruntime.InferenceSession(folder / "aesthetic.onnx", options)

    def quality(self, pixels: Pixels) -> Quality:
        """Judge an upright sRGB photo (h, w, 3) of any size."""
        small = max(pixels.shape[:2]) <= WHOLE_SIDE
        view = whole(pixels) if small else shrink(pixels, OVERVIEW_SIDE)
        (seen,), (local,) = self._quality.run(["quality", "local"], {"pixels": view[None]})
        (glance,) = self._quality.run(["quality"], {"pixels": squash(view)[None]})[0]
        value = (float(seen) + float(glance)) / 2
        soundness = None if small else self._soundness_of(pixels, view)
        if soundness is not None:
            value -= COST_OF_DAMAGE * (1 - soundness)
        return Quality(value=value, local=local, spread=float(local.std()), soundness=soundness)

    def _soundness_of(self, pixels: Pixels, overview: Pixels) -> float:
        # One by one: a batch of four tiles takes a fifth longer, its maps no longer fit the cache.
        tiles = (pixels[box] for box in tile_boxes(overview, pixels.shape))
        sound = [float(self._soundness.run(["soundness"], {"pixels": tile[None]})[0][0]) for tile in tiles]
        return float(np.clip(np.mean(sorted(sound)[-TILES_THAT_COUNT:]) / SOUND, 0, 1))

    def beauty(self, pixels: Pixels) -> float:
        """Judge the beauty of a photo on the scale of OASIS, 1..7."""
        height, width = pixels.shape[:2]
        scale = np.sqrt(BEAUTY_AREA / (width * height))
        (beauty,) = self._aesthetic.run(["beauty"], {"pixels": resize(pixels, width * scale, height * scale)[None]})
        return float(beauty[0])


def whole(pixels: Pixels) -> Pixels:
    """Return the photo cropped at the centre to multiples of the stride; smaller ones are padded with their edge."""
    short = [max(0, STRIDE - side) for side in pixels.shape[:2]]
    pixels = np.pad(pixels, ((0, short[0]), (0, short[1]), (0, 0)), mode="edge")
    height, width = (side // STRIDE * STRIDE for side in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def shrink(pixels: Pixels, long_side: int) -> Pixels:
    """Return the whole photo with about this long side, sides multiples of the stride."""
    scale = long_side / max(pixels.shape[:2])
    return resize(pixels, pixels.shape[1] * scale, pixels.shape[0] * scale)


def resize(pixels: Pixels, width: float, height: float) -> Pixels:
    """Resize to the nearest multiples of the stride."""
    size = (max(1, round(width / STRIDE)) * STRIDE, max(1, round(height / STRIDE)) * STRIDE)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))


def tile_boxes(overview: Pixels, shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Return the places of the most detailed tiles of a photo of `shape`, spread out, best first.

    Detail is looked for in the overview; each choice rules out its neighbourhood, a fifth of the long side around it.
    """
    luma = overview.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    detail = np.zeros_like(luma)
    detail[1:-1, 1:-1] = np.abs(
        4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    )
    height, width = min(TILE_SIDE, shape[0] // STRIDE * STRIDE), min(TILE_SIDE, shape[1] // STRIDE * STRIDE)
    rows = max(3, round(height * luma.shape[0] / shape[0]))
    columns = max(3, round(width * luma.shape[1] / shape[1]))
    sums = np.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    window = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    reach = max(luma.shape) // 5
    boxes = []
    for _ in range(TILES):
        row, column = np.unravel_index(window.argmax(), window.shape)
        top = min(round(row * shape[0] / luma.shape[0]), shape[0] - height)
        left = min(round(column * shape[1] / luma.shape[1]), shape[1] - width)
        boxes.append((slice(top, top + height), slice(left, left + width)))
        window[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = -1
    return boxes
