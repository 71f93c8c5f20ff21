"""The form that an answer is held to: words that are given, words of the model's own, and numbers.

A small automaton and no grammar: the regular form of RealQA is a list of labels, each followed by a reason or a
number. Pure; a `Follower` walks one answer through it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realqa_agent.scoring.mllm.chat import Chat


@dataclass(frozen=True, slots=True)
class Given:
    """Words that stand in each answer, such as `, 1.2 Composition Score: `."""

    text: str


@dataclass(frozen=True, slots=True)
class Free:
    """The model's own words, until it begins the given words that follow, wants to stop, or is at the limit."""

    until: str = ""
    """How one sees that it begins them, such as `1.2 Comp`: a part of the given words. Nothing: it can't be seen."""
    limit: int | None = None
    """The most tokens."""


@dataclass(frozen=True, slots=True)
class Number:
    """One digit, a dot and the decimals; without decimals a whole number up to 10."""

    decimals: int = 0


Pattern = tuple[Given | Free | Number, ...]

ANY: Pattern = (Free(),)
"""The model says what it likes."""


class Follower:
    """Walks one answer through a pattern: is told the likeliest tokens, says which ones are written."""

    def __init__(self, pattern: Pattern, chat: Chat) -> None:
        """Raise ValueError if something other than given words follows what the model decides."""
        for part, following in pairwise(pattern):
            if {type(part), type(following)} <= {Free, Number}:
                raise ValueError(f"{part} and {following} have no given words between them")
            if isinstance(part, Free) and isinstance(following, Given) and part.until not in following.text:
                raise ValueError(f"{part.until!r} is no part of {following.text!r}")
        self._chat = chat
        self._parts = deque(pattern)
        self._written: list[int] = []
        """Tokens of the part under way."""
        self.tokens: list[int] = []
        """Tokens of the whole answer."""

    @property
    def finished(self) -> bool:
        """Whether the answer is complete."""
        return not self._parts

    def begin(self) -> list[int]:
        """Return the tokens that stand before anything that the model decides."""
        return self._given()

    def step(self, likeliest: int, digit: int) -> list[int]:
        """Given the likeliest token of all and the likeliest digit, return what is written; nothing at the end."""
        match self._parts[0] if self._parts else None:
            case Free(until=until, limit=limit):
                return self._say(likeliest, until, limit)
            case Number(decimals=0):
                return self._count(likeliest, digit)
            case Number(decimals=decimals):
                return self._measure(digit, decimals)
        return []

    def _say(self, token: int, until: str, limit: int | None) -> list[int]:
        if token in self._chat.ends:
            return self._close()
        tokens = self._write([token])
        if until and (rest := self._rest(until)) is not None:
            return tokens + self._close(rest)
        return tokens + (self._close() if len(self._written) == limit else [])

    def _rest(self, until: str) -> str | None:
        """Return what of the given words the model has not written yet; None if it has not begun them."""
        _, begun, more = self._chat.words(self._written).rpartition(until)
        following = self._parts[1] if len(self._parts) > 1 else None
        if not begun or not isinstance(following, Given):
            return None
        rest = following.text.partition(until)[2]
        return rest.removeprefix(more) if rest.startswith(more) else None

    def _count(self, likeliest: int, digit: int) -> list[int]:
        digits = self._chat.digits
        if not self._written:
            tokens = self._write([digit])
            return tokens if digit == digits[1] else tokens + self._close()
        # A one may be the beginning of ten; anything else that the model would say ends the number.
        return (self._write([digits[0]]) if likeliest == digits[0] else []) + self._close()

    def _measure(self, digit: int, decimals: int) -> list[int]:
        if not self._written:
            return self._write([digit, self._chat.dot])
        tokens = self._write([digit])
        return tokens + (self._close() if len(self._written) == decimals + 2 else [])

    def _close(self, rest: str | None = None) -> list[int]:
        """End the part under way; return the tokens of the given words that follow, or of the rest of them."""
        self._parts.popleft()
        self._written = []
        return self._given(rest)

    def _given(self, rest: str | None = None) -> list[int]:
        tokens: list[int] = []
        while self._parts and isinstance(part := self._parts[0], Given):
            self._parts.popleft()
            tokens += self._chat.tokens(part.text if rest is None else rest)
            rest = None
        self.tokens += tokens
        return tokens

    def _write(self, tokens: list[int]) -> list[int]:
        self._written += tokens
        self.tokens += tokens
        return tokens
