"""Questions to the index. Each is answered from one state of the file."""

from __future__ import annotations

import os
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, bindparam, func, or_, select

from realqa_agent.assessment import Decision
from realqa_agent.files import FileStat
from realqa_agent.index import codec
from realqa_agent.index.records import Event, KnownFile, Member, Row, Stored, Totals, Voice
from realqa_agent.index.schema import assessment, asset, file, history, memory, state, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement

    from realqa_agent.index.engine import Database

Sort = Literal["path", "quality", "aesthetic", "overall"]

ROWS_AT_ONCE = 500

NAMES_AT_ONCE = 500

PRESENT = file.c.missing_since.is_(None)

_STORED_COLUMNS = [
    *(column for column in assessment.c if column.name not in {"assessment_id", "asset_id"}),
    *(asset.c[name] for name in ("kind", "width", "height", "duration_s", "facts")),
]
_VERDICT_COLUMNS = [verdict.c.decision, verdict.c.reasons]

_FILES_IN_FOLDER = select(file.c.name, file.c.file_id, file.c.size, file.c.mtime_ns, file.c.inode).where(
    file.c.folder == bindparam("folder"), PRESENT
)

_ROWS = (
    select(
        *(file.c[name] for name in ("file_id", "folder", "name", "refusal_kind", "refusal_message", "missing_since")),
        asset.c.sha256,
        *_STORED_COLUMNS,
        *_VERDICT_COLUMNS,
    )
    .outerjoin_from(file, assessment, file.c.assessment_id == assessment.c.assessment_id)
    .outerjoin(asset, asset.c.asset_id == assessment.c.asset_id)
    .outerjoin(verdict, verdict.c.file_id == file.c.file_id)
)

_AT_PATH = _ROWS.where(file.c.folder == bindparam("folder"), file.c.name == bindparam("name"))

_OF_CONTENT = select(*_STORED_COLUMNS).join_from(assessment, asset).where(asset.c.sha256 == bindparam("sha256"))

_this = file.alias("this")

_OF_SHOT = (
    select(file.c.file_id, file.c.folder, file.c.name, *_STORED_COLUMNS, *_VERDICT_COLUMNS)
    .join_from(file, assessment, file.c.assessment_id == assessment.c.assessment_id)
    .join(asset, asset.c.asset_id == assessment.c.asset_id)
    .join(_this, and_(_this.c.folder == file.c.folder, _this.c.shot == file.c.shot))
    .outerjoin(verdict, verdict.c.file_id == file.c.file_id)
    .where(_this.c.file_id == bindparam("file_id"), PRESENT)
    .order_by(file.c.name)
)

_MEMORY = select(memory.c.field, memory.c.owner, memory.c.value).where(memory.c.file_id == bindparam("file_id"))

_MEMORIES = select(memory).join_from(memory, file)


def spoken(voices: Sequence[Voice]) -> ColumnElement[bool]:
    """Return the condition on an assessment: it is by one of these."""
    return or_(
        *(
            and_(assessment.c.scorer == scorer, *([] if version is None else [assessment.c.version == version]))
            for scorer, version in voices
        )
    )


def resting_on(voices: Sequence[Voice]) -> ColumnElement[bool]:
    """Return the condition on a file: in force is an assessment by one of these."""
    by_one = select(assessment.c.assessment_id).where(
        assessment.c.assessment_id == file.c.assessment_id, spoken(voices)
    )
    return by_one.exists()


def unassessed_by(voices: Sequence[Voice]) -> ColumnElement[bool]:
    """Return the condition on a file: present, not refused, and in force is no assessment by one of these."""
    return and_(PRESENT, file.c.refusal_kind.is_(None), ~resting_on(voices))


class Reader:
    """The questions; `Index` adds what writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def folder(self, folder: Path) -> dict[str, KnownFile]:
        """Return the present files directly in a folder by name."""
        with self.database.reading() as connection:
            rows = connection.execute(_FILES_IN_FOLDER, {"folder": os.fsencode(folder)}).all()
        return {
            os.fsdecode(name): KnownFile(
                file_id=file_id,
                stat=FileStat(size=size, mtime_ns=mtime_ns, inode=codec.unsigned(inode)),
            )
            for name, file_id, size, mtime_ns, inode in rows
        }

    def folders_under(self, root: Path) -> list[Path]:
        """Return the folders that hold present files, at or below `root`, sorted by their bytes."""
        statement = select(file.c.folder).distinct().where(PRESENT, at_or_below(root)).order_by(file.c.folder)
        with self.database.reading() as connection:
            return [Path(os.fsdecode(folder)) for folder in connection.scalars(statement)]

    def assessment_of(self, sha256: str, scorer: str, version: str | None) -> Stored | None:
        """Return what a version of a scorer, or its newest one, said of a content; None if it never saw it."""
        statement = _OF_CONTENT.where(spoken([(scorer, version)])).order_by(assessment.c.assessment_id.desc()).limit(1)
        with self.database.reading() as connection:
            row = connection.execute(statement, {"sha256": sha256}).one_or_none()
        return None if row is None else codec.stored_of(row)

    def shot(self, file_id: int, voices: Sequence[Voice]) -> list[Member]:
        """Return the present files of the same folder and shot that one of these assessed, sorted by name."""
        with self.database.reading() as connection:
            return [
                Member(
                    file_id=row.file_id,
                    path=codec.join(row.folder, row.name),
                    stored=codec.stored_of(row),
                    verdict=codec.verdict_of(row),
                )
                for row in connection.execute(_OF_SHOT.where(spoken(voices)), {"file_id": file_id})
            ]

    def awaited(self, file_id: int, voices: Sequence[Voice]) -> list[str]:
        """Return the names of the files of the same folder and shot that none of these has judged yet, sorted."""
        same_shot = and_(_this.c.folder == file.c.folder, _this.c.shot == file.c.shot)
        statement = (
            select(file.c.name)
            .join(_this, same_shot)
            .where(_this.c.file_id == file_id, file.c.file_id != file_id, unassessed_by(voices))
            .order_by(file.c.name)
        )
        with self.database.reading() as connection:
            return [os.fsdecode(name) for name in connection.scalars(statement)]

    def memory(self, file_id: int) -> dict[str, tuple[str, str]]:
        """Return what was remembered of a file's sidecar: field → (owner, value)."""
        with self.database.reading() as connection:
            found = connection.execute(_MEMORY, {"file_id": file_id})
            return {row.field: (row.owner, row.value) for row in found}

    def left(self, name: str) -> dict[str, Any] | None:
        """Return the word that another process left under a name, None if there is none."""
        with self.database.reading() as connection:
            value: dict[str, Any] | None = connection.scalar(select(state.c.value).where(state.c.name == name))
        return value

    def lookup(self, path: Path) -> Row | None:
        """Return all that is known of a path, missing files included; None if the index never saw it."""
        folder, name = codec.split(path)
        with self.database.reading() as connection:
            row = connection.execute(_AT_PATH, {"folder": folder, "name": name}).one_or_none()
        return None if row is None else codec.row_of(row)

    def several(self, paths: Iterable[Path]) -> list[Row]:
        """Return all that is known of some paths, as `lookup` does; those that the index never saw are left out."""
        with self.database.reading() as connection:
            found = (connection.execute(_ROWS.where(condition)) for condition in at_paths(paths))
            return [codec.row_of(row) for rows in found for row in rows]

    def memories(self, paths: Iterable[Path]) -> dict[int, dict[str, tuple[str, str]]]:
        """Return by file what was remembered of the sidecars of some paths, as `memory` does."""
        found: dict[int, dict[str, tuple[str, str]]] = {}
        with self.database.reading() as connection:
            for condition in at_paths(paths):
                for row in connection.execute(_MEMORIES.where(condition)):
                    found.setdefault(row.file_id, {})[row.field] = (row.owner, row.value)
        return found

    def fits(self, file_id: int, condition: ColumnElement[bool]) -> bool:
        """Tell whether a condition holds for a file."""
        statement = select(file.c.file_id).where(file.c.file_id == file_id, condition)
        with self.database.reading() as connection:
            return connection.scalar(statement) is not None

    def any_fits(self, condition: ColumnElement[bool]) -> bool:
        """Tell whether a condition holds for any file."""
        with self.database.reading() as connection:
            return connection.scalar(select(file.c.file_id).where(condition).limit(1)) is not None

    def path_of(self, file_id: int) -> Path:
        """Return where a file is, or was when it was last there."""
        with self.database.reading() as connection:
            row = connection.execute(select(file.c.folder, file.c.name).where(file.c.file_id == file_id)).one()
        return codec.join(row.folder, row.name)

    def listing(
        self, folders: Sequence[Path] = (), *, sort: Sort = "path", decision: Decision | None = None
    ) -> Iterator[Row]:
        """Yield the present files at or below the folders, all without any; memory stays flat.

        Sorted by path, or by a score: best first, unscored files last.
        """
        statement = _ROWS.where(PRESENT).order_by(*_order(sort))
        if folders:
            statement = statement.where(or_(*map(at_or_below, folders)))
        if decision is not None:
            statement = statement.where(verdict.c.decision == decision)
        with self.database.reading() as connection:
            for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
                yield codec.row_of(row)

    def decisions_since(self, at: str) -> dict[Decision, int]:
        """Count the present files scored at or after a time (RFC 3339, UTC) by their verdict."""
        statement = (
            select(verdict.c.decision, func.count())
            .join_from(verdict, file)
            .join(assessment)
            .where(assessment.c.scored_at >= at, PRESENT)
            .group_by(verdict.c.decision)
        )
        with self.database.reading() as connection:
            return {Decision(decision): count for decision, count in connection.execute(statement)}

    def history(self, file_id: int) -> list[Event]:
        """Return what happened to a file, oldest first."""
        statement = select(history).where(history.c.file_id == file_id).order_by(history.c.history_id)
        with self.database.reading() as connection:
            return [
                Event(at=row.at, event=row.event, detail=row.detail, who=row.who, run=row.run)
                for row in connection.execute(statement)
            ]

    def totals(self) -> Totals:
        """Count files, assets and verdicts."""
        files = select(
            func.count().filter(PRESENT),
            func.count(file.c.assessment_id).filter(PRESENT),
            func.count(file.c.refusal_kind).filter(PRESENT),
            func.count(file.c.missing_since),
        )
        decisions = (
            select(verdict.c.decision, func.count())
            .join_from(verdict, file)
            .where(PRESENT)
            .group_by(verdict.c.decision)
        )
        with self.database.reading() as connection:
            present, scored, refused, missing = connection.execute(files).one()
            assets = connection.scalar(select(func.count()).select_from(asset))
            counted = {decision: count for decision, count in connection.execute(decisions)}  # noqa: C416 - dict() of rows is untyped
        return Totals(
            files=present,
            scored=scored,
            refused=refused,
            missing=missing,
            assets=assets or 0,
            by_decision={decision: counted.get(decision, 0) for decision in Decision},
        )

    def scoring_rate(self, now: float, window_s: float) -> float:
        """Return the assessments per second since the first one of the last `window_s` seconds; 0 if there is none."""
        made = assessment.c.scored_at
        statement = select(func.count(), func.min(made)).where(made >= codec.rfc3339(now - window_s))
        with self.database.reading() as connection:
            count, first = connection.execute(statement).one()
        return count / max(now - codec.epoch(first), 1.0) if count else 0.0


def at_paths(paths: Iterable[Path]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions on a file, which together hold for those at some paths: not too many names in each."""
    for folder, group in groupby(sorted(map(codec.split, set(paths))), key=itemgetter(0)):
        names = (name for _, name in group)
        while some := list(islice(names, NAMES_AT_ONCE)):
            yield and_(file.c.folder == folder, file.c.name.in_(some))


def at_or_below(root: Path) -> ColumnElement[bool]:
    """Return the condition on a file's folder; as a range, so that the index of SQLite serves it."""
    folder = os.fsencode(root)
    below = folder if folder.endswith(b"/") else folder + b"/"
    # "0" is the byte after "/".
    return or_(file.c.folder == folder, and_(file.c.folder >= below, file.c.folder < below[:-1] + b"0"))


def _order(sort: Sort) -> list[ColumnElement[Any]]:
    by_path: list[ColumnElement[Any]] = [file.c.folder, file.c.name]
    return by_path if sort == "path" else [assessment.c[sort].desc().nulls_last(), *by_path]
