"""Pictures are packed as the reference processors pack them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm.frames import LEAST, MOST, realqa_view, sized
from realqa_agent.scoring.mllm.packing import VisionSpec, pack, pack_clip

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")

SPEC = VisionSpec(patch=14, merge=2, frames=2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

SIZES = [(640, 480), (480, 640), (1500, 500), (61, 47), (1021, 683)]


def noise(width: int, height: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="session", params=FAMILIES)
def reference(request: pytest.FixtureRequest, tiny: TinyModels) -> tuple[VisionSpec, Any]:
    # Not by AutoImageProcessor: in transformers 5.16 that wants torchvision.
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (  # noqa: PLC0415 - an extra
        Qwen2VLImageProcessorPil,
    )

    folder = tiny.base(request.param)
    return VisionSpec.read(folder), Qwen2VLImageProcessorPil.from_pretrained(folder)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_packing_equals_the_reference_processor(reference: tuple[VisionSpec, Any], width: int, height: int) -> None:
    spec, processor = reference
    pixels = noise(width, height)
    rows, grid = pack(sized(pixels, realqa_view(spec.stride)), spec)
    expected = processor(pixels, size={"shortest_edge": LEAST, "longest_edge": MOST}, return_tensors="np")
    assert grid == tuple(expected["image_grid_thw"][0])
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, expected["pixel_values"])


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_clip_is_packed_as_its_frames_are_in_pairs(reference: tuple[VisionSpec, Any], count: int) -> None:
    """Reference: each frame by the processor for pictures, which repeats it, then first ones with second ones."""
    spec, processor = reference
    frames = [noise(6 * spec.stride, 4 * spec.stride + number)[: 4 * spec.stride] for number in range(count)]
    area = {"shortest_edge": 1, "longest_edge": MOST}
    singly = [processor(frame, size=area, return_tensors="np")["pixel_values"] for frame in frames]
    shape = -1, 3, 2, spec.patch * spec.patch
    apart = [rows.reshape(shape)[:, :, 0] for rows in singly] + ([singly[-1].reshape(shape)[:, :, 0]] * (count % 2))
    pairs = [np.stack(pair, 2) for pair in zip(apart[::2], apart[1::2], strict=True)]
    expected = np.concatenate([pair.reshape(len(pair), -1) for pair in pairs])
    rows, grid = pack_clip(frames, spec)
    assert grid == ((count + 1) // 2, 8, 12)
    assert spec.places(grid) == (count + 1) // 2 * 24
    np.testing.assert_array_equal(rows, expected)


def test_frames_of_several_sizes_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="all of one size"):
        pack_clip([np.zeros((28, 56, 3), np.uint8), np.zeros((28, 28, 3), np.uint8)], SPEC)
    with pytest.raises(ValueError, match="one or more"):
        pack_clip([], SPEC)


def test_pixels_of_another_size_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="100 by 28 is no multiple of 28"):
        pack(np.zeros((28, 100, 3), np.uint8), SPEC)


def test_a_folder_that_does_not_tell_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"vision_config": {"patch_size": 14}}))
    with pytest.raises(UserError, match=r"preprocessor_config\.json is missing"):
        VisionSpec.read(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"merge_size": 2, "image_mean": [0.5]}))
    with pytest.raises(UserError, match="doesn't say how pictures are prepared"):
        VisionSpec.read(tmp_path)
    whole = {
        "patch_size": 16,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(whole))
    with pytest.raises(UserError, match="disagree on the patch size"):
        VisionSpec.read(tmp_path)
