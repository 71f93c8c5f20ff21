"""How a picture is brought to the size that a model takes: in the process that opened it, without torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from realqa_agent.scoring.view import View

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.media.picture import Picture
    from realqa_agent.scoring.view import Frame

    Pixels = npt.NDArray[np.uint8]

LEAST, MOST = 200704, 401408
"""Pixels that RealQA was trained on; 256 to 512 places of the prompt for Qwen2-VL."""

MOST_DRAWN_OUT = 200
"""Longest side over shortest that the reference processor takes."""

OFFICIAL_AREA = 512 * 512
"""Pixels to which the published code shrinks a picture at first, taking the nearest ones."""

OFFICIAL_STRIP = 180
"""Proportion that the published code gives to a picture that is too drawn out."""


def realqa_view(stride: int, *, official: bool = False) -> View:
    """Return how RealQA is shown pictures, for a vision tower with this stride."""
    return View(stride=stride, least=LEAST, most=MOST, official=official)


def shown(picture: Picture, view: View) -> tuple[int, int, bytes]:
    """Return width, height and RGB bytes of a picture at the size that a model takes."""
    if view.official:
        pixels = picture.tile(0, 0, picture.width, picture.height)
    else:
        # Twice as long as needed, so that it isn't resampled twice at nearly the same size.
        pixels = picture.overview(2 * max(fit(picture.width, picture.height, view)))
    small = sized(pixels, view)
    height, width, _ = small.shape
    return width, height, small.tobytes()


def pixels_of(frame: Frame) -> Pixels:
    """Return the pixels of a frame, shape (h, w, 3), read-only."""
    return np.frombuffer(frame.rgb, np.uint8).reshape(frame.height, frame.width, 3)


def fit(width: int, height: int, view: View) -> tuple[int, int]:
    """Return the width and height nearest to the picture's that the model takes."""
    stride = view.stride
    columns, rows = max(1, round(width / stride)), max(1, round(height / stride))
    if columns * rows * stride**2 > view.most:
        scale = math.sqrt(width * height / view.most)
        columns, rows = (max(1, math.floor(side / scale / stride)) for side in (width, height))
    elif columns * rows * stride**2 < view.least:
        scale = math.sqrt(view.least / (width * height))
        columns, rows = (math.ceil(side * scale / stride) for side in (width, height))
    return columns * stride, rows * stride


def sized(pixels: Pixels, view: View) -> Pixels:
    """Return a picture, shape (h, w, 3), at the size that the model takes.

    For an `official` view, give all pixels of the file: which of them are taken depends on how many there are.
    """
    image = Image.fromarray(pixels)
    image = _official(image, view.stride) if view.official else _cut(image)
    return np.asarray(image.resize(fit(*image.size, view), Image.Resampling.BICUBIC))


def _cut(image: Image.Image) -> Image.Image:
    """Return the middle of a picture that is too drawn out, any other as it is."""
    longest = MOST_DRAWN_OUT * min(image.size)
    if max(image.size) <= longest:
        return image
    width, height = (min(side, longest) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _official(image: Image.Image, stride: int) -> Image.Image:
    nearest = Image.Resampling.NEAREST
    if image.width * image.height > OFFICIAL_AREA:
        scale = math.sqrt(OFFICIAL_AREA / (image.width * image.height))
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), nearest)
    if min(image.size) < stride:
        image = image.resize((max(image.width, stride), max(image.height, stride)), nearest)
    if image.width > MOST_DRAWN_OUT * image.height:
        image = image.resize((image.height * OFFICIAL_STRIP, image.height), nearest)
    elif image.height > MOST_DRAWN_OUT * image.width:
        image = image.resize((image.width, image.width * OFFICIAL_STRIP), nearest)
    return image
