"""The agent's loop: changes into the queue, jobs to the workers, outcomes into the index and the sidecars.

One thread does it all and sleeps in one place, `Pool.wait`, which a file event, a finished task, a signal or the
next due time ends. A signal only asks the loop to stop; what is under way then goes back to the queue, its try
unspent.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, RefusalKind, TransientError
from realqa_agent.files import stat_of
from realqa_agent.queue.intake import take_in
from realqa_agent.service.publishing import Publisher
from realqa_agent.service.record import Recorder
from realqa_agent.worker.messages import (
    Assess,
    Assessed,
    Crashed,
    Embed,
    EmbeddedCopy,
    Examine,
    Examined,
    Failed,
    Outcome,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realqa_agent.config import Config
    from realqa_agent.index.store import Index
    from realqa_agent.metadata.inside import Inside
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.queue.jobs import Job, Queue
    from realqa_agent.watch.folders import Folders
    from realqa_agent.worker.pool import Pool

log = logging.getLogger(__name__)

YOUNG_SECONDS = 60.0
"""A damaged file that changed less than this ago may still be on its way: it is tried again."""

LONGEST_SLEEP_SECONDS = 10.0
"""Leases are renewed and the service manager hears from us at least this often."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What one run of the agent did, in files."""

    scored: int = 0
    known: int = 0
    """Content that was assessed already: copies, moves, work taken over."""
    refused: int = 0
    failed: int = 0
    """Tries that ended in an error; each stands in the queue with its text."""

    @property
    def finished(self) -> int:
        """Files that ended one way or another."""
        return self.scored + self.known + self.refused


@dataclass(kw_only=True, slots=True)
class _Errand:
    """A job under way, and what its first half found."""

    job: Job
    examined: Examined | None = None
    inside: Inside | None = None
    """What is to be written into the photo itself, once there is a verified copy."""
    inside_failed: bool = False
    """There can be no such copy."""


class Agent:
    """Ties the rooms together and holds no logic of theirs."""

    def __init__(
        self,
        config: Config,
        *,
        index: Index,
        queue: Queue,
        folders: Folders,
        pool: Pool[int],
        journal: Journal,
    ) -> None:
        self._config = config
        self._queue = queue
        self._folders = folders
        self._pool = pool
        self._index = index
        self._scorer = pool.scorer()
        self._recorder = Recorder(index, config, self._scorer)
        self._publisher = Publisher(index, config, journal, apply=config.culling.apply)
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._errands: dict[int, _Errand] = {}
        self._renewed = time.monotonic()
        self._warned: set[Path] = set()
        self._stopping = False
        self._wake_reader, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.tally = Tally()

    def stop(self) -> None:
        """Ask the loop to end; safe in a signal handler and from any thread."""
        self._stopping = True
        os.write(self._wake_writer, b".")

    def left(self) -> int:
        """Count the files that wait or are under way."""
        counts = self._queue.counts()
        return counts.queued + counts.running

    def run(self, *, once: bool, beat: Callable[[Tally], None]) -> Tally:
        """Work until stopped, or with `once` until the folders are settled and no job is due.

        `beat` is called after each round, at least every `LONGEST_SLEEP_SECONDS`.
        """
        self._queue.take_over()
        self._queue.retry_mendable()
        self._queue.enqueue_unscored(self._scorer.scorer, self._scorer.version)
        self._folders.start()
        try:
            while not self._stopping:
                changes = self._folders.poll()
                if changes:
                    take_in(self._index, changes)
                self._hand_out()
                if once and not self._errands and self._folders.settled():
                    break
                self._collect()
                self._renew()
                beat(self.tally)
        finally:
            self._folders.stop()
            self._queue.give_back(self._owner)
        return self.tally

    def _hand_out(self) -> None:
        for job in self._queue.claim(self._owner, self._pool.free):
            self._errands[job.job_id] = _Errand(job=job)
            self._pool.submit(job.job_id, Examine(path=job.path))

    def _collect(self) -> None:
        """Sleep until something happens, then settle what the workers answered."""
        for key, outcome in self._pool.wait(self._patience(), (self._wake_reader, self._folders.fileno())):
            self._settle(self._errands[key], outcome)

    def _renew(self) -> None:
        """Extend our leases while at least three quarters of their time are left."""
        if time.monotonic() - self._renewed >= self._config.queue.lease_seconds / 4:
            self._renewed = time.monotonic()
            self._queue.renew(self._owner)

    def _patience(self) -> float:
        """How long the loop may sleep, seconds."""
        due = self._queue.next_due() if self._pool.free else None
        queue_s = LONGEST_SLEEP_SECONDS if due is None else due - time.time()
        return max(0.0, min(LONGEST_SLEEP_SECONDS, queue_s, self._folders.next_due()))

    def _settle(self, errand: _Errand, outcome: Outcome) -> None:
        """Carry an errand on, or to its end."""
        if not self._carried_on(errand, outcome):
            del self._errands[errand.job.job_id]

    def _carried_on(self, errand: _Errand, outcome: Outcome) -> bool:
        """Take in what a worker answered; tell whether it has more to do for this errand."""
        job = errand.job
        match outcome:
            case Examined():
                errand.examined = outcome
                if not self._known(job, outcome):
                    self._pool.submit(job.job_id, Assess(path=job.path))
                    return True
                return self._publish(errand)
            case Assessed():
                return self._assessed(errand, outcome) and self._publish(errand)
            case EmbeddedCopy() if errand.inside is not None:
                self._finish(job, partial(self._publisher.write_inside, errand.inside, outcome))
            case Refused(message=message) | Crashed(message=message) if errand.inside is not None:
                log.info("%s: %s; the results go into a sidecar", job.path, message)
                errand.inside_failed = True
                return self._publish(errand)
            case Refused(kind=kind, message=message):
                self._refused(job, kind, message)
            case Failed(message=message, transient=transient):
                self._failed(job, message, transient=transient)
            case Crashed(message=message):
                self._crashed(job, message)
        return False

    def _known(self, job: Job, examined: Examined) -> bool:
        """Record a file whose content is assessed already; tell whether it is."""
        with self._index.together():
            known = self._recorder.known(job, examined)
            if known:
                self._queue.enqueue(self._recorder.judge_shot(job))
        self.tally.known += known
        return known

    def _assessed(self, errand: _Errand, assessed: Assessed) -> bool:
        """Record an assessment; tell whether it is that of the file as it was examined."""
        job, examined = errand.job, errand.examined
        if examined is None or examined.identity.stat != assessed.stat:
            self._failed(job, "it changed while it was being read", transient=True)
            return False
        with self._index.together():
            self._recorder.scored(job, examined, assessed)
            self._queue.enqueue(self._recorder.judge_shot(job))
        self.tally.scored += 1
        return True

    def _publish(self, errand: _Errand) -> bool:
        """Write the results of a file; tell whether a worker must first make a copy of it with them inside."""
        row, examined = self._index.lookup(errand.job.path), errand.examined
        if row is None or row.verdict is None or examined is None or not row.path.exists():
            self._queue.finish(errand.job)  # The photo went away meanwhile.
            return False
        planned = None if errand.inside_failed else self._publisher.inside(row, row.verdict, examined.embedded)
        if planned is not None and planned.changed:
            errand.inside = planned
            self._pool.submit(errand.job.job_id, Embed(path=row.path, packet=planned.packet))
            return True
        if planned is None:
            self._finish(errand.job, partial(self._publisher.write_sidecar, row, row.verdict, examined.embedded))
        else:
            self._finish(errand.job, partial(self._publisher.remember, planned))
        return False

    def _finish(self, job: Job, write: Callable[[], object]) -> None:
        """Do the last step of a job, and end the job one way or another."""
        try:
            write()
        except TransientError as error:
            self._failed(job, str(error), transient=True)
        except PermanentError as error:
            self._failed(job, str(error), transient=False)
        else:
            self._queue.finish(job)

    def _refused(self, job: Job, kind: RefusalKind, message: str) -> None:
        self._recorder.refused(job, kind, message)
        self.tally.refused += 1
        young = kind in {RefusalKind.CORRUPT, RefusalKind.EMPTY} and _age_seconds(job.path) < YOUNG_SECONDS
        self._queue.fail(job, f"{kind}: {message}", transient=young)
        log.warning("%s: %s", job.path, message)

    def _crashed(self, job: Job, message: str) -> None:
        """Refuse a file that ended its worker; the queue gives it a second try, since memory may have been short."""
        self._recorder.refused(job, RefusalKind.CORRUPT, f"it ends the program that opens it: {message}")
        self.tally.refused += self._queue.crashed(job, message)
        log.error("%s: %s", job.path, message)

    def _failed(self, job: Job, message: str, *, transient: bool) -> None:
        self.tally.failed += 1
        self._queue.fail(job, message, transient=transient)
        # A read-only share makes thousands of these: the log gets one a folder, the queue all.
        log.log(logging.INFO if job.path.parent in self._warned else logging.WARNING, "%s: %s", job.path, message)
        self._warned.add(job.path.parent)


def _age_seconds(path: Path) -> float:
    """Time since the last change; 0 if the clock says that it lies ahead, or the file is gone."""
    try:
        return max(0.0, time.time() - stat_of(path).mtime_ns / 1e9)
    except OSError:
        return 0.0
