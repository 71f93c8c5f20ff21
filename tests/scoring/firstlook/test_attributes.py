"""Damage moves its own attribute down, and leaves the others where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    from support.photo import Photo

    from realqa_agent.assessment import Assessment

    Pixels = npt.NDArray[np.uint8]
    Assess = Callable[..., Assessment]

MEASURED = ("image_clarity", "exposure", "saturation", "level_shot")

DAMAGES: dict[str, tuple[str, Callable[[Photo], list[Pixels]]]] = {
    "blur": ("image_clarity", lambda photo: [photo.blurred(sigma) for sigma in (0.8, 1.5, 3, 6)]),
    "motion": ("image_clarity", lambda photo: [photo.moved(length, 35) for length in (4, 10, 25)]),
    "noise": ("image_clarity", lambda photo: [photo.noisy(sigma) for sigma in (6, 12, 25)]),
    "dark": ("exposure", lambda photo: [photo.exposed(stops) for stops in (-1, -2, -3, -5)]),
    "bright": ("exposure", lambda photo: [photo.exposed(stops) for stops in (1, 2, 3, 5)]),
    "pale": ("saturation", lambda photo: [photo.coloured(factor) for factor in (0.5, 0.3, 0.15)]),
    "garish": ("saturation", lambda photo: [photo.coloured(factor) for factor in (1.6, 2.2, 4)]),
    "turned": ("level_shot", lambda photo: [photo.turned(degrees) for degrees in (1, 2.5, 5, 9)]),
    "turned the other way": ("level_shot", lambda photo: [photo.turned(-degrees) for degrees in (1, 2.5, 5, 9)]),
}


def scores(assessment: Assessment) -> dict[str, float]:
    return {name: score for name in MEASURED if (score := assessment.attributes[name].score) is not None}


@pytest.fixture(scope="module")
def good(photo: Photo, assess: Assess) -> Assessment:
    return assess(photo.good())


def test_a_good_photo_is_good(good: Assessment) -> None:
    values = {name: good.attributes[name].value for name in MEASURED}
    assert values == {
        "image_clarity": "clear",
        "exposure": "properly exposed",
        "saturation": "natural",
        "level_shot": "level",
    }
    assert min(scores(good).values()) > 8.5
    assert good.quality > 6.5


@pytest.mark.parametrize("kind", DAMAGES)
def test_more_damage_scores_lower(kind: str, photo: Photo, assess: Assess, good: Assessment) -> None:
    attribute, spoil = DAMAGES[kind]
    path = [scores(good)[attribute], *(scores(assess(pixels))[attribute] for pixels in spoil(photo))]
    assert path == sorted(path, reverse=True)
    assert path[-1] < path[0] - 1.5


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_leaves_the_other_attributes_alone(kind: str, photo: Photo, assess: Assess, good: Assessment) -> None:
    attribute, spoil = DAMAGES[kind]
    moderate = scores(assess(spoil(photo)[1]))
    before = scores(good)
    for name in before.keys() - {attribute}:
        assert moderate[name] == pytest.approx(before[name], abs=1.0), name


@pytest.mark.parametrize(
    "spoil",
    [
        lambda photo: photo.blurred(2),
        lambda photo: photo.moved(15, 35),
        lambda photo: photo.exposed(-3),
        lambda photo: photo.exposed(2.5),
    ],
    ids=["blur", "motion", "dark", "bright"],
)
def test_damage_lowers_quality(
    spoil: Callable[[Photo], Pixels], photo: Photo, assess: Assess, good: Assessment
) -> None:
    """Noise and compression do so on real photos, see `test_native_damage`: on a drawn one they pass for texture."""
    spoilt = assess(spoil(photo))
    assert spoilt.quality < good.quality - 0.4
    assert spoilt.overall < good.overall
