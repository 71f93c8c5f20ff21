"""All answers of one picture, as an assessment or as a failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from support.beliefs import belief

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, ClipSummary, Uncertainty
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import answers, assessing, prompts, vocabulary
from realqa_agent.scoring.mllm.answers import Told
from realqa_agent.scoring.mllm.assessing import Given
from realqa_agent.scoring.mllm.questions import Answer, DigitBelief, Scale
from realqa_agent.scoring.view import Frame, Silence

WORDS = vocabulary.load()
TEN, FIVE = Scale(low=1, high=10), Scale(low=1, high=5)
HALVES = belief({"2.50": 0.5, "3.50": 0.5})
"""A belief with a mean of 3.045 and a spread of half a point."""


def given(answer: DigitBelief | str, scale: Scale = TEN, *, finished: bool = True) -> Given:
    return Given(answer=Answer(text=answer, finished=finished) if isinstance(answer, str) else answer, scale=scale)


def tell(name: str, text: str) -> Told:
    [question] = prompts.load().questions([name], scale=TEN)
    return answers.told(question, Answer(text=text, finished=True), WORDS)


def assess(*told: Told, decode: Any = "expectation", **numbers: Given) -> Assessment | Silence:
    return assessing.assess(scorer="realqa", version="1", numbers=numbers, told=told, decode=decode)


def assessed(*told: Told, decode: Any = "expectation", **numbers: Given) -> Assessment:
    found = assess(*told, decode=decode, **numbers)
    assert isinstance(found, Assessment)
    return found


SCORED = assessed(quality=given(HALVES), aesthetic=given(HALVES), overall=given(belief({"6.00": 1})))


def test_scores_come_from_each_adapters_own_scale() -> None:
    found = assessed(quality=given(HALVES, FIVE), aesthetic=given(HALVES, TEN), overall=given(belief({"6.59": 1})))
    assert (found.quality, found.aesthetic, found.overall) == pytest.approx((5.6, 3.045, 6.545), abs=0.006)
    assert found.uncertainty == Uncertainty(quality=0.5 * 9 / 4, aesthetic=0.5)
    assert found.measures == {
        "raw_overall": pytest.approx(6.545),
        "raw_overall_low": 1,
        "raw_overall_high": 10,
        "digit_mass_overall": 1,
        "raw_quality": pytest.approx(3.045),
        "raw_quality_low": 1,
        "raw_quality_high": 5,
        "digit_mass_quality": 1,
        "raw_aesthetic": pytest.approx(3.045),
        "raw_aesthetic_low": 1,
        "raw_aesthetic_high": 10,
        "digit_mass_aesthetic": 1,
    }
    assert (found.scorer, found.version) == ("realqa", "1")


def test_greedy_digits_are_taken_as_they_stand_and_keep_their_spread() -> None:
    found = assessed(quality=given(belief({"4.00": 0.6, "3.00": 0.4}), FIVE), aesthetic=given(HALVES), decode="greedy")
    assert found.measures["raw_quality"] == 4
    assert found.quality == 7.75
    assert found.uncertainty is not None
    assert found.uncertainty.quality == pytest.approx(0.4899 * 9 / 4, abs=0.01)


def test_without_a_composite_the_mean_sorts_and_is_not_called_one() -> None:
    found = assessed(
        quality=given("The score of this image is 4.00."), aesthetic=given("The score of this image is 7.00.")
    )
    assert found.overall == 5.5
    assert "raw_overall" not in found.measures


def test_a_text_gives_a_number_and_no_uncertainty() -> None:
    found = assessed(quality=given("… The final score is <4.50>."), aesthetic=given(HALVES))
    assert found.quality == 4.5
    assert found.uncertainty is None
    assert "digit_mass_quality" not in found.measures


@pytest.mark.parametrize(
    ("wrong", "scale", "why", "raw"),
    [
        (belief({"5.50": 1}), FIVE, "5.50 is not on the scale from 1 to 5", "5.50"),
        (belief({"0.30": 1}), TEN, "0.30 is not on the scale from 1 to 10", "0.30"),
        (belief({"4.00": 1}, mass=0.2), FIVE, "only 20%", "4.00"),
        ("I can't say.", TEN, "there is no final score in it", "I can't say."),
        ("The final score is <11.00>.", TEN, "11 is not on the scale", "The final score is <11.00>."),
    ],
)
@pytest.mark.parametrize("name", ["overall", "quality", "aesthetic"])
def test_a_number_that_is_none_fails_the_picture(
    name: str, wrong: DigitBelief | str, scale: Scale, why: str, raw: str
) -> None:
    numbers = dict.fromkeys(["overall", "quality", "aesthetic"], given(HALVES)) | {name: given(wrong, scale)}
    failed = assess(**numbers)
    assert isinstance(failed, Silence)
    assert failed.reason.startswith(f"{name}: ")
    assert "; " not in failed.reason
    assert why in failed.reason
    assert f'"{raw}"' in failed.reason


def test_all_that_failed_is_told() -> None:
    failed = assess(quality=given(""), aesthetic=given("The score of this image is 7", finished=False))
    assert isinstance(failed, Silence)
    assert failed.reason == (
        'quality: there is no final score in it (""); '
        'aesthetic: the answer was cut at its token limit ("The score of this image is 7")'
    )


def test_the_unread_decimal_carries_nothing_past_the_end_of_a_scale() -> None:
    found = assessed(quality=given(belief({"5.00": 1}), FIVE), aesthetic=given(belief({"1.00": 1}), FIVE))
    assert (found.quality, found.measures["raw_quality"]) == (10, 5)
    assert found.aesthetic == pytest.approx(1 + 0.045 * 9 / 4, abs=0.01)


@hypothesis.given(
    st.dictionaries(st.integers(0, 999).map(lambda number: f"{number / 100:.2f}"), st.floats(0.01, 1), min_size=1),
    st.integers(0, 4),
    st.integers(1, 6),
    st.sampled_from(["expectation", "greedy"]),
)
def test_any_belief_gives_scores_from_1_to_10_or_fails(
    numbers: dict[str, float], low: int, length: int, decode: str
) -> None:
    scale = Scale(low=low, high=low + length)
    found = assess(quality=given(belief(numbers), scale), aesthetic=given(HALVES), decode=decode)
    if isinstance(found, Silence):
        # Something that was believed lies off the scale: nothing else fails it.
        assert not all(scale.low <= float(number) <= scale.high for number in numbers)
    else:
        raw = found.measures["raw_quality"]
        assert scale.low <= raw <= scale.high
        assert found.quality == pytest.approx(1 + 9 * (raw - scale.low) / length, abs=0.006)


def test_attributes_keep_their_order_and_the_silent_ones_are_unknown() -> None:
    found = assessed(
        tell("exposure", "Reason: white sky\nExposure: overexposed"), quality=given(HALVES), aesthetic=given(HALVES)
    )
    assert list(found.attributes) == list(ATTRIBUTES)
    assert (found.attributes["exposure"].score, found.attributes["exposure"].reason) == (1, "white sky")
    silent = {one.reason for name, one in found.attributes.items() if name != "exposure"}
    assert silent == {"the model said nothing of it"}


def test_the_first_text_with_a_value_counts() -> None:
    found = assessing.judgements(
        [
            tell("exposure", "Exposure: dim"),
            tell("saturation", "Saturation: natural"),
            tell("reasoning_regular", "3.1 Exposure: underexposed, 3.2 Saturation: oversaturated"),
            tell("reasoning_natural", "An overexposed photo."),
        ]
    )
    assert found["exposure"].value == "underexposed"
    assert found["saturation"].value == "natural"
    quoting = assessing.judgements([tell("exposure", "Exposure: dim"), tell("exposure", "Exposure: dusky")])
    assert quoting["exposure"].value == UNKNOWN
    assert '"dim"' in quoting["exposure"].reason


def test_names_of_things_are_kept_without_a_rank() -> None:
    found = assessing.judgements(
        [
            tell("subject_and_subject_clutter", "Subject: bed\nSubject Clutter: uncluttered"),
            tell("background_and_background_clutter", "Background: wall\nBackground Clutter: cluttered"),
            tell("reasoning_regular", "2.1 Subject: sofa"),
        ]
    )
    assert found["subject_and_background"].value == UNKNOWN
    assert found["subject_and_background"].reason == 'subject "bed", background "wall": a name has no rank'


@pytest.mark.parametrize(
    ("roles", "asked"),
    [
        ({"overall"}, {"overall": "overall", "quality": "overall", "aesthetic": "overall"}),
        ({"overall", "quality"}, {"overall": "overall", "quality": "quality", "aesthetic": "overall"}),
        ({"quality", "aesthetic"}, {"quality": "quality", "aesthetic": "aesthetic"}),
        (
            {"overall", "quality", "aesthetic"},
            {"overall": "overall", "quality": "quality", "aesthetic": "aesthetic"},
        ),
    ],
)
def test_an_adapter_for_the_composite_stands_in(roles: set[str], asked: dict[str, str]) -> None:
    assert assessing.who_answers(roles) == asked


@pytest.mark.parametrize(
    ("roles", "lacking"), [({"quality"}, "aesthetic"), ({"aesthetic"}, "quality"), (set(), "quality")]
)
def test_taste_is_not_asked_of_what_was_trained_on_technique(roles: set[str], lacking: str) -> None:
    with pytest.raises(UserError, match=f"no adapter answers for {lacking}"):
        assessing.who_answers(roles)


@pytest.mark.parametrize(
    ("name", "text", "unread"),
    [
        ("exposure", "Exposure: overexposed", 0),
        ("exposure", "Exposure: not applicable", 0),
        ("saturation", "black and white", 0),
        ("exposure", "Exposure: dim", 1),
        ("exposure", "A lovely photo.", 1),
        ("composition_score", "Composition Score: 11", 1),
        ("subject_and_subject_clutter", "Subject: bed", 1),
        ("reasoning_regular", "3.1 Exposure: overexposed, 3.2 Saturation: dull. The final score is <5.00>.", 8),
        ("reasoning_natural", "The background is cluttered. The final score is <5.00>.", 0),
        ("reasoning_natural", "The final score is <5.00>.", 9),
    ],
)
def test_answers_that_could_not_be_read_are_counted(name: str, text: str, unread: int) -> None:
    assert (
        assessed(tell(name, text), quality=given(HALVES), aesthetic=given(HALVES)).measures["answers_unread"] == unread
    )


def test_the_counts_of_several_answers_add_up() -> None:
    told = [tell("exposure", "Exposure: dim"), tell("saturation", "Saturation: faint"), tell("level_shot", "level")]
    assert assessed(*told, quality=given(HALVES), aesthetic=given(HALVES)).measures["answers_unread"] == 2


@pytest.mark.parametrize(
    ("label", "scale", "written"),
    [
        (1, Scale(low=0, high=9.99), "0.00"),
        (10, Scale(low=0, high=9.99), "9.99"),
        (5.5, FIVE, "3.00"),
        (7.3, TEN, "7.30"),
        (10, TEN, None),
    ],
)
def test_a_label_is_written_as_the_model_would(label: float, scale: Scale, written: str | None) -> None:
    assert assessing.written(label, scale) == written


def test_a_place_without_any_share_makes_no_measure() -> None:
    sure = [[float(digit == right) for digit in range(10)] for right in (6, 5, 9)]
    assert assessing.against("quality", "6.59", sure) == {"ncm_quality": pytest.approx(6.59), "ncm_star_quality": 0}
    assert assessing.against("quality", "6.59", [sure[0], [0.0] * 10, sure[2]]) == {}


class TestPooled:
    @staticmethod
    def frames(*at: float | None) -> list[Frame]:
        return [Frame(at_s=one, width=28, height=28, rgb=b"", first=SCORED) for one in at]

    def test_half_of_a_clips_frames_are_enough_and_none_is_made_up(self) -> None:
        low = replace(SCORED, overall=1.0)
        whole = assessing.pooled(self.frames(1, 2, 3, 4), [Silence(reason="a"), low, Silence(reason="b"), SCORED])
        assert isinstance(whole, Assessment)
        assert whole.clip == ClipSummary(
            frames=2,
            mean=(SCORED.overall + 1) / 2,
            lowest=1.0,
            spread=(SCORED.overall - 1) / 2,
            best_at_s=4.0,
        )
        assert whole.measures["frames_unanswered"] == 2

    def test_with_fewer_the_clip_has_none(self) -> None:
        judged: list[Assessment | Silence] = [Silence(reason="quality: only 20%"), SCORED, Silence(reason="b")]
        assert assessing.pooled(self.frames(1, 2, 3), judged) == Silence(
            reason="2 of 3 frames have no score; the first: quality: only 20%"
        )

    @pytest.mark.parametrize("judged", [Silence(reason="nothing"), SCORED], ids=["silent", "scored"])
    def test_a_photo_is_left_as_it_is(self, judged: Assessment | Silence) -> None:
        assert assessing.pooled(self.frames(None), [judged]) is judged
