"""Results out of the index into sidecars, or into photos: for the agent and for `realqa cull` alike.

What may be cut short is simply done again: a file that already says the same is not touched.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from realqa_agent.culling.stars import stars
from realqa_agent.errors import TransientError
from realqa_agent.files import stat_of
from realqa_agent.metadata import inside, sidecar
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.record import Content, Owner, Record, Who, columns_of, memory_in, spoken
from realqa_agent.metadata.snapshot import sha256_of
from realqa_agent.service.tasting import tasted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.assessment import Verdict
    from realqa_agent.capture import Embedded
    from realqa_agent.config import Config
    from realqa_agent.index.store import Index, Row
    from realqa_agent.metadata.inside import Inside
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.metadata.record import Change, Memory
    from realqa_agent.metadata.sidecar import Plan
    from realqa_agent.worker.messages import EmbeddedCopy

log = logging.getLogger(__name__)


class Planner:
    """Says what would be written of a scored file. `apply`: stars, rejects and pick labels too."""

    def __init__(self, index: Index, config: Config, *, apply: bool) -> None:
        self.index = index
        self._config = config
        self._apply = apply

    def inside(self, row: Row, verdict: Verdict, embedded: Embedded) -> Inside | None:
        """Return what becomes of the packet inside a photo, None if its results belong into a sidecar."""
        if not inside.wanted(row.path, self._config.metadata):
            return None
        record = self.record(row, verdict)
        return inside.plan(row.path, record, embedded, self._config.metadata, memory_of(self.index, row.file_id))

    def sidecar(self, row: Row, verdict: Verdict, embedded: Embedded) -> Plan:
        """Return what becomes of a sidecar; TransientError or PermanentError if it can't be read."""
        record = self.record(row, verdict)
        return sidecar.plan(row.path, record, embedded, self._config.metadata, memory_of(self.index, row.file_id))

    def record(self, row: Row, verdict: Verdict) -> Record:
        """Return what there is to say of a scored file."""
        stored = row.stored
        if stored is None or row.sha256 is None:
            raise LookupError(f"{row.path} is not scored")
        assessment = stored.assessment
        return Record(
            assessment=assessment,
            verdict=verdict,
            stars=stars(assessment, verdict, self._config.culling.stars_from) if self._apply else None,
            scored_at=stored.scored_at,
            content=Content(
                sha256=row.sha256,
                kind=stored.kind,
                width=stored.width,
                height=stored.height,
                duration_s=stored.duration_s,
                elapsed_ms=stored.elapsed_ms,
            ),
        )


class Publisher(Planner):
    """Writes it, and lets the index remember what was written and what is a human's."""

    def __init__(self, index: Index, config: Config, journal: Journal, *, apply: bool) -> None:
        super().__init__(index, config, apply=apply)
        self._journal = journal

    def write_sidecar(self, row: Row, verdict: Verdict, embedded: Embedded) -> Plan:
        """Bring a file's sidecar up to date, and return what was done.

        Raise TransientError or PermanentError; then it is as it was.
        """
        record = self.record(row, verdict)
        with turn(self._journal) as pen:
            memory = memory_of(self.index, row.file_id)
            done = sidecar.write(
                row.path, record, embedded, self._config.metadata, memory, pen=pen, file_id=row.file_id
            )
            with self.index.together():
                remember(self.index, row.file_id, memory, done.memory)
                if done.changed:
                    what = f"{'changed' if done.before else 'made'} {done.sidecar.name}"
                    self._tell(row.file_id, what, done.changes, done.notes)
        for note in done.notes:
            log.info("%s: %s", row.path, note)
        return done

    def write_inside(self, planned: Inside, copy: EmbeddedCopy) -> None:
        """Replace a photo by its verified copy with the results, and let the index know it again.

        Raise TransientError or PermanentError; then it is as it was.
        """
        with turn(self._journal) as pen:
            row = self.index.lookup(planned.photo)
            if row is None or row.stored is None:
                raise TransientError(f"{planned.photo}: it went away while the copy with the results was made")
            memory = memory_of(self.index, row.file_id)
            inside.write(planned, copy.data, copy.stat, memory, pen=pen, file_id=row.file_id)
            with self.index.together():
                know_again(self.index, row, copy.data)
                remember(self.index, row.file_id, memory, planned.memory)
                self._tell(row.file_id, f"changed {planned.photo.name}", planned.changes, planned.notes)

    def remember(self, planned: Inside) -> None:
        """Let the index remember what was seen in a photo that says all that it should already."""
        row = self.index.lookup(planned.photo)
        if row is not None:
            with turn(self._journal), self.index.together():
                remember(self.index, row.file_id, planned.known, planned.memory)

    def _tell(self, file_id: int, what: str, changes: Sequence[Change], notes: Sequence[str]) -> None:
        detail = "; ".join((what, *map(spoken, changes), *notes))
        self.index.note(file_id, "wrote", detail, who=self._journal.who, run=self._journal.run)


def memory_of(index: Index, file_id: int) -> Memory:
    """Return what the index remembers of a file's shared fields."""
    return memory_in(index.memory(file_id))


def remember(index: Index, file_id: int, before: Memory, after: Memory) -> None:
    """Put into the index whose the fields are, and what is seen to be a human's for the first time."""
    index.remember(file_id, columns_of(after))
    for field, kept in after.items():
        if kept.owner is Owner.HUMAN and before.get(field) != kept:
            index.note(file_id, "decided", f"{field} {kept.value or 'none'}", who=Who.HUMAN)


def know_again(index: Index, row: Row, data: bytes) -> None:
    """Let the index know a photo by the bytes that we gave it, so that it isn't scored again; inside a transaction."""
    if row.stored is not None:
        # The row was read before this transaction: the taste may be another one now.
        stored = replace(row.stored, assessment=tasted(index, row.stored.assessment))
        index.record_rewritten(row.file_id, stat_of(row.path), sha256_of(data) or "", stored=stored)
