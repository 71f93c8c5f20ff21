"""`realqa run` as a service: what it tells its manager, and what it does when asked."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from support.command import REALQA
from support.place import Place, photo, until


class Manager:
    """A service manager as far as sd_notify(3) goes."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self._socket.settimeout(30)
        self.heard: list[str] = []

    def wait_for(self, state: str) -> list[str]:
        """Listen until a state is told; return all that were told before it."""
        before: list[str] = []
        while True:
            told = self._socket.recv(4096).decode().split("\n")
            self.heard += told
            if state in told:
                return before
            before += told

    def silent(self) -> bool:
        return select.select([self._socket], [], [], 0) == ([], [], [])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@contextmanager
def service(place: Place, manager: Manager) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REALQA_"))}
    with subprocess.Popen(
        [REALQA, "--config", place.config, "run"],
        env={**environment, "HOME": str(place.home), "NOTIFY_SOCKET": str(manager.address)},
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def configure(place: Place, text: str = "", **scoring: object) -> None:
    place.configure(f"[folders]\nwatch = [{json.dumps(str(place.photos))}]\n{text}", **scoring)  # type: ignore[arg-type]


def test_ready_comes_once_the_index_is_open_and_the_folders_are_watched(place: Place, manager: Manager) -> None:
    configure(place)
    photo(place.photos / "a.jpg")
    with service(place, manager) as agent:
        assert manager.wait_for("READY=1") == []
        status = json.loads(place.realqa("status", "--json").stdout)
        assert status["agent"] == agent.pid
        assert status["watches"]["used"] == 1
        until((place.photos / "a.jpg.xmp").exists)
        manager.wait_for("STATUS=1 files done, 0 left")
        assert "WATCHDOG=1" in manager.heard
        assert "STOPPING=1" not in manager.heard
        agent.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        assert agent.wait(15) == 0
    assert place.index("SELECT count(*) FROM job") == [(0,)]


def test_wrong_settings_never_become_ready(place: Place, manager: Manager) -> None:
    configure(place, scorer="broken")
    with service(place, manager) as agent:
        assert agent.wait(30) == 2
    assert manager.silent()


def test_sighup_reads_the_settings_anew(place: Place, manager: Manager) -> None:
    configure(place)
    photo(place.photos / "a.jpg")
    with service(place, manager) as agent:
        manager.wait_for("STATUS=1 files done, 0 left")
        descriptors = psutil.Process(agent.pid).num_fds()
        configure(place, scorer="bright")
        agent.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1")
        manager.wait_for("READY=1")
        until(lambda: place.listed()["a.jpg"]["scorer"] == "bright")
        assert "STOPPING=1" not in manager.heard
        assert agent.poll() is None
        until(lambda: psutil.Process(agent.pid).num_fds() <= descriptors)


@pytest.mark.parametrize("scorer", ["no such scorer", "broken", "plain]"])
def test_settings_that_do_not_fit_leave_the_old_ones_in_force(place: Place, manager: Manager, scorer: str) -> None:
    configure(place)
    with service(place, manager) as agent:
        manager.wait_for("READY=1")
        good = place.config.read_text()
        configure(place, scorer=scorer)
        if scorer.endswith("]"):
            place.config.write_text("[scoring\n")
        agent.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1")
        manager.wait_for("READY=1")
        photo(place.photos / "later.jpg", seed=3)
        until((place.photos / "later.jpg.xmp").exists)
        place.config.write_text(good)
        assert place.listed()["later.jpg"]["scorer"] == "plain"
        agent.terminate()
        _, errors = agent.communicate(timeout=15)
        assert b"the settings stay as they were" in errors


def test_it_takes_a_back_seat_and_its_workers_with_it(place: Place, manager: Manager) -> None:
    configure(place)
    with service(place, manager) as agent:
        manager.wait_for("READY=1")
        process = psutil.Process(agent.pid)
        until(process.children)
        for each in (process, *process.children()):
            assert each.nice() >= 10
            assert each.ionice().ioclass is psutil.IOPRIO_CLASS_IDLE


def test_quiet_hours_and_programs_make_it_rest(place: Place, manager: Manager, tmp_path: Path) -> None:
    """Both at once: the hours are over with a reload, the program ends by itself."""
    program = tmp_path / "darktable-cli"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    configure(place, '[manners]\nquiet_hours = ["00:00-23:59:59.9"]\npause_while = ["darktable-cli"]\n')
    photo(place.photos / "a.jpg")
    with subprocess.Popen([program, "60"]) as other, service(place, manager) as agent:
        manager.wait_for("READY=1")
        until(lambda: "rests (quiet hours, 00:00-23:59:59.9, darktable-cli runs)" in place.realqa("status").stdout)
        configure(place, '[manners]\npause_while = ["darktable-cli"]\n')
        agent.send_signal(signal.SIGHUP)
        until(lambda: "rests (darktable-cli runs)" in place.realqa("status").stdout)
        assert place.index("SELECT state, attempts FROM job") == [("queued", 0)]
        until(lambda: psutil.Process(agent.pid).children() == [])
        other.kill()
        until((place.photos / "a.jpg.xmp").exists)


def test_workers_that_have_nothing_to_do_are_ended_and_come_back(place: Place, manager: Manager) -> None:
    configure(place, "[manners]\nidle_minutes = 0.01\n")
    photo(place.photos / "a.jpg")
    with service(place, manager) as agent:
        until((place.photos / "a.jpg.xmp").exists)
        until(lambda: psutil.Process(agent.pid).children() == [])
        photo(place.photos / "b.jpg", seed=2)
        until((place.photos / "b.jpg.xmp").exists)
