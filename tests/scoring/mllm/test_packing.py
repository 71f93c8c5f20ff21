"""Pictures are packed as the reference processors pack them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm.packing import REALQA_AREA, Area, Mode, VisionSpec, fit, pack, sized

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
    rows, grid = pack(sized(pixels, spec), spec)
    expected = processor(
        pixels, size={"shortest_edge": REALQA_AREA.least, "longest_edge": REALQA_AREA.most}, return_tensors="np"
    )
    assert grid == tuple(expected["image_grid_thw"][0])
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, expected["pixel_values"])


@pytest.mark.parametrize(
    ("width", "height", "places"),
    [
        (4000, 3000, 336),
        (1024, 768, 336),
        (640, 480, 336),
        (6000, 4000, 330),
        (8256, 5504, 330),
        (1920, 1080, 336),
        (512, 384, 266),
        (12000, 3000, 333),
    ],
)
def test_official_sizes_are_those_of_the_published_code(width: int, height: int, places: int) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    _, grid = pack(sized(pixels, SPEC, mode=Mode.OFFICIAL), SPEC)
    assert SPEC.places(grid) == places


def test_official_takes_the_nearest_pixels_and_default_all() -> None:
    lines = np.zeros((1536, 1536, 3), np.uint8)
    lines[:, ::3] = 255
    assert sized(lines, SPEC).mean() == pytest.approx(85, abs=1)
    assert sized(lines, SPEC, mode=Mode.OFFICIAL).mean() in {0, 255}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("width", "height"), [(9000, 30), (20, 6000), (1, 1), (3, 1000)])
def test_any_shape_gets_a_size_that_can_be_packed(mode: Mode, width: int, height: int) -> None:
    rows, grid = pack(sized(np.zeros((height, width, 3), np.uint8), SPEC, mode=mode), SPEC)
    assert len(rows) == grid[1] * grid[2]


def test_a_size_stays_within_the_area_and_near_the_shape() -> None:
    area = Area(least=100_000, most=200_000)
    for width, height in [(6000, 4000), (300, 200), (50, 40), (1000, 2500)]:
        new_width, new_height = fit(width, height, SPEC, area)
        assert area.least <= new_width * new_height <= area.most
        assert new_width % 28 == new_height % 28 == 0
        assert new_width / new_height == pytest.approx(width / height, rel=0.12)


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
