"""The index: one SQLite file that knows every asset, file, assessment and verdict.

Each method is one transaction. One process writes, the agent; others open the index with `Index.read`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from realqa_agent import paths
from realqa_agent.errors import UserError
from realqa_agent.files import make_private_folder
from realqa_agent.index import codec
from realqa_agent.index.engine import Database
from realqa_agent.index.migrate import bring_up_to_date, revision_of
from realqa_agent.index.reading import ROWS_AT_ONCE, Reader, spoken
from realqa_agent.index.records import Event, KnownFile, Member, Row, Stored, Totals
from realqa_agent.index.schema import NO_REFUSAL, REVISION, assessment, asset, file, history, memory, state, verdict
from realqa_agent.mounts import filesystem_of, is_network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import ColumnElement, Connection, Select

    from realqa_agent.assessment import Assessment, Verdict
    from realqa_agent.errors import RefusalKind
    from realqa_agent.files import FileStat

__all__ = ["Event", "Index", "KnownFile", "Member", "Row", "Stored", "Totals"]


_RETASTE = update(assessment).where(assessment.c.assessment_id == bindparam("number"))


class Index(Reader):
    """An open index. Close it, or use it as a context manager."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        super().__init__(database)
        self.clock = clock

    @classmethod
    def open(cls, file: Path, *, clock: Callable[[], float] = time.time) -> Index:
        """Open an index for writing; create or migrate it first, after a copy of an existing one.

        Raise UserError if it lies on a network file system, belongs to a newer program, or can't be written.
        """
        filesystem = filesystem_of(file)
        if is_network(filesystem):
            raise UserError(
                f"{file}: SQLite can't keep an index on a network file system ({filesystem}); "
                "set `path` in [index] to a place on a local disk"
            )
        try:
            make_private_folder(file.parent)
        except OSError as error:
            raise UserError(f"{file}: can't make the folder of the index: {error}") from error
        bring_up_to_date(file, paths.packaged("migrations"))
        return cls(Database(file, writable=True), clock)

    @classmethod
    def read(cls, file: Path, *, clock: Callable[[], float] = time.time) -> Index:
        """Open an index for reading only; UserError if there is none, or not one of this program's version."""
        revision = revision_of(file)
        if revision is None:
            raise UserError(f"{file}: there is no index yet; `realqa run --once DIR` makes one")
        if revision != REVISION:
            raise UserError(
                f"{file}: the index is still that of an earlier version (schema {revision}); "
                "`realqa run` brings it up to date"
            )
        return cls(Database(file, writable=False), clock)

    def together(self) -> AbstractContextManager[None]:
        """Return a context in which all that is done with this index and its queue is one transaction."""
        return self.database.together()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record_scored(self, file_id: int, identity_stat: FileStat, sha256: str, *, stored: Stored) -> None:
        """Put a fresh assessment in force for a file; its content becomes an asset if it wasn't one."""
        with self.database.writing() as connection:
            _store(connection, file_id, identity_stat, sha256, stored)
            detail = f"{stored.assessment.scorer} {stored.assessment.version}"
            _add_event(connection, file_id, stored.scored_at, "scored", detail)

    def record_recalled(
        self, file_id: int, identity_stat: FileStat, sha256: str, *, stored: Stored, sidecar: str
    ) -> None:
        """Put an assessment in force for a file that the index had lost, or never saw, and a sidecar tells of."""
        with self.database.writing() as connection:
            _store(connection, file_id, identity_stat, sha256, stored)
            detail = f"{stored.assessment.scorer} {stored.assessment.version} from {sidecar}"
            _add_event(connection, file_id, self._now(), "recalled", detail)

    def record_rewritten(self, file_id: int, stat: FileStat, sha256: str, *, stored: Stored) -> None:
        """Let the assessment of a file hold for its new bytes, which we wrote and which show the same picture."""
        with self.database.writing() as connection:
            _store(connection, file_id, stat, sha256, stored)

    def record_known(
        self, file_id: int, identity_stat: FileStat, sha256: str, scorer: str, version: str | None
    ) -> None:
        """Put an existing assessment in force for a file with that content; LookupError if there is none.

        Without a version, the newest one of the scorer's.
        """
        wanted = (
            select(assessment.c.assessment_id, assessment.c.version)
            .join_from(assessment, asset)
            .where(asset.c.sha256 == sha256, spoken([(scorer, version)]))
            .order_by(assessment.c.assessment_id.desc())
            .limit(1)
        )
        with self.database.writing() as connection:
            found = connection.execute(wanted).one_or_none()
            if found is None:
                raise LookupError(f"{scorer} {version} never assessed content {sha256}")
            if _put_in_force(connection, file_id, identity_stat, found.assessment_id):
                _add_event(connection, file_id, self._now(), "known", f"{scorer} {found.version}")

    def record_refused(self, file_id: int, stat: FileStat | None, kind: RefusalKind, message: str) -> None:
        """Note why a file can't be scored, and how it looked then, if that could be told."""
        now = self._now()
        values: dict[str, Any] = {} if stat is None else codec.stat_columns(stat)
        values |= {"assessment_id": None, "refusal_kind": kind, "refusal_message": message, "refused_at": now}
        with self.database.writing() as connection:
            connection.execute(update(file).where(file.c.file_id == file_id).values(values))
            connection.execute(delete(verdict).where(verdict.c.file_id == file_id))
            _add_event(connection, file_id, now, "refused", f"{kind}: {message}")

    def record_verdict(self, file_id: int, judged: Verdict, *, judged_at: str) -> None:
        """Replace the verdict on a file; its history gets a line if the decision is another one."""
        values = {"decision": judged.decision, "reasons": list(judged.reasons), "judged_at": judged_at}
        with self.database.writing() as connection:
            before = connection.scalar(select(verdict.c.decision).where(verdict.c.file_id == file_id))
            connection.execute(
                upsert(verdict)
                .values(file_id=file_id, **values)
                .on_conflict_do_update(index_elements=["file_id"], set_=values)
            )
            if before != judged.decision:
                detail = ": ".join(filter(None, (judged.decision, "; ".join(judged.reasons))))
                _add_event(connection, file_id, judged_at, "judged", detail)

    def remember(self, file_id: int, kept: Mapping[str, tuple[str, str]]) -> None:
        """Replace what is remembered of a file's sidecar: field → (owner, value)."""
        rows = [
            {"file_id": file_id, "field": field, "owner": owner, "value": value}
            for field, (owner, value) in kept.items()
        ]
        with self.database.writing() as connection:
            connection.execute(delete(memory).where(memory.c.file_id == file_id))
            if rows:
                connection.execute(insert(memory), rows)

    def note(self, file_id: int, event: str, detail: str, *, who: str = "agent", run: str | None = None) -> None:
        """Add a line to a file's history."""
        values = {"file_id": file_id, "at": self._now(), "event": event, "detail": detail, "who": who, "run": run}
        with self.database.writing() as connection:
            connection.execute(insert(history).values(values))

    def reassess(self, which: ColumnElement[bool], change: Callable[[Assessment], Assessment]) -> list[int]:
        """Let taste change the overall scores of some assessments; return the numbers of those that changed.

        `change` may give `overall` and `taste` other values, and nothing else. Memory stays flat.
        """
        changed: list[int] = []
        last = 0
        with self.database.writing() as connection:
            while rows := connection.execute(_some_assessments(which, after=last)).all():
                last = rows[-1].assessment_id
                looks = [(row.assessment_id, codec.assessment_of(row)) for row in rows]
                others = [(number, after) for number, before in looks if (after := change(before)) != before]
                if others:
                    values = [{"number": number, **codec.taste_columns(after)} for number, after in others]
                    connection.execute(_RETASTE, values)
                changed += [number for number, _ in others]
        return changed

    def leave(self, name: str, value: Mapping[str, Any] | None) -> None:
        """Leave a word for other processes under a name, in place of the last one; None takes it away."""
        with self.database.writing() as connection:
            connection.execute(delete(state).where(state.c.name == name))
            if value is not None:
                connection.execute(insert(state).values(name=name, value=dict(value)))

    def _now(self) -> str:
        return codec.rfc3339(self.clock())


def _some_assessments(which: ColumnElement[bool], *, after: int) -> Select[Any]:
    turn = assessment.c.assessment_id
    return select(assessment).where(which, turn > after).order_by(turn).limit(ROWS_AT_ONCE)


def _store(connection: Connection, file_id: int, stat: FileStat, sha256: str, stored: Stored) -> None:
    """Put an assessment of a content in force for a file."""
    content = codec.asset_columns(stored)
    asset_id = connection.scalar(
        upsert(asset)
        .values(sha256=sha256, bytes=stat.size, first_seen=stored.scored_at, **content)
        .on_conflict_do_update(index_elements=["sha256"], set_=content)
        .returning(asset.c.asset_id)
    )
    judged = codec.assessment_columns(stored)
    assessment_id = connection.scalar(
        upsert(assessment)
        .values(asset_id=asset_id, **judged)
        .on_conflict_do_update(index_elements=["asset_id", "scorer", "version"], set_=judged)
        .returning(assessment.c.assessment_id)
    )
    _put_in_force(connection, file_id, stat, assessment_id)


def _put_in_force(connection: Connection, file_id: int, stat: FileStat, assessment_id: int | None) -> bool:
    """Let a file rest on an assessment; tell whether it rested on another one, or on none."""
    before = connection.scalar(select(file.c.assessment_id).where(file.c.file_id == file_id))
    values = {**codec.stat_columns(stat), **NO_REFUSAL, "assessment_id": assessment_id}
    connection.execute(update(file).where(file.c.file_id == file_id).values(values))
    return before != assessment_id


def _add_event(connection: Connection, file_id: int, at: str, event: str, detail: str) -> None:
    connection.execute(insert(history).values(file_id=file_id, at=at, event=event, detail=detail))
