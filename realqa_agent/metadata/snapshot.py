"""A file as it was at one moment: what a merge starts from, and what must still be there when it is replaced."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.files import FileStat

if TYPE_CHECKING:
    from pathlib import Path


class ChangedMeanwhileError(TransientError):
    """Another program changed the file since it was read, so that it must be read again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A file's bytes and how it looked while they were read."""

    data: bytes
    stat: FileStat

    @property
    def mtime(self) -> float:
        """Time of the last change, seconds since the epoch."""
        return self.stat.mtime_ns / 1e9


def snapshot(path: Path, limit: int = -1) -> Snapshot | None:
    """Return a regular file's bytes, at most `limit` of them if that isn't negative; None if there is no such file.

    Raise ChangedMeanwhileError if it changes under the eyes, PermanentError if it is no regular file, or OSError.
    """
    try:
        # Not blocking, since the name could be that of a pipe nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is a descriptor, not a path
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise PermanentError(f"{path}: this is no regular file; move it away, the agent needs its name")
        data = file.read(limit)
        after = os.fstat(descriptor)
    if FileStat.of(before) != FileStat.of(after):
        raise ChangedMeanwhileError(f"{path}: another program is writing it")
    return Snapshot(data=data, stat=FileStat.of(after))


def sha256_of(data: bytes | None) -> str | None:
    """Return the hash of a content as hexadecimal text; None stands for a file that isn't there."""
    return None if data is None else hashlib.sha256(data).hexdigest()
