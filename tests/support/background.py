"""The agent as a process that runs on: its log in a file, its workers, and the ends that it can come to."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from support.command import REALQA
from support.place import Place, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORKERS = "realqa_agent.worker."

PATIENCE_SECONDS = 20.0


class Background:
    """`realqa run` over a place's photos. `before` are words put before the command, such as those of `unshare`."""

    def __init__(self, place: Place, *, before: Sequence[str] = (), roots: Sequence[Path] = ()) -> None:
        self._command = [*before, str(REALQA), "--config", str(place.config), "run", "-v"]
        self._command += map(str, roots or [place.photos])
        self._log = place.home / "agent.log"
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("REALQA_")}
        self._environment["HOME"] = str(place.home)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL, stderr=log)

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        """Return what it said so far, all of its lives together."""
        return self._log.read_text(errors="replace")

    def workers(self) -> list[psutil.Process]:
        """Return its worker processes, those that are only starting too."""
        found = []
        for child in self.family():
            try:
                if any(word.startswith(WORKERS) for word in child.cmdline()):
                    found.append(child)
            except psutil.Error:
                continue  # it ended meanwhile, or is a zombie
        return found

    def family(self) -> list[psutil.Process]:
        """Return all processes that it started."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """End it as the kernel would; what it started must end by itself."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
        assert not alive, f"these outlived the agent: {alive}"

    def again(self) -> None:
        """Start it again after an end."""
        assert self.process.poll() is not None
        self.process = self._start()

    def stop(self) -> None:
        """Ask it to leave; it must do so cleanly."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_SECONDS) == 0, self.log()

    def alive(self) -> bool:
        return self.process.poll() is None

    def until_it_says(self, words: str, seconds: float = 30) -> None:
        until(lambda: words in self.log(), seconds)


@contextmanager
def background(place: Place, *, before: Sequence[str] = (), roots: Sequence[Path] = ()) -> Iterator[Background]:
    """Run the agent while a test does something else; nothing of it is left afterwards."""
    agent = Background(place, before=before, roots=roots)
    try:
        until(lambda: not agent.alive() or _index_is_there(place))
        assert agent.alive(), agent.log()
        yield agent
    finally:
        if agent.alive():
            agent.process.send_signal(signal.SIGCONT)
            agent.kill()


def _index_is_there(place: Place) -> bool:
    try:
        place.index("SELECT count(*) FROM job")
    except sqlite3.OperationalError:
        return False
    return True
