"""What the index is told once a file is known, scored or refused, and the verdict of its shot.

Everything here may be cut short by a SIGKILL and is simply done again: the job stays leased until its end, and an
asset that is already assessed is not scored again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from realqa_agent.assessment import Verdict
from realqa_agent.culling.policy import judge_shot
from realqa_agent.culling.shots import agree
from realqa_agent.files import stat_of
from realqa_agent.index.store import Stored
from realqa_agent.metadata.recall import recall
from realqa_agent.metadata.sidecar import sidecar_of
from realqa_agent.service.tasting import tasted

if TYPE_CHECKING:
    from realqa_agent.assessment import Assessment
    from realqa_agent.capture import CaptureFacts
    from realqa_agent.config import Config
    from realqa_agent.errors import RefusalKind
    from realqa_agent.index.store import Index, Member
    from realqa_agent.metadata.recall import Recalled
    from realqa_agent.queue.jobs import Job
    from realqa_agent.service.voices import Voices
    from realqa_agent.worker.messages import Assessed, Examined


def now() -> str:
    """Return the time in RFC 3339, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Recorder:
    """Writes the results of the scorers that count into the index."""

    def __init__(self, index: Index, config: Config, voices: Voices) -> None:
        self._index = index
        self._config = config
        self._voices = voices

    def known(self, job: Job, examined: Examined) -> bool:
        """Given an examined file, record it without scoring if its content is assessed already; tell whether it was."""
        identity = examined.identity
        for voice in self._voices.best_first():
            if self._index.assessment_of(identity.sha256, *voice) is not None:
                self._index.record_known(job.file_id, identity.stat, identity.sha256, *voice)
                return True
        return False

    def told(self, job: Job, examined: Examined) -> Recalled | None:
        """Given an examined file that the index doesn't know, return what its sidecar says of it, if that counts."""
        told = (recall(job.path, examined.identity.sha256, *voice) for voice in self._voices.best_first())
        return next(filter(None, told), None)

    def has_last_word(self, sha256: str) -> bool:
        """Tell whether the model judged a content already."""
        second = self._voices.second
        return second is not None and self._index.assessment_of(sha256, *second) is not None

    def first_look(self, sha256: str) -> Assessment | None:
        """Return the first look at a content, if the index has it; without taste, which is no word of the model's."""
        stored = self._index.assessment_of(sha256, *self._voices.first)
        return None if stored is None else stored.assessment.without_taste()

    def recalled(self, job: Job, examined: Examined, recalled: Recalled, facts: CaptureFacts) -> None:
        """Put an assessment out of a sidecar into the index, with the taste in force now; inside a transaction."""
        content, identity = recalled.content, examined.identity
        stored = Stored(
            assessment=tasted(self._index, recalled.assessment),
            facts=facts,
            kind=content.kind,
            width=content.width,
            height=content.height,
            duration_s=content.duration_s,
            elapsed_ms=content.elapsed_ms,
            scored_at=recalled.scored_at,
        )
        sidecar = sidecar_of(job.path).name
        self._index.record_recalled(job.file_id, identity.stat, identity.sha256, stored=stored, sidecar=sidecar)

    def scored(self, job: Job, examined: Examined, assessed: Assessed) -> None:
        """Put a fresh assessment into the index, with the taste in force; inside a transaction."""
        stored = Stored(
            assessment=tasted(self._index, assessed.assessment),
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

    def refused(self, job: Job, kind: RefusalKind, message: str) -> list[int]:
        """Put a refusal into the index, with the file's stat so that it counts as known until it changes.

        Return the other files of the shot whose verdict changed by it.
        """
        try:
            stat = stat_of(job.path)
        except OSError:
            stat = None
        with self._index.together():
            self._index.record_refused(job.file_id, stat, kind, message)
            return self.judge_shot(job)

    def judge_shot(self, job: Job, recalled: Recalled | None = None) -> list[int]:
        """Judge a file together with the other files of its shot; return the others whose verdict changed by it.

        What is recalled of it counts as far as `_awaiting` says.
        """
        members = self._index.shot(job.file_id, self._voices.best_first())
        thresholds = self._config.culling.thresholds
        looks = {member.path.name: (member.stored.assessment, member.stored.facts) for member in members}
        verdicts = judge_shot(looks, thresholds)
        for member in members:
            if recalled is not None and member.file_id == job.file_id:
                verdicts[member.path.name] = self._awaiting(member, verdicts[member.path.name], recalled)
        changed = [member for member in members if member.verdict != verdicts[member.path.name]]
        for member in changed:
            self._index.record_verdict(member.file_id, verdicts[member.path.name], judged_at=now())
        return [member.file_id for member in changed if member.file_id != job.file_id]

    def _awaiting(self, member: Member, verdict: Verdict, recalled: Recalled) -> Verdict:
        """Return the verdict of now, or that in the sidecar if it needs but a file of the shot that is still to come.

        Else a JPEG that comes before its RAW file would have its sidecar changed, and changed back a moment later. Such
        a verdict is milder, never harder.
        """
        name = member.path.name
        for other in self._index.awaited(member.file_id, self._voices.best_first()):
            together = agree({name: verdict, other: Verdict(decision=recalled.verdict.decision)})
            if recalled.suggests(together[name]):
                return together[name]
        return verdict
