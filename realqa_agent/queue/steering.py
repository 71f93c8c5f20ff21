"""What a person asks of the queue and tells it, while the agent works or not.

A pause is a word in the index, so that it outlives the agent. Nothing here touches a job that is under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from realqa_agent.index import codec
from realqa_agent.index.reading import at_or_below, at_paths
from realqa_agent.index.schema import file
from realqa_agent.index.schema import job as jobs
from realqa_agent.queue.records import Priority, Standing, State
from realqa_agent.queue.retry import FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import ColumnElement

    from realqa_agent.index.store import Index

PAUSE = "pause"

ROWS_AT_ONCE = 500

_STANDING = select(jobs, file.c.folder, file.c.name).join_from(jobs, file)


class Steering:
    """One index's queue, as people see it. Paths are files or folders; none stands for all."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._database = index.database

    def listing(self, *, state: State | None = None, paths: Sequence[Path] = ()) -> Iterator[Standing]:
        """Yield jobs in their turn; those under way first, those set aside or dropped last."""
        order = [State.RUNNING, State.QUEUED, State.DEAD, State.DROPPED]
        for one in order if state is None else [state]:
            statement = _STANDING.where(jobs.c.state == one, *_among(paths)).order_by(jobs.c.priority, jobs.c.job_id)
            with self._database.reading() as connection:
                for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
                    yield _standing(row)

    def standing_at(self, paths: Iterable[Path]) -> dict[Path, Standing]:
        """Return how the jobs of some files stand; a file without one is left out."""
        with self._database.reading() as connection:
            found = (connection.execute(_STANDING.where(condition)) for condition in at_paths(paths))
            return {each.path: each for rows in found for each in map(_standing, rows)}

    def failures(self, limit: int) -> list[Standing]:
        """Return the jobs whose last try failed, newest first."""
        statement = (
            _STANDING.where(jobs.c.failed_at.is_not(None), jobs.c.state != State.DROPPED)
            .order_by(jobs.c.failed_at.desc(), jobs.c.job_id.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return list(map(_standing, connection.execute(statement)))

    def waiting_since(self) -> float | None:
        """Return when the job was queued that waits longest for its turn, not for a next try; None if none does.

        What waits for the model has its first look already, and doesn't count.
        """
        its_turn = or_(jobs.c.attempts == 0, jobs.c.run_after <= self._index.clock())
        waits = (jobs.c.state == State.QUEUED, jobs.c.priority < Priority.FOLLOW)
        oldest = select(func.min(jobs.c.enqueued_at)).where(*waits, its_turn)
        with self._database.reading() as connection:
            since: float | None = connection.scalar(oldest)
        return since

    def retry(self, paths: Sequence[Path] = ()) -> int:
        """Make jobs due at once that failed, wait, or were dropped, with all their tries; return how many.

        Without paths those that were dropped stay so.
        """
        now = self._index.clock()
        asked_for = or_(
            jobs.c.state == State.DEAD,
            and_(jobs.c.state == State.QUEUED, jobs.c.run_after > now),
            *([jobs.c.state == State.DROPPED] if paths else []),
        )
        fresh = {"state": State.QUEUED, "priority": Priority.IMPORT, "run_after": now, "attempts": 0, "crashes": 0}
        return self._change(fresh, asked_for, *_among(paths))

    def hasten(self, files: Iterable[Path]) -> int:
        """Let files that wait in the backlog go before it, as an import does; return how many."""
        backlog = (jobs.c.state == State.QUEUED, jobs.c.priority == Priority.BACKLOG)
        return sum(self._change({"priority": Priority.IMPORT}, *backlog, condition) for condition in at_paths(files))

    def drop(self, paths: Sequence[Path] = (), *, state: State | None = None) -> int:
        """Take jobs out of the queue, all but those under way, until somebody asks for them; return how many."""
        states = [State.QUEUED, State.DEAD] if state is None else [state]
        return self._change({"state": State.DROPPED}, jobs.c.state.in_(states), *_among(paths))

    def pause(self) -> bool:
        """Let no new work begin; False if that was so already."""
        if self._index.left(PAUSE) is not None:
            return False
        self._index.leave(PAUSE, {"since": codec.rfc3339(self._index.clock())})
        return True

    def resume(self) -> bool:
        """Let work go on; False if there was no pause."""
        if self._index.left(PAUSE) is None:
            return False
        self._index.leave(PAUSE, None)
        return True

    def paused_since(self) -> str | None:
        """Return when the pause began, RFC 3339 in UTC; None if there is none."""
        pause = self._index.left(PAUSE)
        return None if pause is None else str(pause["since"])

    def _change(self, values: dict[str, Any], *which: ColumnElement[bool]) -> int:
        chosen = select(jobs.c.job_id).join_from(jobs, file).where(*which)
        with self._database.writing() as connection:
            return connection.execute(update(jobs).where(jobs.c.job_id.in_(chosen)).values(values)).rowcount


def _among(paths: Sequence[Path]) -> list[ColumnElement[bool]]:
    """Return the condition, if any, that a file is one of the paths or lies below one."""
    if not paths:
        return []
    conditions = []
    for path in paths:
        folder, name = codec.split(path)
        conditions += [at_or_below(path), and_(file.c.folder == folder, file.c.name == name)]
    return [or_(*conditions)]


def _standing(row: Any) -> Standing:
    return Standing(
        path=codec.join(row.folder, row.name),
        state=State(row.state),
        priority=Priority(row.priority),
        attempts=row.attempts,
        queued_at=row.enqueued_at,
        next_try_at=row.run_after,
        failure=None if row.failure is None else FailureKind(row.failure),
        error=row.error,
        failed_at=row.failed_at,
    )
