"""Put back what was there before writes of ours, byte for byte, as long as nobody wrote after us.

The writes of one file are walked from the newest to the oldest. A step back is safe if the file is exactly what that
write left. Where it isn't, somebody changed it since: the walk ends, and their change stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata.packet import without_us
from realqa_agent.metadata.record import Change, Owner
from realqa_agent.metadata.sidecar import explained
from realqa_agent.metadata.snapshot import ChangedMeanwhileError, Snapshot, sha256_of, snapshot
from realqa_agent.metadata.xmp import LARGEST_BYTES, PacketError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.metadata.journal import Journal, Write
    from realqa_agent.metadata.pen import Pen
    from realqa_agent.metadata.record import Memory

TRIES = 4


class Fate(StrEnum):
    """What undoing comes to for one file."""

    RESTORED = "restored"
    """The bytes are again those of before."""
    REMOVED = "removed"
    """We had created it, and it is gone again."""
    UNCHANGED = "unchanged"
    """It is already as it was before."""
    PARTLY = "partly restored"
    """Back to somebody's change that came after our first write."""
    TAKEN_OUT = "taken out"
    """Changed by somebody after us; what is still ours was taken out of it."""
    CHANGED = "changed since"
    """Changed by somebody after us, and left alone."""
    GONE = "gone"
    """It is not there any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What undoing comes to for one file, done or planned."""

    path: Path
    fate: Fate
    changes: tuple[Change, ...]
    writes: tuple[Write, ...]
    """The writes that are taken back, newest first."""
    memory: Memory | None
    """What to remember of the photo then, None: what is remembered now."""
    before: Snapshot | None
    after: bytes | None

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.after != (None if self.before is None else self.before.data)


def undo(writes: Sequence[Write], memory: Memory, pen: Pen, *, surgical: bool = False) -> Undone:
    """Take back writes into one file, oldest first, that were not taken back yet; return what was done.

    `memory` is what is remembered of the photo. `surgical` takes our own fields out of a file that somebody changed
    after us. Raise TransientError or PermanentError; then the file is as it was.
    """
    path = writes[-1].path
    for _ in range(TRIES):
        done = plan(writes, memory, pen.journal, surgical=surgical)
        by = 0
        if done.changed:
            try:
                by = pen.replace(writes[-1].file_id, path, done.after, done.before, changes=done.changes, memory=memory)
            except ChangedMeanwhileError:
                continue
            except OSError as error:
                raise explained(path, error) from error
        pen.journal.mark_undone([write.write_id for write in done.writes], by)
        return done
    raise TransientError(f"{path}: another program keeps changing it; try again")


def plan(writes: Sequence[Write], memory: Memory, journal: Journal, *, surgical: bool = False) -> Undone:
    """Return what `undo` would do, and write nothing; errors as for `undo`."""
    path = writes[-1].path
    try:
        there = snapshot(path)
    except OSError as error:
        raise explained(path, error) from error
    data = None if there is None else there.data
    taken: list[Write] = []
    for write in reversed(writes):
        now = sha256_of(data)
        if now == write.after:
            data = journal.before(write, data)
            if sha256_of(data) != write.before:
                raise PermanentError(f"{path}: the journal's copy of it is damaged; it is left as it is")
        elif now != write.before:
            break
        taken.append(write)
    if not taken and surgical and there is not None:
        return _taken_out(path, writes, memory, there)
    remembered = None if not taken else _remembered(taken[-1].memory, memory)
    return Undone(
        path=path,
        fate=_fate(there, data, complete=len(taken) == len(writes), begun=bool(taken)),
        changes=_backwards(taken),
        writes=tuple(taken),
        memory=remembered,
        before=there,
        after=data,
    )


def _fate(there: Snapshot | None, data: bytes | None, *, complete: bool, begun: bool) -> Fate:
    now = None if there is None else there.data
    if not begun:
        return Fate.GONE if now is None else Fate.CHANGED
    if not complete:
        return Fate.PARTLY
    if now == data:
        return Fate.UNCHANGED
    return Fate.REMOVED if data is None else Fate.RESTORED


def _taken_out(path: Path, writes: Sequence[Write], memory: Memory, there: Snapshot) -> Undone:
    if len(there.data) > LARGEST_BYTES:
        raise PermanentError(f"{path}: it is too large to be a sidecar; it is left as it is")
    # The oldest write of a field, which comes last here, knows what was there before us.
    before = {change.field: change.before for write in reversed(writes) for change in write.changes}
    try:
        merged = without_us(there.data, {field: value for field, value in before.items() if value is not None})
    except PacketError as error:
        raise PermanentError(f"{path}: it is left as it is, {error}") from error
    return Undone(
        path=path,
        fate=Fate.TAKEN_OUT,
        changes=merged.changes,
        writes=tuple(reversed(writes)),
        memory=_remembered({}, memory),
        before=there,
        after=merged.data,
    )


def _remembered(before: Memory, now: Memory) -> Memory:
    """Return what to remember: as before, but what a human decided, or our plugin set in another program, stays so."""
    return {**before, **{field: kept for field, kept in now.items() if kept.owner in {Owner.HUMAN, Owner.PLUGIN}}}


def _backwards(taken: Sequence[Write]) -> tuple[Change, ...]:
    """Return the changes from the state after the newest write to that before the oldest."""
    first: dict[str, str | None] = {}
    last: dict[str, str | None] = {}
    for write in taken:
        for change in write.changes:
            last.setdefault(change.field, change.after)
            first[change.field] = change.before
    return tuple(
        Change(field=field, before=after, after=first[field]) for field, after in last.items() if after != first[field]
    )
