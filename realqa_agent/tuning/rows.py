"""Lessons as the network takes them: exactly what the scorer gives it, and the answer after that.

Tokens come from `chat`, patches and positions from `sights`, sizes from `frames`, as they do at scoring. So the
positions are M-RoPE's, while RealQA's published training ran with plain ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from realqa_agent.errors import PermanentError, RefusedError, UserError
from realqa_agent.media.opening import open_photo
from realqa_agent.media.still import FORMATS
from realqa_agent.scoring.mllm.chat import END_OF_TURN
from realqa_agent.scoring.mllm.frames import MOST, fit, shown
from realqa_agent.scoring.mllm.questions import Kind, Question
from realqa_agent.scoring.mllm.sights import of_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from realqa_agent.config import Media
    from realqa_agent.scoring.mllm.chat import Chat
    from realqa_agent.scoring.mllm.packing import VisionSpec
    from realqa_agent.scoring.mllm.sights import Sight
    from realqa_agent.scoring.view import View
    from realqa_agent.tuning.lessons import Lesson

    Pixels = npt.NDArray[np.uint8]

UNLEARNED = -100
"""The label of a token that isn't to be learned, in torch and in transformers."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Row:
    """One lesson, ready for the network."""

    sight: Sight
    question: list[int]
    """Tokens after the picture, up to where the answer begins."""
    answer: list[int]
    """Tokens of the answer, with the end of the turn."""

    @property
    def tokens(self) -> list[int]:
        """The whole conversation."""
        return [*self.sight.head, *self.question, *self.answer]


class Optics:
    """Shows pictures as the scorer does."""

    def __init__(self, chat: Chat, spec: VisionSpec, view: View, limits: Media) -> None:
        self._chat, self._spec, self._view, self._limits = chat, spec, view, limits
        # One photo has a lesson for each form.
        self.places = cache(self._places)

    def pixels(self, path: Path) -> Pixels:
        """Return a photo, shape (h, w, 3), at the size that the model takes; raise PermanentError if it can't be."""
        try:
            width, height, rgb = shown(open_photo(path, self._limits), self._view)
        except RefusedError as error:
            raise PermanentError(f"{path}: {error}; put a whole copy in its place, then --resume goes on") from error
        return np.frombuffer(rgb, np.uint8).reshape(height, width, 3)

    def sight(self, path: Path) -> Sight:
        """Return a photo, ready for the network."""
        return of_picture(self.pixels(path), self._chat, self._spec)

    def _places(self, path: Path) -> int:
        """Return how many places of the prompt a photo takes, by its header; the most there can be if that is odd.

        It decides which photos share a batch, and nothing that is learned. A turned photo takes as many.
        """
        try:
            with Image.open(path, formats=FORMATS) as image:
                width, height = fit(*image.size, self._view)
        except OSError:
            return MOST // self._spec.stride**2
        return width * height // self._spec.stride**2


class Rows:
    """The lessons, each opened when it is taken."""

    def __init__(self, lessons: Sequence[Lesson], chat: Chat, optics: Optics) -> None:
        """Tokenise all answers; raise UserError for one that can't be learned as it will be asked for."""
        self._lessons, self._chat, self._optics = lessons, chat, optics
        self._end = chat.tokens(END_OF_TURN)
        before = len(chat.head(0))
        self.sizes = [before + optics.places(lesson.picture) + sum(map(len, self._words(lesson))) for lesson in lessons]
        """Tokens of each, places of the picture among them."""

    def __len__(self) -> int:
        return len(self._lessons)

    def __getitem__(self, number: int) -> Row:
        lesson = self._lessons[number]
        question, answer = self._words(lesson)
        return Row(sight=self._optics.sight(lesson.picture), question=question, answer=answer)

    def _words(self, lesson: Lesson) -> tuple[list[int], list[int]]:
        question = self._suffix(lesson.asked, "")
        both = self._suffix(lesson.asked, lesson.answer)
        if both[: len(question)] != question:
            raise UserError(
                f"the answer {lesson.answer[:40]!r} for {lesson.picture} runs into the prompt: let it begin with a word"
            )
        return question, [*both[len(question) :], *self._end]

    def _suffix(self, asked: str, begun: str) -> list[int]:
        return self._chat.suffix(Question(name="lesson", kind=Kind.REASONING, text=asked, start=begun))


def collate(rows: Sequence[Row]) -> dict[str, Any]:
    """Return rows as one batch, the arguments of the network's `forward`.

    Shorter rows are padded at their beginning. So all answers end in the same place, and the network makes logits of
    the last few tokens alone (`logits_to_keep`): over a large vocabulary, those of a picture's places take gigabytes.
    """
    longest = max(len(row.tokens) for row in rows)
    kept = max(len(row.answer) for row in rows) + 1
    tokens = torch.zeros((len(rows), longest), dtype=torch.long)
    real = torch.zeros_like(tokens)
    labels = torch.full((len(rows), kept), UNLEARNED)
    positions = torch.zeros((3, len(rows), longest), dtype=torch.long)
    for index, row in enumerate(rows):
        start = longest - len(row.tokens)
        tokens[index, start:] = torch.tensor(row.tokens)
        real[index, start:] = 1
        labels[index, kept - len(row.answer) :] = torch.tensor(row.answer)
        positions[:, index, start:] = torch.from_numpy(row.sight.positions([*row.question, *row.answer]))
    return {
        "input_ids": tokens,
        "attention_mask": real,
        "mm_token_type_ids": ((tokens == rows[0].sight.seen) & (real == 1)).int(),
        "position_ids": positions,
        "pixel_values": torch.cat([torch.from_numpy(row.sight.patches) for row in rows]),
        "image_grid_thw": torch.tensor([row.sight.grid for row in rows]),
        "labels": labels,
        "logits_to_keep": kept,
        "use_cache": False,
    }
