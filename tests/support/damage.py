"""Damage of known size, done to a photo at its own pixels: blur and exposure in linear light, as in a camera.

Not the code that made the training's damage: the scorer shall know damage, not one way of doing it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

CODES = np.arange(256) / 255
LIGHT = np.where(CODES <= 0.04045, CODES / 12.92, ((CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""The sRGB curve (IEC 61966-2-1), code value to linear light, 0 to 1."""


def defocused(pixels: Pixels, radius: float) -> Pixels:
    """Spread each point over the disc of an open aperture, `radius` in pixels."""
    reach = int(np.ceil(radius))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return _convolved(pixels, np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1))


def shaken(pixels: Pixels, length: float, degrees: float = 30) -> Pixels:
    """Spread each point over a line of `length` pixels, `degrees` anticlockwise from horizontal as seen."""
    reach = int(np.ceil(length / 2))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    angle = np.radians(degrees)
    along, across = columns * np.cos(angle) - rows * np.sin(angle), columns * np.sin(angle) + rows * np.cos(angle)
    return _convolved(pixels, np.clip(length / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(across), 0, 1))


def grainy(pixels: Pixels, sigma: float) -> Pixels:
    """Add the noise of photons and of reading them out, `sigma` levels at middle grey, more in the light."""
    grain = np.random.default_rng(5).standard_normal(pixels.shape, np.float32)
    noisy = pixels + grain * np.float32(sigma) * np.sqrt(np.float32(0.3) + pixels * np.float32(0.7 / 128))
    # A burnt-out pixel of the sensor is full, whatever else falls on it: it has no noise.
    damaged: Pixels = np.where(pixels == 255, pixels, np.rint(noisy).clip(0, 255)).astype(np.uint8)
    return damaged


def exposed(pixels: Pixels, stops: float) -> Pixels:
    """Give more light or, below 0, less; what is over white is lost."""
    return _developed(LIGHT * np.float32(2.0**stops))[pixels]


def compressed(pixels: Pixels, quality: int) -> Pixels:
    """Send through JPEG at a quality of 1 to 95."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _convolved(pixels: Pixels, kernel: npt.NDArray[np.float64]) -> Pixels:
    """Convolve each channel, the edges mirrored."""
    reach = kernel.shape[0] // 2
    light = np.pad(LIGHT[pixels.transpose(2, 0, 1)], ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    shape = [-(-side // 64) * 64 for side in light.shape[1:]]  # sides with small factors are transformed faster
    weights = (kernel / kernel.sum()).astype(np.float32)
    spread = np.fft.irfft2(np.fft.rfft2(light, shape) * np.fft.rfft2(weights, shape), shape)
    height, width, _ = pixels.shape
    inside = spread[:, 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
    return _developed(inside.transpose(1, 2, 0).astype(np.float32))


def _developed(light: Floats) -> Pixels:
    """Undo `LIGHT`; what is over 1 clips."""
    clipped = np.clip(light, 0, 1)
    codes = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)
    developed: Pixels = np.rint(codes * 255).astype(np.uint8)
    return developed
