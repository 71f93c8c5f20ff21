"""The undo journal: each write into a file of the user's, with what it takes to put back the bytes before it.

It is a table of the index. A write is noted, and the note made durable, before it happens; so the newest note tells
what was under way when a process died. Notes go by age and size, oldest first.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from realqa_agent.index.schema import journal
from realqa_agent.metadata.delta import Delta, difference, restored
from realqa_agent.metadata.record import Change, Who, columns_of, memory_in
from realqa_agent.metadata.snapshot import sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from realqa_agent.config import Metadata
    from realqa_agent.index.store import Index
    from realqa_agent.metadata.record import Memory

DAY_SECONDS = 86_400.0

WRITES_BETWEEN_PRUNINGS = 1000

WHOLE_BYTES = 2**20
"""Files up to this size are kept whole; of larger ones, which are photos, only what changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One write, as it was noted."""

    write_id: int
    run: str
    who: Who
    at: float
    """Seconds since the epoch."""
    file_id: int
    """The photo or clip that it was about."""
    path: Path
    """The file that was written: a sidecar, or the photo."""
    before: str | None
    """SHA-256 of the bytes before and after; None for a file that wasn't there."""
    after: str | None
    changes: tuple[Change, ...]
    memory: Memory
    """What was remembered of the photo before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One start of a program of ours that wrote something."""

    run: str
    who: Who
    began: float
    """Time of its first write that is still noted, seconds since the epoch."""
    ended: float
    writes: int
    files: int
    undone: int
    """Writes that were taken back."""


class Journal:
    """The notes of one run, and those of all earlier ones."""

    def __init__(self, index: Index, settings: Metadata, *, who: Who, run: str) -> None:
        self._database = index.database
        self._clock = index.clock
        self._settings = settings
        self.who = who
        self.run = run

    @property
    def lock_file(self) -> Path:
        """The file whose lock is the right to write metadata; beside the index."""
        return self._database.file.with_name(self._database.file.name + ".pen")

    def note(
        self,
        file_id: int,
        path: Path,
        before: bytes | None,
        after: bytes | None,
        *,
        changes: Sequence[Change] = (),
        memory: Memory,
    ) -> int:
        """Note a write that is about to happen, durably, and return its number."""
        delta = _delta(before, after)
        row = {
            "run": self.run,
            "who": self.who,
            "at": self._clock(),
            "file_id": file_id,
            "path": os.fsencode(path),
            "before_sha256": sha256_of(before),
            "after_sha256": sha256_of(after),
            "head": delta.head,
            "tail": delta.tail,
            "middle": None if before is None else zlib.compress(delta.middle),
            "changes": [[change.field, change.before, change.after] for change in changes],
            "memory": columns_of(memory),
        }
        with self._database.writing(durable=True) as connection:
            write_id: int = connection.execute(insert(journal).values(row).returning(journal.c.write_id)).scalar_one()
        if write_id % WRITES_BETWEEN_PRUNINGS == 0:
            self.prune()
        return write_id

    def forget(self, write_id: int) -> None:
        """Take back the note of a write that did not happen."""
        with self._database.writing() as connection:
            connection.execute(delete(journal).where(journal.c.write_id == write_id))

    def mark_undone(self, write_ids: Collection[int], by: int) -> None:
        """Note which write took these back, 0 for none; what they had taken back themselves is in force again."""
        with self._database.writing() as connection:
            connection.execute(update(journal).where(journal.c.taken_back_by.in_(write_ids)).values(taken_back_by=None))
            connection.execute(update(journal).where(journal.c.write_id.in_(write_ids)).values(taken_back_by=by))

    def newest(self) -> Write | None:
        """Return the last write that was noted, by whichever run."""
        statement = select(*_COLUMNS).order_by(journal.c.write_id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _write_of(row)

    def writes(
        self, *, run: str | None = None, file_ids: Collection[int] | None = None, since: float | None = None
    ) -> list[Write]:
        """Return writes that were not taken back, oldest first, by all the conditions that are given.

        What `undo` wrote is only among them if its run is asked for.
        """
        asked = journal.c.who != Who.UNDO if run is None else journal.c.run == run
        statement = select(*_COLUMNS).where(journal.c.taken_back_by.is_(None), asked).order_by(journal.c.write_id)
        if file_ids is not None:
            statement = statement.where(journal.c.file_id.in_(file_ids))
        if since is not None:
            statement = statement.where(journal.c.at >= since)
        with self._database.reading() as connection:
            return [_write_of(row) for row in connection.execute(statement)]

    def before(self, write: Write, after: bytes | None) -> bytes | None:
        """Given what a write wrote, return what was there before it, None for nothing."""
        statement = select(journal.c.head, journal.c.tail, journal.c.middle).where(journal.c.write_id == write.write_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).one()
        if row.middle is None:
            return None
        return restored(after or b"", Delta(head=row.head, tail=row.tail, middle=zlib.decompress(row.middle)))

    def runs(self, limit: int) -> list[Run]:
        """Return the last runs that wrote something, newest first."""
        statement = (
            select(
                journal.c.run,
                func.min(journal.c.who).label("who"),
                func.min(journal.c.at).label("began"),
                func.max(journal.c.at).label("ended"),
                func.count().label("writes"),
                func.count(journal.c.file_id.distinct()).label("files"),
                func.count(journal.c.taken_back_by).label("undone"),
            )
            .group_by(journal.c.run)
            .order_by(func.max(journal.c.write_id).desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [Run(**{**row._asdict(), "who": Who(row.who)}) for row in connection.execute(statement)]

    def prune(self) -> None:
        """Delete the notes that are older, or more, than the settings allow; the newest always stays."""
        oldest = self._clock() - self._settings.undo_days * DAY_SECONDS
        kept = select(
            journal.c.write_id,
            func.sum(func.coalesce(func.length(journal.c.middle), 0))
            .over(order_by=journal.c.write_id.desc())
            .label("bytes"),
        ).subquery()
        too_many = select(kept.c.write_id).where(kept.c.bytes > self._settings.undo_megabytes * 2**20)
        newest = select(func.max(journal.c.write_id)).scalar_subquery()
        with self._database.writing() as connection:
            connection.execute(
                delete(journal).where(
                    (journal.c.at < oldest) | journal.c.write_id.in_(too_many), journal.c.write_id != newest
                )
            )


_COLUMNS = [column for column in journal.c if column.name not in {"head", "tail", "middle", "taken_back_by"}]


def _delta(before: bytes | None, after: bytes | None) -> Delta:
    if before is None or after is None or len(before) <= WHOLE_BYTES:
        return Delta(head=0, tail=0, middle=before or b"")
    return difference(before, after)


def _write_of(row: Any) -> Write:
    return Write(
        write_id=row.write_id,
        run=row.run,
        who=Who(row.who),
        at=row.at,
        file_id=row.file_id,
        path=Path(os.fsdecode(row.path)),
        before=row.before_sha256,
        after=row.after_sha256,
        changes=tuple(Change(field=field, before=before, after=after) for field, before, after in row.changes),
        memory=memory_in(row.memory),
    )
