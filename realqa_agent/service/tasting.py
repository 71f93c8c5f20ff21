"""The taste in force, and having overall scores follow it.

It is a word in the index. Whoever records a first look asks for it in the same transaction, and putting another one in
force changes all older looks in one transaction too, so no score is ever that of a taste which isn't in force. Only
what was said changes: nothing is scored again, and sidecars follow as the agent comes to them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from realqa_agent.index.reading import PRESENT, spoken
from realqa_agent.index.schema import assessment, file
from realqa_agent.queue.jobs import among
from realqa_agent.taste.findings import Findings
from realqa_agent.taste.head import Head

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from realqa_agent.assessment import Assessment
    from realqa_agent.index.records import Voice
    from realqa_agent.index.store import Index
    from realqa_agent.queue.jobs import Queue

log = logging.getLogger(__name__)

TASTE = "taste"
"""The word for the taste in force; there is none while it is off."""

FINDINGS = "taste_findings"
"""The word for what the last fit found, whether its taste came in force or not."""


def in_force(index: Index) -> Head | None:
    """Return the taste that overall scores follow, None while it is off."""
    kept = index.left(TASTE)
    return None if kept is None else Head.from_json(kept)


def found(index: Index) -> Findings | None:
    """Return what the last fit found, None if there was none."""
    kept = index.left(FINDINGS)
    return None if kept is None else Findings.from_json(kept)


def following(index: Index) -> int:
    """Count the present files whose overall score has taste in it."""
    tasty = select(func.count()).select_from(file).join(assessment).where(PRESENT, assessment.c.taste.is_not(None))
    with index.database.reading() as connection:
        return connection.scalar(tasty) or 0


def warn_if_outdated(index: Index, first: Voice) -> None:
    """Say in the log that the taste was learned from the looks of another scorer or version, if so."""
    head = in_force(index)
    if head is not None and (head.scorer, head.version) != first:
        log.warning(
            "your taste was learned from looks of %s %s and does not hold for those of %s %s: `realqa taste fit` "
            "learns it anew once the photos are scored",
            head.scorer,
            head.version,
            *first,
        )


def tasted(index: Index, assessment: Assessment) -> Assessment:
    """Return an assessment as the taste in force has it, to be stored in the transaction in which this is asked."""
    return _by(in_force(index), assessment)


def put_in_force(index: Index, queue: Queue, head: Head | None, findings: Findings | None = None) -> int:
    """Have all first looks follow a taste, None for none; return how many scores changed. All or nothing.

    Files whose score changed get a job, so that the agent writes their sidecars. Findings take the place of earlier
    ones; without any these stay.
    """
    concerned: ColumnElement[bool] = assessment.c.taste.is_not(None)
    if head is not None:
        concerned = or_(concerned, spoken([(head.scorer, head.version)]))
    with index.together():
        index.leave(TASTE, None if head is None else head.as_json())
        if findings is not None:
            index.leave(FINDINGS, findings.as_json())
        changed = index.reassess(concerned, lambda each: _by(head, each))
        queue.enqueue_again(and_(PRESENT, among(file.c.assessment_id, changed)))
    return len(changed)


def _by(head: Head | None, assessment: Assessment) -> Assessment:
    return assessment.without_taste() if head is None else head.applied(assessment)
