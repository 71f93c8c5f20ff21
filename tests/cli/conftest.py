"""The command in a home of its own, and an album that the agent has been through once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.command import Album, Run, run_realqa
from support.pictures import fill


@pytest.fixture
def realqa(tmp_path: Path) -> Run:
    """Run the command in a home of the test's own."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*arguments: object, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        return run_realqa(*arguments, home=home, status=status)

    return run


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    base = tmp_path_factory.mktemp("album")
    folder, home = base / "photos", base / "home"
    home.mkdir()
    fill(folder)
    settings = home / ".config" / "realqa" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[watch]\nsettle_seconds = 0.2\nnetwork_settle_seconds = 0.2\n")
    done = run_realqa("run", "--once", folder, home=home)
    return Album(folder=folder, home=home, summary=done.stderr)
