"""Opening a file that anybody may have put there. Standard library only."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from realqa_agent.errors import RefusalKind, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

MEGABYTE = 1_000_000


@contextmanager
def opened(path: Path, max_megabytes: int | None = None) -> Iterator[BufferedReader]:
    """Open a regular file that is not empty.

    Raise RefusedError UNREADABLE (permission, vanished, I/O error), UNSUPPORTED (folder, pipe, device), EMPTY,
    or TOO_LARGE (over `max_megabytes`, each 10^6 bytes).
    """
    with _open(path) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError(RefusalKind.UNSUPPORTED, "not a regular file, but a pipe or a device")
        if status.st_size == 0:
            raise RefusedError(RefusalKind.EMPTY, "the file is empty (0 bytes)")
        if max_megabytes is not None and status.st_size > max_megabytes * MEGABYTE:
            raise RefusedError(
                RefusalKind.TOO_LARGE,
                f"{status.st_size / MEGABYTE:.0f} MB is over the limit of {max_megabytes} MB (media.max_megabytes)",
            )
        yield file


def descriptor_path(file: BufferedReader) -> str:
    """Return a path to the open file for libraries that open files by themselves.

    They want names in UTF-8, while a name on Linux may be any bytes; and by its name the file could be another
    one by now.
    """
    return f"/proc/self/fd/{file.fileno()}"


def unreadable(error: OSError) -> RefusedError:
    """Return the refusal for what the system said."""
    return RefusedError(RefusalKind.UNREADABLE, f"can't be read: {error.strerror or error}")


def _open(path: Path) -> BufferedReader:
    try:
        return open(path, "rb", opener=_open_without_waiting)
    except OSError as error:
        raise unreadable(error) from error


def _open_without_waiting(path: str, flags: int) -> int:
    # Otherwise opening a named pipe waits until somebody writes into it.
    return os.open(path, flags | os.O_NONBLOCK)
