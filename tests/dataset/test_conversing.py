"""What a model is taught is what it will be asked, and its answers are read as the scores that people gave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Judgement
from realqa_agent.config import Mllm, Role
from realqa_agent.dataset.conversing import Conversing
from realqa_agent.dataset.record import Form, Labelled
from realqa_agent.scoring.mllm import answers, prompts, vocabulary
from realqa_agent.scoring.mllm.prompts import NATURAL, REGULAR, Prompts
from realqa_agent.scoring.mllm.questions import Answer, Scale

PROMPTS, WORDS = prompts.load(), vocabulary.load()
PHOTO = Path("/photos/1.jpg")


def judgements(**values: str) -> dict[str, Judgement]:
    """Return all ten attributes; those that are not named are unknown."""
    found = {name: Judgement(value=UNKNOWN, score=None, reason="not looked at") for name in ATTRIBUTES}
    for name, value in values.items():
        score = float(value) if value.isdecimal() else WORDS.attributes[name].score(value)
        found[name] = Judgement(value=value, score=score, reason=f"what is seen of {name} at 2.5 metres.\nSo, yes")
    return found


KNOWN = judgements(
    composition="7",
    eye_catching="3",
    subject_integrity="partially complete (slightly cut off or slightly obscured)",
    subject_clutter="uncluttered",
    background_clutter="slightly cluttered",
    level_shot="level",
    image_clarity="slightly blurry",
    exposure="properly exposed",
    saturation="oversaturated",
)


def conversing(
    role: Role = "overall",
    asked: Prompts = PROMPTS,
    attributes: Mapping[Path, Mapping[str, Judgement]] | None = None,
) -> Conversing:
    low, high = Mllm().scales[role]
    return Conversing(
        role=role,
        scale=Scale(low=low, high=high),
        prompts=asked,
        vocabulary=WORDS,
        attributes={PHOTO: KNOWN} if attributes is None else attributes,
    )


def said(form: Form, score: float, made: Conversing | None = None, **more: Any) -> tuple[str, str]:
    """Return question and answer about a picture."""
    image = Labelled(name="1.jpg", path=PHOTO, score=score, **more)
    ((user, assistant),) = (made or conversing()).conversations(image, score, form)
    assert (user["role"], assistant["role"]) == ("user", "assistant")
    return user["content"], assistant["content"]


def read(text: str, scale: Scale) -> Any:
    return answers.number(Answer(text=text, finished=True), scale)


@pytest.mark.parametrize("role", ["overall", "quality", "aesthetic"])
@pytest.mark.parametrize("form", ["score", "natural", "regular"])
def test_every_score_is_read_back_to_two_decimals(form: Form, role: Role) -> None:
    made = conversing(role)
    low, high = round(100 * made.scale.low), round(100 * made.scale.high)
    for hundredths in range(low, high + 1):
        _, answer = said(form, hundredths / 100, made)
        assert read(answer, made.scale) == hundredths / 100


@settings(deadline=None)  # a busy machine is no defect
@given(st.text(max_size=80), st.floats(0, 9.99))
def test_no_reason_changes_the_score(reason: str, score: float) -> None:
    spoken = {**KNOWN, "composition": Judgement(value="7", score=7, reason=reason)}
    made = conversing(attributes={PHOTO: spoken})
    forms: tuple[Form, ...] = ("natural", "regular")
    for form in forms:
        _, answer = said(form, score, made)
        assert read(answer, made.scale) == float(f"{score:.2f}")


def test_the_question_is_to_the_letter_that_of_the_scorer() -> None:
    for role in get_args(Role):
        made = conversing(role)
        (question,) = PROMPTS.questions([role], scale=made.scale)
        asked, answer = said("score", 4.567, made)
        assert asked == f"<image>{question.text}"
        assert answer == f"{question.start}4.57."
    named: dict[Form, str] = {"natural": NATURAL, "regular": REGULAR}
    for form, name in named.items():
        asked, _ = said(form, 4)
        assert asked == f"<image>{PROMPTS.wordings[name].text}"


def test_a_start_with_an_open_bracket_is_closed() -> None:
    wording = PROMPTS.wordings["overall"].model_copy(update={"start": "The final score is <"})
    asked = PROMPTS.model_copy(update={"wordings": {**PROMPTS.wordings, "overall": wording}})
    _, answer = said("score", 6.59, conversing(asked=asked))
    assert answer == "The final score is <6.59>."


@pytest.mark.parametrize("form", ["natural", "regular"])
def test_attributes_are_read_back_as_they_were_known(form: Form) -> None:
    _, answer = said(form, 6.5)
    read_back = answers.natural if form == "natural" else answers.regular
    told = read_back(Answer(text=answer, finished=True), WORDS)
    known = {name: one.value for name, one in KNOWN.items() if one.value != UNKNOWN}
    assert {name: one.value for name, one in told.judgements.items() if one.value != UNKNOWN} == known
    assert told.unread == frozenset()
    if form == "regular":
        assert told.judgements["composition"].reason == "what is seen of composition at 2.5 metres. So, yes"
        assert answer.endswith("\nThe final score is <6.50>.")


def test_what_is_not_known_is_called_unknown_or_not_spoken_of() -> None:
    made = conversing(attributes={PHOTO: judgements(exposure="overexposed")})
    _, prose = said("natural", 2, made)
    assert prose == (
        "What is seen of exposure at 2.5 metres. So, yes. The image is overexposed. The final score is <2.00>."
    )
    _, form = said("regular", 2, made)
    assert "1.2 Composition Score: unknown\n" in form
    assert "3.4 Exposure: overexposed\n" in form
    assert answers.regular(Answer(text=form, finished=True), WORDS).unread == frozenset()


@pytest.mark.parametrize("form", ["natural", "regular"])
def test_without_anything_to_reason_with_nothing_is_made_up(form: Form) -> None:
    image = Labelled(name="1.jpg", path=PHOTO, score=5)
    assert conversing(attributes={}).conversations(image, 5, form) == []


def test_a_published_answer_keeps_its_words_and_gets_our_number() -> None:
    text = "At <2 metres> it is fine. The final score is <6.59>. A calm picture."
    _, answer = said("natural", 3.2, told={"natural": text})
    assert answer == "At <2 metres> it is fine. The final score is <3.20>. A calm picture."
    _, answer = said("natural", 3.2, told={"natural": "It is calm. The score of this image is 6.59."})
    assert answer == "It is calm. The score of this image is 3.20."


def test_published_conversations_are_kept_to_the_letter() -> None:
    published = (
        ({"role": "user", "content": "<image>Clear?"}, {"role": "assistant", "content": "Image Clarity: clear"}),
        ({"role": "user", "content": "<image>Score."}, {"role": "assistant", "content": "The final score is <1.0>."}),
    )
    image = Labelled(name="1.jpg", path=PHOTO, score=1, conversations=published)  # type: ignore[arg-type]
    assert conversing().conversations(image, 1, "published") == [*published]
