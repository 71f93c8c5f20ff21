"""What culling a folder would write, file by file, and writing it. Results come from the index; nothing is scored."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.culling.policy import judge_shot
from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata import sidecar
from realqa_agent.service.publishing import Planner, Publisher
from realqa_agent.service.record import now
from realqa_agent.service.scoring import perform, score, shots_of
from realqa_agent.worker.messages import Embed, EmbeddedCopy, Inspect, Inspected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realqa_agent.assessment import Verdict
    from realqa_agent.capture import Embedded
    from realqa_agent.config import Config
    from realqa_agent.index.store import Index, Row
    from realqa_agent.metadata.inside import Inside
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.metadata.record import Change
    from realqa_agent.worker.crew import Crew
    from realqa_agent.worker.messages import Outcome

log = logging.getLogger(__name__)

Key = tuple[int, Path]


@dataclass(frozen=True, kw_only=True, slots=True)
class Culled:
    """What culling comes to for one file, done or planned."""

    path: Path
    verdict: Verdict
    problem: str | None = None
    """Why nothing can be written for this file, for people; then nothing else is set."""
    file: Path | None = None
    """What is written: the sidecar, or the photo itself."""
    changed: bool = False
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences about what was left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """One file to be culled."""

    row: Row
    verdict: Verdict
    embedded: Embedded


def shots_in(index: Index, folders: Sequence[Path]) -> list[list[Path]]:
    """Return the scored files at or below the folders, by shot."""
    return shots_of(row.path for row in index.listing(folders) if row.stored is not None)


def cull(
    shots: Sequence[Sequence[Path]], index: Index, crew: Crew[Key], config: Config, journal: Journal | None
) -> Iterator[Culled]:
    """Yield what becomes of each file of the shots: stars, rejects and pick labels included.

    Verdicts follow the thresholds of the settings as they are now. Without a journal nothing is written. Photos that
    are written themselves come after the others, and files that another program is writing come last, once more.
    """
    desk = Planner(index, config, apply=True) if journal is None else Publisher(index, config, journal, apply=True)
    later: list[_Case] = []
    photos: list[tuple[_Case, Inside]] = []
    for case in _cases(shots, index, crew, config):
        if isinstance(case, Culled):
            yield case
            continue
        planned = desk.inside(case.row, case.verdict, case.embedded)
        if planned is not None:
            photos.append((case, planned))
            continue
        try:
            yield _sidecar(case, desk)
        except TransientError:
            later.append(case)
    yield from _photos(photos, desk, crew)
    if later:
        time.sleep(sidecar.YOUNG_SECONDS)
    for case in later:
        try:
            yield _sidecar(case, desk)
        except TransientError as error:
            yield Culled(path=case.row.path, verdict=case.verdict, problem=str(error))


def _cases(shots: Sequence[Sequence[Path]], index: Index, crew: Crew[Key], config: Config) -> Iterator[_Case | Culled]:
    """Yield the scored files of the shots with their verdicts of today, or what can't be read."""
    for outcomes in score(shots, crew, lambda path: Inspect(path=path)):
        rows = [row for row in map(index.lookup, outcomes) if row is not None and row.stored is not None]
        for row, verdict in _judged(rows, config):
            outcome = outcomes[row.path]
            if isinstance(outcome, Inspected):
                yield _Case(row=row, verdict=verdict, embedded=outcome.embedded)
            else:
                yield Culled(path=row.path, verdict=verdict, problem=getattr(outcome, "message", "it can't be read"))


def _judged(rows: Sequence[Row], config: Config) -> Iterator[tuple[Row, Verdict]]:
    """Yield the rows of one shot with what is to be said of them."""
    looks = {row.path.name: (row.stored.assessment, row.stored.facts) for row in rows if row.stored is not None}
    verdicts = judge_shot(looks, config.culling.thresholds)
    for row in rows:
        yield row, verdicts[row.path.name]


def _sidecar(case: _Case, desk: Planner) -> Culled:
    """Return what becomes of a sidecar; TransientError if it may go better later."""
    try:
        if isinstance(desk, Publisher):
            _update_verdict(case, desk)
            done = desk.write_sidecar(case.row, case.verdict, case.embedded)
        else:
            done = desk.sidecar(case.row, case.verdict, case.embedded)
    except PermanentError as error:
        return Culled(path=case.row.path, verdict=case.verdict, problem=str(error))
    return Culled(
        path=case.row.path,
        verdict=case.verdict,
        file=done.sidecar,
        changed=done.changed,
        changes=done.changes,
        notes=done.notes,
    )


def _photos(photos: Sequence[tuple[_Case, Inside]], desk: Planner, crew: Crew[Key]) -> Iterator[Culled]:
    """Yield what becomes of photos that are written themselves."""
    to_copy: dict[Path, tuple[_Case, Inside]] = {}
    for case, planned in photos:
        if isinstance(desk, Publisher) and planned.changed:
            to_copy[planned.photo] = (case, planned)
            continue
        if isinstance(desk, Publisher):
            desk.remember(planned)
        yield _photo(case, planned)
    tasks = [Embed(path=path, packet=planned.packet) for path, (_, planned) in to_copy.items()]
    for path, outcome in perform(tasks, crew):
        yield _copied(*to_copy[path], outcome, desk)


def _copied(case: _Case, planned: Inside, outcome: Outcome, desk: Planner) -> Culled:
    """Replace a photo by its copy, or write a sidecar if there could be none."""
    try:
        if isinstance(outcome, EmbeddedCopy) and isinstance(desk, Publisher):
            _update_verdict(case, desk)
            desk.write_inside(planned, outcome)
            return _photo(case, planned)
        log.info("%s: %s; the results go into a sidecar", planned.photo, getattr(outcome, "message", ""))
        return _sidecar(case, desk)
    except (PermanentError, TransientError) as error:
        return Culled(path=case.row.path, verdict=case.verdict, problem=str(error))


def _photo(case: _Case, inside: Inside) -> Culled:
    return Culled(
        path=inside.photo,
        verdict=case.verdict,
        file=inside.photo,
        changed=inside.changed,
        changes=inside.changes,
        notes=inside.notes,
    )


def _update_verdict(case: _Case, desk: Planner) -> None:
    if case.verdict != case.row.verdict:
        desk.index.record_verdict(case.row.file_id, case.verdict, judged_at=now())
