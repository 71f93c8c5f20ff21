from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from realqa_agent.capture import CaptureFacts
from realqa_agent.culling.intentions import for_bright, for_dark, for_hard_contrast, for_soft, scene_brightness_ev

SNAPSHOT = CaptureFacts(shutter_s=1 / 250, aperture=5.6, iso=400)
MOTION = {"motion_strength": 0.8}


def test_without_facts_and_measures_nothing_speaks_for_intention() -> None:
    nothing = CaptureFacts()
    assert not [*for_soft(nothing, {}), *for_dark(nothing, {}), *for_bright(nothing, {}), *for_hard_contrast({})]
    assert not [*for_soft(SNAPSHOT, {}), *for_dark(SNAPSHOT, {}), *for_bright(SNAPSHOT, {})]


@pytest.mark.parametrize("shutter_s", [0.5, 8.0, 240.0])
def test_a_long_exposure_may_be_soft(shutter_s: float) -> None:
    (sentence,) = for_soft(replace(SNAPSHOT, shutter_s=shutter_s), {})
    assert f"{shutter_s:g} s" in sentence


def test_blur_in_one_direction_at_a_slow_speed_may_be_panning() -> None:
    (sentence,) = for_soft(replace(SNAPSHOT, shutter_s=1 / 30), MOTION)
    assert "1/30 s" in sentence
    assert "panning" in sentence


def test_blur_in_one_direction_at_a_fast_speed_or_in_all_at_a_slow_one_is_none() -> None:
    assert not list(for_soft(SNAPSHOT, MOTION))
    assert not list(for_soft(replace(SNAPSHOT, shutter_s=1 / 30), {"motion_strength": 0.1}))
    assert not list(for_soft(CaptureFacts(), MOTION))


@pytest.mark.parametrize(
    ("shutter_s", "aperture", "iso", "brightness"),
    [(1 / 125, 16.0, 100, 15), (1 / 60, 2.0, 3200, 3), (1.0, 1.0, 100, 0), (15.0, 2.8, 3200, -6)],
)
def test_scene_brightness_is_that_of_the_exposure_tables(
    shutter_s: float, aperture: float, iso: int, brightness: float
) -> None:
    facts = CaptureFacts(shutter_s=shutter_s, aperture=aperture, iso=iso)
    assert scene_brightness_ev(facts) == pytest.approx(brightness, abs=0.1)


@pytest.mark.parametrize("missing", ["shutter_s", "aperture", "iso"])
def test_scene_brightness_needs_all_three(missing: str) -> None:
    for absent in (None, 0):
        values: dict[str, Any] = {missing: absent}
        assert scene_brightness_ev(replace(SNAPSHOT, **values)) is None


def test_a_dark_scene_may_look_dark() -> None:
    night = CaptureFacts(shutter_s=1 / 30, aperture=1.8, iso=6400)
    assert any("dark" in sentence for sentence in for_dark(night, {}))
    assert not list(for_bright(night, {}))


def test_who_asks_for_another_exposure_gets_it() -> None:
    darker, brighter = (replace(SNAPSHOT, exposure_bias_ev=bias) for bias in (-2.0, 1.33))
    assert any("-2.0 EV" in sentence for sentence in for_dark(darker, {}))
    assert any("+1.3 EV" in sentence for sentence in for_bright(brighter, {}))
    assert not list(for_dark(brighter, {}))
    assert not list(for_bright(darker, {}))
    assert not list(for_bright(replace(SNAPSHOT, exposure_bias_ev=0.67), {}))


def test_a_sharp_part_speaks_for_shallow_focus() -> None:
    assert any("80%" in sentence for sentence in for_soft(CaptureFacts(), {"sharpness": 0.8, "sharp_fraction": 0.9}))
    assert not list(for_soft(CaptureFacts(), {"sharpness": 0.3, "sharp_fraction": 0.9}))


def test_focus_on_a_small_part_needs_a_wide_aperture() -> None:
    measures = {"sharpness": 0.5, "sharp_fraction": 0.04}
    assert any("f/1.4" in sentence for sentence in for_soft(replace(SNAPSHOT, aperture=1.4), measures))
    assert not list(for_soft(SNAPSHOT, measures))
    assert not list(for_soft(replace(SNAPSHOT, aperture=1.4), measures | {"sharp_fraction": 0.9}))


def test_fog_hides_edges_and_darkness_is_no_fog() -> None:
    assert any("fog" in sentence for sentence in for_soft(CaptureFacts(), {"contrast": 12.0, "dark_luma": 140.0}))
    assert not list(for_soft(CaptureFacts(), {"contrast": 12.0, "dark_luma": 1.0}))
    assert not list(for_soft(CaptureFacts(), {"contrast": 60.0, "dark_luma": 140.0}))


@pytest.mark.parametrize(
    "measures",
    [
        {"top_luma": 140.0, "median_luma": 6.0, "colourfulness": 30.0},  # fireworks, a lamp
        {"top_luma": 80.0, "median_luma": 19.0, "colourfulness": 130.0},  # neon
    ],
)
def test_light_in_the_dark_speaks_for_low_key(measures: dict[str, float]) -> None:
    assert list(for_dark(CaptureFacts(), measures))


@pytest.mark.parametrize(
    "measures",
    [
        {"top_luma": 44.0, "median_luma": 13.0, "colourfulness": 30.0},
        {"top_luma": 33.0, "median_luma": 0.7, "colourfulness": 40.0},
        {"top_luma": 140.0},
    ],
)
def test_a_frame_that_is_dark_all_over_is_no_low_key(measures: dict[str, float]) -> None:
    assert not list(for_dark(CaptureFacts(), measures))


def test_held_highlights_speak_for_high_key() -> None:
    assert any("high key" in sentence for sentence in for_bright(CaptureFacts(), {"clipped_high": 0.01}))
    assert not list(for_bright(CaptureFacts(), {"clipped_high": 0.5}))


def test_black_and_white_is_a_style_and_a_black_frame_is_none() -> None:
    assert list(for_hard_contrast({"monochrome": 1.0, "contrast": 70.0}))
    assert not list(for_hard_contrast({"monochrome": 1.0, "contrast": 2.0}))
    assert not list(for_hard_contrast({"monochrome": 0.0, "contrast": 70.0}))
