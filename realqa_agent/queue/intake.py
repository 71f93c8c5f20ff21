"""Takes what the watch found into the index and the queue: one transaction for a batch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, literal, select, update

from realqa_agent.culling.shots import shot_of
from realqa_agent.errors import RefusalKind
from realqa_agent.files import FileStat
from realqa_agent.index import codec
from realqa_agent.index.reading import at_paths
from realqa_agent.index.schema import NO_REFUSAL, file, history, job, verdict
from realqa_agent.queue.jobs import add_jobs, among
from realqa_agent.queue.plan import Known, Plan, arrivals, latest, plan
from realqa_agent.queue.records import Priority, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from realqa_agent.files import Appeared, Change
    from realqa_agent.index.store import Index

_KNOWN = select(
    *(file.c[name] for name in ("file_id", "folder", "name", "size", "mtime_ns", "inode")),
    *(file.c[name] for name in ("missing_since", "assessment_id", "refusal_kind")),
    job.c.state,
).outerjoin_from(file, job)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """What a batch of changes came to, in files."""

    new: int
    changed: int
    moved: int
    returned: int
    """Files that were missing and are back as they were."""
    vanished: int


def take_in(
    index: Index,
    changes: Sequence[Change],
    *,
    exists: Callable[[Path], bool] = os.path.lexists,
) -> Intake:
    """Bring files and jobs up to date with what was found.

    New and changed files get a job. A moved file keeps all that is known of it. A file that vanished is marked
    missing and its job dropped. One that appears as it was known, refused ones included, gets no job.
    """
    now = index.clock()
    found = latest(changes)
    with index.database.writing() as connection:
        by_path = {known.path: known for known in _known_at(connection, found)}
        inodes = {stat.inode for stat in arrivals(found, by_path).values()}
        steps = plan(found, by_path=by_path, same_inode=_known_by(connection, inodes), exists=exists)
        _apply(connection, steps, now=now)
    return Intake(
        new=len(steps.new),
        changed=len(steps.changed),
        moved=len(steps.moved),
        returned=len(steps.returned),
        vanished=len(steps.vanished),
    )


def _known_at(connection: Connection, paths: Iterable[Path]) -> Iterator[Known]:
    """Yield the files of the index at some paths."""
    for condition in at_paths(paths):
        yield from map(_known, connection.execute(_KNOWN.where(condition)))


def _known_by(connection: Connection, inodes: Iterable[int]) -> list[Known]:
    """Return the files of the index that had one of the inodes when last seen."""
    had_one = among(file.c.inode, [codec.signed(inode) for inode in inodes])
    return [_known(row) for row in connection.execute(_KNOWN.where(had_one))]


def _known(row: Any) -> Known:
    lasting_refusal = row.refusal_kind not in {None, RefusalKind.UNREADABLE}
    return Known(
        file_id=row.file_id,
        path=codec.join(row.folder, row.name),
        stat=FileStat(size=row.size, mtime_ns=row.mtime_ns, inode=codec.unsigned(row.inode)),
        missing=row.missing_since is not None,
        settled=row.assessment_id is not None or lasting_refusal,
        running=row.state == State.RUNNING,
    )


def _apply(connection: Connection, steps: Plan, *, now: float) -> None:
    at = codec.rfc3339(now)
    _move(connection, steps.moved)
    _change(connection, steps.changed)
    _mark(connection, steps.vanished, missing_since=at)
    _mark(connection, steps.returned, missing_since=None)
    _tell(connection, steps, at)

    # A worker that holds a moved file's old path would call it unreadable; neither its word nor an earlier one of
    # that kind counts any more.
    arrived = [*(known for known, _ in steps.moved), *steps.returned]
    unheard = [known.file_id for known in arrived if known.running or not known.settled]
    connection.execute(update(file).where(among(file.c.file_id, unheard)).values(NO_REFUSAL))
    due = [*unheard, *(known.file_id for known, _ in steps.changed)]
    dropped = [*due, *(known.file_id for known in steps.vanished)]
    connection.execute(delete(job).where(among(job.c.file_id, dropped)))
    add_jobs(connection, among(file.c.file_id, due), priority=Priority.IMPORT, now=now)
    _add(connection, [each for each in steps.new if each.recent], priority=Priority.IMPORT, now=now)
    _add(connection, [each for each in steps.new if not each.recent], priority=Priority.BACKLOG, now=now)


def _add(connection: Connection, new: Sequence[Appeared], *, priority: Priority, now: float) -> None:
    """Insert files that were never seen, with a job and a first line of history each."""
    if not new:
        return
    newest = connection.scalar(select(func.max(file.c.file_id))) or 0
    connection.execute(insert(file), [_place(each.path) | codec.stat_columns(each.stat) for each in new])
    added = file.c.file_id > newest
    add_jobs(connection, added, priority=priority, now=now)
    found = select(file.c.file_id, literal(codec.rfc3339(now)), literal("found"), literal("")).where(added)
    connection.execute(insert(history).from_select(["file_id", "at", "event", "detail"], found))


def _move(connection: Connection, moved: Sequence[tuple[Known, Path]]) -> None:
    """Give files their new paths. First all old ones are given up, since a chain of moves reuses them."""
    if not moved:
        return
    ids = [known.file_id for known, _ in moved]
    nowhere = literal("/").concat(file.c.file_id)
    connection.execute(update(file).where(among(file.c.file_id, ids)).values(name=nowhere))
    places = [{"of": known.file_id, **_place(path), "missing_since": None} for known, path in moved]
    connection.execute(update(file).where(file.c.file_id == bindparam("of")), places)


def _change(connection: Connection, changed: Sequence[tuple[Known, FileStat]]) -> None:
    """Forget what was known of a content that is no longer there."""
    if not changed:
        return
    forgotten = {"assessment_id": None, "missing_since": None, **NO_REFUSAL}
    rows = [{"of": known.file_id, **codec.stat_columns(stat), **forgotten} for known, stat in changed]
    connection.execute(update(file).where(file.c.file_id == bindparam("of")), rows)
    ids = [known.file_id for known, _ in changed]
    connection.execute(delete(verdict).where(among(verdict.c.file_id, ids)))


def _mark(connection: Connection, files: Sequence[Known], *, missing_since: str | None) -> None:
    ids = [known.file_id for known in files]
    connection.execute(update(file).where(among(file.c.file_id, ids)).values(missing_since=missing_since))


def _tell(connection: Connection, steps: Plan, at: str) -> None:
    """Write into the histories what happened to known files."""
    events = [
        *((known, "moved", f"from {known.path}") for known, _ in steps.moved),
        *((known, "changed", "") for known, _ in steps.changed),
        *((known, "vanished", "") for known in steps.vanished),
        *((known, "returned", "") for known in steps.returned),
    ]
    if events:
        rows = [
            {"file_id": known.file_id, "at": at, "event": event, "detail": detail} for known, event, detail in events
        ]
        connection.execute(insert(history), rows)


def _place(path: Path) -> dict[str, bytes]:
    """Return the columns of a file that say where it is."""
    folder, name = codec.split(path)
    return {"folder": folder, "name": name, "shot": os.fsencode(shot_of(path))}
