"""`realqa plugin install|status|remove darktable` in a home of a user's."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.command import REALQA, Run

from realqa_agent import __version__
from realqa_agent.paths import packaged

if TYPE_CHECKING:
    from pathlib import Path

LINE = 'require "realqa/realqa"'
THEIRS = b'-- mine\r\nrequire "tools/script_manager"\nlocal name = "caf\xe9"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def config(home: Path) -> Path:
    return home / ".config" / "darktable"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_puts_all_files_and_the_line_there_and_takes_them_out_again(realqa: Run, config: Path) -> None:
    assert "none in" in realqa("plugin", "status", "darktable", status=3).stdout
    done = realqa("plugin", "install", "darktable", "--yes")
    assert f"added `{LINE}`" in done.stderr
    source = packaged("plugins") / "darktable"
    there = tree(config / "lua" / "realqa")
    made = there.pop("lib/installed.lua")
    assert made == f'return {{ command = {{ "{REALQA}" }}, version = "{__version__}" }}\n'.encode()
    assert there["realqa.lua"] == (source / "realqa.lua").read_bytes()
    assert {name for name in there if not name.startswith("locale/")} == {
        str(path.relative_to(source)) for path in source.rglob("*.lua")
    }
    status = realqa("plugin", "status", "darktable").stdout
    assert f"version {__version__}: fits" in status
    assert "by luarc" in status
    assert (config / "luarc").read_text().splitlines()[-1] == LINE

    realqa("plugin", "remove", "darktable")
    assert tree(config) == {}
    assert "there is no" in realqa("plugin", "remove", "darktable").stderr


def test_luarc_comes_back_to_the_byte_and_is_kept(realqa: Run, config: Path) -> None:
    config.mkdir(parents=True)
    (config / "luarc").write_bytes(THEIRS + b"\n")
    done = realqa("plugin", "install", "darktable", "--yes")
    assert "luarc.before-realqa" in done.stderr
    assert (config / "luarc.before-realqa").read_bytes() == THEIRS + b"\n"
    assert (config / "luarc").read_bytes().startswith(THEIRS + b"\n")
    realqa("plugin", "install", "darktable", "--yes")
    assert (config / "luarc").read_bytes().count(LINE.encode()) == 1
    realqa("plugin", "remove", "darktable")
    assert (config / "luarc").read_bytes() == THEIRS + b"\n"


def test_without_leave_luarc_is_not_touched(realqa: Run, config: Path) -> None:
    for word in ((), ("--no",)):
        assert f"add this line to {config}/luarc: {LINE}" in realqa("plugin", "install", "darktable", *word).stderr
        assert not (config / "luarc").exists()
    assert "by nothing" in realqa("plugin", "status", "darktable", status=3).stdout


@pytest.mark.parametrize(("answer", "added"), [("y", True), ("n", False)])
def test_it_asks_on_a_terminal(home: Path, config: Path, answer: str, *, added: bool) -> None:
    home.mkdir()
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [str(REALQA), "plugin", "install", "darktable"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(command, stdin=theirs, stderr=subprocess.PIPE, env=environment, text=True, timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "by a line in" in done.stderr
    assert (config / "luarc").exists() is added


@pytest.mark.parametrize(
    ("luarc", "started"),
    [
        (LINE, "by luarc"),
        ("require('realqa.realqa')", "by luarc"),
        (f"-- {LINE}", "by nothing"),
        (f"--[[\n{LINE}\n]]", "by nothing"),
        ('require "tools/script_manager"', "by script_manager"),
        (f'{LINE}\nrequire "tools/script_manager"', "by luarc and by script_manager"),
        ('-- require "tools/script_manager"', "by nothing"),
    ],
)
def test_status_tells_what_starts_it(realqa: Run, config: Path, luarc: str, started: str) -> None:
    realqa("plugin", "install", "darktable", "--no")
    (config / "luarc").write_text(luarc)
    (config / "darktablerc").write_text("ui_last/theme=dark\nlua/script_manager/realqa/realqa=TRUE\n")
    assert f"started  {started}" in realqa("plugin", "status", "darktable", status=None).stdout


def test_what_the_script_manager_starts_needs_no_line(realqa: Run, config: Path) -> None:
    config.mkdir(parents=True)
    (config / "luarc").write_bytes(THEIRS)
    assert "script manager" in realqa("plugin", "install", "darktable", "--no").stderr
    (config / "darktablerc").write_text("lua/script_manager/realqa/realqa=TRUE\n")
    assert "started by script_manager already" in realqa("plugin", "install", "darktable", "--yes").stderr
    assert (config / "luarc").read_bytes() == THEIRS
    assert "script manager would start it still" in realqa("plugin", "remove", "darktable").stderr


def test_files_of_another_version_or_hand_are_replaced_and_kept(realqa: Run, config: Path) -> None:
    realqa("plugin", "install", "darktable", "--yes")
    plugin = config / "lua" / "realqa"
    (plugin / "realqa.lua").write_text("-- mine")
    (plugin / "lib" / "old.lua").write_text("-- of an earlier version")
    status = realqa("plugin", "status", "darktable", status=3).stdout
    assert "not as they were installed: lib/old.lua, realqa.lua" in status
    made = plugin / "lib" / "installed.lua"
    made.write_text(made.read_text().replace(__version__, "0.0.1"))
    assert "version 0.0.1" in realqa("plugin", "status", "darktable", status=3).stdout
    assert "realqa-replaced" in realqa("plugin", "install", "darktable").stderr
    assert not (plugin / "lib" / "old.lua").exists()
    assert (config / "realqa-replaced" / "realqa.lua").read_text() == "-- mine"
    realqa("plugin", "status", "darktable")


def test_a_link_of_the_users_own_is_left(realqa: Run, config: Path, tmp_path: Path) -> None:
    (config / "lua").mkdir(parents=True)
    (tmp_path / "checkout").mkdir()
    (config / "lua" / "realqa").symlink_to(tmp_path / "checkout")
    for verb in ("install", "remove"):
        assert "a link of your own" in realqa("plugin", verb, "darktable", status=2).stderr
    assert list((tmp_path / "checkout").iterdir()) == []


def test_a_flatpak_calls_out_of_its_sandbox(realqa: Run, home: Path, config: Path) -> None:
    sandbox = home / ".var/app/org.darktable.Darktable/config/darktable"
    sandbox.mkdir(parents=True)
    assert "add --flatpak" in realqa("plugin", "install", "darktable", status=2).stderr
    done = realqa("plugin", "install", "darktable", "--flatpak", "--yes")
    assert "flatpak override --user --talk-name=org.freedesktop.Flatpak org.darktable.Darktable" in done.stderr
    made = (sandbox / "lua/realqa/lib/installed.lua").read_text()
    assert f'{{ "flatpak-spawn", "--host", "{REALQA}" }}' in made
    assert LINE in (sandbox / "luarc").read_text()
    assert realqa("plugin", "status", "darktable", "--flatpak").returncode == 0
    assert not config.exists()


def test_the_plugin_gets_the_settings_by_a_name_of_any_bytes(realqa: Run, config: Path, tmp_path: Path) -> None:
    settings = tmp_path / os.fsdecode(b'a "quoted"\\ one \xe9\n.toml')
    settings.write_text("")
    realqa("--config", settings, "plugin", "install", "darktable", "--no")
    lua = shutil.which("lua5.4") or shutil.which("lua")
    if lua is None:
        pytest.skip("no lua to read the made file with")
    made = config / "lua" / "realqa" / "lib" / "installed.lua"
    words = [lua, "-e", f'io.write(table.concat(dofile("{made}").command, "\\0"))']
    command = subprocess.run(words, capture_output=True, check=True).stdout.split(b"\0")
    assert command == [os.fsencode(REALQA), b"--config", os.fsencode(settings)]


class TestDigikam:
    """The entry under "Open With"; `tests/apps` has the real digiKam call it."""

    @pytest.fixture
    def entry(self, home: Path) -> Path:
        return home / ".local/share/applications/realqa-score.desktop"

    def test_it_is_installed_shown_and_removed(self, realqa: Run, entry: Path) -> None:
        assert "none" in realqa("plugin", "status", "digikam", status=3).stdout
        assert "Open With" in realqa("plugin", "install", "digikam").stderr
        assert f"Exec={REALQA} digikam score %F\n" in entry.read_text()
        assert f"of version {__version__}, and calls {REALQA}" in realqa("plugin", "status", "digikam").stdout
        assert "removed" in realqa("plugin", "remove", "digikam").stderr
        assert not entry.exists()
        assert "there is no" in realqa("plugin", "remove", "digikam").stderr

    def test_an_old_one_is_brought_up_to_date(self, realqa: Run, entry: Path, tmp_path: Path) -> None:
        realqa("plugin", "install", "digikam")
        entry.write_text(entry.read_text().replace(__version__, "0.0.1"))
        assert "another version" in realqa("plugin", "status", "digikam", status=3).stdout
        settings = tmp_path / "my settings.toml"
        settings.write_text("")
        realqa("--config", settings, "plugin", "install", "digikam")
        assert f'Exec={REALQA} --config "{settings}" digikam score %F\n' in entry.read_text()
        realqa("--config", settings, "plugin", "status", "digikam")

    def test_somebody_elses_is_left(self, realqa: Run, entry: Path) -> None:
        entry.parent.mkdir(parents=True)
        entry.write_text("[Desktop Entry]\n")
        for verb in ("install", "remove"):
            assert "left as it is" in realqa("plugin", verb, "digikam", status=2).stderr
        assert "somebody else's" in realqa("plugin", "status", "digikam", status=3).stdout

    def test_words_for_darktable_are_refused(self, realqa: Run) -> None:
        for words in (("install", "digikam", "--yes"), ("status", "digikam", "--flatpak")):
            assert "for darktable alone" in realqa("plugin", *words, status=2).stderr
