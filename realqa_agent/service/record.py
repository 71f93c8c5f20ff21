"""What happens once a file is known or scored: index, verdict of its shot, sidecar. In this order.

Everything here may be cut short by a SIGKILL and is simply done again: the job stays leased until its end, an
asset that is already assessed is not scored again, and a sidecar that already says the same is not touched.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from realqa_agent.culling.policy import judge
from realqa_agent.culling.shots import agree
from realqa_agent.culling.stars import stars
from realqa_agent.files import stat_of
from realqa_agent.index.store import Stored
from realqa_agent.metadata import sidecar
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.record import Field, Owner, Record, Remembered, Who, spoken

if TYPE_CHECKING:
    from realqa_agent.assessment import Verdict
    from realqa_agent.capture import Embedded
    from realqa_agent.config import Config
    from realqa_agent.errors import RefusalKind
    from realqa_agent.index.store import Index, Row
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.metadata.record import Memory
    from realqa_agent.metadata.sidecar import Plan
    from realqa_agent.queue.jobs import Job
    from realqa_agent.worker.messages import Assessed, Examined, Ready

log = logging.getLogger(__name__)


def now() -> str:
    """Return the time in RFC 3339, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Recorder:
    """Writes one scorer's results into the index and the sidecars."""

    def __init__(self, index: Index, config: Config, scorer: Ready, journal: Journal) -> None:
        self._index = index
        self._journal = journal
        self._config = config
        self._scorer = scorer

    def known(self, job: Job, examined: Examined) -> bool:
        """Given an examined file, record it without scoring if its content is assessed already; tell whether it was."""
        identity = examined.identity
        scorer = (self._scorer.scorer, self._scorer.version)
        if self._index.assessment_of(identity.sha256, *scorer) is None:
            return False
        self._index.record_known(job.file_id, identity.stat, identity.sha256, *scorer)
        return True

    def scored(self, job: Job, examined: Examined, assessed: Assessed) -> None:
        """Put a fresh assessment into the index."""
        stored = Stored(
            assessment=assessed.assessment,
            facts=assessed.facts,
            kind=assessed.kind,
            width=assessed.width,
            height=assessed.height,
            duration_s=assessed.duration_s,
            elapsed_ms=assessed.elapsed_ms,
            scored_at=now(),
        )
        identity = examined.identity
        self._index.record_scored(job.file_id, identity.stat, identity.sha256, stored=stored)

    def refused(self, job: Job, kind: RefusalKind, message: str) -> None:
        """Put a refusal into the index, with the file's stat so that it counts as known until it changes."""
        try:
            stat = stat_of(job.path)
        except OSError:
            stat = None
        self._index.record_refused(job.file_id, stat, kind, message)

    def judge_shot(self, job: Job) -> list[int]:
        """Judge a file together with the other files of its shot; return the others whose verdict changed by it."""
        members = self._index.shot(job.file_id, self._scorer.scorer, self._scorer.version)
        thresholds = self._config.culling.thresholds
        verdicts = agree(
            {member.path.name: judge(member.stored.assessment, member.stored.facts, thresholds) for member in members}
        )
        changed = [member for member in members if member.verdict != verdicts[member.path.name]]
        for member in changed:
            self._index.record_verdict(member.file_id, verdicts[member.path.name], judged_at=now())
        return [member.file_id for member in changed if member.file_id != job.file_id]

    def publish(self, job: Job, embedded: Embedded) -> None:
        """Bring the file's sidecar up to date; TransientError or PermanentError if it can't be."""
        row = self._index.lookup(job.path)
        if row is None or row.stored is None or row.verdict is None or not job.path.exists():
            return  # The photo went away meanwhile.
        publish(self._index, self._journal, row, row.verdict, embedded, self._config, apply=self._config.culling.apply)


def publish(
    index: Index,
    journal: Journal,
    row: Row,
    verdict: Verdict,
    embedded: Embedded,
    config: Config,
    *,
    apply: bool,
) -> Plan:
    """Write what the index knows of a scored file into its sidecar, remember it, and return what was done.

    Raise TransientError or PermanentError; then the sidecar is as it was.
    """
    with turn(journal) as pen:
        memory = memory_of(index, row.file_id)
        record = record_of(row, verdict, config, apply=apply)
        done = sidecar.write(row.path, record, embedded, config.metadata, memory, pen=pen, file_id=row.file_id)
        with index.together():
            remember(index, journal, row.file_id, memory, done)
    for note in done.notes:
        log.info("%s: %s", row.path, note)
    return done


def record_of(row: Row, verdict: Verdict, config: Config, *, apply: bool) -> Record:
    """Return what is to be written of a scored file; stars and pick label only if they are to be applied."""
    if row.stored is None:
        raise LookupError(f"{row.path} is not scored")
    assessment = row.stored.assessment
    return Record(
        assessment=assessment,
        verdict=verdict,
        stars=stars(assessment, verdict, config.culling.stars_from) if apply else None,
        scored_at=row.stored.scored_at,
    )


def memory_of(index: Index, file_id: int) -> Memory:
    """Return what the index remembers of a file's sidecar."""
    return {
        Field(field): Remembered(owner=Owner(owner), value=value)
        for field, (owner, value) in index.memory(file_id).items()
    }


def remember(index: Index, journal: Journal, file_id: int, before: Memory, done: Plan) -> None:
    """Put into the index what was written into a sidecar, and what is seen to be a human's there."""
    index.remember(file_id, {field.value: (kept.owner.value, kept.value) for field, kept in done.memory.items()})
    for field, kept in done.memory.items():
        if kept.owner is Owner.HUMAN and before.get(field) != kept:
            index.note(file_id, "decided", f"{field} {kept.value or 'none'}", who=Who.HUMAN)
    if done.changed:
        what = "changed" if done.before else "made"
        detail = "; ".join((f"{what} {done.sidecar.name}", *map(spoken, done.changes), *done.notes))
        index.note(file_id, "wrote", detail, who=journal.who, run=journal.run)
