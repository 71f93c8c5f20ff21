"""One agent an index: a lock that the kernel drops when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def lock_file(index: Path) -> Path:
    """Return the lock's path: beside the index, so that it follows the index wherever that is kept."""
    return index.with_name(index.name + ".lock")


@contextmanager
def only_agent(index: Path) -> Iterator[None]:
    """Hold the lock; raise UserError that names the holder if another process has it."""
    index.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_file(index), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise UserError(
                f"another agent (process {holder}) already works on {index}; stop it first, or let it do the work"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
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
        return int(os.read(descriptor, 32) or b"0")
    else:
        return None
    finally:
        os.close(descriptor)
