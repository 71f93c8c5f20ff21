"""A picture as a Qwen-VL vision tower takes it in. numpy and Pillow, so that no torchvision is needed.

The reference processors want torchvision, which replaces torch when it is installed. What they do is little, and the
tests hold this module to them, bit for bit.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

MOST_DRAWN_OUT = 200
"""Longest side over shortest that the reference processor takes."""

OFFICIAL_AREA = 512 * 512
"""Pixels to which the published code shrinks a picture at first, taking the nearest ones."""

OFFICIAL_STRIP = 180
"""Proportion that the published code gives to a picture that is too drawn out."""


class Mode(StrEnum):
    """How a picture is brought to size."""

    DEFAULT = "default"
    """From all the pixels given, with a bicubic filter."""
    OFFICIAL = "official"
    """As the published code does, for reproducing: first shrunk by taking the nearest pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """The least and the most pixels that a model is shown."""

    least: int
    most: int


REALQA_AREA = Area(least=200704, most=401408)
"""What RealQA was trained on; 256 to 512 places of the prompt for Qwen2-VL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VisionSpec:
    """What a vision tower expects of its input."""

    patch: int
    """Side of a patch, pixels."""
    merge: int
    """Patches along each side that become one place of the prompt."""
    frames: int
    """Frames that a patch spans; a still picture is repeated."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def stride(self) -> int:
        """Pixels that both sides must be a multiple of."""
        return self.patch * self.merge

    def places(self, grid: Grid) -> int:
        """Return how many places of the prompt a picture with that grid takes."""
        return math.prod(grid) // self.merge**2

    @classmethod
    def read(cls, folder: Path) -> VisionSpec:
        """Read it from a model folder; raise UserError if the folder doesn't tell."""
        vision = _json(folder / "config.json").get("vision_config", {})
        file = folder / "preprocessor_config.json"
        said = {"merge_size": vision.get("spatial_merge_size")} | vision | _json(file)
        try:
            spec = cls(
                patch=int(said["patch_size"]),
                merge=int(said["merge_size"]),
                frames=int(said["temporal_patch_size"]),
                mean=_three(said["image_mean"]),
                std=_three(said["image_std"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{file} doesn't say how pictures are prepared ({error!r}): fetch the file again") from None
        if spec.patch != vision.get("patch_size", spec.patch):
            raise UserError(f"{file} and config.json disagree on the patch size: the files are of different models")
        return spec


Grid = tuple[int, int, int]
"""Frames, rows and columns of patches."""


def fit(width: int, height: int, spec: VisionSpec, area: Area) -> tuple[int, int]:
    """Return the width and height nearest to the picture's that the tower takes and that lie within the area."""
    stride = spec.stride
    columns, rows = max(1, round(width / stride)), max(1, round(height / stride))
    if columns * rows * stride**2 > area.most:
        scale = math.sqrt(width * height / area.most)
        columns, rows = (max(1, math.floor(side / scale / stride)) for side in (width, height))
    elif columns * rows * stride**2 < area.least:
        scale = math.sqrt(area.least / (width * height))
        columns, rows = (math.ceil(side * scale / stride) for side in (width, height))
    return columns * stride, rows * stride


def sized(pixels: Pixels, spec: VisionSpec, *, mode: Mode = Mode.DEFAULT, area: Area = REALQA_AREA) -> Pixels:
    """Return the picture, shape (h, w, 3), at the size that the tower takes.

    For `official`, give all pixels of the file: which of them are taken depends on how many there are.
    """
    image = Image.fromarray(pixels)
    image = _official(image, spec) if mode is Mode.OFFICIAL else _cut(image)
    return np.asarray(image.resize(fit(*image.size, spec, area), Image.Resampling.BICUBIC))


def pack(pixels: Pixels, spec: VisionSpec) -> tuple[Floats, Grid]:
    """Return a sized picture as rows of float32, a patch each, in the tower's order, and its grid."""
    height, width, _ = pixels.shape
    if height % spec.stride or width % spec.stride:
        raise ValueError(f"{width} by {height} is no multiple of {spec.stride}")
    # In float64 up to here and in this order, as the reference does: then the result is equal, not only near.
    scaled = (pixels * (1 / 255)).astype(np.float32)
    normal = (scaled - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    rows, columns = height // spec.patch, width // spec.patch
    blocks = normal.reshape(
        rows // spec.merge, spec.merge, spec.patch, columns // spec.merge, spec.merge, spec.patch, 3
    ).transpose(0, 3, 1, 4, 6, 2, 5)
    patches = blocks.reshape(rows * columns, 3, 1, spec.patch, spec.patch).repeat(spec.frames, axis=2)
    return np.ascontiguousarray(patches.reshape(rows * columns, -1)), (1, rows, columns)


def _cut(image: Image.Image) -> Image.Image:
    """Return the middle of a picture that is too drawn out, any other as it is."""
    longest = MOST_DRAWN_OUT * min(image.size)
    if max(image.size) <= longest:
        return image
    width, height = (min(side, longest) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _official(image: Image.Image, spec: VisionSpec) -> Image.Image:
    nearest = Image.Resampling.NEAREST
    if image.width * image.height > OFFICIAL_AREA:
        scale = math.sqrt(OFFICIAL_AREA / (image.width * image.height))
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), nearest)
    if min(image.size) < spec.stride:
        image = image.resize((max(image.width, spec.stride), max(image.height, spec.stride)), nearest)
    if image.width > MOST_DRAWN_OUT * image.height:
        image = image.resize((image.height * OFFICIAL_STRIP, image.height), nearest)
    elif image.height > MOST_DRAWN_OUT * image.width:
        image = image.resize((image.width, image.width * OFFICIAL_STRIP), nearest)
    return image


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{file} is missing: fetch the model again") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} can't be read ({error}): fetch it again") from None
    return content


def _three(values: list[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
