"""A made-up photo that is good by every measure, and the damage that spoils it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

SIZE = 720, 540
MARGIN = 40
"""Cut away all round after turning and streaking, so that damage leaves no border of its own."""


def _landscape() -> Image.Image:
    """Draw at twice the size and reduce: sky, hills, a textured meadow, a wall with windows, a red ball."""
    width, height = (2 * (side + 2 * MARGIN) for side in SIZE)
    horizon = height // 2
    random = np.random.default_rng(7)
    rows = np.linspace(0, 1, height)[:, None, None]
    sky = np.array([96, 150, 214]) * (1 - rows) + np.array([214, 226, 240]) * rows
    grain = sum(_cloud(random, (height, width), cell) for cell in (2, 4, 8, 16, 32))
    meadow = np.array([104, 136, 62]) + 15 * np.asarray(grain)[..., None]
    picture = Image.fromarray(
        np.where(rows * height < horizon, np.broadcast_to(sky, meadow.shape), meadow).clip(0, 255).astype(np.uint8)
    )
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, horizon - 12, width, horizon + 4), fill=(70, 84, 60))
    draw.rectangle((220, 240, 760, 900), fill=(206, 186, 158))
    for x in range(260, 740, 120):
        for y in range(290, 860, 150):
            draw.rectangle((x, y, x + 64, y + 92), fill=(48, 52, 66))
            draw.rectangle((x + 8, y + 8, x + 28, y + 84), fill=(176, 196, 214))
    draw.ellipse((960, 720, 1240, 1000), fill=(196, 40, 34))
    for place in range(8):
        draw.arc((970 + 16 * place, 724, 1230 - 16 * place, 996), 60, 300, fill=(244, 226, 196), width=4)
    return picture.resize((width // 2, height // 2), Image.Resampling.BOX)


def _cloud(random: np.random.Generator, shape: tuple[int, int], cell: int) -> npt.NDArray[np.floating]:
    """Return noise whose patches are `cell` pixels wide."""
    small = random.normal(size=(-(-shape[0] // cell), -(-shape[1] // cell)))
    cloud: npt.NDArray[np.floating] = np.kron(small, np.ones((cell, cell)))[: shape[0], : shape[1]]
    return cloud


class Photo:
    """One photo, unspoilt and spoilt; each method returns pixels of `SIZE`, shape (h, w, 3)."""

    def __init__(self) -> None:
        self._image = _landscape()

    def good(self) -> Pixels:
        return _cut(self._image)

    def blurred(self, sigma: float) -> Pixels:
        return _cut(self._image.filter(ImageFilter.GaussianBlur(sigma)))

    def moved(self, length: int, degrees: float) -> Pixels:
        """Streak along a direction, degrees anticlockwise from horizontal as seen."""
        x, y = np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))
        places = np.linspace(-length / 2, length / 2, length + 1)
        moved = [
            np.asarray(
                self._image.transform(
                    self._image.size, Image.Transform.AFFINE, (1, 0, t * x, 0, 1, t * y), Image.Resampling.BILINEAR
                ),
                np.float32,
            )
            for t in places
        ]
        return _cut(Image.fromarray(np.mean(moved, axis=0).round().astype(np.uint8)))

    def noisy(self, sigma: float) -> Pixels:
        return add_noise(self.good(), sigma)

    def exposed(self, stops: float) -> Pixels:
        linear = (self.good() / 255) ** 2.2 * 2**stops
        pixels: Pixels = (255 * linear.clip(0, 1) ** (1 / 2.2)).round().astype(np.uint8)
        return pixels

    def coloured(self, factor: float) -> Pixels:
        return np.asarray(ImageEnhance.Color(Image.fromarray(self.good())).enhance(factor))

    def turned(self, degrees: float) -> Pixels:
        """Turn clockwise as seen."""
        return _cut(self._image.rotate(-degrees, Image.Resampling.BICUBIC))

    def shallow(self) -> Pixels:
        """Blur everything but the ball."""
        mask = Image.new("L", self._image.size, 0)
        ImageDraw.Draw(mask).ellipse((470, 350, 630, 510), fill=255)
        blurred = self._image.filter(ImageFilter.GaussianBlur(6))
        return _cut(Image.composite(self._image, blurred, mask.filter(ImageFilter.GaussianBlur(3))))


def _cut(image: Image.Image) -> Pixels:
    return np.asarray(image.crop((MARGIN, MARGIN, MARGIN + SIZE[0], MARGIN + SIZE[1])))


def add_noise(pixels: Pixels, sigma: float) -> Pixels:
    """Return the pixels with white noise of that many levels in each channel."""
    noise = np.random.default_rng(3).normal(0, sigma, pixels.shape)
    noisy: Pixels = (pixels + noise).round().clip(0, 255).astype(np.uint8)
    return noisy
