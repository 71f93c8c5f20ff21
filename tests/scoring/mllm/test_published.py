"""Published conversations beside our wording: only what differs is told."""

from __future__ import annotations

from typing import Any

from realqa_agent.scoring.mllm import prompts, published, vocabulary
from realqa_agent.scoring.mllm.published import Difference

PROMPTS, WORDS = prompts.load(), vocabulary.load()


def row(question: str, answer: str, **more: str) -> dict[str, Any]:
    messages = [{"role": role, "content": content} for role, content in more.items()]
    messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "images": ["1.jpg"]}


def compare(dataset: str, *rows: dict[str, Any]) -> list[Difference]:
    return published.compare(dataset, rows, PROMPTS, WORDS)


def test_the_same_words_are_no_difference() -> None:
    [number] = (PROMPTS.wordings[name] for name in ["quality"])
    asked = number.text.replace("{low}", "1").replace("{high}", "5")
    same = row("<image>" + asked, "The score of this image is 3.45.", system=PROMPTS.system.text)
    assert compare("koniq10k_test", same) == []
    natural = row("<image>Rate the aesthetics and quality of this image step by step.", "The final score is <6.59>.")
    regular = row(
        "<image> Rate the aesthetics and quality of this image step by step with the regular form.",
        "3.1 Exposure: overexposed\nThe final score is <6.59>.",
    )
    assert compare("ava_decimal2_cot", natural, regular) == []
    pair = row("<image>" + PROMPTS.wordings["clearness"].text, "Image Clarity: clear")
    assert compare("clearness_new_simple.json", pair) == []


def test_other_words_are_counted_the_most_frequent_first() -> None:
    theirs = row("<image>Please score.", "The quality score of this image is 3.45.", system="You are an expert.")
    other = row("<image>Please score it.", "The score of this image is 3.45.")
    found = compare("koniq10k_test", theirs, theirs, other)
    quality = PROMPTS.wordings["quality"]
    assert [(one.role, one.ours, one.theirs, one.count) for one in found] == [
        ("system", PROMPTS.system.text, "You are an expert.", 2),
        ("user", quality.text, "Please score.", 2),
        ("assistant", quality.start, "The quality score of this image is ", 2),
        ("user", quality.text, "Please score it.", 1),
    ]
    assert {one.dataset for one in found} == {"koniq10k_test"}


def test_words_of_answers_that_we_cant_read_are_told() -> None:
    question = "<image>" + PROMPTS.wordings["exposure"].text
    found = compare(
        "exposure_new_simple", row(question, "Exposure: a bit dark"), row(question, "Exposure: overexposed")
    )
    assert [(one.role, one.ours, one.count) for one in found] == [("assistant", "", 1)]
    assert found[0].theirs == 'exposure: the model says "a bit dark", which is no word of the vocabulary'
    regular = row("<image>" + PROMPTS.wordings["reasoning_regular"].text, "4.1 Mood: calm. The final score is 6,5")
    assert [one.theirs for one in compare("koniq_cot", regular)] == ["there is no final score in it", "a field 'Mood'"]


def test_the_space_before_a_question_counts() -> None:
    question = PROMPTS.wordings["reasoning_regular"].text
    found = compare("koniq_decimal2_cot", row("<image>" + question.strip(), "The final score is <6.59>."))
    assert [(one.ours, one.theirs) for one in found] == [(question, question.strip())]


def test_a_data_set_that_we_dont_know_is_told_as_it_is() -> None:
    found = compare("both_high_en", row("<image>Please tell.", "1.1 Anything: at all"))
    assert found == [Difference(dataset="both_high_en", role="user", ours="", theirs="Please tell.", count=1)]
