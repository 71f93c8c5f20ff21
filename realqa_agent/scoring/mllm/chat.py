"""How a model folder's own tokenizer and chat template put a picture, or a clip, and a question into tokens.

Nothing is taken for granted: other backbones have other vocabularies and templates, and a test vocabulary whose digits
happen to have the usual numbers once hid that.
"""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.scoring.mllm.questions import Question

PICTURE, CLIP, BEFORE_PICTURE, AFTER_PICTURE = "<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"
END_OF_TURN = "<|im_end|>"
"""Special tokens of all Qwen-VL families."""

PROBE = " Ask? "
"""A question whose edges show whether a template trims them."""

SAMPLE = "6.59"


class Chat:
    """The prompt around a picture and a question, and the tokens that matter to us."""

    def __init__(self, tokenizer: Any, folder: Path, *, system: str | None, ends: frozenset[int]) -> None:
        """Raise UserError if the tokenizer or its template isn't fit for asking for numbers.

        `system` is said before the first turn if the template says nothing of its own there; `ends` are the tokens
        after which the model's own settings stop, to which the end of a turn is added.
        """
        self._tokenizer = tokenizer
        self._folder = folder
        self._system = system
        self.picture = self._special(PICTURE)
        self._special(AFTER_PICTURE)
        self.ends = ends | {self._special(END_OF_TURN)}
        self.digits = tuple(self._single(str(digit)) for digit in range(10))
        self.dot = self._single(".")
        if len({*self.digits, self.dot}) != 11:
            raise UserError(f"{folder}: the tokenizer takes several digits for one")
        self.before, self._between, self._after = self._template()
        # A question is long and asked of each picture: tokenised once.
        self._suffix = lru_cache(maxsize=256)(self._tokenised_suffix)

    def render(self, question: Question) -> str:
        """Return the whole prompt as text, with one place for the picture."""
        return self.before + PICTURE + self._between + question.text + self._after + question.start

    def head(self, places: int) -> list[int]:
        """Return the tokens up to and including the picture: they are the same for each question."""
        return [*self.tokens(self.before), *[self.picture] * places]

    @cached_property
    def clip(self) -> int:
        """The token that stands for a place of a clip."""
        return self._special(CLIP)

    def check_clips(self) -> None:
        """Raise UserError unless a clip stands where a picture does, and all else around it is the same."""
        text = self._prompt("video")
        if not self.before.endswith(BEFORE_PICTURE) or text != self.before + CLIP + self._between + PROBE + self._after:
            raise UserError(
                f"{self._folder}: its chat template doesn't put a clip where it puts a picture; it makes {text!r}: "
                'set `clips` in [mllm] to "frames"'
            )
        self._special(CLIP)

    def clip_head(self, blocks: Sequence[tuple[str, int]]) -> list[int]:
        """Return the tokens up to and including a clip: blocks of so many places, each with words before it."""
        before = self.before.removesuffix(BEFORE_PICTURE)
        text = before + AFTER_PICTURE.join(words + BEFORE_PICTURE + CLIP for words, _ in blocks)
        counts = iter([count for _, count in blocks])
        tokens: list[int] = []
        for token in self.tokens(text):
            tokens += [token] * (next(counts) if token == self.clip else 1)
        return tokens

    def suffix(self, question: Question) -> list[int]:
        """Return the tokens after the picture; they begin with a special token, so that they can stand alone."""
        return list(self._suffix(question.text, question.start))

    def forced_suffix(self, question: Question) -> list[int]:
        """Return the tokens after the picture for a number; raise UserError if it wouldn't follow digit by digit."""
        tokens = self.suffix(question)
        if list(self._suffix(question.text, question.start + SAMPLE)) != tokens + self.number(SAMPLE):
            raise UserError(
                f"{self._folder}: after {question.start!r} the tokenizer doesn't write a number digit by digit: "
                "let the prompt's start end in `<` or a space"
            )
        return tokens

    def number(self, written: str) -> list[int]:
        """Return the tokens of a number, or of its beginning."""
        return [self.dot if sign == "." else self.digits[int(sign)] for sign in written]

    def next_words(self, question: Question, words: Sequence[str]) -> list[int]:
        """Return the token that each word is after the forced start; raise UserError if one isn't a single token."""
        start = self.suffix(question)
        tokens = [list(self._suffix(question.text, question.start + word)) for word in words]
        if any(one[:-1] != start for one in tokens) or len({one[-1] for one in tokens}) != len(words):
            spoken = ", ".join(map(repr, words))
            raise UserError(
                f"{self._folder}: after {question.start!r} the tokenizer doesn't take each of {spoken} for one token: "
                "unfit to score by these words"
            )
        return [one[-1] for one in tokens]

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text, without any that the tokenizer would add."""
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def words(self, tokens: list[int]) -> str:
        """Return tokens as text, without the special ones."""
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _tokenised_suffix(self, text: str, start: str) -> tuple[int, ...]:
        return tuple(self.tokens(self._between + text + self._after + start))

    def _single(self, sign: str) -> int:
        tokens = self.tokens(sign)
        if len(tokens) != 1:
            raise UserError(
                f"{self._folder}: {sign!r} is {len(tokens)} tokens to the tokenizer, not one: unfit to score"
            )
        return tokens[0]

    def _special(self, name: str) -> int:
        tokens = self.tokens(name)
        if len(tokens) != 1:
            raise UserError(f"{self._folder}: the tokenizer doesn't know {name}: its files are of another model")
        return tokens[0]

    def _template(self) -> tuple[str, str, str]:
        """Return what stands before the picture, between it and the question, and after the question."""
        text = self._prompt("image")
        before, _, rest = text.partition(PICTURE)
        between, _, after = rest.partition(PROBE)
        if PICTURE in rest or not between.startswith(AFTER_PICTURE) or not after.startswith(END_OF_TURN):
            raise UserError(
                f"{self._folder}: its chat template doesn't put one picture before the question, word for word; "
                f"it makes {text!r}"
            )
        if after.rpartition("<think>")[2].find("</think>") < 0 <= after.find("<think>"):
            raise UserError(
                f"{self._folder}: its chat template makes the model think aloud first: take an instruct model"
            )
        return before, between, after

    def _prompt(self, kind: str) -> str:
        """Return the template's prompt for a probe question about an `image` or a `video`."""
        turn = {"role": "user", "content": [{"type": kind}, {"type": "text", "text": PROBE}]}
        text = self._rendered([turn])
        if self._system is not None and "<|im_start|>system" not in text:
            text = self._rendered([{"role": "system", "content": self._system}, turn])
        return text

    def _rendered(self, turns: list[dict[str, Any]]) -> str:
        # `enable_thinking` closes the thinking block of templates that know it; the others don't see it.
        text: str = self._tokenizer.apply_chat_template(
            turns,
            chat_template=self._tokenizer.chat_template or self._own_template(),
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        return text

    def _own_template(self) -> str:
        """Return the template that older folders keep beside the tokenizer, where only processors look for it."""
        file = self._folder / "chat_template.json"
        try:
            template: str = json.loads(file.read_bytes())["chat_template"]
        except (OSError, ValueError, KeyError):
            raise UserError(f"{self._folder} has no chat template: fetch its tokenizer_config.json again") from None
        return template
