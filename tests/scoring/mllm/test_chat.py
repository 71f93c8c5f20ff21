"""The prompt is built by the model's own tokenizer and template, and what they can't do is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm.chat import Chat
from realqa_agent.scoring.mllm.pattern import Follower, Free, Given, Number
from realqa_agent.scoring.mllm.questions import Kind, Question

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

SYSTEM = "You are a helpful assistant."

QUESTION = Question(name="quality", kind=Kind.NUMBER, text=" Rate it.\n", start="The final score is <")

GOLDEN = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|> Rate it.\n<|im_end|>\n"
    "<|im_start|>assistant\nThe final score is <"
)


@pytest.fixture
def made(tiny: TinyModels) -> Any:  # noqa: ARG001 - it looks for the extra
    from support import tiny_mllm  # noqa: PLC0415 - it imports torch

    return tiny_mllm


def chat(tokenizer: Any, *, system: str | None = SYSTEM, folder: Path = Path("model")) -> Chat:
    return Chat(tokenizer, folder, system=system, ends=frozenset())


def test_the_prompt_to_the_letter(made: Any) -> None:
    assert chat(made.tokenizer(made.WITH_SYSTEM)).render(QUESTION) == GOLDEN


def test_a_template_without_system_turn_is_given_the_familys(made: Any) -> None:
    assert chat(made.tokenizer(made.WITHOUT_SYSTEM)).render(QUESTION) == GOLDEN
    without = GOLDEN.partition("<|im_end|>\n")[2]
    assert chat(made.tokenizer(made.WITHOUT_SYSTEM), system=None).render(QUESTION) == without


def test_the_parts_are_the_whole_with_a_place_for_each_piece_of_the_picture(made: Any) -> None:
    tokenizer = made.tokenizer(made.WITH_SYSTEM)
    asked = chat(tokenizer)
    whole = tokenizer.encode(GOLDEN.replace("<|image_pad|>", "<|image_pad|>" * 5))
    assert asked.head(5) + asked.forced_suffix(QUESTION) == whole


def test_a_template_that_lies_beside_the_tokenizer_is_found(made: Any, tmp_path: Path) -> None:
    tokenizer = made.tokenizer(None)
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": made.WITH_SYSTEM}))
    assert chat(tokenizer, folder=tmp_path).render(QUESTION) == GOLDEN
    with pytest.raises(UserError, match="has no chat template"):
        chat(tokenizer, folder=tmp_path / "elsewhere")


def test_a_thinking_block_is_closed_if_the_template_can_and_refused_if_not(made: Any) -> None:
    opened = made.WITHOUT_SYSTEM.replace("assistant\n{%", "assistant\n<think>\n{%")
    with pytest.raises(UserError, match="think aloud first"):
        chat(made.tokenizer(opened))
    choice = "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}"
    closed = made.WITHOUT_SYSTEM.replace("assistant\n{%", "assistant\n" + choice + "{%")
    assert "assistant\n<think>\n\n</think>\n\nThe final" in chat(made.tokenizer(closed)).render(QUESTION)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{ part['text'] }}", "{{ part['text'] | trim }}"),
        ("<|vision_start|><|image_pad|><|vision_end|>", "<image>"),
        ("<|image_pad|>", "<|image_pad|><|image_pad|>"),
        ("message['content'] %}", "message['content'] | reverse %}"),
    ],
    ids=["trims", "another place", "twice", "question first"],
)
def test_a_template_that_changes_the_prompt_is_refused(made: Any, old: str, new: str) -> None:
    with pytest.raises(UserError, match="doesn't put one picture before the question"):
        chat(made.tokenizer(made.WITH_SYSTEM.replace(old, new)))


def test_a_clip_stands_where_a_picture_does(made: Any) -> None:
    tokenizer = made.tokenizer(made.WITH_SYSTEM)
    asked = chat(tokenizer)
    asked.check_clips()
    whole = tokenizer.encode(GOLDEN.replace("<|image_pad|>", "<|video_pad|>" * 12))
    assert asked.clip_head([("", 12)]) + asked.forced_suffix(QUESTION) == whole
    parts = "".join(
        f"<{time} seconds><|vision_start|>{'<|video_pad|>' * 6}<|vision_end|>" for time in ("0.2", "1.3", "12.0")
    )
    whole = tokenizer.encode(GOLDEN.replace("<|vision_start|><|image_pad|><|vision_end|>", parts))
    blocks = [(f"<{time} seconds>", 6) for time in ("0.2", "1.3", "12.0")]
    assert asked.clip_head(blocks) + asked.forced_suffix(QUESTION) == whole


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'video' %}<|vision_start|><|video_pad|><|vision_end|>", "'video' %}"),
        ("<|video_pad|>", "<|video_pad|><|video_pad|>"),
        ("<|vision_start|><|video_pad|>", "Video 1: <|vision_start|><|video_pad|>"),
    ],
    ids=["no clips", "twice", "with a number"],
)
def test_a_template_that_puts_clips_elsewhere_is_refused_for_them(made: Any, old: str, new: str) -> None:
    asked = chat(made.tokenizer(made.WITH_SYSTEM.replace(old, new)))
    with pytest.raises(UserError, match=r"doesn't put a clip where it puts a picture.*`clips`"):
        asked.check_clips()


@pytest.mark.parametrize("together", ["<6", "6.", ".5", "59"])
def test_digits_that_do_not_come_one_by_one_are_refused(made: Any, together: str) -> None:
    asked = chat(made.tokenizer(made.WITH_SYSTEM, taken_together=(together,)))
    with pytest.raises(UserError, match="digit by digit"):
        asked.forced_suffix(QUESTION)


def test_a_vocabulary_without_single_digits_is_refused(made: Any) -> None:
    tokenizer = made.tokenizer(made.WITH_SYSTEM)
    encode = tokenizer.encode
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(tokenizer), "encode", lambda _, text, **more: encode(text.replace("7", "77"), **more))
        with pytest.raises(UserError, match="'7' is 2 tokens to the tokenizer, not one"):
            chat(tokenizer)


def test_a_vocabulary_of_another_model_is_refused(made: Any) -> None:
    tokenizer = made.tokenizer(made.WITH_SYSTEM)
    encode = tokenizer.encode
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(tokenizer), "encode", lambda _, text, **more: encode(text.replace("|image_pad", "|"), **more)
        )
        with pytest.raises(UserError, match=r"doesn't know <\|image_pad\|>"):
            chat(tokenizer)


def say(follower: Follower, asked: Chat, text: str, *, digit: int = 7) -> str:
    """Let a model say that text, as far as the form lets it; return the answer."""
    tokens = asked.tokens(text)
    follower.begin()
    while tokens and not follower.finished:
        follower.step(tokens.pop(0), asked.digits[digit])
    return asked.words(follower.tokens)


FORM = (
    Given("1.1 Reason: "),
    Free(until="1.2 Sc", limit=40),
    Given(", 1.2 Score: "),
    Number(),
    Given(" The final score is <"),
    Number(decimals=2),
    Given(">."),
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("well set<|im_end|>####", "1.1 Reason: well set, 1.2 Score: 7 The final score is <7.77>."),
        ("well set. 1.2 Sc####", "1.1 Reason: well set. 1.2 Score: 7 The final score is <7.77>."),
        (
            "taken at 1.2 metres<|im_end|>####",
            "1.1 Reason: taken at 1.2 metres, 1.2 Score: 7 The final score is <7.77>.",
        ),
        ("x" * 50, "1.1 Reason: " + "x" * 40 + ", 1.2 Score: 7 The final score is <7.77>."),
    ],
    ids=["wants to stop", "begins the label", "a number is no label", "is cut"],
)
def test_an_answer_is_led_through_its_form(made: Any, said: str, expected: str) -> None:
    asked = chat(made.tokenizer(made.WITH_SYSTEM))
    follower = Follower(FORM, asked)
    assert say(follower, asked, said) == expected
    assert follower.finished


@pytest.mark.parametrize(("after", "expected"), [("0", "10;"), (";", "1;"), ("5", "1;")])
def test_a_one_may_become_ten(made: Any, after: str, expected: str) -> None:
    asked = chat(made.tokenizer(made.WITH_SYSTEM))
    follower = Follower((Number(), Given(";")), asked)
    assert say(follower, asked, "1" + after, digit=1) == expected


def test_a_form_that_could_not_be_led_through_is_a_mistake(made: Any) -> None:
    asked = chat(made.tokenizer(made.WITH_SYSTEM))
    with pytest.raises(ValueError, match="no given words between"):
        Follower((Number(), Free()), asked)
    with pytest.raises(ValueError, match=r"'1\.3' is no part of '1\.2 Score: '"):
        Follower((Free(until="1.3"), Given("1.2 Score: ")), asked)
