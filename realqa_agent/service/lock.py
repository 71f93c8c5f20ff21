"""One agent an index: a lock that the kernel drops when its holder dies, however it dies.

The lock file says more than who holds it: that an agent has the index open, or closed it as it should. So the next
one knows how the last one ended, and that the index is one of ours at all.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError
from realqa_agent.files import PRIVATE, make_private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class End(StrEnum):
    """How the last agent that opened the index left it, as the lock file says it."""

    OPEN = "open"
    """It was killed, or ended with an error."""
    CLOSED = "closed"


LIVE = "agent"
"""Under this name whoever holds the lock leaves in the index how it fares; `realqa status` reads it."""

PATIENCE_SECONDS = 0.5
"""Whoever only asks for the holder has the lock itself for a moment, which must not keep an agent from starting."""

ASK_AGAIN_SECONDS = 0.01


def lock_file(index: Path) -> Path:
    """Return the lock's path: beside the index, so that it follows the index wherever that is kept."""
    return index.with_name(index.name + ".lock")


class Lock:
    """The lock, while it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.last = next((end for end in End if end in _words(descriptor)), None)
        """None if no agent ever opened the index, or only one of an earlier version, which left a number alone."""
        self._write(str(os.getpid()), *([self.last] if self.last else []))

    def opened(self) -> None:
        """Say that the index is open from now on; it is still said after a power cut."""
        self._write(str(os.getpid()), End.OPEN)
        os.fsync(self._descriptor)

    def left(self) -> None:
        """Say that the index was closed as it should be."""
        self._write(End.CLOSED)

    def _write(self, *words: str) -> None:
        text = f"{' '.join(words)}\n".encode()
        # In this order: killed in between, an agent leaves the old words, or more than the new ones.
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))


@contextmanager
def only_agent(index: Path) -> Iterator[Lock]:
    """Hold the lock; raise UserError that names the holder if another process has it."""
    make_private_folder(index.parent)
    descriptor = os.open(lock_file(index), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        _take(descriptor, index)
        yield Lock(descriptor)
    finally:
        os.close(descriptor)


def holder(index: Path) -> int | None:
    """Return the process number of the agent that works on this index, None if there is none."""
    try:
        descriptor = os.open(lock_file(index), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int, index: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                number = _number(descriptor) or "unknown"
                raise UserError(
                    f"another agent (process {number}) already works on {index}; stop it first, or let it do the work"
                ) from None
            time.sleep(ASK_AGAIN_SECONDS)
        else:
            return


def _number(descriptor: int) -> int:
    """Return the number of the process that holds the lock, 0 in the moment before it says so."""
    return next((int(word) for word in _words(descriptor) if word.isdigit()), 0)


def _words(descriptor: int) -> list[str]:
    return os.pread(descriptor, 64, 0).decode(errors="replace").split()
