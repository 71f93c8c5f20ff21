"""`realqa digikam check|setup|refresh|score` as people use it, with settings files of every kind."""

from __future__ import annotations

import json
import os
import pty
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import bus
from support.bus import played, session_bus
from support.command import REALQA, Run
from support.place import Place, photo, until

READY = b"""[Metadata Settings]
Use XMP Sidecar For Reading=true
Metadata Writing Mode=1
Save Rating=true
Save Pick Label=true
Save Tags=true
Rescan File If Modified=true
"""

USED = b"""# by hand
[AlbumFolderView Sidebar]
CurrentIndex=1
Options[$e]=$HOME/x

[Metadata Settings]
EXIF Rotate=false
Save Rating=false
Save Tags=true

[Tool][Sub]
Name[de]=Gr\xc3\xbc\\sn\\x9f
State=\xff\xfe
"""

USED_READY = b"""# by hand
[AlbumFolderView Sidebar]
CurrentIndex=1
Options[$e]=$HOME/x

[Metadata Settings]
EXIF Rotate=false
Save Rating=true
Save Tags=true
Use XMP Sidecar For Reading=true
Metadata Writing Mode=2
Save Pick Label=true
Rescan File If Modified=true

[Tool][Sub]
Name[de]=Gr\xc3\xbc\\sn\\x9f
State=\xff\xfe
"""


@pytest.fixture
def rc(tmp_path: Path) -> Path:
    file = tmp_path / "home/.config/digikamrc"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digiKam that only tells its version."""
    program = tmp_path / "bin/digikam"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'digikam 7.9.0'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.fixture
def _absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def checked(realqa: Run, *words: str, status: int = 1) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(realqa("digikam", "check", "--json", *words, status=status).stdout)
    return report


def off(report: dict[str, Any]) -> set[str]:
    return {line["key"] for line in report["settings"] if not line["fits"]}


@pytest.mark.usefixtures("_installed")
class TestCheck:
    def test_of_one_that_was_never_started(self, realqa: Run, rc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "160")
        report = checked(realqa)
        assert (report["settings_exist"], report["ready"], report["running"]) == (False, False, [])
        assert (report["version"], report["merges_tags"], report["database"]) == ("7.9.0", True, None)
        assert off(report) == {
            "Use XMP Sidecar For Reading",
            "Metadata Writing Mode",
            "Save Rating",
            "Save Pick Label",
            "Save Tags",
            "Rescan File If Modified",
        }
        said = realqa("digikam", "check", status=1).stdout
        assert "7.9.0" in said
        assert f"{rc}, which is not there" in said
        assert "else digiKam passes over the agent's results" in said
        assert said.endswith("to change that: realqa digikam setup\n")
        assert not rc.exists()

    def test_of_one_that_is_ready(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(READY)
        assert off(checked(realqa, status=0)) == set()
        assert "ready" in realqa("digikam", "check").stdout
        assert rc.read_bytes() == READY

    @pytest.mark.parametrize("trap", ["Use Compatible File Name=true", "Use Lazy Synchronization=true"])
    def test_of_what_has_to_be_off(self, realqa: Run, rc: Path, trap: str) -> None:
        rc.write_bytes(READY + f"{trap}\n".encode())
        assert off(checked(realqa)) == {trap.partition("=")[0]}

    def test_a_database_on_a_server_is_no_trouble(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(READY + b"\n[Database Settings]\nDatabase Type=QMYSQL\nDatabase Hostname=nas\n")
        assert checked(realqa, status=0)["database"] == {"server": True, "place": "nas"}
        assert "on a server, nas: that works as well" in realqa("digikam", "check").stdout

    def test_of_the_one_in_a_sandbox(self, realqa: Run, rc: Path) -> None:
        sandboxed = rc.parents[1] / ".var/app/org.kde.digikam/config/digikamrc"
        sandboxed.parent.mkdir(parents=True)
        sandboxed.write_bytes(READY)
        assert "add --flatpak" in realqa("digikam", "check", status=2).stderr
        assert checked(realqa, "--flatpak", status=0)["settings_file"] == str(sandboxed)
        rc.write_bytes(USED)
        assert checked(realqa)["settings_file"] == str(rc)


@pytest.mark.usefixtures("_absent")
class TestWithoutDigikam:
    def test_there_is_nothing_to_set_up(self, realqa: Run, rc: Path) -> None:
        assert "there is no digiKam here" in realqa("digikam", "setup", "--yes", status=2).stderr
        assert list(rc.parent.iterdir()) == []
        assert "no such program" in realqa("digikam", "check", status=1).stdout

    def test_settings_alone_are_enough_as_of_an_appimage(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(USED)
        realqa("digikam", "setup", "--yes")
        assert checked(realqa, status=0)["version"] is None


@pytest.mark.usefixtures("_installed")
class TestSetup:
    def test_of_one_that_was_never_started(self, realqa: Run, rc: Path) -> None:
        realqa("digikam", "setup", "--yes")
        assert rc.read_bytes() == READY
        realqa("digikam", "setup", "--undo", "--yes")
        assert list(rc.parent.iterdir()) == []

    def test_of_a_used_one_changes_nothing_else_and_comes_back_to_the_byte(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(USED)
        rc.chmod(0o600)
        done = realqa("digikam", "setup", "--yes")
        assert "- Save Rating=false\n+ Save Rating=true\n" in done.stderr
        assert "EXIF Rotate" not in done.stderr
        assert rc.read_bytes() == USED_READY
        kept = rc.with_name("digikamrc.before-realqa")
        assert kept.read_bytes() == USED
        assert {file.stat().st_mode & 0o777 for file in (rc, kept)} == {0o600}
        assert "all is set" in realqa("digikam", "setup", "--yes").stderr

        assert "becomes what it was" in realqa("digikam", "setup", "--undo", "--yes").stderr
        assert rc.read_bytes() == USED
        assert list(rc.parent.iterdir()) == [rc]
        assert "no such file" in realqa("digikam", "setup", "--undo", "--yes", status=2).stderr

    def test_undo_leaves_what_others_changed(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(USED)
        realqa("digikam", "setup", "--yes")
        theirs = USED_READY.replace(b"CurrentIndex=1", b"CurrentIndex=2").replace(b"Mode=2", b"Mode=1")
        rc.write_bytes(theirs)
        assert "their changes stay" in realqa("digikam", "setup", "--undo", "--yes").stderr
        left = USED.replace(b"CurrentIndex=1", b"CurrentIndex=2")
        assert rc.read_bytes() == left.replace(b"Save Tags=true\n", b"Save Tags=true\nMetadata Writing Mode=1\n")

    def test_a_link_stays_one(self, realqa: Run, rc: Path, tmp_path: Path) -> None:
        real = tmp_path / "dotfiles-digikamrc"
        real.write_bytes(USED)
        rc.symlink_to(real)
        realqa("digikam", "setup", "--yes")
        assert rc.is_symlink()
        assert real.read_bytes() == USED_READY

    def test_nothing_happens_without_consent(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(USED)
        assert "--yes" in realqa("digikam", "setup", status=2).stderr
        assert rc.read_bytes() == USED

    @pytest.mark.parametrize(("answer", "after"), [("y", USED_READY), ("n", USED)])
    def test_it_asks_on_a_terminal(self, realqa: Run, rc: Path, answer: str, after: bytes) -> None:
        del realqa
        rc.write_bytes(USED)
        ours, theirs = pty.openpty()
        os.write(ours, f"{answer}\n".encode())
        environment = {"PATH": os.environ["PATH"], "HOME": str(rc.parents[1])}
        done = subprocess.run(
            [REALQA, "digikam", "setup"], stdin=theirs, stderr=subprocess.PIPE, env=environment, text=True, timeout=60
        )
        os.close(ours)
        os.close(theirs)
        assert "Change this?" in done.stderr
        assert rc.read_bytes() == after

    def test_not_while_it_runs(self, realqa: Run, rc: Path, tmp_path: Path) -> None:
        rc.write_bytes(USED)
        program = tmp_path / "digikam"
        shutil.copy(shutil.which("sleep") or "", program)
        with subprocess.Popen([program, "60"], env={"HOME": str(rc.parents[1])}) as running:
            try:
                until(lambda: checked(realqa)["running"] == [running.pid])
                for words in (("--yes",), ("--undo", "--yes")):
                    said = realqa("digikam", "setup", *words, status=2).stderr
                    assert f"digiKam runs (process {running.pid})" in said
                assert f"process {running.pid}" in realqa("digikam", "check", status=1).stdout
            finally:
                running.kill()
        assert rc.read_bytes() == USED

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"\x89PNG\r\n\x1a\n\0\0", "these are no settings of digiKam's, line 1"),
            (USED + b"half a li", "line 14 is neither"),
        ],
    )
    def test_a_file_that_holds_no_settings(self, realqa: Run, rc: Path, content: bytes, said: str) -> None:
        rc.write_bytes(content)
        for verb in (("check",), ("setup", "--yes")):
            assert said in realqa("digikam", *verb, status=2).stderr
        assert rc.read_bytes() == content
        assert list(rc.parent.iterdir()) == [rc]

    def test_a_write_protected_file(self, realqa: Run, rc: Path) -> None:
        rc.write_bytes(USED)
        rc.chmod(0o444)
        assert f"{rc}: it is write-protected" in realqa("digikam", "setup", "--yes", status=2).stderr
        assert rc.read_bytes() == USED
        assert list(rc.parent.iterdir()) == [rc]

    def test_a_folder_in_its_place(self, realqa: Run, rc: Path) -> None:
        rc.mkdir()
        assert f"{rc}: can't read it: Is a directory" in realqa("digikam", "setup", "--yes", status=2).stderr


@pytest.mark.usefixtures("_installed")
class TestChoicesThatAreInTheDatabaseAlone:
    """Else sidecars would overrule them once digiKam reads those; `tests/apps` shows the real one."""

    @pytest.fixture
    def library(self, rc: Path, tmp_path: Path) -> Path:
        folder = tmp_path / "my photos"
        folder.mkdir()
        rc.write_bytes(USED + f"\n[Database Settings]\nDatabase Name={folder}/\nDatabase Type=QSQLITE\n".encode())
        with closing(sqlite3.connect(folder / "digikam4.db")) as connection, connection:
            connection.executescript(
                "CREATE TABLE ImageInformation (imageid INTEGER, rating INTEGER);"
                "CREATE TABLE Tags (id INTEGER, pid INTEGER, name TEXT);"
                "CREATE TABLE ImageTags (imageid INTEGER, tagid INTEGER);"
                "INSERT INTO ImageInformation VALUES (1, -1);"
            )
        return folder / "digikam4.db"

    def rate(self, library: Path) -> None:
        with closing(sqlite3.connect(library)) as connection, connection:
            connection.execute("UPDATE ImageInformation SET rating = 4")

    def test_it_takes_two_steps(self, realqa: Run, rc: Path, library: Path) -> None:
        self.rate(library)
        before = rc.read_bytes()
        done = realqa("digikam", "setup", "--yes")
        assert "Sync Metadata and Database" in done.stderr
        assert off(checked(realqa)) == {"Rescan File If Modified"}
        assert "Sync Metadata" not in realqa("digikam", "setup", "--yes").stderr
        checked(realqa, status=0)
        realqa("digikam", "setup", "--undo", "--yes")
        assert rc.read_bytes() == before

    def test_one_is_enough_where_nothing_was_chosen(self, realqa: Run, library: Path) -> None:
        assert library.exists()
        assert "Sync Metadata" not in realqa("digikam", "setup", "--yes").stderr
        checked(realqa, status=0)

    def test_one_is_enough_where_sidecars_have_it_all(self, realqa: Run, rc: Path, library: Path) -> None:
        self.rate(library)
        told = b"Save Rating=true\nSave Pick Label=true\nMetadata Writing Mode=1\n"
        rc.write_bytes(rc.read_bytes().replace(b"Save Rating=false\n", told))
        realqa("digikam", "setup", "--yes")
        checked(realqa, status=0)

    def test_what_can_not_be_looked_at_may_hold_some(self, realqa: Run, rc: Path, library: Path) -> None:
        library.unlink()
        assert "Sync Metadata" in realqa("digikam", "setup", "--yes").stderr
        realqa("digikam", "setup", "--undo", "--yes")
        rc.write_bytes(rc.read_bytes().replace(b"QSQLITE", b"QMYSQL"))
        assert "Sync Metadata" in realqa("digikam", "setup", "--yes").stderr


class TestRefresh:
    def test_without_a_desktop(self, realqa: Run) -> None:
        assert "no desktop session" in realqa("digikam", "refresh", status=1).stderr

    @pytest.mark.skipif(not bus.present(), reason=f"{bus.PROGRAM} is not installed")
    def test_with_one(self, realqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        with session_bus() as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            assert "no digiKam runs" in realqa("digikam", "refresh", status=1).stderr
            with played("org.kde.digikam-7", address, answer=("b", (True,))) as program:
                assert "looks for new" in realqa("digikam", "refresh").stderr
        assert [message.body for message in program.called] == [("scan_newitems",)]


class TestScore:
    def test_without_an_agent_the_photos_wait(self, place: Place) -> None:
        path = photo(place.photos / "a.jpg")
        said = place.realqa("digikam", "score", path, status=1).stderr
        assert "1 file queued; no agent runs" in said
        assert "No agent runs that would score them. The photos wait in its queue" in said
        assert [json.loads(line)["path"] for line in place.realqa("queue", "list", "--json").stdout.splitlines()] == [
            str(path)
        ]

    @pytest.mark.skipif(not bus.present(), reason=f"{bus.PROGRAM} is not installed")
    def test_with_one_they_are_scored_and_digikam_is_told(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        away = photo(place.home / "elsewhere/a.jpg")
        bad = photo(place.home / "elsewhere/bad.jpg")
        bad.write_bytes(b"\xff\xd8\xff no picture")
        with session_bus() as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            with played("org.kde.digikam-7", address, answer=("b", (True,))) as program, place.agent():
                until(lambda: place.index_file.exists() and place.status()["agent"])
                said = place.realqa("digikam", "score", away, bad).stderr
                assert away.with_name("a.jpg.xmp").exists()
        assert "digiKam takes them in" in said
        assert [message.body for message in program.called] == [("scan_newitems",)]

    def test_a_digikam_that_is_not_set_up_is_named(self, place: Place) -> None:
        path = photo(place.photos / "a.jpg")
        place.once()
        rc = place.home / ".config/digikamrc"
        rc.parent.mkdir(exist_ok=True)
        rc.write_bytes(USED)
        said = place.realqa("digikam", "score", path).stderr
        assert "digiKam does not show all results yet" in said
