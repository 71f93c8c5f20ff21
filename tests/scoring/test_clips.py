from __future__ import annotations

from dataclasses import replace

import pytest

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, Judgement, Uncertainty
from realqa_agent.scoring.clips import pool


def frame(overall: float, clarity: float | None = 8.0, **measures: float) -> Assessment:
    unknown = Judgement(value=UNKNOWN, score=None, reason="not looked at")
    attributes = dict.fromkeys(ATTRIBUTES, unknown)
    if clarity is not None:
        value = "clear" if clarity >= 6.5 else "blurry"
        attributes["image_clarity"] = Judgement(value=value, score=clarity, reason=f"edges of {clarity}")
    return Assessment(
        scorer="firstlook",
        version="1",
        quality=overall,
        aesthetic=overall,
        overall=overall,
        attributes=attributes,
        measures=measures,
    )


def test_scores_are_means_and_the_summary_tells_the_rest() -> None:
    clip = pool([(0.5, frame(4)), (1.5, frame(8)), (2.5, frame(6))])
    assert (clip.quality, clip.aesthetic, clip.overall) == (6, 6, 6)
    assert clip.clip is not None
    assert (clip.clip.frames, clip.clip.mean, clip.clip.lowest, clip.clip.best_at_s) == (3, 6, 4, 1.5)
    assert clip.clip.spread == 1.63


def test_uncertainty_is_the_usual_one_and_none_where_a_frame_has_none() -> None:
    sure = replace(frame(5), uncertainty=Uncertainty(quality=0.4, aesthetic=1.0))
    doubtful = replace(frame(5), uncertainty=Uncertainty(quality=0.8, aesthetic=2.0))
    assert pool([(0.5, sure), (1.5, doubtful)]).uncertainty == Uncertainty(quality=0.6, aesthetic=1.5)
    assert pool([(0.5, sure), (1.5, frame(5))]).uncertainty is None


def test_an_attribute_is_that_of_a_typical_frame_so_that_word_and_score_agree() -> None:
    clip = pool([(0.5, frame(5, 2.0)), (1.5, frame(5, 7.0)), (2.5, frame(5, 9.0))])
    judged = clip.attributes["image_clarity"]
    assert (judged.value, judged.score) == ("clear", 7.0)
    assert judged.reason == "over 3 frames, mean 6.0, lowest 2.0; typical at 1.5 s: edges of 7.0"


def test_the_best_frame_of_each_attribute_is_kept_for_culling() -> None:
    clip = pool([(0.5, frame(5, 2.0)), (1.5, frame(5, 7.0))])
    assert clip.measures["best_image_clarity"] == 7.0
    assert "best_exposure" not in clip.measures


def test_unknown_in_most_frames_is_unknown() -> None:
    clip = pool([(0.5, frame(5, None)), (1.5, frame(5, None)), (2.5, frame(5, 7.0))])
    judged = clip.attributes["image_clarity"]
    assert judged.value == UNKNOWN
    assert judged.reason == "unknown in 2 of 3 frames: not looked at"


def test_measures_are_medians_over_the_frames_that_have_them() -> None:
    clip = pool([(0.5, frame(5, noise=2.0)), (1.5, frame(5, noise=3.0, motion_angle=35.0)), (2.5, frame(5, noise=9.0))])
    assert clip.measures["noise"] == 3.0
    assert clip.measures["motion_angle"] == 35.0


def test_one_frame_is_a_clip() -> None:
    clip = pool([(0.0, frame(7))])
    assert clip.clip is not None
    assert (clip.clip.spread, clip.overall) == (0, 7)


def test_no_frames_or_mixed_scorers_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="without frames"):
        pool([])
    with pytest.raises(ValueError, match="different scorers"):
        pool([(0.0, frame(7)), (1.0, replace(frame(7), version="2"))])
