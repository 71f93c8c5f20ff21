"""Results into the sidecar `photo.ext.xmp` beside a photo or clip. The photo itself is never written here.

Other programs may write the same sidecars at any moment, so a sidecar is read, merged and replaced only if it still
is as it was read; else it is merged again.
"""

from __future__ import annotations

import errno
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.darktable import untouched_since_import
from realqa_agent.metadata.elsewhere import Shown
from realqa_agent.metadata.packet import merge, stated
from realqa_agent.metadata.record import Change, Field, Memory, Owner, Record, Remembered
from realqa_agent.metadata.seed import Seed, Surroundings, seed
from realqa_agent.metadata.snapshot import ChangedMeanwhileError, Snapshot, sha256_of, snapshot
from realqa_agent.metadata.xmp import LARGEST_BYTES, BrokenPacketError, Packet, PacketError

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata
    from realqa_agent.metadata.pen import Pen

__all__ = ["Change", "Field", "Memory", "Owner", "Plan", "Record", "Remembered", "plan", "snapshots", "write"]

log = logging.getLogger(__name__)

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
class Plan:
    """What is to become of a photo's sidecar, before anything does."""

    sidecar: Path
    before: Snapshot | None
    """The sidecar as it is, None if there is none."""
    after: bytes | None
    """Its bytes after the write; None: there is and will be none."""
    changes: tuple[Change, ...]
    memory: Memory
    """What to remember of the photo then."""
    notes: tuple[str, ...]
    """Sentences for people."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.after != (None if self.before is None else self.before.data)


def write(
    photo: Path, record: Record, embedded: Embedded, settings: Metadata, memory: Memory, *, pen: Pen, file_id: int
) -> Plan:
    """Bring the photo's sidecar up to date, and return what was done; the same record twice changes nothing more.

    Raise TransientError (another program is writing it, the disk is full) or PermanentError (it isn't XMP, it may
    not be written); the message names the file and what to do, and the file is as it was.
    """
    for _ in range(TRIES):
        done = plan(photo, record, embedded, settings, memory)
        if not done.changed:
            return done
        try:
            pen.replace(file_id, done.sidecar, done.after, done.before, changes=done.changes, memory=memory)
        except ChangedMeanwhileError:
            continue
        except OSError as error:
            raise explained(done.sidecar, error) from error
        return done
    raise TransientError(f"{sidecar_of(photo)}: another program keeps changing it; it is tried again later")


def plan(photo: Path, record: Record, embedded: Embedded, settings: Metadata, memory: Memory) -> Plan:
    """Return what `write` would do, and write nothing; errors as for `write`."""
    path = sidecar_of(photo)
    if not settings.sidecars:
        return Plan(sidecar=path, before=None, after=None, changes=(), memory=memory, notes=())
    for _ in range(TRIES):
        try:
            lightroom = _valid(_lightroom_name(photo))
            before = snapshot(path, LARGEST_BYTES + 1)
        except ChangedMeanwhileError:
            continue
        except OSError as error:
            raise explained(path, error) from error
        around = Surroundings(embedded=embedded, lightroom=None if lightroom is None else lightroom.data)
        try:
            return _planned(path, record, around, settings, memory, before)
        except PacketError as error:
            raise _refusal(path, error, before) from error
    raise TransientError(f"{path}: another program keeps changing it; it is tried again later")


def sidecar_of(photo: Path) -> Path:
    """Return the name of the photo's own sidecar."""
    return photo.with_name(f"{photo.name}.xmp")


def has_sidecar(photo: Path) -> bool:
    """Tell whether the photo has a sidecar by either name."""
    return sidecar_of(photo).exists() or _lightroom_name(photo) is not None


def snapshots(photo: Path) -> tuple[Snapshot | None, Snapshot | None]:
    """Return the photo's two sidecars, `photo.ext.xmp` and Lightroom's `photo.xmp`; None for one not there.

    Raise TransientError or PermanentError if one is there that can't be read.
    """
    try:
        return _valid(sidecar_of(photo)), _valid(_lightroom_name(photo))
    except OSError as error:
        raise PermanentError(f"{error.filename}: this sidecar can't be read: {error.strerror}") from error


def shown(photo: Path) -> Shown | None:
    """Return what the photo's own sidecar shows, None if there is none, or none that can be read now."""
    try:
        own = snapshot(sidecar_of(photo), LARGEST_BYTES + 1)
        if own is None:
            return None
        return Shown(sha256=sha256_of(own.data) or "", rating=stated(Packet(own.data), names.RATING))
    except (OSError, PermanentError, TransientError) as error:
        log.info("%s: its sidecar can't be looked at: %s", photo, error)
        return None


def explained(path: Path, error: OSError) -> TransientError | PermanentError:
    """Return what to tell people of a file that could not be written."""
    advice = LASTING.get(error.errno or 0)
    if advice is not None:
        return PermanentError(f"{path}: it can't be written: {error.strerror}; {advice}")
    return TransientError(f"{path}: it can't be written for now: {error.strerror}")


def _planned(
    path: Path,
    record: Record,
    around: Surroundings,
    settings: Metadata,
    memory: Memory,
    before: Snapshot | None,
) -> Plan:
    start = seed(around) if before is None else Seed(data=before.data)
    fresh = before is not None and untouched_since_import(before, around, memory)
    owned = {field: kept for field, kept in memory.items() if kept.owner is not Owner.NOBODY}
    merged = merge(start.data, record, around, settings, owned, fresh=fresh)
    remembered = dict(merged.memory)
    if fresh:
        # Our own write makes the sidecar younger than the import; its hash lets us know it again.
        remembered.setdefault(Field.RATING, Remembered(owner=Owner.NOBODY, value=sha256_of(merged.data) or ""))
    return Plan(
        sidecar=path,
        before=before,
        after=merged.data,
        changes=merged.changes,
        memory=remembered,
        notes=start.notes + merged.notes,
    )


def _lightroom_name(photo: Path) -> Path | None:
    """Return `photo.xmp` if it is there. It may serve a RAW file and its JPEG alike, and is only ever read.

    Beside `a.jpg.png`, `a.jpg.xmp` is the sidecar of `a.jpg`, if that is there.
    """
    path = photo.with_suffix(".xmp")
    return path if photo.suffix and path.is_file() and not path.with_suffix("").exists() else None


def _valid(path: Path | None) -> Snapshot | None:
    """Return a sidecar that we only read, None if there is none."""
    found = None if path is None else snapshot(path, LARGEST_BYTES + 1)
    if path is None or found is None:
        return None
    try:
        Packet(found.data)
    except PacketError as error:
        raise _refusal(path, error, found) from error
    return found


def _refusal(path: Path, error: PacketError, found: Snapshot | None) -> TransientError | PermanentError:
    if isinstance(error, BrokenPacketError):
        if found is not None and abs(time.time() - found.mtime) < YOUNG_SECONDS:
            return TransientError(f"{path}: another program seems to be writing it: {error}")
        advice = "restore it from a backup, or delete it"
        return PermanentError(f"{path}: this sidecar is left alone, {error}; {advice}")
    return PermanentError(f"{path}: this sidecar is left alone, {error}")
