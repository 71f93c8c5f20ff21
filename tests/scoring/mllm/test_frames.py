"""Pictures are brought to the size that a model takes, and travel as bytes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from support.frames import shown

from realqa_agent.media.picture import Picture
from realqa_agent.scoring.mllm import frames
from realqa_agent.scoring.mllm.frames import fit, pixels_of, realqa_view, sized
from realqa_agent.scoring.view import View

VIEW, OFFICIAL = realqa_view(28), realqa_view(28, official=True)


def noise(width: int, height: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)


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
    small = sized(np.zeros((height, width, 3), np.uint8), OFFICIAL)
    assert small.shape[0] * small.shape[1] == places * 28**2


def test_official_takes_the_nearest_pixels_and_default_all() -> None:
    lines = np.zeros((1536, 1536, 3), np.uint8)
    lines[:, ::3] = 255
    assert sized(lines, VIEW).mean() == pytest.approx(85, abs=1)
    assert sized(lines, OFFICIAL).mean() in {0, 255}


@pytest.mark.parametrize("view", [VIEW, OFFICIAL], ids=["default", "official"])
@pytest.mark.parametrize(("width", "height"), [(9000, 30), (20, 6000), (1, 1), (3, 1000)])
def test_any_shape_gets_a_size_that_the_model_takes(view: View, width: int, height: int) -> None:
    frame_width, frame_height, rgb = frames.shown(Picture.from_array(np.zeros((height, width, 3), np.uint8)), view)
    assert frame_width > 0 < frame_height
    assert frame_width % 28 == frame_height % 28 == 0
    assert len(rgb) == frame_width * frame_height * 3


def test_a_size_stays_within_the_area_and_near_the_shape() -> None:
    view = View(stride=28, least=100_000, most=200_000)
    for width, height in [(6000, 4000), (300, 200), (50, 40), (1000, 2500)]:
        new_width, new_height = fit(width, height, view)
        assert view.least <= new_width * new_height <= view.most
        assert new_width % 28 == new_height % 28 == 0
        assert new_width / new_height == pytest.approx(width / height, rel=0.12)


@pytest.mark.parametrize("view", [VIEW, OFFICIAL], ids=["default", "official"])
def test_what_travels_is_what_is_made_of_the_picture(view: View) -> None:
    pixels = noise(900, 700)
    (frame,) = shown(pixels, view=view).frames
    # A picture that isn't twice as long as needed is resampled once.
    assert np.array_equal(pixels_of(frame), sized(pixels, view))


def test_a_large_picture_is_made_smaller_in_two_steps_of_which_the_second_is_by_half() -> None:
    picture = Picture.from_array(noise(4000, 3000))
    (frame,) = shown(picture, view=VIEW).frames
    assert np.array_equal(pixels_of(frame), sized(picture.overview(2 * frame.width), VIEW))


def test_the_process_that_opens_photos_needs_no_torch_for_it() -> None:
    program = "import sys; import realqa_agent.scoring.mllm.frames; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"torch", "transformers", "pydantic"} & set(done.stdout.split()) == set()
