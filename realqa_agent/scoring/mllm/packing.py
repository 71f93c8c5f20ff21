"""A picture or a clip as a Qwen-VL vision tower takes it in. numpy alone, so that no torchvision is needed.

The reference processors want torchvision, which replaces torch when it is installed. What they do is little, and the
tests hold this module to them, bit for bit.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class VisionSpec:
    """What a vision tower expects of its input."""

    patch: int
    """Side of a patch, pixels."""
    merge: int
    """Patches along each side that become one place of the prompt."""
    frames: int
    """Frames that a patch spans, one step of a clip; a still picture is repeated."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def stride(self) -> int:
        """Pixels that both sides must be a multiple of."""
        return self.patch * self.merge

    def places(self, grid: Grid) -> int:
        """Return how many places of the prompt a picture or a clip with that grid takes."""
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
"""Steps in time, rows and columns of patches."""


def pack(pixels: Pixels, spec: VisionSpec) -> tuple[Floats, Grid]:
    """Return a sized picture as rows of float32, a patch each, in the tower's order, and its grid."""
    return pack_clip([pixels], spec)


def pack_clip(frames: Sequence[Pixels], spec: VisionSpec) -> tuple[Floats, Grid]:
    """Return a clip's frames, all of one size, in the same way; where some lack to a whole step, the last is repeated.

    A picture is a clip that stands still.
    """
    if len({frame.shape for frame in frames}) != 1:
        raise ValueError("the frames of a clip are one or more, all of one size")
    blocks = [_blocks(frame, spec) for frame in frames]
    blocks += blocks[-1:] * (-len(blocks) % spec.frames)
    *places, colours, side, _ = blocks[0].shape
    packed = np.empty((len(blocks) // spec.frames, *places, colours, spec.frames, side, side), np.float32)
    for number, block in enumerate(blocks):
        packed[number // spec.frames, ..., number % spec.frames, :, :] = block
    height, width, _ = frames[0].shape
    grid = len(packed), height // spec.patch, width // spec.patch
    return packed.reshape(math.prod(grid), -1), grid


def _blocks(pixels: Pixels, spec: VisionSpec) -> Floats:
    """Return a frame in patches, those of one place of the prompt together.

    Shape (rows of places, columns of places, merge, merge, 3, patch, patch).
    """
    height, width, _ = pixels.shape
    if height % spec.stride or width % spec.stride:
        raise ValueError(f"{width} by {height} is no multiple of {spec.stride}")
    # In float64 up to here and in this order, as the reference does: then the result is equal, not only near.
    scaled: Floats = (pixels * (1 / 255)).astype(np.float32)
    mean, deviation = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    normal: Floats = (scaled - mean) / deviation
    rows, columns = height // spec.stride, width // spec.stride
    cut = normal.reshape(rows, spec.merge, spec.patch, columns, spec.merge, spec.patch, 3)
    return cut.transpose(0, 3, 1, 4, 6, 2, 5)


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
