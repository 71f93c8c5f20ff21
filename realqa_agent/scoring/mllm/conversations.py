"""Reads RealQA's published conversations, whatever files they come in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]

SUFFIXES = frozenset({".json", ".jsonl"})


def read(source: Path) -> Iterator[tuple[str, list[Row]]]:
    """Given a folder or one file, yield each data set's name and its conversations, as `published.compare` takes them.

    A file is a data set: a JSON list, or an object a line. Those without conversations are passed over. Raise UserError
    if one is damaged, or none has any.
    """
    folder = source.parent if source.is_file() else source
    files = [source] if source.is_file() else sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    found = False
    for file in files:
        if rows := [row for row in _objects(file) if _is_conversation(row)]:
            found = True
            yield file.relative_to(folder).as_posix(), rows
    if not found:
        raise UserError(f"{source} holds no conversations: no row of .json and .jsonl files there has `messages`")


def _objects(file: Path) -> list[Any]:
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        content = json.loads(text)
    except (OSError, ValueError) as error:
        raise UserError(f"{file} is damaged or only half there: {error}; fetch it again") from error
    return content if isinstance(content, list) else [content]


def _is_conversation(row: Any) -> bool:
    messages = row.get("messages") if isinstance(row, dict) else None
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(
            isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("content"), str)
            for one in messages
        )
    )
