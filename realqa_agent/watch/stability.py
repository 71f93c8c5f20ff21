"""When a file is complete: nothing happened to it for a while, and it still looks the same.

Pure: the caller brings the clock and looks at the files. Windows of a camera import, a download or `rsync` end
with an event, others (a copy over a network, a hard link) with none, so that the look is what counts and events
only start the waiting anew. Looks are compared for equality: cameras with a wrong clock write mtimes of next year.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from realqa_agent.files import FileStat

EMPTY_PATIENCE = 10.0
"""An empty file waits this many times longer: most are about to be filled. It is then handed on as it is."""

PENDING_LIMIT = 20_000
"""Files that may wait at a time, about 10 MB; whatever comes on top is left to the next scan."""


@dataclass(slots=True)
class _Waiting:
    look: FileStat | None
    """How it looked last; None if it wasn't there."""
    quiet_since: float
    empty_since: float | None
    """When it was first seen empty, if it has been so ever since."""


class StabilityTracker:
    """Paths on which something happened, until they have been quiet for `settle_s` seconds.

    A path that is gone is tracked like any other, since programs replace a file by removing it first: it must be
    absent for the same time. The times passed in come from one clock that never runs backwards.
    """

    def __init__(self, settle_s: float, *, limit: int = PENDING_LIMIT) -> None:
        self.settle_s = settle_s
        self._limit = limit
        # Ordered by `quiet_since`, because whatever is touched moves to the end.
        self._waiting: dict[Path, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: Path) -> bool:
        return path in self._waiting

    def touch(self, path: Path, look: FileStat | None, now: float) -> bool:
        """Note that something happened to a file that looks so now; False if there is no room for it."""
        before = self._waiting.pop(path, None)
        if before is None and len(self._waiting) >= self._limit:
            return False
        empty_since = None
        if look is not None and look.size == 0:
            empty_since = now if before is None or before.empty_since is None else before.empty_since
        self._waiting[path] = _Waiting(look, now, empty_since)
        return True

    def settled(self, now: float, look_at: Callable[[Path], FileStat | None]) -> Iterator[tuple[Path, FileStat | None]]:
        """Yield and forget the paths that are quiet and unchanged, with their last look; None if they are gone.

        A path whose `look_at` ends in an OSError is forgotten without being yielded.
        """
        quiet = takewhile(lambda item: item[1].quiet_since + self.settle_s <= now, self._waiting.items())
        for path, waiting in list(quiet):
            try:
                look = look_at(path)
            except OSError:
                del self._waiting[path]  # the next scan comes upon it and says what is wrong
                continue
            if look == waiting.look and not self._may_be_filled_yet(waiting, now):
                del self._waiting[path]
                yield path, look
            else:
                self.touch(path, look, now)

    def next_due(self) -> float | None:
        """Return the time at which `settled` is worth calling; None if nothing waits."""
        first = next(iter(self._waiting.values()), None)
        return None if first is None else first.quiet_since + self.settle_s

    def _may_be_filled_yet(self, waiting: _Waiting, now: float) -> bool:
        return waiting.empty_since is not None and now < waiting.empty_since + self.settle_s * EMPTY_PATIENCE
