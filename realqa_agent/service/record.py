"""What the index is told once a file is known, scored or refused, and the verdict of its shot.

Everything here may be cut short by a SIGKILL and is simply done again: the job stays leased until its end, and an
asset that is already assessed is not scored again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from realqa_agent.culling.policy import judge_shot
from realqa_agent.files import stat_of
from realqa_agent.index.store import Stored

if TYPE_CHECKING:
    from realqa_agent.config import Config
    from realqa_agent.errors import RefusalKind
    from realqa_agent.index.store import Index
    from realqa_agent.queue.jobs import Job
    from realqa_agent.worker.messages import Assessed, Examined, Ready


def now() -> str:
    """Return the time in RFC 3339, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Recorder:
    """Writes one scorer's results into the index."""

    def __init__(self, index: Index, config: Config, scorer: Ready) -> None:
        self._index = index
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
        looks = {member.path.name: (member.stored.assessment, member.stored.facts) for member in members}
        verdicts = judge_shot(looks, thresholds)
        changed = [member for member in members if member.verdict != verdicts[member.path.name]]
        for member in changed:
            self._index.record_verdict(member.file_id, verdicts[member.path.name], judged_at=now())
        return [member.file_id for member in changed if member.file_id != job.file_id]
