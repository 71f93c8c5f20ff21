"""What a file is known by: the bytes in it. Standard library only."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.errors import TransientError
from realqa_agent.files import FileStat, stat_of
from realqa_agent.media.source import opened, unreadable

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """How a file looked while its content was read, and the content's hash."""

    stat: FileStat
    sha256: str
    """64 hexadecimal digits, lower case."""


def identify(path: Path) -> Identity:
    """Read the whole file.

    Raise TransientError if it changed meanwhile, RefusedError if it is empty, can't be read or is no regular
    file.
    """
    with opened(path) as file:
        before = FileStat.of(os.fstat(file.fileno()))
        try:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = stat_of(path)
        except OSError as error:
            raise unreadable(error) from error
    if before != after:
        raise TransientError("the file changed while it was read; it is still being written")
    return Identity(stat=after, sha256=digest)
