"""The watch room's door: which files came, changed and went, complete and not yet known to the index."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.tree import Known, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from realqa_agent.config import Watch
    from realqa_agent.files import Change, FileStat

log = logging.getLogger(__name__)

BATCH = 500
"""Changes that one poll returns at most: one transaction of the index, a few milliseconds."""

SLEPT_SECONDS = 60.0
"""The machine slept if the wall clock advanced this much more than ours, which stands still meanwhile."""


class KnownFile(Protocol):
    """A file that the index holds."""

    @property
    def stat(self) -> FileStat:
        """How it looked when it was taken in."""


class KnownFiles(Protocol):
    """What the watch room asks of the index."""

    def folder(self, folder: Path) -> Mapping[str, KnownFile]:
        """Return the files present directly in a folder, by name."""

    def folders_under(self, root: Path) -> Iterable[Path]:
        """Return the folders at or below `root` that hold present files."""


class Folders:
    """All watched roots. `start`, then `poll` whenever `fileno()` is readable or `next_due()` seconds are over.

    Paths are given as the roots were, made absolute, symlinks left alone. A root inside another is part of it.
    With `once` nothing is observed: each root is walked once, and `settled` tells when all that was found is out.
    New problems are logged as warnings here, once each.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        settings: Watch,
        *,
        ignore: Sequence[str],
        index: KnownFiles,
        once: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._clock = clock
        self._wall_clock = wall_clock
        self._lead = wall_clock() - clock()
        self._wake_descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._reported: set[str] = set()
        candidates = Candidates(ignore)
        outer = _outermost([Path(os.path.abspath(root)) for root in roots], candidates)  # noqa: PTH100 - resolve() follows symlinks
        self._trees = [
            Tree(root, settings, candidates, self._known(root, outer), once=once, wake=self._wake) for root in outer
        ]

    def start(self) -> None:
        """Begin to observe; on large trees this takes a moment."""
        for tree in self._trees:
            tree.start()
        self._report()

    def stop(self) -> None:
        """End all observing. The object can't be started again."""
        for tree in self._trees:
            tree.stop()
        os.close(self._wake_descriptor)

    def fileno(self) -> int:
        """Return a descriptor that is readable once something was heard; `poll` clears it."""
        return self._wake_descriptor

    def poll(self) -> list[Change]:
        """Return the next changes, `BATCH` at most. It looks at files and walks folders, for a fraction of a second."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake_descriptor)
        now, wall = self._clock(), self._wall_clock()
        self._notice_sleep(now, wall)
        changes: list[Change] = []
        for tree in self._trees:
            changes += tree.poll(now, wall, BATCH - len(changes))
        self._report()
        return changes

    def settled(self) -> bool:
        """Tell whether, at the last poll, no file was waiting and no walk was due or under way."""
        return all(tree.settled() for tree in self._trees)

    def next_due(self) -> float:
        """Return the seconds until `poll` is worth calling again, if nothing is heard; infinite if never."""
        now = self._clock()
        return min((tree.next_due(now) for tree in self._trees), default=float("inf"))

    def problems(self) -> list[str]:
        """Return what keeps the roots from being looked after well, in sentences for people."""
        return [sentence for tree in self._trees for sentence in tree.problems()]

    def watched(self) -> int:
        """Return how many folders the kernel watches for us."""
        return sum(tree.watched() for tree in self._trees)

    def _wake(self) -> None:
        os.eventfd_write(self._wake_descriptor, 1)

    def _notice_sleep(self, now: float, wall: float) -> None:
        """After a sleep walk through everything: a disk may have been elsewhere meanwhile."""
        lead, self._lead = self._lead, wall - now
        if self._lead - lead > SLEPT_SECONDS:
            for tree in self._trees:
                tree.walk_soon()

    def _report(self) -> None:
        problems = self.problems()
        for sentence in problems:
            if sentence not in self._reported:
                log.warning(sentence)
        for sentence in self._reported.difference(problems):
            log.info("no longer: %s", sentence)
        self._reported = set(problems)

    def _known(self, root: Path, roots: Sequence[Path]) -> Known:
        inner = [other for other in roots if other != root and other.is_relative_to(root)]

        def files(folder: Path) -> dict[str, FileStat]:
            return {name: file.stat for name, file in self._index.folder(folder).items()}

        def folders(folder: Path) -> list[Path]:
            return [
                known
                for known in self._index.folders_under(folder)
                if not any(known.is_relative_to(other) for other in inner)
            ]

        return Known(files=files, folders=folders)


def _outermost(roots: Sequence[Path], candidates: Candidates) -> list[Path]:
    """Leave out each root that the walk from another one comes to anyway."""
    return [
        root
        for root in dict.fromkeys(roots)
        if not any(root != other and candidates.reaches(other, root) for other in roots)
    ]
