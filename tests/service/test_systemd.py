"""What goes into a unit, where it goes, and how systemd's answer is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from realqa_agent import paths
from realqa_agent.errors import UserError
from realqa_agent.service import systemd
from realqa_agent.service.systemd import MARKER, Standing


@pytest.fixture
def own() -> systemd.Service:
    return systemd.of_this_user()


class TestWhere:
    def test_a_users_unit_is_in_their_settings(self, own: systemd.Service, monkeypatch: pytest.MonkeyPatch) -> None:
        assert own.file == Path.home() / ".config/systemd/user/realqa.service"
        monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere/else")
        assert systemd.of_this_user().file == Path("/somewhere/else/systemd/user/realqa.service")

    def test_the_machines_is_one_for_all_users(self) -> None:
        service = systemd.of_the_machine("root")
        assert (service.unit, service.file) == ("realqa@root.service", Path("/etc/systemd/system/realqa@.service"))

    @pytest.mark.parametrize("name", ["no-such-user", "", "a\0b", "../root"])
    def test_a_user_must_be_one(self, name: str) -> None:
        with pytest.raises(UserError, match="there is no user"):
            systemd.of_the_machine(name)


class TestProgram:
    @pytest.fixture
    def link(self, tmp_path: Path) -> Path:
        real = tmp_path / "pipx/venvs/realqa-agent/bin/realqa"
        real.parent.mkdir(parents=True)
        real.write_text("#!/bin/true\n")
        real.chmod(0o755)
        link = tmp_path / "bin/realqa"
        link.parent.mkdir()
        link.symlink_to(real)
        return link

    def test_it_is_the_one_that_runs_by_its_lasting_name(self, link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", [str(link)])
        assert systemd.program() == link
        monkeypatch.chdir(link.parent.parent)
        monkeypatch.setattr(sys, "argv", ["bin/realqa"])
        assert systemd.program() == link

    def test_started_as_a_module_it_is_the_one_beside_python(self, link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", [str(link.with_name("main.py"))])
        monkeypatch.setattr(sys, "executable", str(link.with_name("python")))
        assert systemd.program() == link

    def test_without_one_there_is_nothing_to_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "realqa").write_text("not a program")
        monkeypatch.setattr(sys, "argv", [str(tmp_path / "realqa")])
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        with pytest.raises(UserError, match="not installed"):
            systemd.program()


class TestExecLine:
    @pytest.mark.parametrize(
        ("word", "line"),
        [
            ("/opt/realqa", "/opt/realqa"),
            ("/opt/a b", '"/opt/a b"'),
            ("/opt/50%", '"/opt/50%%"'),
            ("/opt/$HOME", ':"/opt/$HOME"'),
            ("/opt/Jörg ☀", '"/opt/Jörg ☀"'),
            ("/opt/a;b", '"/opt/a;b"'),
            ("/opt/o'neill", '/usr/bin/env "/opt/o\'neill"'),
            ('/opt/"a\\b"', '/usr/bin/env "/opt/\\"a\\\\b\\""'),
            ("/opt/a\nb\x07\u00a0", '/usr/bin/env "/opt/a\\x0ab\\x07\\xc2\\xa0"'),
        ],
    )
    def test_a_program(self, word: str, line: str) -> None:
        assert systemd.exec_line([word]) == line

    @pytest.mark.parametrize(("word", "quoted"), [("", '""'), (";", '";"'), ("o'neill", '"o\'neill"')])
    def test_an_argument(self, word: str, quoted: str) -> None:
        assert systemd.exec_line(["/opt/realqa", word]) == f"/opt/realqa {quoted}"

    def test_a_name_that_is_no_text_is_refused(self) -> None:
        with pytest.raises(UserError, match="not UTF-8"):
            systemd.exec_line(["/opt/realqa", "--config", os.fsdecode(b"/opt/\xff.toml")])

    @pytest.mark.apps
    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
    @pytest.mark.parametrize("folder", ["a b", "a $HOME ${HOME} b", "50%h", "a'b\"c\\d", "line\nbreak", "Jörg ☀"])
    def test_systemd_understands(self, own: systemd.Service, tmp_path: Path, folder: str) -> None:
        program = tmp_path / folder / "realqa"
        program.parent.mkdir()
        program.symlink_to("/bin/true")
        unit = tmp_path / "realqa.service"
        unit.write_text(systemd.render(own, [str(program), "--config", str(tmp_path / folder / "c.toml"), "run"]))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=no", unit],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")


class TestUnit:
    def test_it_is_the_packaged_one_with_another_command(self, own: systemd.Service) -> None:
        packaged = (paths.packaged("systemd") / "realqa.service").read_text()
        first, *rest = systemd.render(own, ["/opt/realqa", "run"]).splitlines()
        changed = [(old, new) for old, new in zip(packaged.splitlines(), rest, strict=True) if old != new]
        assert first == MARKER
        assert changed == [("ExecStart=%h/.local/bin/realqa run", "ExecStart=/opt/realqa run")]

    def test_whose_a_unit_is(self, tmp_path: Path) -> None:
        file = tmp_path / "systemd/user/realqa.service"
        assert systemd.standing(file) is Standing.NOTHING
        systemd.put(file, f"{MARKER}\nnew\n")
        assert systemd.standing(file, f"{MARKER}\nnew\n") is Standing.SAME
        assert systemd.standing(file, f"{MARKER}\nnewer\n") is Standing.OURS
        file.write_text("[Service]\n")
        assert systemd.standing(file, f"{MARKER}\nnew\n") is Standing.FOREIGN

    def test_a_masked_unit_is_not_ours_and_its_link_not_followed(self, tmp_path: Path) -> None:
        file, elsewhere = tmp_path / "realqa.service", tmp_path / "elsewhere"
        elsewhere.write_text(MARKER)
        file.symlink_to(elsewhere)
        assert systemd.standing(file, MARKER) is Standing.FOREIGN
        systemd.put(file, "new")
        assert (file.is_symlink(), file.read_text(), elsewhere.read_text()) == (False, "new", MARKER)

    def test_it_is_readable_as_units_are(self, tmp_path: Path) -> None:
        systemd.put(tmp_path / "realqa.service", "new")
        assert (tmp_path / "realqa.service").stat().st_mode & 0o777 == 0o644
        assert [path.name for path in tmp_path.iterdir()] == ["realqa.service"]

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "systemd").touch()
        with pytest.raises(UserError, match=r"systemd/user/realqa\.service: can't write the unit"):
            systemd.put(tmp_path / "systemd/user/realqa.service", "new")


RUNNING = """\
MainPID=1234
NRestarts=2
MemoryCurrent=73400320
StatusText=12 files done, 3 left = all is well
ActiveState=active
SubState=running
UnitFileState=enabled
FragmentPath=/home/anna/.config/systemd/user/realqa.service
StateChangeTimestamp=Fri 2026-11-27 18:30:00 UTC
ActiveEnterTimestamp=Fri 2026-11-27 15:01:22 UTC
"""

NOT_THERE = """\
MainPID=0
NRestarts=0
MemoryCurrent=18446744073709551615
StatusText=
ActiveState=inactive
SubState=dead
UnitFileState=
FragmentPath=
StateChangeTimestamp=
ActiveEnterTimestamp=
"""


class TestState:
    def test_of_a_running_service(self) -> None:
        state = systemd.parse(RUNNING)
        assert (state.active, state.sub, state.enabled, state.up) == ("active", "running", "enabled", True)
        assert state.since == 1795791682
        assert (state.main_pid, state.memory_bytes, state.restarts) == (1234, 73400320, 2)
        assert state.says == "12 files done, 3 left = all is well"

    def test_of_none(self) -> None:
        state = systemd.parse(NOT_THERE)
        assert (state.active, state.up, state.restarts, state.says) == ("inactive", False, 0, "")
        assert (state.since, state.enabled, state.file, state.main_pid, state.memory_bytes) == (None,) * 5

    def test_a_failed_one_has_failed_since_then(self) -> None:
        state = systemd.parse(RUNNING.replace("ActiveState=active", "ActiveState=failed"))
        assert (state.since, state.up) == (1795804200, False)

    def test_a_reload_is_no_stop(self) -> None:
        state = systemd.parse(RUNNING.replace("ActiveState=active", "ActiveState=reloading"))
        assert (state.since, state.up) == (1795791682, True)

    def test_memory_that_is_not_counted(self) -> None:
        assert systemd.parse(RUNNING.replace("73400320", "[not set]")).memory_bytes is None
