"""What taste looks at is what a first look leaves, under names that it really uses."""

from __future__ import annotations

import pytest
from support.photographers import looks
from support.pictures import scene

from realqa_agent.assessment import ATTRIBUTES
from realqa_agent.capture import CaptureFacts
from realqa_agent.config import Config
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook.scorer import FirstLook
from realqa_agent.taste.features import JUDGED, MEASURED, SKEWED, WORDS, features_of


def test_the_first_look_measures_all_of_them() -> None:
    facts = CaptureFacts(shutter_s=0.01, aperture=4.0, iso=200)
    assessment = FirstLook(Config()).assess(Picture(scene(1), facts=facts))
    assert MEASURED.keys() <= assessment.measures.keys()
    assert JUDGED.keys() == ATTRIBUTES.keys()
    assert MEASURED.keys() >= SKEWED


def test_no_two_features_have_the_same_words() -> None:
    words = [each for pair in WORDS.values() for each in (pair.more, pair.less)]
    assert len(set(words)) == len(words)


def test_what_is_unknown_is_left_out() -> None:
    (photo,) = looks(1)
    found = features_of(photo)
    assert found["quality"] == photo.quality
    assert found["exposure"] == photo.attributes["exposure"].score
    assert found["colourfulness"] == pytest.approx(photo.measures["colourfulness"] ** 0.5)
    assert found["contrast"] == photo.measures["contrast"]
    assert "subject_and_background" not in found
    assert "scene_ev" not in found
