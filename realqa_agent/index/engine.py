"""Connections to the index: one that writes, and others that only read.

The contract. A writer's transaction begins with BEGIN IMMEDIATE, since one that reads first and then writes fails
at once when somebody wrote in between, whatever the busy timeout. Within a process the single writing connection
is handed from thread to thread; between processes SQLite waits. Readers see the state at their first statement
and hold up nobody. Nothing slow, no file and no worker, is waited for inside a transaction. Engines don't cross
a fork or a spawn.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from realqa_agent.errors import DamagedError, IndexBusyError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from pathlib import Path

BUSY_SECONDS = 10.0
"""How long one waits for the write lock of another process."""


def is_damage(error: BaseException | None) -> bool:
    """Tell whether SQLite says that a file is none of its own, or not whole."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def explained(file: Path, error: exc.DatabaseError | sqlite3.Error) -> Exception:
    """Return what an error of SQLite's means for an index."""
    cause = error.orig if isinstance(error, exc.DatabaseError) else error
    if is_damage(cause):
        return DamagedError(
            f"{file}: the index is damaged ({cause}); an agent that meets this ends, and at its next start sets the "
            "file aside and makes a new index from the sidecars; `realqa db check` says more"
        )
    if isinstance(cause, sqlite3.OperationalError):
        return IndexBusyError(f"{file}: the index can't be used now: {cause}")
    return error


def connect(file: PathLike[str], mode: str, *, foreign_keys: bool = True) -> sqlite3.Connection:
    """Return a bare connection with our pragmas; `mode` is SQLite's: `ro` or `rw`."""
    immutable = "&immutable=1" if mode == "ro" and _at_rest(file) else ""
    # The driver must begin no transactions itself: it would do so late, and before some statements only.
    connection = sqlite3.connect(
        f"file:{quote_from_bytes(os.fsencode(file))}?mode={mode}{immutable}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    if mode != "ro":
        connection.execute("PRAGMA journal_mode=WAL")
        # With a write-ahead log this loses no consistency, at worst the last moments before a power cut.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    return connection


def _at_rest(file: PathLike[str]) -> bool:
    """Tell whether nobody has the file open, and no reader could make the log beside it that SQLite asks for."""
    path = os.fspath(file)
    return not os.path.exists(f"{path}-wal") and not os.access(os.path.dirname(path) or ".", os.W_OK)  # noqa: PTH110, PTH120 - names of any bytes, as they came


def engine_for(file: Path, mode: str, *, foreign_keys: bool = True, connections: int = 1) -> Engine:
    """Return an engine of at most `connections` connections; one that may write begins with BEGIN IMMEDIATE."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: connect(file, mode, foreign_keys=foreign_keys),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
    )
    begin = "BEGIN" if mode == "ro" else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Database:
    """One SQLite file, open."""

    def __init__(self, file: Path, *, writable: bool) -> None:
        self.file = file
        self._reader = engine_for(file, "ro", connections=8)
        self._writer = engine_for(file, "rw") if writable else None
        self._joined: Connection | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make all reading and writing inside part of one transaction; errors as for `writing`. For one thread.

        A photo's whole record in one transaction instead of seven saves a third of the agent's time for it.
        """
        with self.writing() as connection:
            self._joined = connection
            try:
                yield
            finally:
                self._joined = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the file; IndexBusyError, DamagedError as for `writing`."""
        if self._joined is not None:
            yield self._joined
            return
        with self._wrapped(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """Give a connection inside a transaction that is committed at the end, or rolled back by an exception.

        A durable one survives a power cut, and costs an fsync; it can't be part of `together`. Raise IndexBusyError
        if the file is locked or the disk is full, DamagedError if it is damaged.
        """
        if self._joined is not None and not durable:
            yield self._joined
            return
        if self._writer is None:
            raise PermanentError(f"{self.file}: the index is open for reading only")
        with self._wrapped(), self._writer.connect() as connection:
            if durable:
                _set_synchronous(connection, "FULL")
            try:
                with connection.begin():
                    yield connection
            finally:
                if durable:
                    _set_synchronous(connection, "NORMAL")

    def close(self) -> None:
        """Close all connections; the last one folds the write-ahead log into the file."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except exc.TimeoutError as error:
            raise IndexBusyError(f"{self.file}: another thread holds the index for too long") from error
        except exc.IntegrityError:
            # A broken promise of our own code, not of the disk.
            raise
        except exc.DatabaseError as error:
            raise explained(self.file, error) from error


def _set_synchronous(connection: Connection, level: str) -> None:
    """Change the level outside a transaction, where alone SQLite takes it; SQLAlchemy itself would begin one."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(f"PRAGMA synchronous={level}")
