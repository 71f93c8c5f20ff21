"""Replace a file's content at once: whoever looks sees the old bytes or the new ones, never a part.

The new bytes are made durable beside the old file before they take its name. A process killed at any point
leaves the old file or the new one whole, and at most temporary files, which `sweep` removes.

Another program may write the file at the very moment of the replace. It is read again right before, and the old
file keeps a second name until after: a program that opened it before the replace writes into the old file, which
would be lost without that name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import signal
import stat
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError
from realqa_agent.metadata.snapshot import ChangedMeanwhileError, Snapshot, snapshot

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".realqa-tmp"

NO_SECOND_NAME = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES, errno.EINVAL}
"""What file systems say that have no hard links (FAT, some network shares), or none for this file."""

NO_LEASE = {errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK}
"""What is said of somebody else's file, and by file systems that have no leases (some network shares)."""


def replace_bytes(path: Path, data: bytes | None, expected: Snapshot | None) -> None:
    """Give the file these bytes, unless it is no longer as expected; None stands for a file that isn't there.

    Symlinks are followed, mode and owner kept; a new file gets the usual mode. The mtime is the present, because
    darktable and digiKam notice changes by it. Raise ChangedMeanwhileError, PermanentError (the owner can't be kept)
    or OSError; then the file is as it was.
    """
    target = path.resolve()
    if data is None:
        _check_unchanged(target, expected)
        _remove(target, expected)
    else:
        temporary = _beside(target)
        try:
            _write(temporary, data, target)
            _check_unchanged(target, expected)
            if expected is None:
                _create(temporary, target)
            else:
                _exchange(temporary, target, expected)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync_folder(target.parent)


def sweep(folder: Path) -> int:
    """Remove what killed processes left in a folder, and return how many files that were.

    Meant for the start, when nobody writes with the same index. Should an agent with another index do so, its
    replacement fails as a missing file and is tried again.
    """
    stale = [path for path in folder.glob(f".*{SUFFIX}") if path.is_file() and not path.is_symlink()]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _beside(target: Path) -> Path:
    # The name is short and its own: one made from the file's could be too long for the file system.
    return target.with_name(f".{secrets.token_hex(8)}{SUFFIX}")


def _write(temporary: Path, data: bytes, target: Path) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - it is a descriptor, not a path
        file.write(data)
        file.flush()
        _keep_owner_and_mode(descriptor, target)
        os.fsync(descriptor)


def _keep_owner_and_mode(descriptor: int, target: Path) -> None:
    try:
        old, new = target.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except PermissionError:
            # Only root may give files away. A file system without owners shows the same one for all, and never
            # comes here.
            if old.st_uid != new.st_uid:
                raise PermanentError(
                    f"{target}: it belongs to {_name(target)}, and to replace it would take it away from them; "
                    "change its owner, or run the agent as that user"
                ) from None
    with contextlib.suppress(PermissionError):
        if old.st_mode != new.st_mode:
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _name(target: Path) -> str:
    try:
        return target.owner()
    except KeyError:
        return f"user {target.stat().st_uid}"


def _check_unchanged(target: Path, expected: Snapshot | None) -> None:
    # The bytes too: the clock of file times ticks only every few milliseconds, and 3 stars are as long as 4.
    if snapshot(target) != expected:
        raise ChangedMeanwhileError(f"{target}: another program changed it meanwhile")


def _is_written(keeper: Path, expected: Snapshot) -> bool:
    """Tell whether somebody has the old file open for writing, or has just written into it."""
    try:
        return _is_open_for_writing(keeper) or snapshot(keeper) != expected
    except ChangedMeanwhileError:
        return True


def _is_open_for_writing(file: Path) -> bool:
    """Ask the kernel, which gives no read lease on such a file; False where it gives none at all.

    The bytes alone don't tell: who has opened the file may not have emptied it yet, and one in a thousand such writes
    was lost under load.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Who opens the file during the lease has the kernel send SIGIO, which ends a process; this one is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno not in {errno.EAGAIN, *NO_LEASE}:
            raise
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


def _create(temporary: Path, target: Path) -> None:
    """Give a file a name that nobody has; a link fails if somebody took it meanwhile, a rename would not."""
    if _second_name(temporary, target):
        temporary.unlink()
    else:
        temporary.replace(target)


def _exchange(temporary: Path, target: Path, expected: Snapshot) -> None:
    keeper = _beside(target)
    kept = _second_name(target, keeper)
    try:
        temporary.replace(target)
        if kept and _is_written(keeper, expected):
            # Somebody opened it before the replace and writes still: the name goes back to what they write.
            keeper.replace(target)
            raise ChangedMeanwhileError(f"{target}: another program writes it right now")
    finally:
        keeper.unlink(missing_ok=True)


def _remove(target: Path, expected: Snapshot | None) -> None:
    if expected is None:
        return
    keeper = _beside(target)
    target.rename(keeper)
    if _is_written(keeper, expected):
        keeper.rename(target)
        raise ChangedMeanwhileError(f"{target}: another program writes it right now")
    keeper.unlink()


def _second_name(file: Path, name: Path) -> bool:
    """Tell whether the file has it now; raise ChangedMeanwhileError if the name is taken or the file gone."""
    try:
        os.link(file, name)
    except (FileExistsError, FileNotFoundError):
        raise ChangedMeanwhileError(f"{file}: another program made or removed it meanwhile") from None
    except OSError as error:
        if error.errno not in NO_SECOND_NAME:
            raise
        return False
    return True


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
