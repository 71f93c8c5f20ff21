"""Whatever the pixels, the assessment is valid, repeatable and says so where it can't judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from realqa_agent.assessment import UNKNOWN
from realqa_agent.config import Config
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook import vocabulary
from realqa_agent.scoring.firstlook.scorer import FirstLook

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from support.photo import Photo

    from realqa_agent.assessment import Assessment, Judgement

    Pixels = npt.NDArray[np.uint8]
    Assess = Callable[..., Assessment]

SCALES = {
    "image_clarity": (vocabulary.CLARITY,),
    "exposure": (vocabulary.UNDEREXPOSED, vocabulary.OVEREXPOSED),
    "saturation": (vocabulary.UNDERSATURATED, vocabulary.OVERSATURATED),
    "level_shot": (vocabulary.LEVEL,),
    "subject_clutter": (vocabulary.CLUTTER,),
    "background_clutter": (vocabulary.CLUTTER,),
    "subject_integrity": (vocabulary.INTEGRITY,),
}
SHAPES = [(16, 16), (2, 940), (70, 1140), (25, 284), (169, 13), (256, 1), (1, 256), (64, 64), (65, 5000), (3000, 64)]
"""Heights and widths: the smallest that media let through, the odd ones among real files, the limits of tiles."""


def check(assessment: Assessment) -> None:
    """Assert that words are of the vocabulary and agree with their scores."""
    for name, judgement in assessment.attributes.items():
        assert judgement.reason
        if judgement.score is None:
            continue
        if name in SCALES:
            assert any(agrees(judgement, scale) for scale in SCALES[name]), (name, judgement)
        else:
            assert abs(int(judgement.value) - judgement.score) <= 0.5


def agrees(judgement: Judgement, scale: tuple[str, ...]) -> bool:
    if judgement.value not in scale or judgement.score is None:
        return False
    starts = (*vocabulary.STARTS[len(scale)], 10.01)
    rank = scale.index(judgement.value)
    return starts[rank] <= judgement.score < starts[rank + 1]


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_odd_shapes(height: int, width: int, assess: Assess) -> None:
    judged = assess(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))
    check(judged)
    if min(height, width) < 64:
        assert judged.attributes["image_clarity"].value == UNKNOWN
        assert "too narrow" in judged.attributes["image_clarity"].reason


@pytest.mark.parametrize("level", [0, 1, 90, 255])
@pytest.mark.parametrize("shape", [(16, 16), (300, 400), (2, 940)])
def test_flat_pictures_have_no_clarity(shape: tuple[int, int], level: int, assess: Assess) -> None:
    judged = assess(np.full((*shape, 3), level, np.uint8))
    check(judged)
    for name in ("image_clarity", "level_shot", "saturation", "composition", "eye_catching", "background_clutter"):
        assert judged.attributes[name].value == UNKNOWN, name
    assert judged.attributes["exposure"].value == {90: UNKNOWN, 255: "overexposed"}.get(level, "underexposed")


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 14), st.integers(1, 14), st.just(3)),
        elements=st.integers(0, 255),
        fill=st.sampled_from([0, 7, 128, 255]),
    ),
    st.integers(1, 24),
    st.integers(1, 24),
)
def test_random_pictures(pixels: Pixels, tall: int, wide: int) -> None:
    judged = FirstLook(Config()).assess(Picture.from_array(pixels.repeat(tall, axis=0).repeat(wide, axis=1)))
    check(judged)


def test_the_same_pixels_score_the_same(photo: Photo, assess: Assess) -> None:
    assert assess(photo.good()) == assess(photo.good())


def test_a_preview_is_named_as_such(photo: Photo) -> None:
    preview = Picture(Image.fromarray(photo.good()), camera_pixels=False)
    judged = FirstLook(Config()).assess(preview)
    assert "reduced preview" in judged.attributes["image_clarity"].reason
    assert judged.measures["camera_pixels"] == 0
