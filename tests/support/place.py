"""A photo folder with a home and settings of its own, and the command as its owner runs it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.command import REALQA, objects, run_realqa
from support.pictures import scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Place:
    """A photo folder, a home, and the settings in force."""

    def __init__(self, base: Path) -> None:
        self.photos, self.home = base / "photos", base / "home"
        self.photos.mkdir(parents=True)
        self.home.mkdir()
        self.config = base / "config.toml"
        self.index_file = self.home / ".local/share/realqa/index.sqlite"
        self.configure()

    def configure(self, text: str = "", *, scorer: str = "plain", workers: int = 1, watch: str = "") -> None:
        """Write the settings; `watch` are more lines of that table, `text` is tables of its own."""
        self.config.write_text(
            f"[watch]\nsettle_seconds = 0.3\nnetwork_settle_seconds = 0.3\n{watch}"
            f'[scoring]\nscorer = "{scorer}"\nworkers = {workers}\n' + text
        )

    def realqa(self, *arguments: object, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        return run_realqa("--config", self.config, *arguments, home=self.home, status=status)

    def once(self, status: int | None = 0) -> str:
        return self.realqa("run", "--once", self.photos, status=status).stderr

    def listed(self) -> dict[str, dict[str, Any]]:
        lines = objects(self.realqa("list", "--json"))
        return {str(Path(line["path"]).relative_to(self.photos)): line for line in lines}

    def index(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.index_file}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def status(self) -> dict[str, Any]:
        [status] = objects(self.realqa("status", "--json"))
        return status

    def scored_events(self) -> int:
        return int(self.index("SELECT count(*) FROM history WHERE event = 'scored'")[0][0])

    @contextmanager
    def agent(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the agent in the background; it must leave by itself when asked to."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REALQA_"))}
        with subprocess.Popen(
            [REALQA, "--config", str(self.config), "run", "-v", str(self.photos)],
            env={**environment, "HOME": str(self.home)},
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def until(test: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def old(path: Path) -> Path:
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


def photo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scene(seed, 240, 160).save(path, quality=90)
    return old(path)
