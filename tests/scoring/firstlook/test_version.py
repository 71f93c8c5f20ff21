"""Whoever changes a formula has to say so: stored scores are taken over as long as the version is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realqa_agent.config import Config
from realqa_agent.scoring.firstlook import scorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.photo import Photo

    from realqa_agent.assessment import Assessment

FORMULAE = "2"
SCORES = {
    "composition": 7.43,
    "eye_catching": 5.57,
    "subject_and_background": None,
    "subject_integrity": 9.5,
    "subject_clutter": 7.15,
    "background_clutter": 8.1,
    "level_shot": 10.0,
    "image_clarity": 9.77,
    "exposure": 9.26,
    "saturation": 9.59,
}


def test_the_version_goes_up_with_the_formulae(photo: Photo, assess: Callable[..., Assessment]) -> None:
    scores = {name: judgement.score for name, judgement in assess(photo.shallow()).attributes.items()}
    assert scorer.FORMULAE == FORMULAE, "new formulae: note the new version and its scores here"
    assert scores == pytest.approx(SCORES, abs=0.1), "scores moved: raise scorer.FORMULAE, then note them here"


def test_the_version_names_the_weights_too() -> None:
    version = scorer.FirstLook(Config()).version
    formulae, mark = version.split("-")
    assert formulae == FORMULAE
    assert len(mark) == 8
