"""The agent's log: lines on stderr for a terminal, records with fields for the journal.

The journal's protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) is spoken by hand: it is a few lines, and the package
systemd-python can't be built where libsystemd's headers are missing.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

JOURNAL = Path("/run/systemd/journal/socket")

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}

_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
"""Names of a record's attributes; any other came with `extra`."""


def set_up(*, verbose: bool, journal: Path = JOURNAL) -> None:
    """Send the agent's log to the journal if stderr leads there, else to stderr."""
    lines = logging.StreamHandler()
    handler: logging.Handler = lines
    journal_reads = _stderr_is_the_journal()
    if journal_reads:
        lines.setFormatter(_Prefixed("%(message)s"))
        handler = _Records(journal, otherwise=lines)
    else:
        lines.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("realqa_agent")
    logger.addHandler(handler)
    # The journal keeps the level with each record, and shows what its reader asks for.
    logger.setLevel(logging.INFO if verbose or journal_reads else logging.WARNING)


def _stderr_is_the_journal() -> bool:
    """Compare with what systemd says of it: the variable is inherited, also by those whose stderr is a file."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _priority(record: logging.LogRecord) -> int:
    return _PRIORITIES.get(record.levelno, 6)


class _Prefixed(logging.Formatter):
    """`<4>` before a line is how the journal takes a priority from stderr (sd-daemon(3)); each line is a record."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(f"<{_priority(record)}>{line}" for line in super().format(record).splitlines())


class _Records(logging.Handler):
    """Sends each record to the journal with its fields, or its text to another handler if that can't be done."""

    def __init__(self, journal: Path, otherwise: logging.Handler) -> None:
        super().__init__()
        self._address = os.fspath(journal)
        self._otherwise = otherwise
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            self._socket.sendto(_datagram(record, self.format(record)), self._address)
        except OSError:  # The journal is being restarted, or the record is larger than a datagram may be.
            self._otherwise.handle(record)
        except Exception:  # noqa: BLE001 - logging's custom: a wrong log call is shown and stops nobody
            self.handleError(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()


def _datagram(record: logging.LogRecord, text: str) -> bytes:
    # Names of files may hold bytes that are no UTF-8: surrogates in Python, themselves again in the journal.
    fields = _fields(record, text)
    return b"".join(_field(name, str(value).encode(errors="surrogateescape")) for name, value in fields)


def _fields(record: logging.LogRecord, text: str) -> Iterator[tuple[str, object]]:
    yield "MESSAGE", text
    yield "PRIORITY", _priority(record)
    yield "SYSLOG_IDENTIFIER", "realqa"
    yield "LOGGER", record.name
    yield "CODE_FILE", record.pathname
    yield "CODE_LINE", record.lineno
    yield "CODE_FUNC", record.funcName
    for name, value in vars(record).items():
        if name not in _OF_EVERY_RECORD:
            yield "REALQA_" + re.sub(r"[^A-Z0-9_]", "_", name.upper()), value


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode() + b"=" + value + b"\n"
