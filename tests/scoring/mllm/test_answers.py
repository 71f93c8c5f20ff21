"""Texts of a model, by every form that they come in and every trap that was met."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN
from realqa_agent.scoring.mllm import answers, prompts, vocabulary
from realqa_agent.scoring.mllm.answers import Told, Unanswered
from realqa_agent.scoring.mllm.prompts import ABOUT
from realqa_agent.scoring.mllm.questions import Answer, Scale

WORDS = vocabulary.load()
TEN = Scale(low=1, high=10)
FIVE = Scale(low=1, high=5)
QUESTIONS = MappingProxyType(
    {one.name: one for one in prompts.load().questions([*ABOUT, "reasoning_natural", "reasoning_regular"], scale=TEN)}
)

REGULAR = """\
1.1 Reason for Composition Score: The bed fills it, 2.5 metres wide; taken at 1.5 metres, 1.2 Composition Score: 7
1.3 Reason for Eye-Catching Score: A plain room at 3.0 EV: nothing stands out., 1.4 Eye-Catching Score: 5
2.1 Subject: bed, 2.2 Subject Integrity: partially complete (slightly cut off or slightly obscured)
2.3 Subject Clutter: uncluttered, 2.4 Background: wall and lamp, 2.5 Background Clutter: cluttered
2.6 Level Shot: level
3.1 Reason for Image Clarity: the seams can be seen, 3.2 Image Clarity: clear; 3.3 Exposure: slightly overexposed
3.4 Saturation: natural, 3.5 Mood: calm
The final score is <6.59>."""

NATURAL = """\
The bed is placed in the middle and the lines lead to it, which gives a composition score of 7. Few stop here, \
so the eye-catching score is 5. The subject is partially complete, as the left edge is cut off. The background is \
uncluttered, but the subject is slightly cluttered. This is a properly exposed photo. The image is not blurry. \
The colours are natural. The final score is <6.59>."""


def said(text: str, *, finished: bool = True) -> Answer:
    return Answer(text=text, finished=finished)


def tell(name: str, text: str, *, finished: bool = True) -> Told:
    return answers.told(QUESTIONS[name], said(text, finished=finished), WORDS)


def values(told: Told) -> dict[str, str]:
    return {name: judgement.value for name, judgement in told.judgements.items()}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The final score is <6.59>.", 6.59),
        ("The final score is < 6.59 >", 6.59),
        ("The final score is 6.59.", 6.59),
        ("the Final Score is: 7", 7),
        ("The score of this image is 3.45.", 3.45),
        ("The score of this image is 10", 10),
        ("Its composition score is <7>, its eye-catching score <5>. The final score is <6.59>.", 6.59),
        ("The noise is < 5 % and the contrast > 2. The final score is <6.59>.", 6.59),
        ("<<6.59>>", 6.59),
        ("<the score <6.5<7.25>", 7.25),
        ("<image>The final score is 6.59", 6.59),
        ("The final score is 3.00. No: the final score is 4.00.", 4),
        ("<4.2>, and the score of this image is 9.00", 4.2),
        ("The composition score of this image is 7. The final score is 6.5", 6.5),
        ("The final score\nis 6.5", 6.5),
        (REGULAR, 6.59),
        (NATURAL, 6.59),
    ],
)
def test_the_last_score_counts(text: str, number: float) -> None:
    assert answers.number(said(text), TEN) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't judge this image.",
        "The composition score is 7.",
        "The composition score of this image is 7.",
        "Its eye-catching score of this image is 7.",
        "6.59",
        "The final score is <6.5",
        "Its composition score is <7>. The final score is <6.5",
        "The score of this image is 7, but the final score is <6.",
        "The final score is <>",
        "The final score is <-3.2>",
        "The final score is -3.2",
        "The final score is <6,59>",
        "The final score is <6.599>",
        "The final score is 6.599",
        "The final score is 6.5.9",
        "The final score is 6,59",
        "The final score is <100.00>",
        "The final score is 100",
        "The final score is <0.99>",
        "The final score is <10.01>",
        "Rather <7.00>, but the final score is <12.50>",
        "Rather <7.00>, but the final score is <100>",
        "The final score is <\u0666.\u0665>",
        "The final score is good < 5 and > 3",
        "The final score is <six>",
        "The final score is <6.59/10>",
    ],
)
def test_what_is_no_certain_score_is_no_number(text: str) -> None:
    answer = answers.number(said(text), TEN)
    assert isinstance(answer, Unanswered)
    assert answer.raw == text
    assert answer.why


def test_the_scale_is_that_of_the_adapter() -> None:
    assert answers.number(said("The final score is <5.00>."), FIVE) == 5
    failed = answers.number(said("The final score is <5.01>."), FIVE)
    assert isinstance(failed, Unanswered)
    assert failed.why == "5.01 is not on the scale from 1 to 5"


@pytest.mark.parametrize("text", ["The final score is <6.59>", "The score of this image is 6.5", NATURAL[:200]])
def test_a_cut_answer_has_no_last_word(text: str) -> None:
    failed = answers.number(said(text, finished=False), TEN)
    assert failed == Unanswered(raw=text, why="the answer was cut at its token limit")


@given(st.text(st.characters() | st.sampled_from("<>.0123456789")) | st.text("<>. 0159final score is"))
def test_any_text_gives_a_number_on_the_scale_or_none(text: str) -> None:
    answer = answers.number(said("The final score is " + text), TEN)
    assert isinstance(answer, Unanswered) or 1 <= answer <= 10


@given(st.decimals(1, 10, places=2), st.text(st.characters(exclude_characters="<>0123456789")))
def test_a_closing_score_is_found_behind_any_prose(score: object, prose: str) -> None:
    assert answers.number(said(f"{prose} <3> The final score is <{score}>."), TEN) == float(str(score))


def test_the_regular_form_tells_all_ten() -> None:
    told = tell("reasoning_regular", REGULAR)
    assert values(told) == {
        "composition": "7",
        "eye_catching": "5",
        "subject_integrity": "partially complete (slightly cut off or slightly obscured)",
        "subject_clutter": "uncluttered",
        "background_clutter": "cluttered",
        "level_shot": "level",
        "image_clarity": "clear",
        "exposure": "slightly overexposed",
        "saturation": "natural",
    }
    assert told.things == {"subject": "bed", "background": "wall and lamp"}
    assert told.extra == {"Mood": "calm"}
    assert told.raw == REGULAR
    reasons = {name: judgement.reason for name, judgement in told.judgements.items()}
    assert reasons["composition"] == "The bed fills it, 2.5 metres wide; taken at 1.5 metres"
    assert reasons["eye_catching"] == "A plain room at 3.0 EV: nothing stands out."
    assert reasons["image_clarity"] == "the seams can be seen"
    assert reasons["exposure"] == 'the model says "slightly overexposed"'


def test_in_the_regular_form_the_last_of_two_fields_counts_and_a_missing_one_is_missing() -> None:
    told = tell(
        "reasoning_regular", "3.1 Exposure: overexposed, 3.2 Exposure: underexposed. The final score is <5.00>."
    )
    assert values(told) == {"exposure": "underexposed"}


def test_in_the_regular_form_a_word_beside_the_vocabulary_is_unknown_and_kept() -> None:
    told = tell(
        "reasoning_regular", "3.1 Exposure: a bit dark, 3.2 Saturation: , 1.1 Reason for Composition Score: none"
    )
    assert {judgement.value for judgement in told.judgements.values()} == {UNKNOWN}
    assert told.judgements["exposure"].reason == 'the model says "a bit dark", which is no word of the vocabulary'
    assert told.judgements["composition"].reason == 'the model gives a reason and no value: "none"'


@pytest.mark.parametrize(
    "cut", ["3.1 Image Clarity: clear, 3.2 Exposure: over", "3.1 Image Clarity: clear, 3.2 Exposure: "]
)
def test_a_cut_regular_form_loses_its_last_field(cut: str) -> None:
    assert values(tell("reasoning_regular", cut, finished=False)) == {"image_clarity": "clear"}
    closed = "3.1 Image Clarity: clear. The final score is <6."
    assert values(tell("reasoning_regular", closed, finished=False)) == {"image_clarity": "clear"}


def test_a_long_name_is_no_name() -> None:
    told = tell("reasoning_regular", f"2.1 Subject: {'a bed ' * 20}, 2.2 Background: ")
    assert told.things == {}
    assert set(told.extra) == {"Subject", "Background"}


def test_the_natural_form_tells_what_it_says_in_so_many_words() -> None:
    told = tell("reasoning_natural", NATURAL)
    assert values(told) == {
        "composition": "7",
        "eye_catching": "5",
        "subject_integrity": "partially complete (slightly cut off or slightly obscured)",
        "subject_clutter": "slightly cluttered",
        "background_clutter": "uncluttered",
        "exposure": "properly exposed",
        "saturation": "natural",
    }
    assert told.judgements["eye_catching"].reason == "Few stop here, so the eye-catching score is 5."
    assert told.raw == NATURAL


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("A score of 8 for its composition is fair.", "composition", "8"),
        ("A score of 8/10 for composition.", "composition", "8"),
        ("Composition score: 4", "composition", "4"),
        ("The eye catching score is <3>.", "eye_catching", "3"),
        ("The background is not cluttered.", "background_clutter", "uncluttered"),
        ("An over-exposed image.", "exposure", "overexposed"),
        ("The horizon looks slightly tilted and the sea runs out.", "level_shot", "slightly tilted"),
        ("The clear image shows a bed.", "image_clarity", "clear"),
        ("THE IMAGE IS VERY BLURRY!", "image_clarity", "very blurry"),
        ("The subject is complete.\nThe subject is complete", "subject_integrity", "complete"),
    ],
)
def test_prose_that_says_one_thing(text: str, name: str, value: str) -> None:
    assert values(tell("reasoning_natural", text)) == {name: value}


@pytest.mark.parametrize(
    "text",
    [
        "The background isn't a cluttered background.",
        "The subject is neither cluttered nor blurry.",
        "With less light the image would be underexposed.",
        "The subject is in complete disarray.",
        "The image is clear of noise.",
        "It is clear that the sky is blue.",
        "An un-cluttered background.",
        "The image is overexposed. The image is underexposed.",
        "The composition score is 7. The composition score is 8.",
        "The composition score is 7.5.",
        "The composition score is 12.",
        "The level shot of this image is poor.",
        "A natural image.",
        "Only the sub-image is overexposed.",
        "The composition, 7 elements, is fine.",
        "Complete subjects, clear skies, level ground.",
    ],
)
def test_prose_that_denies_doubts_or_means_something_else_says_nothing(text: str) -> None:
    told = tell("reasoning_natural", text)
    assert {judgement.score for judgement in told.judgements.values()} <= {None}


def test_the_last_sentence_of_cut_prose_says_nothing() -> None:
    text = "The image is clear. The background is cluttered"
    assert values(tell("reasoning_natural", text, finished=False)) == {"image_clarity": "clear"}


@pytest.mark.parametrize(
    ("name", "text", "value", "reason"),
    [
        ("composition_score", "Composition Reason: a tidy third.\nComposition Score: 7", "7", "a tidy third."),
        ("composition_score", "Reason for Composition Score: tidy, Composition Score: 7.", "7", "tidy"),
        ("composition_score", "1.1 Reason: tidy\n1.2 Score: 7", "7", "tidy"),
        ("composition_score", "7", "7", "the model says 7"),
        ("eye_score", "**Eye-Catching Reason:** red\n\n**Eye-Catching Score:** 8/10", "8", "red"),
        ("eye_score", "It deserves an eye-catching score of 3.", "3", "It deserves an eye-catching score of 3."),
        (
            "subject_and_subject_integrity",
            "Subject: bed\nSubject Integrity: partially complete (slightly cut off or slightly obscured)",
            "partially complete (slightly cut off or slightly obscured)",
            'the model says "partially complete (slightly cut off or slightly obscured)"',
        ),
        ("subject_and_subject_clutter", "Subject: bed, Subject Clutter: uncluttered", "uncluttered", None),
        (
            "background_and_background_clutter",
            "- Background: wall\n- Background Clutter: Cluttered.",
            "cluttered",
            None,
        ),
        ("level_shot", "Level. The horizon is straight.", "level", "The horizon is straight."),
        ("level_shot", "Reason: level beams at 2.5 metres, exposure: fine\nLevel Shot: tilted", "tilted", None),
        ("clearness", "the clear image", "clear", None),
        ("clearness", "Image Clarity: clear\n\nThe seams can be seen.", "clear", "The seams can be seen."),
        ("exposure", "properly exposed image", "properly exposed", "properly exposed image"),
        ("exposure", "Exposure: overexposed\nExposure: underexposed", "underexposed", None),
        ("saturation", "reason: grey sky\nsaturation: slightly undersaturated", "slightly undersaturated", "grey sky"),
    ],
)
def test_answers_to_the_nine_questions(name: str, text: str, value: str, reason: str | None) -> None:
    told = tell(name, text)
    judged = ABOUT[name][-1]
    assert values(told) == {judged: value}
    assert reason is None or told.judgements[judged].reason == reason
    assert told.raw == text


def test_a_pair_names_the_thing() -> None:
    assert tell("subject_and_subject_integrity", "Subject: bed\nSubject Integrity: complete").things == {
        "subject": "bed"
    }
    pair = tell("background_and_background_clutter", "Background: wall, Background Clutter: uncluttered")
    assert pair.things == {"background": "wall"}


@pytest.mark.parametrize(
    ("name", "text", "quote"),
    [
        ("exposure", "quite dark", '"quite dark"'),
        ("exposure", "It isn't an overexposed image.", "overexposed"),
        ("exposure", "Reason: dark", "dark"),
        ("saturation", "Saturation: monochrome", "no rank"),
        ("level_shot", "Level Shot: no horizon", '"no horizon"'),
        ("subject_and_subject_clutter", "Subject: bed", '"Subject: bed"'),
        ("composition_score", "Composition Score: 7.5", '"7.5"'),
        ("clearness", "", '""'),
    ],
)
def test_an_answer_that_cant_be_read_is_unknown_and_quoted(name: str, text: str, quote: str) -> None:
    told = tell(name, text)
    judgement = told.judgements[ABOUT[name][-1]]
    assert judgement.value == UNKNOWN
    assert quote in judgement.reason


@pytest.mark.parametrize("text", ["clear", "Reason: the seams\nImage Clarity: clear"])
def test_a_cut_answer_to_one_of_the_nine_is_unknown(text: str) -> None:
    judgement = tell("clearness", text, finished=False).judgements["image_clarity"]
    assert judgement.value == UNKNOWN
    assert "cut" in judgement.reason


PIECES = st.lists(
    st.sampled_from(
        [
            "1.2 Composition Score: ",
            "2.1 Subject: ",
            "Exposure: ",
            "Reason: ",
            "\n",
            ", ",
            "clear",
            "7",
            "<6.5>",
            " is ",
        ]
    )
    | st.text(max_size=5)
).map("".join)


@given(st.sampled_from(sorted(QUESTIONS)), PIECES, st.booleans())
def test_any_text_tells_known_attributes_and_is_kept(name: str, text: str, finished: bool) -> None:  # noqa: FBT001 - drawn
    told = tell(name, text, finished=finished)
    assert told.raw == text
    assert told.judgements.keys() <= ATTRIBUTES.keys()


@pytest.mark.parametrize("noise", ["\n", " ", ", ", "< ", "1.1 A", "Reason", "not ", "2.1 Subject: "])
@pytest.mark.timeout(10)
def test_a_stuttering_model_costs_no_time(noise: str) -> None:
    for name in QUESTIONS:
        tell(name, noise * 4000)
    answers.number(said(noise * 4000), TEN)
