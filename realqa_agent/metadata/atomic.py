"""Replace a file's content at once: whoever looks sees the old bytes or the new ones, never a part.

The new bytes are made durable beside the old file before they take its name. A process killed at any point
leaves the old file whole and at most a temporary file, which `sweep` removes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

from realqa_agent.errors import TransientError
from realqa_agent.files import FileStat, stat_of

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".realqa-tmp"


class ChangedMeanwhileError(TransientError):
    """Another program changed the file since it was read, so that it must be read again."""


def replace_bytes(path: Path, data: bytes, expected: FileStat | None) -> FileStat:
    """Give the file these bytes, unless it no longer looks as expected (None: it isn't there).

    Symlinks are followed, mode and owner kept; a new file gets the usual mode. The mtime is the present, because
    darktable and digiKam notice changes by it. Raise ChangedMeanwhileError or OSError; then the file is as it was.
    """
    target = path.resolve()
    # The name is short and its own: one made from the file's could be too long for the file system.
    temporary = target.with_name(f".{secrets.token_hex(8)}{SUFFIX}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is a descriptor, not a path
            file.write(data)
            file.flush()
            _keep_owner_and_mode(descriptor, target)
            os.fsync(descriptor)
        _check_unchanged(target, expected)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    return stat_of(target)


def sweep(folder: Path) -> int:
    """Remove what killed processes left in a folder, and return how many files that were.

    Meant for the start, when no other agent writes. Should one do so, on another machine, its replacement fails
    as a missing file and is tried again.
    """
    stale = [path for path in folder.glob(f".*{SUFFIX}") if path.is_file() and not path.is_symlink()]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _keep_owner_and_mode(descriptor: int, target: Path) -> None:
    try:
        old, new = target.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return
    # Only root may give files away, and FAT knows no owners at all. The folder lets us write, so what can't be
    # kept is no reason to fail.
    with contextlib.suppress(PermissionError):
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    with contextlib.suppress(PermissionError):
        if old.st_mode != new.st_mode:
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _check_unchanged(target: Path, expected: FileStat | None) -> None:
    try:
        now = stat_of(target)
    except FileNotFoundError:
        now = None
    if now != expected:
        raise ChangedMeanwhileError(f"{target}: another program changed it meanwhile")


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; EINVAL is what file systems say that can't do that for a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)
