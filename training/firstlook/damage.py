"""Damage of known size, done to good photos: what makes a frame a cull, in steps that a scorer must rank.

Blur and exposure act on linear light, as they do in a camera; noise has a shot and a read part.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.signal import oaconvolve

if TYPE_CHECKING:
    from collections.abc import Callable

Pixels = NDArray[np.uint8]
Linear = NDArray[np.float32]
Kind = Literal["defocus", "motion", "noise", "jpeg", "dark", "bright"]
GAMMA = 2.2


def linear(pixels: Pixels) -> Linear:
    """Return linear light, 0..1."""
    table = np.asarray((np.arange(256) / 255) ** GAMMA, np.float32)
    return table[pixels]


def display(light: Linear) -> Pixels:
    """Return the inverse of `linear`, clipped and rounded."""
    encoded = np.clip(light, 0, 1) ** np.float32(1 / GAMMA)
    return np.asarray(np.rint(encoded * 255), np.uint8)


def defocus(pixels: Pixels, radius: float, _: np.random.Generator) -> Pixels:
    """Blur with a disc of `radius` pixels."""
    return _spread(pixels, _disc(radius))


def motion(pixels: Pixels, length: float, generator: np.random.Generator) -> Pixels:
    """Blur along a straight line of `length` pixels in a random direction."""
    return _spread(pixels, _line(length, generator.uniform(0, np.pi)))


def noise(pixels: Pixels, sigma: float, generator: np.random.Generator) -> Pixels:
    """Add noise of about `sigma` display levels at middle grey; a third of its variance is the same in R, G and B."""
    level = pixels.astype(np.float32)
    grain = generator.standard_normal(pixels.shape, np.float32) * np.float32(np.sqrt(2 / 3))
    grain += generator.standard_normal((*pixels.shape[:2], 1), np.float32) * np.float32(np.sqrt(1 / 3))
    strength = sigma * np.sqrt(0.3 + 0.7 * level / 128)
    return np.asarray(np.clip(np.rint(level + grain * strength), 0, 255), np.uint8)


def jpeg(pixels: Pixels, coarseness: float, _: np.random.Generator) -> Pixels:
    """Re-encode at quality 100 / `coarseness`."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=round(100 / coarseness))
    return np.asarray(Image.open(file))


def dark(pixels: Pixels, stops: float, _: np.random.Generator) -> Pixels:
    """Under-expose by `stops`."""
    return display(linear(pixels) * np.float32(2.0**-stops))


def bright(pixels: Pixels, stops: float, _: np.random.Generator) -> Pixels:
    """Over-expose by `stops`, with clipping."""
    return display(linear(pixels) * np.float32(2.0**stops))


DAMAGE: dict[Kind, Callable[[Pixels, float, np.random.Generator], Pixels]] = {
    "defocus": defocus,
    "motion": motion,
    "noise": noise,
    "jpeg": jpeg,
    "dark": dark,
    "bright": bright,
}

# A mild and a strong size of each, at 512 px: people see the mild one in a comparison, the strong one at a glance.
STEPS: dict[Kind, tuple[float, float]] = {
    "defocus": (1.5, 4.0),
    "motion": (5.0, 14.0),
    "noise": (10.0, 28.0),
    "jpeg": (4.0, 10.0),
    "dark": (1.5, 3.5),
    "bright": (1.2, 2.4),
}


def damaged_chain(pixels: Pixels, kind: Kind, generator: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Return a mildly and a strongly damaged copy; sizes vary so that no one size is learned by heart.

    The strong one may be three times as large as said: 17 pixels of motion are not much at a camera's own resolution.
    """
    mild, strong = STEPS[kind]
    sizes = mild * generator.uniform(0.75, 1.25), strong * 0.75 * 4 ** generator.uniform(0, 1)
    first, second = (DAMAGE[kind](pixels, size, generator) for size in sizes)
    return first, second


def _disc(radius: float) -> Linear:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _line(length: float, angle: float) -> Linear:
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    # Points a quarter of a pixel apart, each shared between its four neighbours.
    for along in np.arange(-length / 2, length / 2 + 0.25, 0.25):
        x, y = reach + along * np.cos(angle), reach + along * np.sin(angle)
        left, top = min(int(x), 2 * reach - 1), min(int(y), 2 * reach - 1)
        right_share, bottom_share = x - left, y - top
        kernel[top, left] += (1 - right_share) * (1 - bottom_share)
        kernel[top, left + 1] += right_share * (1 - bottom_share)
        kernel[top + 1, left] += (1 - right_share) * bottom_share
        kernel[top + 1, left + 1] += right_share * bottom_share
    return np.asarray(kernel / kernel.sum(), np.float32)


def _spread(pixels: Pixels, kernel: Linear) -> Pixels:
    reach = kernel.shape[0] // 2
    light = np.pad(linear(pixels), ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    return display(np.asarray(oaconvolve(light, kernel[:, :, None], mode="valid", axes=(0, 1)), np.float32))
