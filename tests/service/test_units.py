"""The systemd units: what systemd itself says of them, and the choices that a later hand must not undo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from realqa_agent import paths

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


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy whose program exists on this machine."""
    text, count = re.subn(r"^ExecStart=\S+/realqa run$", "ExecStart=/bin/true", read(request.param), flags=re.MULTILINE)
    assert count == 1
    copy = tmp_path / UNITS[request.param]
    copy.write_text(text)
    return copy


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


@pytest.mark.parametrize("name", UNITS)
class TestChoices:
    def test_sidecars_get_ordinary_modes(self, name: str) -> None:
        assert settings(read(name))["UMask"] == "0022"

    def test_a_hang_or_a_crash_ends_in_a_restart_and_wrong_settings_do_not(self, name: str) -> None:
        unit = settings(read(name))
        assert (unit["Type"], unit["NotifyAccess"]) == ("notify", "main")
        assert unit["Restart"] == "on-failure"
        assert unit["RestartPreventExitStatus"] == "2"
        assert int(unit["WatchdogSec"]) >= 60

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
