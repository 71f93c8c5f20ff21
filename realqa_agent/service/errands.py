"""Jobs under way: from a claimed job over what the workers answer to the index and the sidecar.

Each step may be done again after an error of the index: an errand remembers what is recorded already.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from realqa_agent.errors import IndexBusyError, PermanentError, RefusalKind, TransientError
from realqa_agent.files import stat_of
from realqa_agent.queue.records import Priority
from realqa_agent.worker.messages import (
    Assess,
    Assessed,
    Crashed,
    Embed,
    EmbeddedCopy,
    Examine,
    Examined,
    FactsRead,
    Failed,
    Follow,
    Outcome,
    ReadFacts,
    Refused,
    Seen,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realqa_agent.index.store import Index
    from realqa_agent.metadata.inside import Inside
    from realqa_agent.metadata.recall import Recalled
    from realqa_agent.queue.jobs import Job, Queue
    from realqa_agent.service.publishing import Publisher
    from realqa_agent.service.record import Recorder
    from realqa_agent.worker.crew import Crew

    Follows = Callable[[Job], bool]
    """Tells whether the model is to judge a job's file, which has its first look."""

log = logging.getLogger(__name__)

YOUNG_SECONDS = 60.0
"""A damaged file that changed less than this ago may still be on its way: it is tried again."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What one run of the agent did, in files."""

    scored: int = 0
    known: int = 0
    """Content that was assessed already: copies, moves, work taken over, results taken from sidecars."""
    followed: int = 0
    """What the model judged after the first look."""
    refused: int = 0
    unanswered: int = 0
    """What the model gave no number for; the first look's results stay."""
    failed: int = 0
    """Tries that ended in an error; each stands in the queue with its text."""

    @property
    def finished(self) -> int:
        """Jobs that ended one way or another."""
        return self.scored + self.known + self.followed + self.refused + self.unanswered


@dataclass(kw_only=True, slots=True)
class _Errand:
    """A job under way, and what its first half found."""

    job: Job
    examined: Examined | None = None
    recalled: Recalled | None = None
    """What the sidecar tells of a content that the index doesn't know."""
    recorded: bool = False
    """The index holds the results."""
    inside: Inside | None = None
    """What is to be written into the photo itself, once there is a verified copy."""
    inside_failed: bool = False
    """There can be no such copy."""

    @property
    def follows(self) -> bool:
        """Whether it is for the model, and the file has its first look."""
        return self.job.priority is Priority.FOLLOW


class Errands:
    """All jobs that this agent holds, by their number."""

    def __init__(
        self,
        index: Index,
        queue: Queue,
        crew: Crew[int],
        recorder: Recorder,
        publisher: Publisher,
        follows: Follows,
    ) -> None:
        self._index = index
        self._queue = queue
        self._crew = crew
        self._recorder = recorder
        self._publisher = publisher
        self._follows = follows
        self._errands: dict[int, _Errand] = {}
        self._warned: set[Path] = set()
        self.tally = Tally()

    def __len__(self) -> int:
        return len(self._errands)

    @property
    def looking(self) -> int:
        """How many are for the first look."""
        return sum(not errand.follows for errand in self._errands.values())

    def begin(self, job: Job) -> None:
        """Send a worker to a claimed job's file."""
        errand = _Errand(job=job)
        self._crew.submit(job.job_id, self._question(job) if errand.follows else Examine(path=job.path))
        self._errands[job.job_id] = errand

    def settle(self, number: int, outcome: Outcome) -> None:
        """Carry an errand on after a worker's answer, or to its end.

        Raise IndexBusyError if the index can't be used now; the same answer can then be given again.
        """
        if not self._carried_on(self._errands[number], outcome):
            del self._errands[number]

    def _carried_on(self, errand: _Errand, outcome: Outcome) -> bool:
        """Take in what a worker answered; tell whether it has more to do for this errand."""
        job = errand.job
        match outcome:
            case Examined():
                errand.examined = outcome
                if self._known(errand, outcome):
                    return self._publish(errand)
                errand.recalled = self._recorder.told(job, outcome)
                unknown = errand.recalled is None
                self._crew.submit(job.job_id, Assess(path=job.path) if unknown else ReadFacts(path=job.path))
                return True
            case Assessed() | FactsRead():
                if isinstance(outcome, Assessed) and errand.follows:
                    errand.examined = outcome.examined or errand.examined
                return self._record(errand, outcome) and self._publish(errand)
            case EmbeddedCopy() if errand.inside is not None:
                self._finish(job, partial(self._publisher.write_inside, errand.inside, outcome))
                return False
            case Refused(message=message) | Crashed(message=message) if errand.inside is not None:
                log.info("%s: %s; the results go into a sidecar", job.path, message)
                errand.inside_failed = True
                return self._publish(errand)
            case other:
                self._end_without(errand, other)
                return False

    def _end_without(self, errand: _Errand, outcome: Outcome) -> None:
        """End an errand that came to nothing. One for the model leaves the first look's results in force."""
        job = errand.job
        match outcome:
            case Refused(kind=RefusalKind.UNANSWERED, message=message) if errand.follows:
                self._unanswered(job, message)
            case Refused(kind=kind, message=message) if errand.follows:
                self._failed(job, f"{kind}: {message}", transient=False)
            case Refused(kind=kind, message=message):
                self._refused(job, kind, message)
            case Failed(message=message, away=True) if errand.follows:
                self._queue.put_back(job, message)
            case Failed(message=message, transient=transient):
                self._failed(job, message, transient=transient)
            case Crashed(message=message) if errand.follows:
                self._failed(job, message, transient=True)
            case Crashed(message=message):
                self._crashed(job, message)

    def _question(self, job: Job) -> Follow | Examine:
        """Return what leads to the model's word on a file; its content may have it already, as a copy has."""
        row = self._index.lookup(job.path)
        if row is None or row.sha256 is None:
            return Follow(path=job.path)
        if self._recorder.has_last_word(row.sha256):
            return Examine(path=job.path)
        first = self._recorder.first_look(row.sha256)
        return Follow(path=job.path, seen=None if first is None else Seen(sha256=row.sha256, first=first))

    def _known(self, errand: _Errand, examined: Examined) -> bool:
        """Record a file whose content is assessed already; tell whether it is."""
        if errand.recorded:
            return True
        with self._index.together():
            known = self._recorder.known(errand.job, examined)
            if known:
                self._queue.enqueue(self._recorder.judge_shot(errand.job))
        errand.recorded = known
        self.tally.known += known
        return known

    def _record(self, errand: _Errand, read: Assessed | FactsRead) -> bool:
        """Record an assessment, fresh or out of a sidecar; tell whether it is of the file as it was examined."""
        job, examined, recalled = errand.job, errand.examined, errand.recalled
        if errand.recorded:
            return True
        if examined is None or examined.identity.stat != read.stat:
            self._failed(job, "it changed while it was being read", transient=True)
            return False
        with self._index.together():
            if isinstance(read, Assessed):
                self._recorder.scored(job, examined, read)
            elif recalled is not None:
                self._recorder.recalled(job, examined, recalled, read.facts)
            self._queue.enqueue(self._recorder.judge_shot(job, recalled))
        errand.recorded = True
        self.tally.followed += errand.follows
        self.tally.scored += isinstance(read, Assessed) and not errand.follows
        self.tally.known += isinstance(read, FactsRead)
        return True

    def _publish(self, errand: _Errand) -> bool:
        """Write the results of a file; tell whether a worker must first make a copy of it with them inside."""
        row, examined = self._index.lookup(errand.job.path), errand.examined
        if row is None or row.verdict is None or examined is None or not row.path.exists():
            self._queue.finish(errand.job)  # The photo went away meanwhile.
            return False
        planned = None if errand.inside_failed else self._publisher.inside(row, row.verdict, examined.embedded)
        if planned is not None and planned.changed:
            self._crew.submit(errand.job.job_id, Embed(path=row.path, packet=planned.packet))
            errand.inside = planned
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
        except IndexBusyError:
            raise
        except TransientError as error:
            self._failed(job, str(error), transient=True)
        except PermanentError as error:
            self._failed(job, str(error), transient=False)
        else:
            if self._follows(job):
                self._queue.follow(job)
            else:
                self._queue.finish(job)

    def _unanswered(self, job: Job, message: str) -> None:
        with self._index.together():
            if self._queue.unanswered(job, message):
                self._index.note(job.file_id, "unanswered", message)
        self.tally.unanswered += 1
        log.warning("%s: %s", job.path, message, extra={"photo": job.path})

    def _refused(self, job: Job, kind: RefusalKind, message: str) -> None:
        self._queue.enqueue(self._recorder.refused(job, kind, message))
        young = kind in {RefusalKind.CORRUPT, RefusalKind.EMPTY} and _age_seconds(job.path) < YOUNG_SECONDS
        self._queue.fail(job, f"{kind}: {message}", transient=young)
        self.tally.refused += 1
        log.warning("%s: %s", job.path, message, extra={"photo": job.path})

    def _crashed(self, job: Job, message: str) -> None:
        """Refuse a file that ended its worker; the queue gives it a second try, since memory may have been short."""
        self._queue.enqueue(
            self._recorder.refused(job, RefusalKind.CORRUPT, f"it ends the program that opens it: {message}")
        )
        self.tally.refused += self._queue.crashed(job, message)
        log.error("%s: %s", job.path, message, extra={"photo": job.path})

    def _failed(self, job: Job, message: str, *, transient: bool) -> None:
        self._queue.fail(job, message, transient=transient)
        self.tally.failed += 1
        # A read-only share makes thousands of these: the log gets one a folder, the queue all.
        level = logging.INFO if job.path.parent in self._warned else logging.WARNING
        log.log(level, "%s: %s", job.path, message, extra={"photo": job.path})
        self._warned.add(job.path.parent)


def _age_seconds(path: Path) -> float:
    """Time since the last change; 0 if the clock says that it lies ahead, or the file is gone."""
    try:
        return max(0.0, time.time() - stat_of(path).mtime_ns / 1e9)
    except OSError:
        return 0.0
