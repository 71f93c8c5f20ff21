from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest
from support.photo import Photo

from training.firstlook.damage import DAMAGE, STEPS, Kind, Pixels, damaged_chain


@pytest.fixture(scope="module")
def sound() -> Pixels:
    """A part of the photo with a wall, windows, and a meadow; its sides differ."""
    return np.ascontiguousarray(Photo().good()[200:328, 100:260])


def change(pixels: Pixels, sound: Pixels) -> float:
    return float(np.abs(pixels.astype(float) - sound).mean())


@pytest.mark.parametrize("kind", get_args(Kind))
def test_damage_grows_with_its_size_and_is_repeatable(kind: Kind, sound: Pixels) -> None:
    mild, strong = STEPS[kind]
    sizes = (0.5 * mild, mild, strong, 1.25 * strong)
    before = sound.copy()
    spoilt = [DAMAGE[kind](sound, size, np.random.default_rng(5)) for size in sizes]
    again = [DAMAGE[kind](sound, size, np.random.default_rng(5)) for size in sizes]
    assert np.array_equal(sound, before)
    for one, other in zip(spoilt, again, strict=True):
        assert one.shape == sound.shape
        assert one.dtype == sound.dtype
        assert np.array_equal(one, other)
    changes = [change(pixels, sound) for pixels in spoilt]
    assert changes[0] > 0.5
    assert all(less < more for less, more in itertools.pairwise(changes)), changes


@pytest.mark.parametrize("kind", get_args(Kind))
def test_whatever_is_drawn_strong_damage_is_worse_than_mild(kind: Kind, sound: Pixels) -> None:
    for seed in range(30):
        mild, strong = damaged_chain(sound, kind, np.random.default_rng(seed))
        assert 0 < change(mild, sound) < change(strong, sound), seed


def test_exposure_and_blur_act_on_light(sound: Pixels) -> None:
    """One stop is half the light, and a blur neither adds nor takes any."""

    def light(pixels: Pixels) -> float:
        return float(((pixels / 255.0) ** 2.2).mean())

    generator = np.random.default_rng(0)
    assert light(DAMAGE["dark"](sound, 1, generator)) == pytest.approx(light(sound) / 2, rel=0.01)
    assert light(DAMAGE["defocus"](sound, 3, generator)) == pytest.approx(light(sound), rel=0.02)
    assert light(DAMAGE["motion"](sound, 9, generator)) == pytest.approx(light(sound), rel=0.02)
