"""RealQA's published conversations, and others of that form: lists in which each picture is asked about.

Which picture is meant tells its path on the authors' machine: it is looked for by as much of the path's end as leads
somewhere. Files whose name says `test` are the published tests.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, get_args

from realqa_agent.config import Role
from realqa_agent.dataset.layouts.layout import absolute
from realqa_agent.dataset.record import Labelled, Message, RatedSet
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import answers, conversations, prose, published
from realqa_agent.scoring.mllm.questions import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from realqa_agent.dataset.layouts.layout import Source
    from realqa_agent.dataset.record import Conversation, Form, Split

NAME = "realqa"
LOOKS = "files .json or .jsonl with `messages` and `images`"

ROLES: Mapping[str, Role] = {
    part: role for part, (first, *_) in published.ASKED for role in get_args(Role) if role == first
}
"""What a file's name holds, and what its scores are of; of all others they are composite scores."""


@dataclass(kw_only=True, slots=True)
class _Gathered:
    """What the files say of one picture."""

    split: Split
    scores: dict[float, None] = field(default_factory=dict)
    """In order, each once."""
    told: dict[Form, str] = field(default_factory=dict)
    conversations: list[Conversation] = field(default_factory=list)


def fits(path: Path) -> bool:
    """Tell whether this is a file of conversations, or a folder with one."""
    if path.is_file():
        return path.suffix in conversations.SUFFIXES
    return any(file.suffix in conversations.SUFFIXES for file in path.rglob("*.json*"))


def read(source: Source) -> RatedSet:
    """Return the pictures of those files that are about the source's role.

    Raise UserError if there are several roles and nobody said which one is meant.
    """
    files = dict(conversations.read(source.path))
    role = source.role or _only(source.path, Counter(map(_role, files)))
    chosen = {name: rows for name, rows in files.items() if _role(name) == role}
    if not chosen:
        raise UserError(f"{source.path}: none of its files has {role} scores: {', '.join(files)}")
    folder = source.path if source.path.is_dir() else source.path.parent
    gathered: dict[str, _Gathered] = {}
    for name, rows in chosen.items():
        for number, row in enumerate(rows, 1):
            picture = _picture(folder / name, number, row)
            _add(gathered.setdefault(picture, _Gathered(split=_split(name))), row, _split(name))
    is_split = len({one.split for one in gathered.values()}) > 1
    images = tuple(
        Labelled(
            name=picture,
            path=_found(source.images or folder, picture),
            score=score,
            split=one.split if is_split else None,
            told=one.told,
            conversations=tuple(one.conversations),
        )
        for picture, one in gathered.items()
        for score in one.scores or (math.nan,)
    )
    return RatedSet(
        layout=NAME,
        name=source.path.stem,
        folder=folder,
        labels=tuple(folder / name for name in chosen),
        role=role,
        scale=source.scales[role],
        images=images,
    )


def _role(name: str) -> Role:
    return next((role for part, role in ROLES.items() if part in name.casefold()), "overall")


def _only(path: Path, roles: Counter[Role]) -> Role:
    if len(roles) > 1:
        there = ", ".join(f"{count} files with {role} scores" for role, count in roles.items())
        raise UserError(f"{path} has {there}: say which ones with --role, or name one file")
    return next(iter(roles))


def _split(name: str) -> Split:
    stem = PurePosixPath(name).stem.casefold()
    return "test" if "test" in stem else "dev" if "dev" in stem or "val" in stem else "train"


def _picture(file: Path, number: int, row: Mapping[str, Any]) -> str:
    pictures = row.get("images")
    if not isinstance(pictures, list) or len(pictures) != 1 or not isinstance(pictures[0], str):
        raise UserError(f"{file}: conversation {number} is not about one picture")
    return pictures[0]


def _add(one: _Gathered, row: Mapping[str, Any], split: Split) -> None:
    # A picture that is also in a test file is a test, whatever other files say.
    one.split = "test" if split == "test" else one.split
    messages = tuple(Message(role=message["role"], content=message["content"]) for message in row["messages"])
    one.conversations.append(messages)
    for text in _answers(messages):
        score = answers.number(Answer(text=text, finished=True), published.ANY_SCALE)
        if isinstance(score, float):
            one.scores[score] = None
            if (form := _form(text)) is not None:
                one.told.setdefault(form, text)


def _answers(messages: Iterable[Message]) -> Iterator[str]:
    return (message["content"] for message in messages if message["role"] == "assistant")


def _form(answer: str) -> Form | None:
    """Return how an answer with a score reasons; None if it only names the score."""
    if answers.FIELD.search(answer):
        return "regular"
    return "natural" if len(prose.sentences(answer, finished=True)) > 1 else None


def _found(root: Path, picture: str) -> Path:
    """Return where a picture is: below the folder at as much of its path's end as leads to a file."""
    parts = [part for part in PurePosixPath(picture).parts if part not in {"/", ".."}]
    candidates = [Path(picture)] if os.path.isabs(picture) else []  # noqa: PTH117 - text of any kind
    candidates += [root.joinpath(*parts[start:]) for start in range(len(parts))]
    return absolute(next(filter(os.path.isfile, candidates), root.joinpath(*parts[-1:])))
