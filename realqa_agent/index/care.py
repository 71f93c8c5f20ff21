"""What keeps an index well over the years: look it over, copy it, shrink it, and put a damaged one out of the way."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing, suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError
from realqa_agent.files import PRIVATE, made_whole
from realqa_agent.index.engine import connect, explained, is_damage

if TYPE_CHECKING:
    from pathlib import Path

COMPANIONS = ("-wal", "-shm")
"""What SQLite keeps beside a file; without its log the file may lack the last transactions."""

DAMAGE = "damage"
"""The word in a new index that tells of the damaged one before it: `at`, and `kept`, its path."""

FINDINGS_SHOWN = 20

READ_BYTES = 2**20

SET_ASIDE_KEPT = 2


class Look(StrEnum):
    """How closely an index is looked at."""

    GLANCE = "glance"
    """Whether SQLite takes it for a database of its own, and knows the tables in it."""
    PAGES = "quick_check"
    """The structure of each page as well."""
    WHOLE = "integrity_check"
    """The tables against their indexes and all references as well."""


def check(file: Path, look: Look = Look.WHOLE) -> list[str]:
    """Return what is wrong with an index, a sentence each; nothing if it is whole or there is none.

    Raise UserError if the file can't be read.
    """
    if not file.exists():
        return []
    try:
        with closing(connect(file, "ro")) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if look is Look.GLANCE:
                return []
            _read_ahead(file)
            found = [text for (text,) in connection.execute(f"PRAGMA {look}({FINDINGS_SHOWN})") if text != "ok"]
            if not found and look is Look.WHOLE:
                found = _dangling(connection)
    except (OSError, sqlite3.DatabaseError) as error:
        if not is_damage(error):
            raise UserError(f"{file}: can't be read: {error}; check its permissions and the disk") from error
        return [str(error)]
    return found


def _read_ahead(file: Path) -> None:
    """Read a file from front to end, so that the system has it at hand.

    SQLite goes through the pages as its trees have them. With 100,000 photos, 628 MB, that took 9 s from a cold disk,
    and 1.5 s after this. A disk that turns would take minutes.
    """
    with file.open("rb", buffering=0) as data:
        while data.read(READ_BYTES):
            pass


def _dangling(connection: sqlite3.Connection) -> list[str]:
    """Return a sentence for each pair of tables between which references lead nowhere."""
    statement = 'SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2'
    return [
        f"{count} rows of table {table} refer to no {parent}" for table, parent, count in connection.execute(statement)
    ]


def back_up(file: Path, target: Path, *, replace: bool = False) -> None:
    """Copy an index as it is at this moment, whole or not at all, while others may go on writing.

    The copy is one file that needs no log beside it. Raise UserError if it can't be made, or, unless told to replace
    it, if there is a file of that name.
    """
    try:
        with made_whole(target, replace=replace) as partial:
            _copy(file, partial)
    except FileExistsError as error:
        raise UserError(str(error)) from error
    except (OSError, sqlite3.Error) as error:
        raise UserError(f"{target}: can't copy the index {file}: {error}") from error


def _copy(file: Path, partial: Path) -> None:
    with closing(connect(file, "ro")) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def copies(file: Path) -> list[Path]:
    """Return the copies beside an index, of migrations and of `realqa db backup`, the newest last."""
    prefixes = (f"{file.name}.before-", f"{file.name}.backup-")
    found = [path for path in file.parent.glob("*") if path.name.startswith(prefixes) and path.suffix != ".part"]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def vacuum(file: Path) -> tuple[int, int]:
    """Rewrite an index without the room that deleted rows left; return its bytes before and after.

    Whoever wants to write waits as long as it takes, so no agent should be at work. Raise UserError if the disk is
    too full for the second copy that this needs, or the index damaged or in use; it is then as before.
    """
    try:
        with closing(connect(file, "rw")) as connection:
            before = _bytes_in(connection)
            free = shutil.disk_usage(file.parent).free
            if free < before:
                raise UserError(_too_full(file, before, f"there are {free / 1e6:.1f} MB"))
            connection.execute("VACUUM")
            connection.execute("PRAGMA optimize")
            after = _bytes_in(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise UserError(_too_full(file, before, "now it is full")) from error
        raise UserError(f"{file}: can't be shrunk: {error}; `realqa db check` looks it over") from error
    return before, after


def _bytes_in(connection: sqlite3.Connection) -> int:
    """Return the size of the file once its log is folded in."""
    ((size,),) = connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    return int(size)


def _too_full(file: Path, needed: int, found: str) -> str:
    return (
        f"{file}: to shrink it takes {needed / 1e6:.1f} MB of free disk there, and as much for temporary files; "
        f"{found}; make room and try again, the index is as before"
    )


def tidy(file: Path) -> None:
    """Do what a night is good for: fold the log into the file and cut it, and let SQLite refresh what it counts on.

    Waits for nobody: what readers still hold is done the next night. Raise TransientError, DamagedError.
    """
    try:
        with closing(connect(file, "rw")) as connection:
            connection.execute("PRAGMA busy_timeout=0")
            connection.execute("PRAGMA optimize")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise explained(file, error) from error


def set_aside(file: Path, now: float) -> Path:
    """Move a damaged index out of the way, its log with it, and delete all but the newest that were moved so.

    Return where it is now; raise UserError if it can't be moved.
    """
    prefix = f"{file.name}.damaged-"
    stem = kept = file.with_name(prefix + time.strftime("%Y%m%d-%H%M%S", time.localtime(now)))
    number = 1
    while os.path.lexists(kept):
        number += 1
        kept = stem.with_name(f"{stem.name}-{number}")
    try:
        # The file first: a log that a killed process leaves without its file is deleted by SQLite, while a file
        # without its log would pass for one that is whole.
        for suffix in ("", *COMPANIONS):
            with suppress(FileNotFoundError):
                file.with_name(file.name + suffix).rename(kept.with_name(kept.name + suffix))
        for old in _set_aside(file, prefix)[:-SET_ASIDE_KEPT]:
            for suffix in ("", *COMPANIONS):
                old.with_name(old.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{file}: the index is damaged and can't be moved away: {error}; move it by hand") from error
    return kept


def _set_aside(file: Path, prefix: str) -> list[Path]:
    """Return the indexes beside a file that were set aside, oldest first."""
    found = (path for path in file.parent.iterdir() if path.name.startswith(prefix))
    return sorted(path for path in found if not path.name.endswith(COMPANIONS))


def make_private(file: Path) -> None:
    """Let nobody but its owner read an index and what lies beside it: earlier versions let all."""
    beside = (path for path in file.parent.iterdir() if path.name.startswith((f"{file.name}-", f"{file.name}.")))
    for path in (file, *beside):
        # Some come and go, and some may be another user's, who decides.
        with suppress(FileNotFoundError, PermissionError):
            mode = path.stat().st_mode
            if stat.S_ISREG(mode) and stat.S_IMODE(mode) & ~PRIVATE:
                path.chmod(stat.S_IMODE(mode) & PRIVATE)
