"""A word to a running digiKam over a real bus, which digiKam runs with which settings, and what its database holds."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support import bus
from support.bus import Played, played, session_bus
from support.place import until

from realqa_agent.hosts import digikam
from realqa_agent.hosts.bus import BusError, NoBusError
from realqa_agent.hosts.digikam import Place
from realqa_agent.hosts.digikam_library import photos_with_choices

ONE, SANDBOXED = "org.kde.digikam-4711", "org.kde.digikam.kdbus-_1_42"

YES = ("b", (True,))
NO = ("b", (False,))


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if not bus.present():
        pytest.skip(f"{bus.PROGRAM} is not installed")
    with session_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


def asked(program: Played) -> list[tuple[object, ...]]:
    return [message.body for message in program.called]


class TestRefresh:
    def test_each_digikam_is_told_and_nobody_else(self, address: str) -> None:
        with (
            played(ONE, address, answer=YES) as one,
            played(SANDBOXED, address, answer=YES) as other,
            played("org.kde.digikamera-1", address, answer=YES) as stranger,
        ):
            assert digikam.refresh() == 2
        assert asked(one) == asked(other) == [("scan_newitems",)]
        assert asked(stranger) == []

    def test_none_runs(self, address: str) -> None:
        del address
        assert digikam.refresh() == 0

    def test_one_that_has_no_such_action(self, address: str) -> None:
        with played(ONE, address, answer=NO), pytest.raises(BusError, match="can't look"):
            digikam.refresh()

    def test_one_that_does_not_answer_is_not_waited_for(self, address: str) -> None:
        with played(ONE, address, answer=None):
            began = time.monotonic()
            with pytest.raises(BusError, match=f"{ONE} does not answer"):
                digikam.refresh()
            assert 2 < time.monotonic() - began < 6

    def test_without_a_desktop(self) -> None:
        with pytest.raises(NoBusError, match="no desktop session"):
            digikam.refresh()

    def test_a_bus_that_is_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        with pytest.raises(NoBusError, match="/nowhere/bus"):
            digikam.refresh()


class TestRefreshAfterAnImport:
    def test_it_is_told_and_the_log_says_so(self, address: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        with played(ONE, address, answer=YES) as one:
            digikam.refresh_after_import()
        assert asked(one) == [("scan_newitems",)]
        assert "digiKam looks for new and changed files" in caplog.text

    def test_no_trouble_stops_the_agent(self, address: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        digikam.refresh_after_import()
        assert caplog.text == ""
        with played(ONE, address, answer=NO):
            digikam.refresh_after_import()
        assert "was not told" in caplog.text


@contextmanager
def process(folder: Path, **environment: str) -> Iterator[int]:
    """Run something that has digiKam's name."""
    program = folder / "digikam"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"], env=environment) as sleeping:
        try:
            until(lambda: Path(f"/proc/{sleeping.pid}/comm").read_text() == "digikam\n")
            yield sleeping.pid
        finally:
            sleeping.kill()


class TestRunning:
    def test_it_counts_with_these_settings_alone(self, tmp_path: Path) -> None:
        ours, others = tmp_path / "ours", tmp_path / "others"
        here = Place(file=ours / ".config/digikamrc", flatpak=False)
        (tmp_path / "link").symlink_to(ours)
        with process(tmp_path, HOME=str(others)):
            assert digikam.running(here) == []
        for environment in (
            {"HOME": str(ours)},
            {"HOME": str(tmp_path / "link")},
            {"HOME": str(others), "XDG_CONFIG_HOME": str(ours / ".config")},
        ):
            with process(tmp_path, **environment) as pid:
                assert digikam.running(here) == [pid]

    def test_a_name_on_the_bus_counts_too(self, address: str) -> None:
        """As of a digiKam under another program name; here it is this very process, with these settings."""
        mine = Place(file=Path(os.environ["HOME"]) / ".config/digikamrc", flatpak=False)
        environment = dict(line.split("=", 1) for line in Path("/proc/self/environ").read_text().split("\0") if line)
        started_with = Path(environment.get("XDG_CONFIG_HOME") or f"{environment['HOME']}/.config")
        with played(ONE, address, answer=YES):
            assert digikam.running(mine) == []
            assert digikam.running(Place(file=started_with / "digikamrc", flatpak=False)) == [os.getpid()]


TABLES = """
CREATE TABLE ImageInformation (imageid INTEGER PRIMARY KEY, rating INTEGER);
CREATE TABLE Tags (id INTEGER PRIMARY KEY, pid INTEGER, name TEXT);
CREATE TABLE ImageTags (imageid INTEGER, tagid INTEGER);
INSERT INTO ImageInformation VALUES (1, -1), (2, -1), (3, NULL);
INSERT INTO Tags VALUES (1, 0, '_Digikam_Internal_Tags_'), (2, 1, 'Pick Label None'), (3, 1, 'Pick Label Accepted'),
    (4, 1, 'Current Version'), (5, 0, 'sea'), (6, 5, 'boats');
"""


@pytest.mark.parametrize(
    ("statements", "count"),
    [
        ("", 0),
        ("INSERT INTO ImageTags VALUES (1, 2), (1, 4);", 0),
        ("UPDATE ImageInformation SET rating = 0 WHERE imageid = 1;", 1),
        ("INSERT INTO ImageTags VALUES (1, 3);", 1),
        ("INSERT INTO ImageTags VALUES (1, 5), (2, 6), (2, 5);", 2),
        ("DROP TABLE Tags;", None),
    ],
)
def test_what_people_chose_is_counted(statements: str, count: int | None, tmp_path: Path) -> None:
    file = tmp_path / "a #1 % ?.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(TABLES + statements)
    before = file.read_bytes()
    assert photos_with_choices(file) == count
    assert file.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [None, b"no database"])
def test_a_database_that_is_none(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "digikam4.db"
    if content is not None:
        file.write_bytes(content)
    assert photos_with_choices(file) is None
    assert file.exists() is (content is not None)
