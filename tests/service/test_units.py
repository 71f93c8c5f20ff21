"""The systemd units: what systemd itself says of them, and the choices that a later hand must not undo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from realqa_agent import paths
from realqa_agent.service import systemd

UNITS = {"realqa.service": "realqa.service", "realqa@.service": "realqa@root.service"}
"""File names, and under which one each can be checked: a template needs an instance."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def read(name: str) -> str:
    return (paths.packaged("systemd") / name).read_text(encoding="utf-8")


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def analyze(arguments: list[str], unit: Path) -> subprocess.CompletedProcess[str]:
    # Without a runtime folder systemd-analyze doesn't start at all.
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(unit.parent)}
    return subprocess.run(
        ["systemd-analyze", *arguments, unit], env=environment, capture_output=True, text=True, check=False
    )


def verify(unit: Path, *, user: bool) -> subprocess.CompletedProcess[str]:
    # With the default of --recursive-errors a bad unit ends with status 0 as well.
    return analyze(["verify", "--man=no", "--recursive-errors=no", *(["--user"] if user else [])], unit)


def copied(name: str) -> str:
    """Return a unit with a program that exists on this machine."""
    text, count = re.subn(r"^ExecStart=\S+/realqa run$", "ExecStart=/bin/true", read(name), flags=re.MULTILINE)
    assert count == 1
    return text


def rendered(name: str) -> str:
    """Return a unit as `realqa service install` writes it, for a program that exists on this machine."""
    service = systemd.of_the_machine("root") if "@" in name else systemd.of_this_user()
    return systemd.render(service, ["/bin/true", "--config", "/home/anna/my $5 photos, 100%.toml", "run"])


@pytest.fixture(params=UNITS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(params=[copied, rendered])
def unit(request: pytest.FixtureRequest, name: str, tmp_path: Path) -> Path:
    file = tmp_path / UNITS[name]
    file.write_text(request.param(name))
    return file


@needs_systemd
@pytest.mark.apps
class TestSystemdAgrees:
    def test_every_line_is_understood(self, unit: Path) -> None:
        done = verify(unit, user="@" not in unit.name)
        assert (done.returncode, done.stderr) == (0, "")

    def test_a_line_that_is_not_would_be_noticed(self, unit: Path) -> None:
        unit.write_text(unit.read_text().replace("OOMPolicy=continue", "OOMPolicy=shrug"))
        assert verify(unit, user="@" not in unit.name).returncode != 0

    def test_exposure(self, unit: Path) -> None:
        # In tenths of systemd's points. Most of what a user's unit lacks needs PrivateUsers=, see there.
        threshold = 30 if "@" in unit.name else 65
        done = analyze(["security", "--offline=true", f"--threshold={threshold}"], unit)
        assert done.returncode == 0, done.stdout + done.stderr


class TestChoices:
    def test_sidecars_get_ordinary_modes(self, name: str) -> None:
        assert settings(read(name))["UMask"] == "0022"

    def test_a_hang_or_a_crash_ends_in_a_restart_and_wrong_settings_do_not(self, name: str) -> None:
        unit = settings(read(name))
        assert (unit["Type"], unit["NotifyAccess"]) == ("notify", "main")
        assert unit["Restart"] == "on-failure"
        assert unit["RestartPreventExitStatus"] == "2"
        assert int(unit["WatchdogSec"]) >= 60

    def test_a_reload_is_a_signal_to_the_agent_alone(self, name: str) -> None:
        assert settings(read(name))["ExecReload"] == "/bin/kill -HUP $MAINPID"

    def test_each_line_of_the_hardening_is_explained(self, name: str) -> None:
        _, hardening = read(name).split("# --- Hardening")
        body, _ = hardening.split("# Left out on purpose:")
        paragraphs = re.findall(r"((?:^#.*\n)*)((?:^[A-Z]\w+=.*\n)+)", body, flags=re.MULTILINE)
        assert sum(lines.count("\n") for _, lines in paragraphs) >= 9
        assert [lines for comment, lines in paragraphs if not comment] == []

    def test_the_journal_and_the_desktop_can_be_reached(self, name: str) -> None:
        assert "AF_UNIX" in settings(read(name))["RestrictAddressFamilies"].split()

    def test_the_death_of_one_worker_does_not_stop_the_agent(self, name: str) -> None:
        assert settings(read(name))["OOMPolicy"] == "continue"

    def test_nothing_takes_the_gpu_or_the_photo_folders_away(self, name: str) -> None:
        unit = settings(read(name))
        forbidden = {
            "MemoryDenyWriteExecute",
            "PrivateDevices",
            "DevicePolicy",
            "DeviceAllow",
            "ProtectClock",
            "ProtectHome",
            "PrivateUsers",
            "RemoveIPC",
            "StateDirectory",
        }
        assert forbidden & unit.keys() == set()
        assert unit.get("ProtectSystem", "no") != "strict"


def test_a_users_unit_uses_nothing_that_only_the_system_can_do() -> None:
    unit = settings(read("realqa.service"))
    system_only = {"User", "PrivateTmp", "ProtectSystem", "CapabilityBoundingSet", "PrivateNetwork"}
    assert system_only & unit.keys() == set()
    assert unit["WantedBy"] == "default.target"
