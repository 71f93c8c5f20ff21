"""One watched root: what is heard of it, its walks and its waiting files, brought together.

Hints and walks both end in the same question: is this path complete, and does it differ from what the index holds?
A file that a walk finds old enough needs no waiting; all others pass through the stability tracker.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from realqa_agent.errors import TransientError
from realqa_agent.files import Appeared, Change, FileStat, Vanished
from realqa_agent.mounts import mounts_below
from realqa_agent.watch.presence import Presence
from realqa_agent.watch.reach import Reach
from realqa_agent.watch.scan import look_at, scan
from realqa_agent.watch.stability import EMPTY_PATIENCE, StabilityTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from realqa_agent.config import Watch
    from realqa_agent.watch.candidates import Candidates

WALK_SLICE_SECONDS = 0.2
"""Time that one poll may spend on a walk: the caller has workers to feed."""

WALK_SHARE = 20
"""Between two walks lies at least this many times what the last one took, however short the settings are."""

SERVER_CLOCK_SECONDS = 600.0
"""A file server's clock may be wrong by minutes, and make a file that is being copied look old."""

RECENT_SECONDS = 86_400.0
"""What came here within a day is an import that goes before the backlog; so are all files that an event told of."""

CHECK_SECONDS = 30.0
"""Time between two thorough looks whether the kernel still watches for us."""

FOLDERS_DUE = 200
"""More folders that came or went than this are found sooner by one walk through everything."""

FOLDERS_NAMED = 3
"""One bad disk can make thousands of folders unreadable; naming each would fill the log instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the index knows, as the watch room asks it."""

    files: Callable[[Path], Mapping[str, FileStat]]
    """Given a folder, the files known directly in it, by name."""
    folders: Callable[[Path], Iterable[Path]]
    """Given a folder, those at or below it that hold known files."""


class Tree:
    """Everything about one root. One thread uses it; `wake` is called from others.

    Times named `now` come from a clock that never runs backwards; `wall` is compared with file times only.
    """

    def __init__(
        self,
        root: Path,
        settings: Watch,
        candidates: Candidates,
        known: Known,
        *,
        once: bool,
        wake: Callable[[], None],
    ) -> None:
        self.root = root
        self._settings = settings
        self._candidates = candidates
        self._known = known
        self._once = once
        self._presence = Presence(root)
        self._reach = Reach(root, candidates, wake, observe=not once)
        self._tracker = StabilityTracker(settings.settle_seconds)
        self._ready: deque[Change] = deque()
        self._walk: Iterator[list[Change]] | None = None
        self._walks_all = False
        """Whether the walk under way is through the whole root."""
        self._walk_seconds = 0.0
        self._next_walk = -inf
        self._polled_at = -inf
        self._next_check = -inf
        self._folders_due: set[Path] = set()
        self._away: str | None = None
        self._mounts = mounts_below(root)
        self._overflowed = False
        """Events were lost, and no walk has made up for it yet."""
        self._unreadable: dict[Path, str] = {}
        self._unreadable_now: dict[Path, str] = {}
        """Those of the walk under way; it takes the other's place once all folders were seen."""

    def start(self) -> None:
        """Begin to observe; it comes before the first walk, so that nothing falls between the two."""
        self._attend()

    def stop(self) -> None:
        """End observing."""
        self._reach.stop()

    def poll(self, now: float, wall: float, limit: int) -> list[Change]:
        """Return at most `limit` changes that are complete by now; an empty list doesn't mean that it is the end."""
        self._polled_at = now
        # Cleared a poll after the walk that made up for it, so that it is told even if that took no time.
        self._overflowed &= self._walk is not None or self._next_walk <= now
        self._listen(now)
        if len(self._ready) < limit:
            self._collect_settled(now)
        if len(self._ready) < limit:
            self._walk_on(now, wall, limit)
        return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]

    def walk_soon(self) -> None:
        """Ask for a walk through everything."""
        self._next_walk = -inf

    def settled(self) -> bool:
        """Tell whether, at the last poll, nothing waited and no walk was due; with `once`, none will ever be."""
        busy = self._ready or self._walk or self._folders_due or len(self._tracker)
        return not busy and (self._next_walk == inf if self._once else self._next_walk > self._polled_at)

    def next_due(self, now: float) -> float:
        """Return the seconds until `poll` has something to do, if nothing is heard before."""
        if self._ready or self._walk or self._folders_due:
            return 0.0
        waiting = self._tracker.next_due()
        return max(0.0, min(self._next_walk, inf if waiting is None else waiting) - now)

    def problems(self) -> list[str]:
        """Return what keeps this root from being looked after well, in sentences for people."""
        found = [sentence for sentence in (self._away, self._reach.problem) if sentence]
        if self._overflowed:
            found.append(
                f"{self.root}: more happened at once than events can tell (an overflow); all is looked through"
            )
        if self._reach.silent and not self._once:
            found.append(
                f"{self.root}: {', '.join(sorted(self._reach.silent))} doesn't report every change; the folder is "
                f"walked about every {self._settings.network_rescan_seconds:g} s instead"
            )
        found += [
            f"{folder}: nothing is mounted there any more; what is known of it stays as it is"
            for folder in sorted(self._presence.away - {self.root})
        ]
        if self._unreadable:
            named = [f"{folder} ({why})" for folder, why in self._unreadable.items()]
            more = len(named) - FOLDERS_NAMED
            found.append(
                f"{self.root}: can't be read in full, what is known of these folders stays as it is: "
                + ", ".join(named[:FOLDERS_NAMED])
                + (f" and {more} more" if more > 0 else "")
            )
        return found

    def watched(self) -> int:
        """Return how many folders the kernel watches for us."""
        return self._reach.watched

    def _attend(self) -> None:
        self._reach.attend(self._presence.mount_points)
        settings = self._settings
        self._tracker.settle_s = settings.network_settle_seconds if self._reach.silent else settings.settle_seconds

    def _listen(self, now: float) -> None:
        thorough = now >= self._next_check
        if thorough:
            self._next_check = now + CHECK_SECONDS
            self._look_at_mounts()
        if self._reach.fell_deaf(thorough=thorough):
            self.walk_soon()  # the root was replaced, or a thread died; the walk begins by observing anew
            return
        hints = self._reach.take()
        self._folders_due |= hints.folders
        if hints.lost:
            self._overflowed = True
            self._reach.stop()  # it says so before its watches are whole again; the walk begins with a new one
        if hints.lost or self.root in hints.folders or len(self._folders_due) > FOLDERS_DUE:
            self.walk_soon()
        for path in hints.files:
            try:
                self._touch(path, look_at(path), now)
            except OSError:
                self._walk_within(now, self._tracker.settle_s)  # it will say what is wrong

    def _look_at_mounts(self) -> None:
        """Walk if a disk below the root came or went: no event tells of that, nor of anything on it from then on."""
        before, self._mounts = self._mounts, mounts_below(self.root)
        if self._mounts != before:
            self.walk_soon()

    def _touch(self, path: Path, look: FileStat | None, now: float) -> None:
        if not self._tracker.touch(path, look, now):
            self._walk_within(now, self._tracker.settle_s)

    def _collect_settled(self, now: float) -> None:
        """Move what became complete from the tracker to the changes, if it differs from what is known."""
        known: dict[Path, Mapping[str, FileStat]] = {}
        for path, look in self._tracker.settled(now, look_at):
            folder = path.parent
            if folder not in known:
                known[folder] = self._known.files(folder)
            before = known[folder].get(path.name)
            if look is not None and look != before:
                self._ready.append(Appeared(path=path, stat=look))
            elif look is None and before is not None:
                self._vanish(path)

    def _vanish(self, path: Path) -> None:
        try:
            self._presence.still_here()
        except TransientError:
            self.walk_soon()  # it will say that the root is away
        else:
            self._ready.append(Vanished(path=path))

    def _walk_on(self, now: float, wall: float, limit: int) -> None:
        """Go on with the walk under way, or begin one that is due."""
        began = time.perf_counter()
        walk = self._walk or self._begin_walk(now)
        if walk is None:
            return
        self._walk = walk
        try:
            for changes in walk:
                for change in changes:
                    self._judge(change, now, wall)
                if len(self._ready) >= limit or time.perf_counter() - began > WALK_SLICE_SECONDS:
                    self._walk_seconds += time.perf_counter() - began
                    return
        except TransientError as error:
            self._lose_root(now, str(error))
        else:
            self._walk_seconds += time.perf_counter() - began
            self._end_walk(now)

    def _begin_walk(self, now: float) -> Iterator[list[Change]] | None:
        self._walks_all = now >= self._next_walk
        if self._walks_all:
            self._next_walk = inf
            self._folders_due.clear()
            self._attend()
            below = self.root
        elif self._folders_due:
            below = min(self._folders_due)
            self._folders_due = {folder for folder in self._folders_due if not folder.is_relative_to(below)}
        else:
            return None
        self._walk_seconds = 0.0
        self._unreadable_now = {}
        return scan(
            self.root,
            self._known.files,
            self._known.folders(below),
            self._candidates,
            presence=self._presence,
            below=below,
            trouble=self._note_unreadable,
        )

    def _end_walk(self, now: float) -> None:
        self._walk = None
        if not self._walks_all:
            self._unreadable |= self._unreadable_now
            return
        self._unreadable = self._unreadable_now
        self._away = None
        if not self._once:
            settings = self._settings
            pause_s = settings.rescan_minutes * 60 if self._reach.complete else settings.network_rescan_seconds
            self._walk_within(now, max(pause_s, WALK_SHARE * self._walk_seconds))

    def _lose_root(self, now: float, why: str) -> None:
        self._walk = None
        self._away = why
        self._folders_due.clear()
        self._reach.stop()
        self._next_walk = inf if self._once else now + self._settings.network_rescan_seconds

    def _walk_within(self, now: float, seconds: float) -> None:
        self._next_walk = min(self._next_walk, now + seconds)

    def _judge(self, change: Change, now: float, wall: float) -> None:
        """Take what a walk found: hand it on, or let it wait."""
        if change.path in self._tracker:
            return
        if isinstance(change, Vanished):
            self._ready.append(change)
            return
        age_s = self._age_seconds(change, wall)
        if age_s >= self._patience_seconds(change):
            self._ready.append(replace(change, recent=age_s < RECENT_SECONDS))
        else:
            self._touch(change.path, change.stat, now)

    def _patience_seconds(self, found: Appeared) -> float:
        """Return for how long nothing must have happened to a file that need not be watched any longer."""
        patience_s = self._tracker.settle_s * (1 if found.stat.size else EMPTY_PATIENCE)
        return patience_s + (SERVER_CLOCK_SECONDS if self._reach.silent else 0)

    def _age_seconds(self, found: Appeared, wall: float) -> float:
        """Return how long ago something happened to a file; less than nothing if it changed since it was found.

        The ctime counts too: file managers and Samba clients set an old mtime before the last block is written,
        but nothing can set the ctime.
        """
        try:
            status = os.stat(found.path)  # noqa: PTH116 - as in the scan
        except OSError:
            return -inf
        return wall - max(status.st_mtime, status.st_ctime) if FileStat.of(status) == found.stat else -inf

    def _note_unreadable(self, folder: Path, error: OSError) -> None:
        self._unreadable_now[folder] = error.strerror or str(error)
