"""How RealQA's published conversations differ from our wording, once somebody has them on disk.

What is found turns `origin = "project"` into `"paper"` in the data files.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realqa_agent.scoring.mllm import answers
from realqa_agent.scoring.mllm.answers import Unanswered
from realqa_agent.scoring.mllm.prompts import ABOUT, KINDS, NATURAL, REGULAR
from realqa_agent.scoring.mllm.questions import Answer, Kind, Question, Scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from realqa_agent.scoring.mllm.prompts import Prompts
    from realqa_agent.scoring.mllm.vocabulary import Vocabulary

PICTURE = "<image>"
"""Stands for the picture in a record; it isn't said."""

ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((key, (key,)) for key in ABOUT),
    ("cot", (NATURAL, REGULAR)),
    ("high_mid_low", (NATURAL, REGULAR)),
    ("koniq", ("quality",)),
    ("livec", ("quality",)),
    ("spaq", ("quality",)),
    ("tad66k", ("aesthetic",)),
    ("ava", ("aesthetic",)),
    ("realqa", ("overall",)),
)
"""What a data set's name holds, the first that fits, and the questions of ours that it corresponds to."""

ANY_SCALE = Scale(low=0, high=100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Something that a data set says and we don't."""

    dataset: str
    role: str
    """`system`, `user` or `assistant`."""
    ours: str
    """Our wording in its place; empty if we have none, or if it is an answer's word that we can't read."""
    theirs: str
    """Of an answer: what of it we can't read."""
    count: int


def compare(
    dataset: str, conversations: Iterable[Mapping[str, Any]], prompts: Prompts, vocabulary: Vocabulary
) -> list[Difference]:
    """Return what the rows of one data set (LLaMA-Factory's sharegpt form) say otherwise, the most frequent first."""
    names = next((names for part, names in ASKED if part in dataset.casefold()), ())
    found = Counter(
        difference
        for row in conversations
        for message in row["messages"]
        for difference in _differences(names, message["role"], message["content"], prompts, vocabulary)
    )
    return [
        Difference(dataset=dataset, role=role, ours=ours, theirs=theirs, count=count)
        for (role, ours, theirs), count in found.most_common()
    ]


def _differences(
    names: tuple[str, ...], role: str, content: str, prompts: Prompts, vocabulary: Vocabulary
) -> Iterator[tuple[str, str, str]]:
    """Yield (role, ours, theirs)."""
    if role == "system" and content != prompts.system.text:
        yield role, prompts.system.text, content
    elif role == "user":
        said = content.replace(PICTURE, "")
        ours = [prompts.wordings[name].text for name in names]
        if not any(_pattern(text).fullmatch(said) for text in ours):
            yield role, ours[-1] if ours else "", said
    elif role == "assistant" and names:
        for fault in _faults(names[-1], content, prompts, vocabulary):
            yield (role, *fault)


def _pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a question on any scale."""
    return re.compile(re.sub(r"\\\{(?:low|high)\\\}", "[0-9.]+", re.escape(text)))


def _faults(name: str, content: str, prompts: Prompts, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Yield (ours, theirs) for what of a published answer isn't ours."""
    wording = prompts.wordings[name]
    answer = Answer(text=content, finished=True)
    question = Question(name=name, kind=KINDS[name], text=wording.text)
    if question.kind is Kind.NUMBER:
        start = re.split(r"[0-9]", content, maxsplit=1)[0]
        if start != wording.start:
            yield wording.start, start
    elif question.kind is Kind.REASONING and isinstance(failed := answers.number(answer, ANY_SCALE), Unanswered):
        yield "", failed.why
    if question.kind is not Kind.NUMBER:
        told = answers.told(question, answer, vocabulary)
        for attribute, judgement in told.judgements.items():
            if judgement.score is None:
                yield "", f"{attribute}: {judgement.reason}"
        for head in told.extra:
            yield "", f"a field {head!r}"
