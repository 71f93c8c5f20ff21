"""The reasons name what was done to the photo, and intended looks aren't called damage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.photo import SIZE, add_noise

from realqa_agent.assessment import UNKNOWN
from realqa_agent.capture import CaptureFacts, Region

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from support.photo import Photo

    from realqa_agent.assessment import Assessment, Judgement

    Assess = Callable[..., Assessment]


def clarity(assessment: Assessment) -> Judgement:
    return assessment.attributes["image_clarity"]


def test_shallow_focus_is_clear(photo: Photo, assess: Assess) -> None:
    judged = assess(photo.shallow())
    assert clarity(judged).value == "clear"
    assert "shallow focus" in clarity(judged).reason
    assert judged.measures["sharp_fraction"] < 0.4


def test_a_soft_subject_before_a_sharp_background_is_told(photo: Photo, assess: Assess) -> None:
    """The camera says that it focused on the ball, and the ball is soft."""
    pixels = photo.blurred(5).copy()
    pixels[:, :360] = photo.good()[:, :360]
    on_ball = CaptureFacts(focus_regions=(Region(left=0.68, top=0.65, width=0.06, height=0.08),))
    judged = clarity(assess(pixels, on_ball))
    assert judged.value == "slightly blurry"
    assert judged.reason.startswith("subject tiles")


@pytest.mark.parametrize("degrees", [0, 35, 90, 150])
def test_motion_is_told_with_its_direction(degrees: int, photo: Photo, assess: Assess) -> None:
    judged = assess(photo.moved(20, degrees))
    assert "motion along" in clarity(judged).reason
    off = abs(judged.measures["motion_angle"] - degrees) % 180
    assert min(off, 180 - off) <= 10


def test_defocus_is_not_motion(photo: Photo, assess: Assess) -> None:
    judged = assess(photo.blurred(4))
    assert "out of focus" in clarity(judged).reason
    assert "motion_angle" not in judged.measures


def test_noise_is_not_sharpness(photo: Photo, assess: Assess) -> None:
    blurred = clarity(assess(photo.blurred(3))).score
    noisy = assess(add_noise(photo.blurred(3), 12))
    score = clarity(noisy).score
    assert blurred is not None
    assert score is not None
    assert score <= blurred + 0.5
    # Three independent channels average out to 0.67 of their noise in luma.
    assert noisy.measures["noise"] == pytest.approx(12 * 0.67, rel=0.15)


def test_noise_alone_is_never_worse_than_slightly_blurry(photo: Photo, assess: Assess) -> None:
    judged = clarity(assess(photo.noisy(40)))
    assert judged.value in {"clear", "slightly blurry"}
    assert "noise of" in judged.reason


def test_the_reason_names_size_or_iso(photo: Photo, assess: Assess) -> None:
    assert "expected at 720 x 540 pixels" in clarity(assess(photo.good())).reason
    assert "expected at ISO 200" in clarity(assess(photo.good(), CaptureFacts(iso=200))).reason


def test_large_files_may_have_wider_edges(photo: Photo, assess: Assess) -> None:
    """Enlarging by 3 makes edges 3 times as wide; a file of that size is allowed 1.44 times."""
    enlarged = photo.good().repeat(3, axis=0).repeat(3, axis=1)
    small, large = assess(photo.good()), assess(enlarged)
    assert large.measures["sharpness"] == pytest.approx(small.measures["sharpness"] * 3 ** (1 / 3), rel=0.3)


def night(light: int) -> npt.NDArray[np.uint8]:
    """Return a dark street, with a lamp that bright."""
    random = np.random.default_rng(1)
    pixels = random.integers(8, 22, (*SIZE[::-1], 3))
    pixels[100:140, 200:240] = light
    return pixels.astype(np.uint8)


def test_night_with_lights_is_not_spoilt(assess: Assess) -> None:
    judged = assess(night(240)).attributes["exposure"]
    assert judged.value == "slightly underexposed"
    assert "low key or night" in judged.reason


def test_darkness_without_light_is_underexposed(assess: Assess) -> None:
    assert assess(night(50)).attributes["exposure"].value == "underexposed"


def test_the_camera_knows_a_dark_scene(assess: Assess) -> None:
    dim = CaptureFacts(aperture=1.8, shutter_s=1 / 15, iso=6400)
    sunny = CaptureFacts(aperture=8, shutter_s=1 / 500, iso=100)
    assert assess(night(90), dim).attributes["exposure"].value == "slightly underexposed"
    assert assess(night(90), sunny).attributes["exposure"].value == "underexposed"


def test_high_key_is_properly_exposed(assess: Assess) -> None:
    pixels = np.random.default_rng(1).integers(205, 246, (400, 600, 3))
    pixels[150:250, 250:350] = 60, 70, 80
    judged = assess(pixels.astype(np.uint8)).attributes["exposure"]
    assert judged.value == "properly exposed"
    assert "high key" in judged.reason


def test_clipping_is_measured(assess: Assess) -> None:
    pixels = np.full((400, 400, 3), 120, np.uint8)
    pixels[:100] = 255
    pixels[300:] = 0
    judged = assess(pixels)
    assert judged.measures["clipped_high"] == pytest.approx(0.25, abs=0.01)
    assert judged.measures["clipped_low"] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("tint", [(1, 1, 1), (1.0, 0.86, 0.66)], ids=["grey", "sepia"])
def test_black_and_white_has_no_saturation(tint: tuple[float, ...], photo: Photo, assess: Assess) -> None:
    grey = photo.coloured(0)
    judged = assess((grey * np.array(tint)).round().astype(np.uint8))
    assert judged.attributes["saturation"].value == UNKNOWN
    assert "black and white" in judged.attributes["saturation"].reason
    assert judged.measures["monochrome"] == 1


def test_tilt_is_told_with_its_side(photo: Photo, assess: Assess) -> None:
    assert re.search(r"turned by (2\.9|3\.0|3\.1)° clockwise", assess(photo.turned(3)).attributes["level_shot"].reason)
    assert "° anticlockwise" in assess(photo.turned(-3)).attributes["level_shot"].reason


def test_no_lines_no_level(assess: Assess) -> None:
    random = np.random.default_rng(2)
    rows, columns = np.indices((400, 600))
    pixels = np.full((400, 600, 3), 128, np.uint8)
    for x, y, radius in random.uniform((0, 0, 12), (600, 400, 50), (40, 3)):
        pixels[np.hypot(columns - x, rows - y) < radius] = random.integers(0, 255, 3)
    assert assess(pixels).attributes["level_shot"].value == UNKNOWN


def test_the_subject_is_never_named(photo: Photo, assess: Assess) -> None:
    assert assess(photo.good()).attributes["subject_and_background"].value == UNKNOWN
