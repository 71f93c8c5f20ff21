"""The queue of files to work on, in the same SQLite file as the index.

A job is claimed for as long as a lease runs, and the lease is renewed while its owner lives. Claiming spends an
attempt, so a job that takes the agent down with it is counted without anybody's help. Whoever ends a job proves
that it is still theirs by its number, owner and attempt; if not, somebody else has it and the result is dropped.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from realqa_agent.errors import RefusalKind
from realqa_agent.index import codec
from realqa_agent.index.reading import unassessed_by
from realqa_agent.index.schema import file
from realqa_agent.index.schema import job as jobs
from realqa_agent.queue.records import Job, Priority, QueueCounts, State
from realqa_agent.queue.retry import LONGEST_SHARE, FailureKind, pause_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Column, ColumnElement, Connection

    from realqa_agent.config import Queue as Settings
    from realqa_agent.index.records import Voice
    from realqa_agent.index.store import Index


__all__ = ["Job", "Priority", "Queue", "QueueCounts"]

_TURN = (jobs.c.priority, jobs.c.job_id)


class Queue:
    """The jobs of one index. `jitter` returns random numbers from 0 to 1."""

    def __init__(self, index: Index, settings: Settings, *, jitter: Callable[[], float] = random.random) -> None:
        self._database = index.database
        self._clock = index.clock
        self._settings = settings
        self._jitter = jitter

    def enqueue(self, file_ids: Sequence[int]) -> int:
        """Add jobs for files that have none; return how many."""
        with self._database.writing() as connection:
            return add_jobs(connection, among(file.c.file_id, file_ids), priority=Priority.IMPORT, now=self._clock())

    def enqueue_unscored(self, voices: Sequence[Voice]) -> int:
        """Add jobs for all present files that none of these has judged; return how many."""
        with self._database.writing() as connection:
            return add_jobs(connection, unassessed_by(voices), priority=Priority.RESCORE, now=self._clock())

    def enqueue_followed(self, which: ColumnElement[bool]) -> int:
        """Add jobs for the model for the files that fit a condition and have none; return how many."""
        with self._database.writing() as connection:
            return add_jobs(connection, which, priority=Priority.FOLLOW, now=self._clock())

    def enqueue_again(self, which: ColumnElement[bool]) -> int:
        """Add jobs for the files that fit a condition and have none, since what is said of them changed.

        What is known of a content is not scored again. Return how many.
        """
        with self._database.writing() as connection:
            return add_jobs(connection, which, priority=Priority.RESCORE, now=self._clock())

    def claim(self, owner: str, limit: int, *, follow: bool = False) -> list[Job]:
        """Take up to `limit` due jobs for an owner, in their turn; others' jobs with an expired lease are due again.

        `follow`: those for the model; else all others.
        """
        if limit < 1:
            return []
        now = self._clock()
        due = (jobs.c.state == State.QUEUED, _for_model(follow=follow), self._due(now))
        turn = select(jobs.c.job_id).where(*due).order_by(*_TURN).limit(limit)
        take = (
            update(jobs)
            .where(jobs.c.job_id.in_(turn.scalar_subquery()))
            .values(
                state=State.RUNNING,
                owner=owner,
                lease_until=now + self._settings.lease_seconds,
                attempts=jobs.c.attempts + 1,
            )
            .returning(jobs.c.job_id)
        )
        with self._database.writing() as connection:
            far = now + 2 * self._settings.lease_seconds  # the clock was set back: no lease lasts so long
            over = or_(jobs.c.lease_until < now, jobs.c.lease_until > far)
            # The owner itself is alive: its leases ran out while the machine slept.
            self._release(connection, now, over, jobs.c.owner != owner)
            taken = list(connection.scalars(take))
            claimed = (
                select(jobs, file.c.folder, file.c.name)
                .join_from(jobs, file)
                .where(jobs.c.job_id.in_(taken))
                .order_by(*_TURN)
            )
            return [
                Job(
                    job_id=row.job_id,
                    file_id=row.file_id,
                    path=codec.join(row.folder, row.name),
                    priority=Priority(row.priority),
                    attempts=row.attempts,
                    crashes=row.crashes,
                    owner=row.owner,
                )
                for row in connection.execute(claimed)
            ]

    def renew(self, owner: str) -> int:
        """Extend the leases of an owner; return how many jobs it holds."""
        lease_until = self._clock() + self._settings.lease_seconds
        statement = update(jobs).where(jobs.c.state == State.RUNNING, jobs.c.owner == owner)
        with self._database.writing() as connection:
            return connection.execute(statement.values(lease_until=lease_until)).rowcount

    def finish(self, job: Job) -> bool:
        """Delete a job that is done; False if it was the owner's no more."""
        with self._database.writing() as connection:
            return connection.execute(delete(jobs).where(*_still_held(job))).rowcount == 1

    def forget_followed(self) -> int:
        """Delete the jobs that wait for the model, since other ones may be wanted now; return how many."""
        waits = (jobs.c.state == State.QUEUED, _for_model(follow=True))
        with self._database.writing() as connection:
            return connection.execute(delete(jobs).where(*waits)).rowcount

    def follow(self, job: Job) -> None:
        """End a job whose file the model is to judge next."""
        with self._database.together():
            if self.finish(job):
                self.enqueue_followed(file.c.file_id == job.file_id)

    def put_back(self, job: Job, error: str) -> bool:
        """Put a job back whose try could not really begin: it is due at once, and the try not spent.

        Return False if the job was the owner's no more.
        """
        values = {
            "state": State.QUEUED,
            "owner": None,
            "lease_until": None,
            "attempts": jobs.c.attempts - 1,
            "error": error,
        }
        with self._database.writing() as connection:
            return connection.execute(update(jobs).where(*_still_held(job)).values(values)).rowcount == 1

    def unanswered(self, job: Job, error: str) -> bool:
        """Set a job aside for which the model gave no number; False if it was the owner's no more."""
        with self._database.writing() as connection:
            return self._end_try(connection, job, FailureKind.UNANSWERED, error, self._clock()) is not None

    def fail(self, job: Job, error: str, *, transient: bool) -> bool:
        """End a try with an error: put the job back after a pause, or set it aside.

        Return False if the job was the owner's no more.
        """
        kind = FailureKind.TRANSIENT if transient else FailureKind.PERMANENT
        with self._database.writing() as connection:
            return self._end_try(connection, job, kind, error, self._clock()) is not None

    def crashed(self, job: Job, error: str) -> bool:
        """End a try in whose middle the worker process ended; tell whether the job is set aside now."""
        with self._database.writing() as connection:
            return self._end_try(connection, job, FailureKind.CRASH, error, self._clock()) is State.DEAD

    def give_back(self, owner: str) -> int:
        """Put the jobs of an owner that stops back into the queue, their attempt unspent; return how many."""
        statement = (
            update(jobs)
            .where(jobs.c.state == State.RUNNING, jobs.c.owner == owner)
            .values(state=State.QUEUED, owner=None, lease_until=None, attempts=jobs.c.attempts - 1)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount

    def take_over(self) -> None:
        """Release what a killed agent held, without waiting for its leases.

        Only for the one agent that holds the lock, before it claims anything itself.
        """
        with self._database.writing() as connection:
            self._release(connection, self._clock())

    def retry_mendable(self) -> int:
        """Put back what may have been mended from outside: files that can't be read, sidecars that can't be written.

        Mending a permission changes neither size nor mtime nor inode, so no walk brings these files back. What the
        model doesn't answer it won't answer the next time. Return how many jobs.
        """
        fresh = {"state": State.QUEUED, "run_after": self._clock(), "attempts": 0, "crashes": 0}
        refusal = file.c.refusal_kind
        mendable = select(file.c.file_id).where(or_(refusal.is_(None), refusal == RefusalKind.UNREADABLE))
        silent = jobs.c.failure.is_not_distinct_from(FailureKind.UNANSWERED)
        which = (jobs.c.state == State.DEAD, ~silent, jobs.c.file_id.in_(mendable))
        with self._database.writing() as connection:
            return connection.execute(update(jobs).where(*which).values(fresh)).rowcount

    def retry_unanswered(self) -> int:
        """Put back what a model gave no number for, since it is another model now; return how many jobs."""
        fresh = {"state": State.QUEUED, "run_after": self._clock(), "attempts": 0, "failure": None, "error": None}
        silent = (jobs.c.state == State.DEAD, jobs.c.failure == FailureKind.UNANSWERED)
        with self._database.writing() as connection:
            return connection.execute(update(jobs).where(*silent).values(fresh)).rowcount

    def counts(self) -> QueueCounts:
        """Count the jobs by state."""
        queued, due = jobs.c.state == State.QUEUED, self._due(self._clock())
        dead = jobs.c.state == State.DEAD
        statement = select(
            func.count().filter(queued, due),
            func.count().filter(queued, due, _for_model(follow=True)),
            func.count().filter(queued, ~due),
            func.count().filter(jobs.c.state == State.RUNNING),
            func.count().filter(dead),
            func.count().filter(dead, jobs.c.failure == FailureKind.UNANSWERED),
            func.count().filter(jobs.c.state == State.DROPPED),
        ).select_from(jobs)
        with self._database.reading() as connection:
            ready, following, waiting, running, aside, unanswered, dropped = connection.execute(statement).one()
        return QueueCounts(
            queued=ready,
            following=following,
            waiting=waiting,
            running=running,
            dead=aside,
            unanswered=unanswered,
            dropped=dropped,
        )

    def next_due(self, *, follow: bool = False) -> float | None:
        """Return from when on a queued job may be claimed, seconds since the epoch; None if none waits.

        `follow` as for `claim`.
        """
        queued, now = (jobs.c.state == State.QUEUED, _for_model(follow=follow)), self._clock()
        # With a backlog the first in turn is due; looking for the earliest would read all of it.
        due = select(jobs.c.job_id).where(*queued, self._due(now)).order_by(*_TURN).limit(1)
        with self._database.reading() as connection:
            if connection.scalar(due) is not None:
                return now
            earliest: float | None = connection.scalar(select(func.min(jobs.c.run_after)).where(*queued))
        return earliest

    def _due(self, now: float) -> ColumnElement[bool]:
        """Return the condition that a queued job may be claimed.

        One that was never tried may be at any time. A time that lies further ahead than the pause after that many
        tries can be was set by a clock that has been set back since.
        """
        growth = literal(1).op("<<")(2 * (jobs.c.attempts - 1))
        longest = self._settings.backoff_seconds * LONGEST_SHARE * growth
        return or_(jobs.c.run_after <= now, jobs.c.attempts == 0, jobs.c.run_after > now + longest)

    def _release(self, connection: Connection, now: float, *conditions: ColumnElement[bool]) -> None:
        """Put running jobs back whose owner is gone, or set them aside if their attempts are spent."""
        orphans = connection.execute(select(jobs).where(jobs.c.state == State.RUNNING, *conditions)).all()
        for orphan in orphans:
            error = f"the agent ended in the middle of it ({orphan.attempts} tries so far)"
            self._end_try(connection, orphan, FailureKind.ABANDONED, error, now)

    def _end_try(self, connection: Connection, job: Any, kind: FailureKind, error: str, now: float) -> State | None:
        """Given a job or its row, write how the try ended; return the new state, None if it is held no more."""
        crashes = job.crashes + (kind is FailureKind.CRASH)
        pause = pause_seconds(
            kind, attempts=job.attempts, crashes=crashes, settings=self._settings, jitter=self._jitter()
        )
        state = State.DEAD if pause is None else State.QUEUED
        ended = connection.execute(
            update(jobs)
            .where(*_still_held(job))
            .values(
                state=state,
                run_after=now + (pause or 0.0),
                crashes=crashes,
                owner=None,
                lease_until=None,
                failure=kind,
                error=error,
                failed_at=now,
            )
        )
        return state if ended.rowcount == 1 else None


def add_jobs(connection: Connection, which: ColumnElement[bool], *, priority: Priority, now: float) -> int:
    """Inside a transaction, add jobs for the files that fit a condition and have none; return how many.

    A job for the model gives way to another one, after whose end it is asked for again.
    """
    columns = ["file_id", "state", "priority", "run_after", "enqueued_at"]
    wanted = select(file.c.file_id, literal(State.QUEUED), literal(priority), literal(now), literal(now)).where(which)
    adding = insert(jobs).from_select(columns, wanted)
    if priority is Priority.FOLLOW:
        return connection.execute(adding.on_conflict_do_nothing()).rowcount
    anew = {"state": State.QUEUED, "priority": priority, "run_after": now, "attempts": 0, "crashes": 0}
    gives_way = and_(jobs.c.priority == Priority.FOLLOW, jobs.c.state.in_([State.QUEUED, State.DEAD]))
    replacing = adding.on_conflict_do_update(index_elements=["file_id"], set_=anew, where=gives_way)
    return connection.execute(replacing).rowcount


def among(column: Column[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of these; as one parameter, however many they are."""
    values = func.json_each(json.dumps(list(numbers))).table_valued("value")
    return column.in_(select(values.c.value))


def _for_model(*, follow: bool) -> ColumnElement[bool]:
    """Return the condition that a job is one for the model, or that it isn't."""
    return jobs.c.priority >= Priority.FOLLOW if follow else jobs.c.priority < Priority.FOLLOW


def _still_held(job: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a claim is still the claimant's."""
    return (
        jobs.c.job_id == job.job_id,
        jobs.c.state == State.RUNNING,
        jobs.c.owner == job.owner,
        jobs.c.attempts == job.attempts,
    )
