"""What running text says of an attribute in so many words: little is certain, and the rest stays unsaid.

A word counts where the text says it of the thing itself: "the background is cluttered", "a cluttered background",
"a composition score of 7". A sentence that denies or compares says nothing; nor does a text that says two things.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from realqa_agent.scoring.mllm.vocabulary import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.mllm.vocabulary import Attribute, Vocabulary

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
DENIES = re.compile(
    r"\b(?:not|no|never|neither|nor|without|hardly|barely|almost|less|more|than|if|would|could|should|may|might)\b"
    r"|n['\u2019]t\b",
    re.IGNORECASE,
)
IS = r"(?:is|are|was|were|looks?|appears?|seems?)"
ENDS = r"(?=\s*(?:[,;:.!?(]|$|and\b|but\b|with\b|while\b|because\b|as\b))"
NUMBER = r"<?\s*(?P<said>[0-9]{1,2})(?![0-9]|[.,][0-9])"


def sentences(text: str, *, finished: bool) -> list[str]:
    """Return the sentences of a text; if it was cut, without its last."""
    found = [" ".join(part.split()) for part in SENTENCE_END.split(text) if part.strip()]
    return found if finished else found[:-1]


def judge(name: str, text: Sequence[str], vocabulary: Vocabulary) -> Judgement | None:
    """Return what the sentences say of an attribute, None unless they say one thing; the sentence is the reason."""
    attribute = vocabulary.attributes[name]
    if attribute.kind == "text":
        return None
    pattern = _of_score(attribute) if attribute.kind == "score" else _of_word(attribute)
    said = [
        vocabulary.judge(name, match["said"] or match["also"], sentence)
        for sentence in text
        for match in pattern.finditer(sentence)
        if not DENIES.search(sentence[: match.start()] + " " + sentence[match.end() :])
    ]
    return said[0] if len({judgement.value for judgement in said}) == 1 else None


def _of_score(attribute: Attribute) -> re.Pattern[str]:
    names = _any(attribute.names)
    return _compiled(
        rf"(?<![\w-]){names}\s+score\s*(?:of|is|was|:|=)?\s*{NUMBER}",
        rf"\bscore\s+of\s+{NUMBER}(?:\s*/\s*10|\s+out\s+of\s+10)?\s+for\s+(?:its\s+|the\s+)?{names}\b",
    )


def _of_word(attribute: Attribute) -> re.Pattern[str]:
    nouns, words = _any(attribute.nouns), _any(attribute.words)
    return _compiled(
        rf"(?<![\w-]){nouns}\s+{IS}\s+(?P<said>{words}){ENDS}",
        rf"(?<![\w-])(?P<said>{words})\s+{nouns}\b",
    )


def _any(phrases: Iterable[str]) -> str:
    """Return a pattern for any of some phrases, the longest first, whether words are joined or apart."""
    longest_first = sorted(map(plain, phrases), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(phrase).replace(r"\ ", r"[\s-]+") for phrase in longest_first) + ")"


def _compiled(first: str, second: str) -> re.Pattern[str]:
    # A group's name may stand once in a pattern.
    return re.compile(f"{first}|{second.replace('said', 'also')}", re.IGNORECASE)
