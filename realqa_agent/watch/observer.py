"""inotify, through watchdog, as a source of hints: something happened to this file, look into that folder.

Threads of watchdog's put hints under a lock; the agent's thread takes them all at once. Hints never pile up:
beyond `HINT_LIMIT` they are thrown away, and what remains is `lost`, which asks for a walk through everything.

What watchdog 7.1 leaves to us, each seen:

* At the kernel's limit of watches it watches what it got, and says nothing. `unwatched` counts.
* When the kernel's queue overflows it writes a log record and rebuilds its watches; the events are lost.
* A root that is a symlink is watched as the link itself, so it gets the resolved path, and paths are put back.
* A root that is deleted or unmounted leaves an observer that never speaks again. `current` tells.
* A folder that is moved out of the tree brings one event, none for the files in it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyObserver

if TYPE_CHECKING:
    from collections.abc import Callable

    from realqa_agent.watch.candidates import Candidates

HINT_LIMIT = 20_000
"""A walk costs less than this many single looks."""

WATCHDOG_LOGGER = "watchdog.observers"

RECOUNTS = 3
RECOUNT_SECONDS = 0.1
"""A folder that was made a moment ago is watched a moment later."""

EVENTS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
"""Neither reading nor each written block wakes us: the kernel is asked for nothing else."""


@dataclass(kw_only=True, slots=True)
class Hints:
    """What happened since the last `take`."""

    files: set[Path] = field(default_factory=set)
    """Candidates that were created, written, moved or deleted."""
    folders: set[Path] = field(default_factory=set)
    """Folders that came, went or moved: with everything below them."""
    lost: bool = False
    """Something else happened, nobody knows what."""

    def __bool__(self) -> bool:
        return bool(self.files or self.folders or self.lost)


class Observer:
    """Watches one root and everything below it. `wake` is called, from another thread, when there are hints."""

    def __init__(self, root: Path, candidates: Candidates, wake: Callable[[], None]) -> None:
        self._root = root
        self._candidates = candidates
        self._wake = wake
        self._lock = threading.Lock()
        self._hints = Hints()
        self._watchdog: InotifyObserver | None = None
        self._overflow = _OverflowHandler(self.lose)
        self._descriptors: set[str] = set()
        self._real_root = ""
        self._identity = (0, 0)

    def start(self) -> None:
        """Watch. OSError if the root can't be reached, or the kernel has no watch or inotify instance left for it."""
        # `mkdir -p` races with watchdog's own walk through what is new: it watches such a folder twice, which is
        # harmless, and warns of it with a line of 2,000 characters.
        warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
        self._identity = _identify(self._root)
        self._real_root = os.path.realpath(self._root)
        others = _inotify_descriptors()
        watchdog = InotifyObserver()
        self._descriptors = _inotify_descriptors() - others
        logging.getLogger(WATCHDOG_LOGGER).addHandler(self._overflow)
        self._watchdog = watchdog
        try:
            watchdog.schedule(_Handler(self), self._real_root, recursive=True, event_filter=EVENTS)
            watchdog.start()
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """End the threads and give the watches back."""
        logging.getLogger(WATCHDOG_LOGGER).removeHandler(self._overflow)
        if self._watchdog is not None:
            self._watchdog.stop()
            if self._watchdog.ident is not None:
                self._watchdog.join()
            self._watchdog = None

    def take(self) -> Hints:
        """Return the hints so far and forget them."""
        with self._lock:
            hints, self._hints = self._hints, Hints()
        return hints

    def current(self) -> bool:
        """Tell whether it still watches the folder that the root is now; if not, a new one is needed."""
        if self._watchdog is None:
            return False
        # The thread that reads from the kernel has no public name. It was seen to die of a KeyError after a folder
        # left the tree, another took its name, and both moved on.
        threads = [self._watchdog, *self._watchdog.emitters, self._watchdog._inotify_fd]  # noqa: SLF001
        try:
            return all(thread.is_alive() for thread in threads) and _identify(self._root) == self._identity
        except OSError:
            return False

    def watched(self) -> int:
        """Return how many folders the kernel watches for us. None: a stick was pulled and put back.

        Such a stick may have the device number and the inode that it had. With 1,000 folders this takes 2 ms.
        """
        return sum(map(_count_watches, self._descriptors))

    def unwatched(self) -> int:
        """Return how many folders the kernel does not watch for us: its limit, or a disk mounted since `start`."""
        missing = 0
        for _ in range(RECOUNTS):
            missing = _count_folders(self._real_root) - self.watched()
            if missing <= 0:
                return 0
            time.sleep(RECOUNT_SECONDS)
        return missing

    def happened(self, event: FileSystemEvent) -> None:
        """Turn an event into hints; called by watchdog's thread."""
        for place in {event.src_path, event.dest_path} - {""}:
            path = self._root / Path(os.fsdecode(place)).relative_to(self._real_root)
            if event.is_directory:
                if self._candidates.reaches(self._root, path):
                    self._note(folder=path)
            elif self._candidates.accepts(path) and self._candidates.reaches(self._root, path.parent):
                self._note(file=path)

    def lose(self) -> None:
        """Note that events were lost; called by watchdog's thread."""
        with self._lock:
            self._hints = Hints(lost=True)
        self._wake()

    def _note(self, *, file: Path | None = None, folder: Path | None = None) -> None:
        with self._lock:
            hints, first = self._hints, not self._hints
            if hints.lost:
                return
            if file is not None:
                hints.files.add(file)
            if folder is not None:
                hints.folders.add(folder)
            if len(hints.files) + len(hints.folders) > HINT_LIMIT:
                self._hints = Hints(lost=True)
        if first:
            self._wake()


class _Handler(FileSystemEventHandler):
    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._observer.happened(event)


class _OverflowHandler(logging.Handler):
    """Hears watchdog say that the kernel's queue overflowed; it says so in no other way, and not for which root."""

    def __init__(self, lose: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._lose = lose

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._lose()


def _identify(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _count_folders(root: str) -> int:
    """Count the folders that can be watched, as watchdog goes through them: all names, no symlinks."""
    count = 0
    waiting = [root]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # what can't be read can't be watched either
        count += 1
    return count


def _inotify_descriptors() -> set[str]:
    """Return the numbers of this process's inotify descriptors."""
    found = set()
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        with suppress(FileNotFoundError):  # the one that lists the folder is closed by now
            if os.readlink(f"/proc/self/fd/{number}") == "anon_inode:inotify":  # noqa: PTH115 - a kernel name, no path
                found.add(number)
    return found


def _count_watches(descriptor: str) -> int:
    """Return how many folders the kernel watches for this inotify descriptor (proc(5), fdinfo)."""
    with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as lines:  # noqa: PTH123 - as above
        return sum(line.startswith("inotify wd:") for line in lines)
