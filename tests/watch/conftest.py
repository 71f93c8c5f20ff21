"""An index that only remembers, and clocks that are told what time it is."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from realqa_agent.config import Watch
from realqa_agent.files import Appeared, Change, FileStat, Vanished, stat_of
from realqa_agent.watch.folders import Folders


@dataclass(frozen=True, kw_only=True)
class Held:
    stat: FileStat


class MemoryIndex:
    """What the watch room asks of the index, and what intake would do with the changes."""

    def __init__(self) -> None:
        self.files: defaultdict[Path, dict[str, FileStat]] = defaultdict(dict)

    def folder(self, folder: Path) -> dict[str, Held]:
        return {name: Held(stat=stat) for name, stat in self.files.get(folder, {}).items()}

    def folders_under(self, root: Path) -> list[Path]:
        return [folder for folder, files in self.files.items() if files and folder.is_relative_to(root)]

    def take_in(self, changes: Iterable[Change]) -> None:
        for change in changes:
            here = self.files[change.path.parent]
            if isinstance(change, Appeared):
                here[change.path.name] = change.stat
            else:
                del here[change.path.name]

    def holds(self, path: Path) -> bool:
        """Whether the file is known exactly as it is now."""
        return self.files[path.parent].get(path.name) == stat_of(path)

    def __len__(self) -> int:
        return sum(map(len, self.files.values()))


@pytest.fixture
def index() -> MemoryIndex:
    return MemoryIndex()


class Clock:
    """Time as a test wants it; far from zero, so that nothing depends on where a clock begins."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Agent:
    """The agent's loop as far as the watch room sees it."""

    def __init__(self, folders: Folders, index: MemoryIndex) -> None:
        self.folders = folders
        self._index = index
        self.changes: list[Change] = []

    def work(self, until: Callable[[], bool], *, within_s: float = 10.0) -> None:
        """Poll until something holds; fail if it doesn't come."""
        end = time.monotonic() + within_s
        while not until():
            assert time.monotonic() < end, f"it never came; changes so far: {self.changes}"
            changes = self.folders.poll()
            self.changes += changes
            self._index.take_in(changes)
            if not changes:
                select.select([self.folders.fileno()], [], [], min(0.05, self.folders.next_due()))

    def work_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.work(lambda: time.monotonic() > end)

    @property
    def appeared(self) -> list[Path]:
        return [change.path for change in self.changes if isinstance(change, Appeared)]

    @property
    def vanished(self) -> list[Path]:
        return [change.path for change in self.changes if isinstance(change, Vanished)]


SETTLE_SECONDS = 0.2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    folder.mkdir()
    return folder


@pytest.fixture
def begin(index: MemoryIndex) -> Iterator[Callable[..., Agent]]:
    """Start the watch room on real folders, in real time, and stop it after the test."""
    begun: list[Folders] = []

    def _begin(*roots: Path, **settings: float) -> Agent:
        watch = Watch.model_validate({"settle_seconds": SETTLE_SECONDS, **settings})
        folders = Folders(roots, watch, ignore=(), index=index)
        begun.append(folders)
        folders.start()
        agent = Agent(folders, index)
        agent.work(folders.settled)
        agent.changes.clear()
        return agent

    yield _begin
    for folders in begun:
        folders.stop()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users reach too; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture
def unprivileged(public_folder: Path) -> Iterator[Path]:
    """Such a folder, and a test that obeys permissions even where the suite runs as root."""
    if os.geteuid() != 0:
        yield public_folder
        return
    os.seteuid(65534)
    try:
        yield public_folder
    finally:
        os.seteuid(0)


@pytest.fixture
def in_namespace() -> Callable[[str], str]:
    """Run Python where mounts and inotify limits are the test's own (a user namespace), and return what it prints."""
    namespace = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine doesn't let us make user namespaces (unshare)")

    def run(program: str) -> str:
        done = subprocess.run([*namespace, sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
