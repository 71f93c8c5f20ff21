"""The log where stderr is the journal, seen from the journal's side, and where it is not."""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realqa_agent.cli import logs

log = logging.getLogger("realqa_agent.some.room")


class Journal:
    """What systemd is to a service: stderr leads to a stream of its, and a socket takes records."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address, self._stderr = base / "journal", base / "stderr"
        self._monkeypatch = monkeypatch
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(5)
        self._stream = self._stderr.open("w", buffering=1)

    def listen(self) -> None:
        self._socket.bind(str(self.address))

    def close(self) -> None:
        self._socket.close()
        self._stream.close()

    def set_up(self, *, verbose: bool = False, stream: str | None = None) -> None:
        """Start the log as a service does; `stream` is what the environment says instead of the truth."""
        status = os.fstat(self._stream.fileno())
        self._monkeypatch.setenv("JOURNAL_STREAM", stream or f"{status.st_dev}:{status.st_ino}")
        self._monkeypatch.setattr(sys, "stderr", self._stream)  # Here, since pytest puts its own before each test.
        logs.set_up(verbose=verbose, journal=self.address)

    def lines(self) -> str:
        return self._stderr.read_text()

    def record(self) -> dict[str, bytes]:
        """Read the next record, as systemd.io/JOURNAL_NATIVE_PROTOCOL says."""
        stream, fields = io.BytesIO(self._socket.recv(1 << 20)), {}
        while line := stream.readline():
            name, equals, value = line.removesuffix(b"\n").partition(b"=")
            if not equals:
                value = stream.read(int.from_bytes(stream.read(8), "little"))
                assert stream.read(1) == b"\n"
            fields[name.decode()] = value
        return fields


@pytest.fixture
def deaf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """A journal whose socket is not there yet."""
    logger = logging.getLogger("realqa_agent")
    handlers, level = list(logger.handlers), logger.level
    journal = Journal(tmp_path, monkeypatch)
    yield journal
    journal.close()
    for handler in set(logger.handlers) - set(handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(level)


@pytest.fixture
def journal(deaf: Journal) -> Journal:
    deaf.listen()
    return deaf


class TestRecords:
    def test_carry_what_the_journal_filters_by(self, journal: Journal) -> None:
        journal.set_up()
        log.warning("%s photos", 3)
        fields = journal.record()
        assert (fields["MESSAGE"], fields["PRIORITY"]) == (b"3 photos", b"4")
        assert (fields["SYSLOG_IDENTIFIER"], fields["LOGGER"]) == (b"realqa", b"realqa_agent.some.room")
        assert fields["CODE_FILE"] == os.fsencode(__file__)
        assert fields["CODE_FUNC"] == b"test_carry_what_the_journal_filters_by"
        assert fields["CODE_LINE"].isdigit()
        assert not [name for name in fields if name.startswith("REALQA_")]
        assert journal.lines() == ""

    def test_carry_our_own_fields(self, journal: Journal) -> None:
        journal.set_up()
        log.error("no", extra={"photo": Path("/photos/a=b.jpg"), "job-id": 7})
        fields = journal.record()
        assert (fields["REALQA_PHOTO"], fields["REALQA_JOB_ID"]) == (b"/photos/a=b.jpg", b"7")
        assert fields["PRIORITY"] == b"3"

    def test_carry_names_of_files_byte_by_byte(self, journal: Journal) -> None:
        journal.set_up()
        name = b"/photos/line\nPRIORITY=0\nbreak \xff \xe2\x98\x80.jpg"
        photo = os.fsdecode(name)
        record = log.makeRecord(log.name, logging.WARNING, "", 0, "%s: gone", (photo,), None, extra={"photo": photo})
        # Not through the logger: pytest notes what comes that way, and xdist can't send a name that is no UTF-8.
        logging.getLogger("realqa_agent").handlers[-1].handle(record)
        fields = journal.record()
        assert (fields["REALQA_PHOTO"], fields["MESSAGE"]) == (name, name + b": gone")
        assert fields["PRIORITY"] == b"4"

    def test_carry_tracebacks(self, journal: Journal) -> None:
        journal.set_up()
        try:
            int("boom")
        except ValueError:
            log.exception("oh")
        message = journal.record()["MESSAGE"].decode()
        assert message.startswith("oh\nTraceback")
        assert message.endswith("'boom'")

    def test_are_as_many_as_was_asked_for(self, journal: Journal) -> None:
        journal.set_up(verbose=True)
        log.debug("no")
        logging.getLogger("another").error("nobody's")
        log.info("yes")
        assert journal.record()["MESSAGE"] == b"yes"


class TestLinesInstead:
    def test_until_the_journal_is_there(self, deaf: Journal) -> None:
        deaf.set_up()
        log.warning("one\ntwo")
        log.error("three")
        deaf.listen()
        log.error("four")
        assert deaf.lines() == "<4>one\n<4>two\n<3>three\n"
        assert deaf.record()["MESSAGE"] == b"four"

    def test_for_a_record_that_no_datagram_holds(self, journal: Journal) -> None:
        journal.set_up()
        log.warning("%s", "x" * 1_000_000)
        log.warning("small")
        assert journal.lines() == f"<4>{'x' * 1_000_000}\n"
        assert journal.record()["MESSAGE"] == b"small"

    def test_on_a_stderr_that_only_inherited_the_variable(self, journal: Journal) -> None:
        journal.set_up(stream="8:12345")
        log.warning("for people")
        assert journal.lines().endswith(" WARNING for people\n")
        assert "<" not in journal.lines()


def test_a_wrong_log_call_stops_nobody(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.set_up()
    monkeypatch.setattr(logging.getLogger("realqa_agent"), "propagate", False)  # Or pytest's own handler would raise.
    log.warning("%d photos", "three")
    log.warning("on")
    assert journal.record()["MESSAGE"] == b"on"
    assert "TypeError" in journal.lines()
