"""`realqa service` with stand-ins for systemd's programs; tests/apps/test_systemd.py has the real ones."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import REALQA, Run
from support.services import Stage

from realqa_agent.cli.main import main
from realqa_agent.files import stat_of
from realqa_agent.service import systemd

WATCHING = '[folders]\nwatch = ["~/Pictures"]\n'

RUNNING = "ActiveState=active\nSubState=running\nMainPID=77\nNRestarts=1\nMemoryCurrent=50000000\n"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage(tmp_path / "stage")
    monkeypatch.setenv("PATH", str(stage.path))
    return stage


@pytest.fixture
def unit(tmp_path: Path, realqa: Run) -> Path:  # noqa: ARG001 - it makes the home
    """Where the unit belongs; the settings are in place."""
    settings = tmp_path / "home/.config/realqa/config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(WATCHING)
    return tmp_path / "home/.config/systemd/user/realqa.service"


def command_of(unit: Path) -> str:
    (line,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    return line.removeprefix("ExecStart=")


class TestInstall:
    def test_writes_the_unit_and_starts_it(self, realqa: Run, stage: Stage, unit: Path) -> None:
        done = realqa("service", "install")
        assert command_of(unit) == f"{REALQA} run"
        assert stage.told()[:2] == ["systemctl --user daemon-reload", "systemctl --user enable --now realqa.service"]
        assert f"wrote {unit}" in done.stderr
        assert "started realqa.service" in done.stderr

    @pytest.mark.usefixtures("stage")
    def test_names_the_settings_that_were_named(self, realqa: Run, unit: Path, tmp_path: Path) -> None:
        mine = tmp_path / "my 50%.toml"
        mine.write_text(WATCHING)
        realqa("--config", mine, "service", "install")
        assert command_of(unit) == f'{REALQA} --config "{tmp_path}/my 50%%.toml" run'

    def test_again_disturbs_nothing(self, realqa: Run, stage: Stage, unit: Path) -> None:
        realqa("service", "install")
        before = stat_of(unit)
        stage.told()
        assert f"is up to date: {unit}" in realqa("service", "install").stderr
        assert stat_of(unit) == before
        assert not [told for told in stage.told() if "restart" in told]

    def test_updates_a_unit_of_ours_and_starts_the_agent_anew(self, realqa: Run, stage: Stage, unit: Path) -> None:
        realqa("service", "install")
        unit.write_text(unit.read_text().replace(str(REALQA), "/old/realqa"))
        stage.told()
        assert f"replaced {unit}" in realqa("service", "install").stderr
        assert command_of(unit) == f"{REALQA} run"
        assert stage.told()[:3] == [
            "systemctl --user daemon-reload",
            "systemctl --user enable realqa.service",
            "systemctl --user restart realqa.service",
        ]

    def test_leaves_a_unit_of_somebody_elses(self, realqa: Run, stage: Stage, unit: Path) -> None:
        unit.parent.mkdir(parents=True)
        unit.write_text("[Service]\nExecStart=/mine\n")
        done = realqa("service", "install", status=2)
        assert "--force" in done.stderr
        assert command_of(unit) == "/mine"
        assert stage.told() == []
        realqa("service", "install", "--force")
        assert command_of(unit) == f"{REALQA} run"

    @pytest.mark.usefixtures("stage")
    def test_never_touches_the_owners_changes(self, realqa: Run, unit: Path) -> None:
        changes = unit.with_name("realqa.service.d") / "override.conf"
        changes.parent.mkdir(parents=True)
        changes.write_text("[Service]\nNice=19\n")
        realqa("service", "install", "--force")
        assert str(changes.parent) in realqa("service", "uninstall").stderr
        assert changes.read_text() == "[Service]\nNice=19\n"

    def test_without_start_it_says_how_to(self, realqa: Run, stage: Stage, unit: Path) -> None:
        done = realqa("service", "install", "--no-start")
        assert unit.exists()
        assert [told for told in stage.told() if "systemctl" in told] == ["systemctl --user daemon-reload"]
        assert "systemctl --user enable --now realqa.service" in done.stderr

    def test_dry_run_prints_and_does_nothing(self, realqa: Run, stage: Stage, unit: Path) -> None:
        done = realqa("service", "install", "--dry-run")
        assert f"ExecStart={REALQA} run" in done.stdout.splitlines()
        assert done.stdout.endswith("systemctl --user daemon-reload\nsystemctl --user enable --now realqa.service\n")
        assert not unit.parent.exists()
        assert stage.told() == []

    @pytest.mark.parametrize("settings", ["", "[folders]\nwatch = []\n", "[folders]\nwotch = []\n"])
    def test_settings_that_would_not_do_stop_it_first(
        self, realqa: Run, stage: Stage, unit: Path, tmp_path: Path, settings: str
    ) -> None:
        (tmp_path / "home/.config/realqa/config.toml").write_text(settings)
        done = realqa("service", "install", status=2)
        assert "config.toml" in done.stderr
        assert not unit.parent.exists()
        assert stage.told() == []

    def test_without_systemd_the_unit_is_written_and_what_is_left_said(
        self, realqa: Run, unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        done = realqa("service", "install", status=1)
        assert unit.exists()
        assert "systemctl is not installed" in done.stderr
        assert done.stderr.endswith("systemctl --user daemon-reload\n  systemctl --user enable --now realqa.service\n")

    def test_so_it_is_where_systemd_cannot_be_reached(self, realqa: Run, stage: Stage, unit: Path) -> None:
        stage.teach("systemctl", "daemon-reload", fails="Failed to connect to bus: No medium found")
        done = realqa("service", "install", status=1)
        assert unit.exists()
        assert "No medium found" in done.stderr
        assert "  systemctl --user enable --now realqa.service" in done.stderr
        assert "Traceback" not in done.stderr

    def test_an_agent_that_does_not_start_is_no_success(self, realqa: Run, stage: Stage, unit: Path) -> None:
        stage.teach("systemctl", "enable", fails="Job for realqa.service failed.")
        done = realqa("service", "install", status=1)
        assert "Job for realqa.service failed." in done.stderr
        assert "journalctl --user-unit=realqa.service" in done.stderr
        assert unit.exists()

    @pytest.mark.parametrize(("answer", "said"), [("no\n", True), ("yes\n", False), ("", True)])
    def test_tells_of_lingering_until_it_is_on(
        self, realqa: Run, stage: Stage, unit: Path, answer: str, *, said: bool
    ) -> None:
        stage.teach("loginctl", "--property=Linger", prints=answer)
        assert ("loginctl enable-linger" in realqa("service", "install").stderr) is said
        assert unit.exists()


class TestUninstall:
    def test_stops_and_removes(self, realqa: Run, stage: Stage, unit: Path) -> None:
        realqa("service", "install")
        stage.told()
        assert f"removed {unit}" in realqa("service", "uninstall").stderr
        assert not unit.exists()
        assert stage.told() == ["systemctl --user disable --now realqa.service", "systemctl --user daemon-reload"]

    def test_of_nothing_is_no_error(self, realqa: Run, stage: Stage) -> None:
        assert "nothing to do" in realqa("service", "uninstall").stderr
        assert stage.told() == []

    def test_leaves_a_unit_of_somebody_elses(self, realqa: Run, stage: Stage, unit: Path) -> None:
        unit.parent.mkdir(parents=True)
        unit.write_text("[Service]\nExecStart=/mine\n")
        assert "left as it is" in realqa("service", "uninstall", status=2).stderr
        assert unit.exists()
        assert stage.told() == []

    def test_where_systemd_cannot_be_reached_its_links_go_too(self, realqa: Run, stage: Stage, unit: Path) -> None:
        realqa("service", "install")
        link = unit.parent / "default.target.wants/realqa.service"
        link.parent.mkdir()
        link.symlink_to(unit)
        stage.teach("systemctl", "disable", fails="Failed to connect to bus: No medium found")
        done = realqa("service", "uninstall", status=1)
        assert not unit.exists()
        assert not link.is_symlink()
        assert "systemctl --user stop realqa.service" in done.stderr


class TestStatus:
    def test_of_a_running_agent(self, realqa: Run, stage: Stage) -> None:
        stage.teach("systemctl", "show", prints=RUNNING)
        stage.teach("loginctl", "--property=Linger", prints="yes\n")
        shown = realqa("service", "status").stdout
        assert "active (running), process 77" in shown
        assert "50 MB" in shown
        assert "goes on after logout" in shown
        line = json.loads(realqa("service", "status", "--json").stdout)
        assert (line["unit"], line["active"], line["main_pid"], line["restarts"]) == ("realqa.service", "active", 77, 1)
        assert line["lingers"] is True

    def test_of_one_that_does_not_run(self, realqa: Run, stage: Stage) -> None:
        stage.teach("systemctl", "show", prints="ActiveState=failed\nSubState=failed\n")
        assert "failed" in realqa("service", "status", status=3).stdout
        assert json.loads(realqa("service", "status", "--json", status=3).stdout)["active"] == "failed"

    def test_where_nobody_can_be_asked(self, realqa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "systemctl is not installed" in realqa("service", "status", status=1).stderr


class TestLogs:
    def test_become_journalctl(self, realqa: Run, stage: Stage) -> None:
        stage.teach("journalctl", "--user-unit=realqa.service", prints="a line\n")
        assert realqa("service", "logs").stdout == "a line\n"
        realqa("service", "logs", "-f", "-n", 5, "--since", "--flush")
        assert stage.told() == [
            "journalctl --user-unit=realqa.service",
            "journalctl --user-unit=realqa.service --follow --lines=5 --since=--flush",
        ]

    def test_of_the_machines_service(self, realqa: Run, stage: Stage) -> None:
        realqa("service", "logs", "--system", "root")
        assert stage.told() == ["journalctl --unit=realqa@root.service"]

    def test_without_a_journal(self, realqa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "journalctl is not installed" in realqa("service", "logs", status=1).stderr


class TestOfTheMachine:
    """In this process, since the unit belongs below /etc."""

    @pytest.fixture
    def units(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        units = tmp_path / "etc"
        monkeypatch.setattr(systemd, "SYSTEM_UNITS", units)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        return units

    @pytest.fixture
    def run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Callable[..., str]:
        settings = tmp_path / "mine.toml"
        settings.write_text(WATCHING)

        def run(*words: str, status: int = 0) -> str:
            monkeypatch.setattr(sys, "argv", [str(REALQA), "--config", str(settings), "service", *words])
            with pytest.raises(SystemExit) as left:
                main()
            assert left.value.code == status
            return capsys.readouterr().err

        return run

    def test_is_an_instance_of_one_unit_for_all(self, run: Callable[..., str], stage: Stage, units: Path) -> None:
        assert "at each boot" in run("install", "--system", "root")
        assert command_of(units / "realqa@.service").startswith(f"{REALQA} --config ")
        assert stage.told() == ["systemctl daemon-reload", "systemctl enable --now realqa@root.service"]
        run("uninstall", "--system", "root")
        assert not (units / "realqa@.service").exists()
        assert stage.told() == ["systemctl disable --now realqa@root.service", "systemctl daemon-reload"]

    @pytest.mark.usefixtures("stage")
    def test_goes_without_taking_the_unit_from_others(self, run: Callable[..., str], units: Path) -> None:
        run("install", "--system", "root")
        for user in ("anna", "root"):
            link = units / f"multi-user.target.wants/realqa@{user}.service"
            link.parent.mkdir(exist_ok=True)
            link.symlink_to("../realqa@.service")
        assert "for realqa@anna.service" in run("uninstall", "--system", "root")
        assert (units / "realqa@.service").exists()
        assert [link.name for link in units.glob("*.wants/*")] == ["realqa@anna.service"]

    def test_is_for_root_alone(
        self, run: Callable[..., str], stage: Stage, units: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        assert "sudo" in run("install", "--system", "root", status=2)
        assert not units.exists()
        run("install", "--system", "root", "--dry-run")
        assert stage.told() == []

    def test_is_for_a_user_who_exists(self, run: Callable[..., str], stage: Stage, units: Path) -> None:
        assert "no user 'nobody-here'" in run("install", "--system", "nobody-here", status=2)
        assert not units.exists()
        assert stage.told() == []

    def test_takes_the_settings_of_that_user(self, realqa: Run, stage: Stage, tmp_path: Path) -> None:
        # `daemon` has no home with settings: those of whoever types are not meant.
        (tmp_path / "home/.config/realqa").mkdir(parents=True)
        (tmp_path / "home/.config/realqa/config.toml").write_text(WATCHING)
        done = realqa("service", "install", "--system", "daemon", "--dry-run", status=2)
        assert "/.config/realqa/config.toml: no such settings file" in done.stderr
        assert str(tmp_path) not in done.stderr
        assert stage.told() == []
