"""Which files the model is to judge after the first look. Conditions on a file, which SQLite answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlalchemy import and_, false, func, select

from realqa_agent.assessment import Decision
from realqa_agent.index.reading import PRESENT, resting_on
from realqa_agent.index.schema import assessment, file, verdict

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from realqa_agent.index.records import Voice

Which = Literal["all", "borderline", "leaders"]


def wanted(which: Which, first: Voice) -> ColumnElement[bool]:
    """Return which files that rest on the first look the model is to judge as soon as they do.

    None are leaders before their whole folder is known: see `leading`.
    """
    rests = and_(PRESENT, resting_on([first]))
    match which:
        case "all":
            return rests
        case "borderline":
            doubted = select(verdict.c.file_id).where(verdict.c.decision != Decision.KEEP)
            return and_(rests, file.c.file_id.in_(doubted))
        case "leaders":
            return false()


def leading(share: float, first: Voice) -> ColumnElement[bool]:
    """Return which files are among the best of their folder by the first look, and rest on it still.

    The share is rounded up. What the model judged keeps its place; files of which only the model's word is known, as
    after a loss of the index, were leaders before.
    """
    look = assessment.alias("look")
    in_force = select(assessment.c.asset_id, assessment.c.assessment_id).subquery("in_force")
    of_first = select(look.c.asset_id, look.c.overall).where(look.c.scorer == first[0], look.c.version == first[1])
    overall = of_first.subquery("of_first")
    place = func.row_number().over(
        partition_by=file.c.folder,
        order_by=[overall.c.overall.is_(None).desc(), overall.c.overall.desc(), file.c.file_id],
    )
    count = func.count().over(partition_by=file.c.folder)
    placed = (
        select(file.c.file_id, place.label("place"), count.label("files"))
        .join_from(file, in_force, in_force.c.assessment_id == file.c.assessment_id)
        .outerjoin(overall, overall.c.asset_id == in_force.c.asset_id)
        .where(PRESENT)
        .subquery("placed")
    )
    leaders = select(placed.c.file_id).where(placed.c.place < share * placed.c.files + 1)
    return and_(PRESENT, resting_on([first]), file.c.file_id.in_(leaders))


def outdated(second: Voice) -> ColumnElement[bool]:
    """Return which files rest on another version of the model."""
    return and_(PRESENT, resting_on([(second[0], None)]), ~resting_on([second]))
