"""What the words of an answer mean: `data/vocabulary.toml`, or a file of the user's in its place.

A word counts only as a whole: `cluttered` stands inside `uncluttered`, `clear` inside `unclear`, `complete` inside
`incomplete`.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from realqa_agent.assessment import ATTRIBUTES, HIGHEST, LOWEST, UNKNOWN, Judgement, Level
from realqa_agent.scoring.mllm.datafile import Entry, Origin, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GLOSS = re.compile(r"\([^)]*\)?")
NO_WORD = re.compile(r"[\W_]+")
WHOLE = re.compile(r"[\s<\[\"']*([0-9]{1,2})(?:\.0+)?(?:\s*(?:/|out of)\s*10)?[\s>\]\"'.,;]*", re.IGNORECASE)
"""A whole number, maybe with the scale's end; nothing else beside it."""

LONGEST_NAME = 60
"""What is longer is no name of a thing."""

LONGEST_QUOTE = 160


def plain(text: str) -> str:
    """Return a text as it is compared: lower case, without bracketed gloss and punctuation."""
    return NO_WORD.sub(" ", GLOSS.sub(" ", text.casefold())).strip()


def quoted(text: str) -> str:
    """Return a model's words for a sentence of ours, on one line and not too long."""
    return f'"{textwrap.shorten(text, LONGEST_QUOTE, placeholder=" …")}"'


class Attribute(Entry):
    """One attribute's values, and the words for them."""

    level: Level
    kind: Literal["score", "ordinal", "text"]
    names: tuple[str, ...] = Field(min_length=1)
    nouns: tuple[str, ...] = ()
    ranks: tuple[tuple[str, ...], ...] = ()
    unranked: tuple[str, ...] = ()
    aliases: dict[str, str] = Field(default_factory=dict)
    origin: Origin | dict[str, Origin]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.kind == "ordinal":
            if len(self.ranks) < 2 or not all(self.ranks):
                raise ValueError("ranks: two at least, and none of them empty")
        elif self.ranks or self.unranked or self.aliases or self.nouns:
            raise ValueError(f"kind {self.kind} has no ranks, unranked, aliases or nouns")
        values = [plain(value) for value in self.values]
        words = [*values, *map(plain, self.aliases)]
        if doubles := {word for word in words if words.count(word) > 1}:
            raise ValueError(f"more than once among values and aliases: {', '.join(sorted(doubles))}")
        if lost := [alias for alias, value in self.aliases.items() if plain(value) not in values]:
            raise ValueError(f"aliases of no value: {', '.join(lost)}")
        if isinstance(self.origin, dict) != (self.kind == "ordinal"):
            raise ValueError("origin: one for each value of an ordinal, else one word")
        if isinstance(self.origin, dict) and sorted(map(plain, self.origin)) != sorted(values):
            raise ValueError("origin: has to name each value once")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """All values, worst first, those without a rank last."""
        return (*(value for rank in self.ranks for value in rank), *self.unranked)

    @property
    def words(self) -> Mapping[str, str]:
        """Every word that means a value, as it is compared, to that value."""
        meant = {plain(value): value for value in self.values}
        return meant | {plain(alias): meant[plain(value)] for alias, value in self.aliases.items()}

    def score(self, value: str) -> float | None:
        """Return a value's score: 1 for the worst rank, 10 for the best, evenly between; None without a rank."""
        for place, rank in enumerate(self.ranks):
            if value in rank:
                return round(LOWEST + (HIGHEST - LOWEST) * place / (len(self.ranks) - 1), 2)
        return None


class Vocabulary(Entry):
    """All attributes."""

    version: str = Field(min_length=1)
    unknown: tuple[str, ...]
    attributes: dict[str, Attribute]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if missing := ATTRIBUTES.keys() - self.attributes.keys():
            raise ValueError(f"missing: {', '.join(f'attributes.{name}' for name in sorted(missing))}")
        if unheard := self.attributes.keys() - ATTRIBUTES.keys():
            raise ValueError(f"no such attribute: {', '.join(f'attributes.{name}' for name in sorted(unheard))}")
        seen: dict[str, str] = {}
        for name, attribute in self.attributes.items():
            if attribute.level is not ATTRIBUTES[name]:
                raise ValueError(f"attributes.{name}: level is {ATTRIBUTES[name]}")
            for head in attribute.names:
                twin = seen.setdefault(plain(head), name)
                if twin != name:
                    raise ValueError(f"attributes.{name}: has the name {head!r} in common with attributes.{twin}")
        return self

    def headed(self, head: str) -> str | None:
        """Return the attribute that answers head with this name, None if there is none."""
        return next((name for name, one in self.attributes.items() if plain(head) in map(plain, one.names)), None)

    def knows(self, name: str, said: str) -> bool:
        """Tell whether these are words for an attribute, be they that it can't be judged."""
        return plain(said) in {*self.attributes[name].words, *map(plain, self.unknown)}

    def judge(self, name: str, said: str, reason: str = "") -> Judgement:
        """Return what a model's word for an attribute means; the reason is the model's, if it gave one."""
        attribute = self.attributes[name]
        if plain(said) in map(plain, self.unknown):
            return unknown(f"the model says {quoted(said)}" + (f": {reason}" if reason else ""))
        if attribute.kind == "score":
            return _number(said, reason)
        value = attribute.words.get(plain(said))
        if value is None:
            return unknown(f"the model says {quoted(said)}, which is no word of the vocabulary")
        score = attribute.score(value)
        if score is None:
            return unknown(f"the model says {quoted(said)}, which has no rank")
        return Judgement(value=value, score=score, reason=reason or f"the model says {quoted(said)}")


def unknown(reason: str) -> Judgement:
    """Return the judgement that says why there is none."""
    return Judgement(value=UNKNOWN, score=None, reason=reason)


def _number(said: str, reason: str) -> Judgement:
    whole = WHOLE.fullmatch(said)
    if whole is None or not LOWEST <= int(whole[1]) <= HIGHEST:
        return unknown(f"the model says {quoted(said)}, which is no whole number from 1 to 10")
    number = int(whole[1])
    return Judgement(value=str(number), score=float(number), reason=reason or f"the model says {number}")


def load(path: Path | None = None) -> Vocabulary:
    """Return the package's vocabulary, or that of a file; raise UserError that names the file and the entry."""
    return read(Vocabulary, "vocabulary.toml", path)
