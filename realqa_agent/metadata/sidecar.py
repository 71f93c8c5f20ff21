"""Results into the sidecar `photo.ext.xmp` beside a photo or clip. The photo itself is never written.

One writer at a time: the agent's process. Other programs may write the same sidecars at any moment, so a sidecar
is read, merged and replaced only if it still looks as it did when it was read.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.files import FileStat
from realqa_agent.metadata.atomic import ChangedMeanwhileError, replace_bytes
from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.record import Field, Memory, Owner, Record, Remembered
from realqa_agent.metadata.seed import Seed, Surroundings, seed
from realqa_agent.metadata.xmp import LARGEST_BYTES, BrokenPacketError, Packet, PacketError

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata

__all__ = ["Field", "Memory", "Owner", "Record", "Remembered", "Written", "packets", "write"]

TRIES = 4
"""Merges of one sidecar in a row, if another program keeps changing it."""

YOUNG_SECONDS = 5.0
"""darktable truncates a sidecar and then writes it, so one that was touched just now may be half there."""

LASTING = {
    errno.EACCES: "the folder or the file may not be written; change its permissions",
    errno.EPERM: "the folder or the file may not be written; change its permissions",
    errno.EROFS: "the file system is read-only; mount it for writing, or turn off metadata.sidecars",
    errno.ENAMETOOLONG: "the photo's name leaves no room for `.xmp`; rename the photo",
    errno.ELOOP: "the sidecar is a symlink that leads in a circle; remove it",
}
"""Errors that trying again doesn't cure, and what does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a write did: whether the file changed, what to remember, and sentences for people."""

    sidecar: Path
    changed: bool
    memory: Memory
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Snapshot:
    """A file's bytes and how it looked while they were read."""

    data: bytes
    stat: FileStat
    mtime: float


def write(photo: Path, record: Record, embedded: Embedded, settings: Metadata, memory: Memory) -> Written:
    """Bring the photo's sidecar up to date; the same record twice changes nothing the second time.

    Raise TransientError (another program is writing it, the disk is full) or PermanentError (it isn't XMP, it may
    not be written); the message names the file and what to do, and the file is as it was.
    """
    path = photo.with_name(f"{photo.name}.xmp")
    if not settings.sidecars:
        return Written(sidecar=path, changed=False, memory=memory, notes=())
    for _ in range(TRIES):
        try:
            return _write_once(path, _lightroom_name(photo), record, embedded, settings, memory)
        except ChangedMeanwhileError:
            continue
        except OSError as error:
            raise _explained(path, error) from error
    raise TransientError(f"{path}: another program keeps changing it; it is tried again later")


def packets(photo: Path) -> tuple[Packet | None, Packet | None]:
    """Return what the photo's two sidecars say, `photo.ext.xmp` and Lightroom's `photo.xmp`; None for one not there.

    Raise TransientError or PermanentError if one is there that can't be read.
    """
    path = photo.with_name(f"{photo.name}.xmp")
    try:
        found = (_valid_bytes(path), _valid_bytes(_lightroom_name(photo)))
    except OSError as error:
        raise PermanentError(f"{error.filename}: this sidecar can't be read: {error.strerror}") from error
    own, lightroom = (None if data is None else Packet(data) for data in found)
    return own, lightroom


def _write_once(
    path: Path,
    lightroom: Path | None,
    record: Record,
    embedded: Embedded,
    settings: Metadata,
    memory: Memory,
) -> Written:
    around = Surroundings(embedded=embedded, lightroom=_valid_bytes(lightroom))
    before = _read(path)
    start = seed(around) if before is None else Seed(data=before.data)
    try:
        merged = merge(start.data, record, around, settings, memory)
    except PacketError as error:
        raise _refusal(path, error, before) from error
    changed = before is None or merged.data != before.data
    if changed:
        replace_bytes(path, merged.data, None if before is None else before.stat)
    notes = start.notes + merged.notes
    return Written(sidecar=path, changed=changed, memory=merged.memory, notes=notes)


def _lightroom_name(photo: Path) -> Path | None:
    """Return `photo.xmp` if it is there. It may serve a RAW file and its JPEG alike, and is only ever read.

    Beside `a.jpg.png`, `a.jpg.xmp` is the sidecar of `a.jpg`, if that is there.
    """
    path = photo.with_suffix(".xmp")
    return path if photo.suffix and path.is_file() and not path.with_suffix("").exists() else None


def _valid_bytes(path: Path | None) -> bytes | None:
    """Return the bytes of a sidecar that we only read, None if there is none."""
    snapshot = None if path is None else _read(path)
    if path is None or snapshot is None:
        return None
    try:
        Packet(snapshot.data)
    except PacketError as error:
        raise _refusal(path, error, snapshot) from error
    return snapshot.data


def _read(path: Path) -> _Snapshot | None:
    """Return a regular file's bytes, None if there is no such file."""
    try:
        # Not blocking, since the name could be that of a pipe nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is a descriptor, not a path
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise PermanentError(f"{path}: this is no regular file; move it away, the agent needs its name")
        data = file.read(LARGEST_BYTES + 1)
        after = os.fstat(descriptor)
    if FileStat.of(before) != FileStat.of(after):
        raise ChangedMeanwhileError(f"{path}: another program is writing it")
    return _Snapshot(data=data, stat=FileStat.of(after), mtime=after.st_mtime)


def _refusal(path: Path, error: PacketError, snapshot: _Snapshot | None) -> TransientError | PermanentError:
    if isinstance(error, BrokenPacketError):
        if snapshot is not None and abs(time.time() - snapshot.mtime) < YOUNG_SECONDS:
            return TransientError(f"{path}: another program seems to be writing it: {error}")
        advice = "restore it from a backup, or delete it"
        return PermanentError(f"{path}: this sidecar is left alone, {error}; {advice}")
    return PermanentError(f"{path}: this sidecar is left alone, {error}")


def _explained(path: Path, error: OSError) -> TransientError | PermanentError:
    advice = LASTING.get(error.errno or 0)
    if advice is not None:
        return PermanentError(f"{path}: the sidecar can't be written: {error.strerror}; {advice}")
    return TransientError(f"{path}: the sidecar can't be written for now: {error.strerror}")
