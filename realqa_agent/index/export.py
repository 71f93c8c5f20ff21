"""Everything that the index knows of each file, as plain data for other programs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from realqa_agent.index import codec
from realqa_agent.index.schema import assessment, asset, file, history, memory, verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Column, Connection

    from realqa_agent.index.engine import Database

FILES_AT_ONCE = 500

_FILES = (
    select(
        file,
        *(
            asset.c[name]
            for name in ("asset_id", "sha256", "kind", "width", "height", "duration_s", "facts", "first_seen")
        ),
        *(verdict.c[name] for name in ("decision", "reasons", "judged_at")),
    )
    .outerjoin_from(file, assessment, file.c.assessment_id == assessment.c.assessment_id)
    .outerjoin(asset, asset.c.asset_id == assessment.c.asset_id)
    .outerjoin(verdict, verdict.c.file_id == file.c.file_id)
    .order_by(file.c.folder, file.c.name)
)


def everything(database: Database) -> Iterator[dict[str, Any]]:
    """Yield an object for each file, present or missing, sorted by path, all from one state of the index.

    Memory stays flat, however many there are.
    """
    with database.reading() as connection:
        found = connection.execution_options(yield_per=FILES_AT_ONCE).execute(_FILES)
        for rows in found.partitions():
            yield from _objects(connection, rows)


def _objects(connection: Connection, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    files = {row.file_id for row in rows}
    assessments = _by(connection, assessment.c.asset_id, {row.asset_id for row in rows})
    remembered = _by(connection, memory.c.file_id, files)
    events = _by(connection, history.c.file_id, files)
    for row in rows:
        yield {
            "path": str(codec.join(row.folder, row.name)),
            "missing_since": row.missing_since,
            "size": row.size,
            "mtime_ns": row.mtime_ns,
            "sha256": row.sha256,
            "kind": row.kind,
            "width": row.width,
            "height": row.height,
            "duration_s": row.duration_s,
            "capture": row.facts,
            "first_seen": row.first_seen,
            "refusal": _part(row, kind="refusal_kind", message="refusal_message", at="refused_at"),
            "verdict": _part(row, decision="decision", reasons="reasons", at="judged_at"),
            "assessments": [
                {"in_force": each["assessment_id"] == row.assessment_id, **_without_keys(each)}
                for each in assessments[row.asset_id]
            ],
            "remembered": {
                each["field"]: {"owner": each["owner"], "value": each["value"]} for each in remembered[row.file_id]
            },
            "history": [_without_keys(each) for each in events[row.file_id]],
        }


def _by(connection: Connection, key: Column[Any], wanted: Collection[int | None]) -> dict[int, list[dict[str, Any]]]:
    """Return the rows of a table that belong to these, by whom they belong to, in the order in which they came."""
    statement = select(key.table).where(key.in_(wanted)).order_by(*key.table.primary_key)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(statement).mappings():
        found[row[key.name]].append(dict(row))
    return found


def _part(row: Any, **columns: str) -> dict[str, Any] | None:
    """Return some columns under other names, None if they are null."""
    part = {name: getattr(row, column) for name, column in columns.items()}
    return None if None in part.values() else part


def _without_keys(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.endswith("_id")}
