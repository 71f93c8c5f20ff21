"""A dataset folder, as `realqa dataset build` writes it, read for training. Opens no photo."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realqa_agent.dataset import manifest
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import answers
from realqa_agent.scoring.mllm.digits import WRITTEN
from realqa_agent.scoring.mllm.published import PICTURE
from realqa_agent.scoring.mllm.questions import Answer, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.config import Role
    from realqa_agent.dataset.manifest import Manifest
    from realqa_agent.dataset.record import Form
    from realqa_agent.scoring.mllm.prompts import Prompts
    from realqa_agent.scoring.mllm.questions import Question

MOST_NAMED = 20
"""Photos named in one complaint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """A photo, a question about it and the answer that is to be learned."""

    picture: Path
    asked: str
    """What the user says after the picture, to the letter."""
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A dev photo and what people gave it, as the model is to write it: `3.47`."""

    picture: Path
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """All lessons of a dataset folder."""

    about: Manifest
    """What the folder says of itself."""
    name: str
    role: Role
    """What its scores are of: `overall`, `quality` or `aesthetic`."""
    scale: Scale
    """Of the numbers in its answers."""
    forms: tuple[Form, ...]
    train: tuple[Lesson, ...]
    dev: tuple[Lesson, ...]
    sha256: str
    """Of the two files of lessons."""

    def direct(self, prompts: Prompts) -> Question | None:
        """Return the question that a scorer will ask for the score alone; None if the lessons don't teach it."""
        (question,) = prompts.questions([self.role], scale=self.scale)
        taught = any(one.asked == question.text and one.answer.startswith(question.start) for one in self.train)
        return question if taught else None

    def labelled(self, most: int) -> list[Labelled]:
        """Return dev photos with the score that their answers end with, at most so many, evenly spread."""
        found: dict[Path, Labelled] = {}
        for one in self.dev:
            score = answers.number(Answer(text=one.answer, finished=True), self.scale)
            if isinstance(score, float) and WRITTEN.fullmatch(f"{score:.2f}"):
                found.setdefault(one.picture, Labelled(picture=one.picture, label=f"{score:.2f}"))
        every = list(found.values())
        count = min(most, len(every))
        return [every[place * len(every) // count] for place in range(count)]


def read(folder: Path) -> Course:
    """Read a dataset folder; raise UserError, with the mend, if it can't be learned from as it is."""
    about = manifest.read(folder)
    files = [folder / manifest.conversations_of(split) for split in ("train", "dev")]
    data = [_bytes(file) for file in files]
    train, dev = map(_lessons, files, data)
    if not train:
        raise UserError(f"{files[0]} holds no lessons: build the dataset again, with more for training")
    _check_pictures(folder, [*train, *dev])
    low, high = about.scale
    return Course(
        about=about,
        name=about.name,
        role=about.role,
        scale=Scale(low=low, high=high),
        forms=about.forms,
        train=train,
        dev=dev,
        sha256=hashlib.sha256(b"\n".join(data)).hexdigest(),
    )


def _lessons(file: Path, content: bytes) -> tuple[Lesson, ...]:
    records = _json(file, content)
    if not isinstance(records, list):
        raise UserError(f"{file} is no list of conversations: build the dataset again")
    return tuple(_lesson(file, number, record) for number, record in enumerate(records, 1))


def _lesson(file: Path, number: int, record: Any) -> Lesson:
    match record:
        case {
            "messages": [{"role": "user", "content": str(user)}, {"role": "assistant", "content": str(answer)}],
            "images": [str(picture)],
        } if answer and user.startswith(PICTURE) and PICTURE not in (asked := user.removeprefix(PICTURE)):
            return Lesson(picture=file.parent / picture, asked=asked, answer=answer)
    raise UserError(
        f"{file}: conversation {number} is not one photo, one question that begins with {PICTURE}, and one answer"
    )


def _check_pictures(folder: Path, lessons: Sequence[Lesson]) -> None:
    pictures = dict.fromkeys(one.picture for one in lessons)
    missing = [str(picture) for picture in pictures if not picture.is_file()]
    if missing:
        more = [f"and {len(missing) - MOST_NAMED} more"] if len(missing) > MOST_NAMED else []
        listed = "\n".join(f"  {one}" for one in [*missing[:MOST_NAMED], *more])
        raise UserError(f"{folder}: {len(missing)} of {len(pictures)} photos are not there:\n{listed}")


def _json(file: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise UserError(f"{file} is damaged or only half there: {error}; build the dataset again") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} can't be read: {error.strerror}") from error
