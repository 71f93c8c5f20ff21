"""What culling a folder would write, file by file, and writing it. Results come from the index; nothing is scored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.culling.policy import judge
from realqa_agent.culling.shots import agree
from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata import sidecar
from realqa_agent.service.record import memory_of, now, publish, record_of
from realqa_agent.service.scoring import score, shots_of
from realqa_agent.worker.messages import Inspect, Inspected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.assessment import Verdict
    from realqa_agent.capture import Embedded
    from realqa_agent.config import Config
    from realqa_agent.index.store import Index, Row
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.metadata.sidecar import Plan
    from realqa_agent.worker.messages import Outcome
    from realqa_agent.worker.pool import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Culled:
    """What culling comes to for one file, done or planned."""

    path: Path
    verdict: Verdict
    plan: Plan | None
    """None if there is a problem."""
    problem: str | None = None
    """Why nothing can be written for this file, for people."""


def shots_in(index: Index, folders: Sequence[Path]) -> list[list[Path]]:
    """Return the scored files at or below the folders, by shot."""
    return shots_of(row.path for row in index.listing(folders) if row.stored is not None)


def cull(
    shots: Sequence[Sequence[Path]],
    index: Index,
    pool: Pool[tuple[int, Path]],
    config: Config,
    journal: Journal | None,
) -> Iterator[Culled]:
    """Yield what becomes of each file of the shots: stars, rejects and pick labels included.

    Verdicts follow the thresholds of the settings as they are now. Without a journal nothing is written. Files that
    another program is writing come last, once more.
    """
    later: list[tuple[Row, Verdict, Outcome]] = []
    for outcomes in score(shots, pool, Inspect):
        rows = [row for row in map(index.lookup, outcomes) if row is not None and row.stored is not None]
        for row, verdict in _judged(rows, config):
            try:
                yield _culled(row, verdict, outcomes[row.path], index, config, journal)
            except TransientError:
                later.append((row, verdict, outcomes[row.path]))
    if later:
        time.sleep(sidecar.YOUNG_SECONDS)
    for row, verdict, outcome in later:
        try:
            yield _culled(row, verdict, outcome, index, config, journal)
        except TransientError as error:
            yield Culled(path=row.path, verdict=verdict, plan=None, problem=str(error))


def _judged(rows: Sequence[Row], config: Config) -> Iterator[tuple[Row, Verdict]]:
    """Yield the rows of one shot with what is to be said of them."""
    verdicts = agree(
        {
            row.path.name: judge(row.stored.assessment, row.stored.facts, config.culling.thresholds)
            for row in rows
            if row.stored is not None
        }
    )
    for row in rows:
        yield row, verdicts[row.path.name]


def _culled(
    row: Row, verdict: Verdict, outcome: Outcome, index: Index, config: Config, journal: Journal | None
) -> Culled:
    """Return what becomes of a file; TransientError if it may go better later."""
    if not isinstance(outcome, Inspected):
        message = getattr(outcome, "message", "it can't be read")
        return Culled(path=row.path, verdict=verdict, plan=None, problem=message)
    try:
        done = _written(row, verdict, outcome.embedded, index, config, journal)
    except PermanentError as error:
        return Culled(path=row.path, verdict=verdict, plan=None, problem=str(error))
    return Culled(path=row.path, verdict=verdict, plan=done)


def _written(
    row: Row, verdict: Verdict, embedded: Embedded, index: Index, config: Config, journal: Journal | None
) -> Plan:
    if journal is None:
        record = record_of(row, verdict, config, apply=True)
        return sidecar.plan(row.path, record, embedded, config.metadata, memory_of(index, row.file_id))
    if verdict != row.verdict:
        index.record_verdict(row.file_id, verdict, judged_at=now())
    return publish(index, journal, row, verdict, embedded, config, apply=True)
