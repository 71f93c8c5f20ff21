"""Bring an index file up to this program's schema: a copy of it first, then all steps in one transaction.

Alembic costs 0.4 s to import, so it is only called when there is something to do.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError
from realqa_agent.files import PRIVATE
from realqa_agent.index.care import back_up
from realqa_agent.index.engine import connect, engine_for
from realqa_agent.index.schema import REVISION

if TYPE_CHECKING:
    from pathlib import Path

BACKUPS_KEPT = 2


def revision_of(file: Path, newest: str = REVISION) -> str | None:
    """Return the revision of an index, None for a blank file or none.

    Raise UserError if the file is something else, or newer than the newest revision that is known.
    """
    if not file.exists():
        return None
    try:
        with closing(connect(file, "ro")) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            ours = {"alembic_version", "assessment"} <= tables
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone() if ours else None
    except sqlite3.Error as error:
        raise UserError(
            f"{file}: can't be opened as an index: {error}; check its permissions, or move it: a new one is then made"
        ) from error
    if not tables:
        return None
    if found is None:
        raise UserError(f"{file}: is a database of another program; choose another path in [index]")
    revision = str(found[0])
    if revision > newest:
        raise UserError(
            f"{file}: the index was written by a newer RealQA Agent (schema {revision}, this one knows {newest}); "
            f"install that version again, or go back to a copy `{file.name}.before-…` beside it"
        )
    return revision


def bring_up_to_date(file: Path, migrations: Path, *, target: str = REVISION) -> Path | None:
    """Create or migrate an index with the Alembic scripts in `migrations`; return the backup if one was made.

    Raise UserError if that fails; the file is then as before.
    """
    current = revision_of(file, target)
    if current == target:
        return None
    backup = None if current is None else _keep_copy(file, target)
    try:
        _upgrade(file, migrations, target)
    except Exception as error:
        beside = f" (a copy is in {backup})" if backup else ""
        cause = getattr(error, "orig", None) or error
        passing = isinstance(cause, sqlite3.OperationalError)
        advice = (
            "see that its disk has room"
            if passing
            else "go back to the previous version of RealQA Agent and report this"
        )
        raise UserError(
            f"{file}: the index could not be brought from schema {current} to {target}: {cause}; "
            f"it is unchanged{beside}; {advice}"
        ) from error
    return backup


def _upgrade(file: Path, migrations: Path, target: str) -> None:
    from alembic import command  # noqa: PLC0415 - 0.4 s that a start with nothing to migrate doesn't pay
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    # Steps that rebuild a table drop the old one, which foreign keys would forbid; they are checked at the end.
    file.touch(PRIVATE)  # what SQLite makes beside it gets the same mode
    engine = engine_for(file, "rw", foreign_keys=False)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, target)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise sqlite3.IntegrityError(f"{len(broken)} rows refer to nothing, in table {broken[0][0]!r}")
    finally:
        engine.dispose()


def _keep_copy(file: Path, target: str) -> Path:
    """Copy the index beside itself, in place of a copy from an earlier try; delete all but the newest copies."""
    prefix = f"{file.name}.before-"
    backup = file.with_name(f"{prefix}{target}")
    back_up(file, backup, replace=True)
    copies = [path for path in file.parent.iterdir() if path.name.startswith(prefix)]
    for old in sorted(copies)[:-BACKUPS_KEPT]:
        old.unlink()
    return backup
