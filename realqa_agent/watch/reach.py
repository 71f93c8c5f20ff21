"""How far inotify reaches: whether a root's changes come to us as events, or only a walk finds them."""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING

from realqa_agent.mounts import filesystem_of, is_network, reports_changes
from realqa_agent.watch.observer import Hints, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from realqa_agent.watch.candidates import Candidates

log = logging.getLogger(__name__)

EXHAUSTED = {errno.ENOSPC, errno.EMFILE, errno.ENFILE}
"""The kernel has no inotify watch, or no inotify instance, left for this user."""


class Reach:
    """Keeps one root's observer as good as it can be, and knows when there can be none."""

    def __init__(self, root: Path, candidates: Candidates, wake: Callable[[], None], *, observe: bool) -> None:
        self._root = root
        self._candidates = candidates
        self._wake = wake
        self._may_observe = observe
        self._observer: Observer | None = None
        self.silent: frozenset[str] = frozenset()
        """Types of the file systems that the root lies on and that may change without our hearing of it."""
        self.watched = 0
        """How many folders the kernel watched for us at the last thorough look."""
        self.problem: str | None = None
        """Why a local root is not observed, for people."""

    @property
    def complete(self) -> bool:
        """Whether every change is heard of, so that walks may be rare."""
        return self._observer is not None and not self.silent

    def attend(self, mount_points: Iterable[Path]) -> None:
        """Look again how the root is mounted, and observe it if that can be done. Called before each walk.

        `mount_points` are those below the root. A root that is away is no problem of ours: the walk says so.
        """
        kind = filesystem_of(self._root)
        kinds = {kind, *(filesystem_of(point) for point in mount_points)}
        self.silent = frozenset(each for each in kinds if not reports_changes(each))
        if is_network(kind) or not self._may_observe:
            self.stop()
        elif self._observer is None or not self._observer.current() or self._unwatched():
            # Also what was mounted below the root since is watched now.
            self.stop()
            self._observe()
            if missing := self._unwatched():
                self._give_up(f"{missing} of its folders are not watched")
        self._count()

    def fell_deaf(self, *, thorough: bool) -> bool:
        """Tell whether there is an observer that hears nothing any more; `thorough` takes milliseconds."""
        if self._observer is None:
            return False
        if thorough:
            self._count()
        return not (self._observer.current() and self.watched)

    def take(self) -> Hints:
        """Return what was heard since the last call."""
        return Hints() if self._observer is None else self._observer.take()

    def stop(self) -> None:
        """Give the watches back."""
        if self._observer is not None:
            self._observer.stop()
            self._observer = None
            self.watched = 0

    def _count(self) -> None:
        self.watched = 0 if self._observer is None else self._observer.watched()

    def _unwatched(self) -> int:
        return 0 if self._observer is None else self._observer.unwatched()

    def _observe(self) -> None:
        if self.problem is not None:
            return  # each try takes every watch there is away from the user's other programs for a moment
        observer = Observer(self._root, self._candidates, self._wake)
        try:
            observer.start()
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._give_up(error.strerror or str(error))
            else:
                log.debug("%s: can't be observed: %s", self._root, error)
        else:
            self._observer = observer

    def _give_up(self, why: str) -> None:
        """Stop observing: a root observed in part looks observed, and the desktop's other programs miss the watches."""
        self.stop()
        self.problem = (
            f"{self._root}: the kernel's inotify limit is reached ({why}); the folder is walked every now and then"
            " instead. To mend it, raise fs.inotify.max_user_watches (or max_user_instances) with sysctl and start"
            " the agent again"
        )
