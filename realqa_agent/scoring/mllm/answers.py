"""What the texts of a model mean: a number, or what they say of the attributes.

What can't be read for certain is a value of its own, with the raw text: never a number. A published parser takes the
first `<` to the first `>` and skips its failures, which makes its correlations too high; another draws a random number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realqa_agent.scoring.mllm import prose
from realqa_agent.scoring.mllm.prompts import ABOUT, REGULAR
from realqa_agent.scoring.mllm.questions import Kind
from realqa_agent.scoring.mllm.vocabulary import LONGEST_NAME, plain, quoted, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.mllm.questions import Answer, Question, Scale
    from realqa_agent.scoring.mllm.vocabulary import Vocabulary

ANGLE = re.compile(r"<\s*([0-9]{1,2}(?:\.[0-9]{1,2})?)\s*>")
SAID = re.compile(
    r"(?<!composition )(?<!catching )(?:final\s+score|score\s+of\s+this\s+image)\s+is\s*:?\s*"
    r"([0-9]{1,2}(?:\.[0-9]{1,2})?)(?![.,]?[0-9])",
    re.IGNORECASE,
)
OPENED = re.compile(r"<\s*[0-9]")
"""After the last number that was read: another one began, and was cut or is no score."""

FIELD = re.compile(r"\b[0-9]\.[0-9]\s+([A-Z][A-Za-z\- ]{2,60}?)\s*:")
"""A field's head in the regular form; without name and colon it's a figure in a reason ("taken at 2.5 metres")."""

CLOSING = re.compile(r"\bThe final score\b")
SENTENCE_END = re.compile(r"(?<=[.;!])\s|\n")
MARKUP = re.compile(r"[*`#]+")
"""What chat models decorate heads with."""

AROUND_TITLE = re.compile(r"^reason for (?:the )?| (?:reason|score)$", re.IGNORECASE)
IS_REASON = re.compile(r"reason for .*|.* reason", re.IGNORECASE)

BARE = {"reason", "score"}
"""Heads that mean the attribute that was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """No number could be read."""

    raw: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a text says of the attributes; those that it doesn't speak of are missing."""

    raw: str
    judgements: Mapping[str, Judgement]
    things: Mapping[str, str]
    """What it names: `subject`, `background`."""
    extra: Mapping[str, str]
    """Fields by names that the vocabulary doesn't have."""
    unread: frozenset[str]
    """Attributes that it was asked about and says nothing of that could be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    head: str
    said: str


def number(answer: Answer, scale: Scale) -> float | Unanswered:
    """Return the score that a text ends with, forced start included; on the scale, else it is no answer."""
    raw = answer.text
    if not answer.finished:
        return Unanswered(raw=raw, why="the answer was cut at its token limit")
    found = [*(ANGLE.finditer(raw))] or [*(SAID.finditer(raw))]
    if not found:
        return Unanswered(raw=raw, why="there is no final score in it")
    if OPENED.search(raw, found[-1].end()):
        return Unanswered(raw=raw, why="its last score is cut or malformed")
    score = float(found[-1][1])
    if not scale.low <= score <= scale.high:
        return Unanswered(raw=raw, why=f"{score:g} is not on the scale from {scale.low:g} to {scale.high:g}")
    return score


def told(question: Question, answer: Answer, vocabulary: Vocabulary) -> Told:
    """Return what the answer to a question about attributes says of them."""
    if question.kind is Kind.ATTRIBUTE:
        return single(question.name, answer, vocabulary)
    return regular(answer, vocabulary) if question.name == REGULAR else natural(answer, vocabulary)


def regular(answer: Answer, vocabulary: Vocabulary) -> Told:
    """Read the regular form: `1.1 Reason for Composition Score: ..., 1.2 Composition Score: ...` and so on."""
    fields = _split(answer.text, FIELD)
    closed = CLOSING.search(answer.text)
    # The last field of a cut text may be half of what it was to be: "clear" of "clear enough, but too dark".
    whole = fields if answer.finished or closed else fields[:-1]
    told = _sorted(answer.text, whole, vocabulary)
    return replace(told, unread=told.unread | (_judged(vocabulary) - told.judgements.keys()))


def natural(answer: Answer, vocabulary: Vocabulary) -> Told:
    """Read running text: only what it says in so many words, with the sentence as the reason.

    It need not speak of all attributes, so nothing is unread unless all is.
    """
    judgements = {
        name: judgement
        for name in vocabulary.attributes
        if (judgement := prose.judge(name, prose.sentences(answer.text, finished=answer.finished), vocabulary))
    }
    unread = frozenset() if judgements else _judged(vocabulary)
    return Told(raw=answer.text, judgements=judgements, things={}, extra={}, unread=unread)


def single(name: str, answer: Answer, vocabulary: Vocabulary) -> Told:
    """Read the answer to one of the nine questions: headed lines, a bare word or number, or prose."""
    text = MARKUP.sub("", answer.text)
    judged = ABOUT[name][-1]
    title = vocabulary.attributes[judged].names[0]
    fields = [
        _Field(head=f"{title} {each.head}" if each.head.casefold() in BARE else each.head, said=each.said)
        for each in _split(text, _heads(name, vocabulary))
    ]
    if answer.finished and not fields:
        bare = _meant(judged, text, "", vocabulary)
        said = prose.judge(judged, prose.sentences(text, finished=True), vocabulary) if bare.score is None else None
        found = {judged: said or bare}
        unread = frozenset() if said else _unread(found, {judged: text}, vocabulary)
        return Told(raw=answer.text, judgements=found, things={}, extra={}, unread=unread)
    told = _sorted(answer.text, fields if answer.finished else fields[:-1], vocabulary)
    known = told.judgements.get(judged)
    if known is not None and (answer.finished or known.score is not None):
        return told
    fault = "says nothing of it" if answer.finished else "was cut"
    missing = unknown(f"the model's answer {fault}: {quoted(text)}")
    return replace(told, judgements={**told.judgements, judged: missing}, unread=told.unread | {judged})


def _heads(name: str, vocabulary: Vocabulary) -> re.Pattern[str]:
    """Return the pattern of the heads that the answer to one of the nine questions may have.

    A head begins a line, or follows a comma or a stop with a capital: else "dark, and the exposure: ..." cuts a reason.
    """
    names = [head for attribute in ABOUT[name] for head in vocabulary.attributes[attribute].names]
    choice = "|".join(r"[\s-]".join(map(re.escape, plain(head).split())) for head in names)
    return re.compile(
        rf"(?:^[ \t•-]*(?:[0-9]\S*[ \t]+)?|[,;.][ \t]*(?=(?-i:[A-Z])))"
        rf"((?:reason\s+for\s+)?(?:{choice})(?:\s+(?:reason|score))?|reason|score)\s*:",
        re.IGNORECASE | re.MULTILINE,
    )


def _split(text: str, head: re.Pattern[str]) -> list[_Field]:
    """Return the fields of a text, each from its head to the next or to the final score."""
    found = list(head.finditer(text))
    fields = []
    for place, match in enumerate(found, 1):
        end = found[place].start() if place < len(found) else len(text)
        closed = CLOSING.search(text, match.end(), end)
        said = text[match.end() : closed.start() if closed else end]
        fields.append(_Field(head=" ".join(match[1].split()), said=said.strip(" \t\r\n,;")))
    return fields


def _sorted(raw: str, fields: Sequence[_Field], vocabulary: Vocabulary) -> Told:
    """Sort fields into attributes; of fields by the same name, the last counts."""
    said: dict[str, str] = {}
    reasons: dict[str, str] = {}
    things: dict[str, str] = {}
    extra: dict[str, str] = {}
    for each in fields:
        title = AROUND_TITLE.sub("", each.head)
        name, text = vocabulary.headed(title), " ".join(each.said.split())
        if name is None:
            extra[each.head] = text
        elif IS_REASON.fullmatch(each.head):
            reasons[name] = text
        elif vocabulary.attributes[name].kind != "text":
            said[name] = each.said
        elif 0 < len(text) <= LONGEST_NAME:
            things[title.casefold()] = text
        else:
            extra[each.head] = text
    judgements = {name: _meant(name, words, reasons.get(name, ""), vocabulary) for name, words in said.items()}
    for name in reasons.keys() - said.keys():
        judgements[name] = unknown(f"the model gives a reason and no value: {quoted(reasons[name])}")
    unread = _unread(judgements, said, vocabulary)
    return Told(raw=raw, judgements=judgements, things=things, extra=extra, unread=unread)


def _unread(judgements: Mapping[str, Judgement], said: Mapping[str, str], vocabulary: Vocabulary) -> frozenset[str]:
    """Return the attributes whose words mean nothing to us."""
    return frozenset(
        name
        for name, judgement in judgements.items()
        if judgement.score is None and not vocabulary.knows(name, said.get(name, ""))
    )


def _judged(vocabulary: Vocabulary) -> frozenset[str]:
    """Return the attributes that are judged, not only named."""
    return frozenset(name for name, one in vocabulary.attributes.items() if one.kind != "text")


def _meant(name: str, said: str, reason: str, vocabulary: Vocabulary) -> Judgement:
    """Return what a field says: its whole text, else its first sentence, with the rest as the reason."""
    whole = vocabulary.judge(name, said, reason)
    first, *rest = SENTENCE_END.split(said.strip(), maxsplit=1)
    if whole.score is not None or not rest:
        return whole
    begun = vocabulary.judge(name, first, reason or " ".join(rest[0].split()))
    return whole if begun.score is None else begun
