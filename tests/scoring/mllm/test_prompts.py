"""What is asked, to the letter."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import answers, prompts, vocabulary
from realqa_agent.scoring.mllm.pattern import Free, Given, Number
from realqa_agent.scoring.mllm.prompts import ABOUT, NUMBERS
from realqa_agent.scoring.mllm.questions import Answer, Kind, Question, Scale

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = (resources.files("realqa_agent.scoring.mllm") / "data/prompts.toml").read_text(encoding="utf-8")
TEN = Scale(low=1, high=10)

CLUTTER = "Answer with one of: uncluttered; slightly cluttered; cluttered; no clear"
REASON = "Give the reason in a few words, then"
GOLDEN = {
    "overall": (
        "Please rate the overall quality and aesthetics of this image with a score from 1 to 10, to two decimals."
    ),
    "quality": "Please rate the technical quality of this image with a score from 1 to 10, to two decimals.",
    "aesthetic": "Please rate the aesthetics of this image with a score from 1 to 10, to two decimals.",
    "composition_score": (
        f"Please judge the composition of this image. {REASON} a whole number from 1 to 10, in this form:\n"
        "Composition Reason: ...\nComposition Score: ..."
    ),
    "eye_score": (
        f"Please judge how eye-catching this image is. {REASON} a whole number from 1 to 10, in this form:\n"
        "Eye-Catching Reason: ...\nEye-Catching Score: ..."
    ),
    "subject_and_subject_integrity": (
        "Please name the subject of this image, then say whether it is complete. Answer with one of: complete; "
        "partially complete (slightly cut off or slightly obscured); incomplete (largely cut off or obscured); no "
        "clear subject. Use this form:\nSubject: ...\nSubject Integrity: ..."
    ),
    "subject_and_subject_clutter": (
        f"Please name the subject of this image, then say whether it is cluttered. {CLUTTER} subject. Use this form:\n"
        "Subject: ...\nSubject Clutter: ..."
    ),
    "background_and_background_clutter": (
        f"Please name the background of this image, then say whether it is cluttered. {CLUTTER} background. Use this "
        "form:\nBackground: ...\nBackground Clutter: ..."
    ),
    "level_shot": (
        f"Please say whether this image was shot level. {REASON} one of: level; slightly tilted; tilted; no horizon. "
        "Use this form:\nReason: ...\nLevel Shot: ..."
    ),
    "clearness": (
        f"Please judge how clear this image is. {REASON} one of: clear; slightly blurry; blurry; very blurry. Use this "
        "form:\nReason: ...\nImage Clarity: ..."
    ),
    "exposure": (
        f"Please judge the exposure of this image. {REASON} one of: properly exposed; slightly underexposed; slightly "
        "overexposed; underexposed; overexposed. Use this form:\nReason: ...\nExposure: ..."
    ),
    "saturation": (
        f"Please judge the saturation of this image. {REASON} one of: natural; slightly undersaturated; slightly "
        "oversaturated; undersaturated; oversaturated; monochrome. Use this form:\nReason: ...\nSaturation: ..."
    ),
    "reasoning_natural": "Rate the aesthetics and quality of this image step by step.",
    "reasoning_regular": " Rate the aesthetics and quality of this image step by step with the regular form.",
}
"""Whoever changes one raises the file's version: stored scores are taken over as long as it is the same."""


@pytest.mark.parametrize("name", GOLDEN)
def test_questions_stand_to_the_letter(name: str) -> None:
    shipped = prompts.load()
    assert shipped.version == "project-1"
    [question] = shipped.questions([name], scale=TEN)
    assert question.text == GOLDEN[name]


def test_a_score_question_says_the_range_of_its_adapter_and_begins_its_answer() -> None:
    [question] = prompts.load().questions(["quality"], scale=Scale(low=1, high=5))
    assert question == Question(
        name="quality",
        kind=Kind.NUMBER,
        text="Please rate the technical quality of this image with a score from 1 to 5, to two decimals.",
        start="The score of this image is ",
    )


def test_only_what_the_paper_shows_is_called_the_papers() -> None:
    shipped = prompts.load()
    assert {name for name, wording in shipped.wordings.items() if wording.origin == "paper"} == {
        "reasoning_natural",
        "reasoning_regular",
    }
    assert shipped.system.text == "You are a helpful assistant."


def test_all_fourteen_questions_can_be_asked_in_the_order_wanted() -> None:
    names = sorted(GOLDEN, reverse=True)
    asked = prompts.load().questions(names, scale=TEN)
    assert [question.name for question in asked] == names
    assert len(names) == 14
    for question in asked:
        assert bool(question.start) == (question.name in NUMBERS)
        assert "{" not in question.text
        assert question.text.lstrip().startswith(("Please ", "Rate "))


def test_a_question_offers_the_words_that_its_answer_is_matched_with() -> None:
    words = vocabulary.load()
    for question in prompts.load().questions(ABOUT, scale=TEN):
        for value in words.attributes[ABOUT[question.name][-1]].values:
            assert value in question.text


def test_few_facts_join_a_question_and_the_rest_stays_out() -> None:
    facts = ["edges 2.1 px wide", "ISO 3200", "1/30 s", "f/1.8", "35 mm"]
    [question] = prompts.load().questions(["aesthetic"], scale=TEN, facts=facts)
    assert question.text == f"{GOLDEN['aesthetic']} Measured at full size: edges 2.1 px wide, ISO 3200, 1/30 s."


def test_a_question_that_doesnt_exist_can_not_be_asked() -> None:
    with pytest.raises(KeyError):
        prompts.load().questions(["beauty"], scale=TEN)


def test_an_answer_held_to_the_regular_form_tells_all_ten_and_the_score() -> None:
    said = {"composition": "7", "eye_catching": "5", "level_shot": "level", "image_clarity": "clear"}
    said |= {"subject_integrity": "complete", "subject_clutter": "cluttered", "background_clutter": "uncluttered"}
    said |= {"exposure": "overexposed", "saturation": "natural"}
    words = vocabulary.load()
    text, label = "", ""
    pattern = prompts.load().form.pattern
    for part in pattern:
        match part:
            case Given(text=given):
                text, label = text + given, given
            case Number(decimals=2):
                text += "6.59"
            case Number() | Free():
                head = label.partition(" ")[2].strip(": 0123456789.\n").removesuffix(" Score")
                text += said.get(words.headed(head) or "", "some words at 1.2 metres")
    answer = Answer(text=text, finished=True)
    told = answers.regular(answer, words)
    assert {name: judgement.value for name, judgement in told.judgements.items()} == said
    assert set(told.things) == {"subject", "background"}
    assert told.extra == {}
    assert answers.number(answer, TEN) == 6.59
    assert text.startswith("1.1 Reason for Composition Score: some words at 1.2 metres, 1.2 Composition Score: 7\n1.3 ")
    assert pattern[:5] == (
        Given("1.1 Reason for Composition Score: "),
        Free(until="1.2 Comp", limit=48),
        Given(", 1.2 Composition Score: "),
        Number(),
        Given("\n1.3 Reason for Eye-Catching Score: "),
    )


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert SHIPPED.count(old) >= 1
    file = tmp_path / "mine.toml"
    file.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    return file


def test_a_file_of_the_users_takes_the_place(tmp_path: Path) -> None:
    file = changed(tmp_path, '"Rate the aesthetics', '"<b>{Rate} the aesthetics')
    [question] = prompts.load(file).questions(["reasoning_natural"], scale=TEN)
    assert question.text == "<b>{Rate} the aesthetics and quality of this image step by step."


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        ('version = "project-1"', "", "version"),
        ('version = "project-1"', 'version = ""', "version"),
        ("[questions.exposure]", "[questions.exposures]", "questions.exposure"),
        ("[questions.overall]", "[questions.more]\ntext='a'\norigin='paper'\n[questions.overall]", "questions.more"),
        ('\norigin = "paper"', '\norigin = "hearsay"', "system.origin"),
        ('start = "The score of this image is "', "", "questions.overall"),
        (GOLDEN["reasoning_regular"], GOLDEN["reasoning_natural"], "questions.reasoning_regular"),
        ("{facts}.", ".", "facts"),
        ("{whole}\n1.3", "{number}\n1.3", "form"),
        ("{words}, 1.2", "{words}{words}, 1.2", "form"),
        ("most = 3", "most = -1", "facts.most"),
        ("most = 3", "most = 3\nleast = 1", "facts.least"),
        ("[questions.quality]", "[questions.overall]", "overall"),
        ('version = "project-1"', "version = ", "line 6"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_entry(tmp_path: Path, old: str, new: str, entry: str) -> None:
    file = changed(tmp_path, old, new)
    with pytest.raises(UserError) as refused:
        prompts.load(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert entry in str(refused.value)


def test_a_file_that_isnt_there_or_isnt_text_is_refused_by_name(tmp_path: Path) -> None:
    for file, content in ((tmp_path / "none.toml", None), (tmp_path / "picture.toml", b"\xff\xd8\xff")):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(UserError, match=file.name):
            prompts.load(file)
