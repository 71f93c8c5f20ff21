"""Tells photos that were deleted from photos whose disk or share is away.

An unmounted disk leaves an empty folder behind, or none. Taken at its word it says that every photo is gone, and
with the next mount that all of them are new. The rules, for a root of which the index knows files:

* It can't be listed, or isn't a folder: it is away.
* It was a mount point at an earlier look of this run, and is none now: it is away, whatever lies in it.
* It holds nothing for us: it is away. Only if it is the very folder (device and inode) in which this run has seen
  files before, somebody has emptied it.
* A mount point *below* the root that was seen in this run, and is none now, is away with everything below it.

What a restart forgets is the mount points: files of a share that was mounted below a root and is away at the next
start are marked as missing. They keep their scores, which belong to the content.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from realqa_agent.errors import TransientError

if TYPE_CHECKING:
    from pathlib import Path


class Presence:
    """What this run has seen of one root. Looks at the disk; TransientError says that the root is away, and why."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._mount_points: set[Path] = set()
        self._away: frozenset[Path] = frozenset()
        self._identity: tuple[int, int] | None = None
        self._seen_filled: tuple[int, int] | None = None

    @property
    def mount_points(self) -> frozenset[Path]:
        """Folders, maybe the root among them, that were mount points in this run."""
        return frozenset(self._mount_points)

    @property
    def away(self) -> frozenset[Path]:
        """Those of them that were none any more at the last `arrive`."""
        return self._away

    def arrive(self) -> None:
        """Begin a walk. Raise TransientError if the root is away."""
        self._identity = self._identify()
        self._away = self._mounts_away()
        if self._root in self._away:
            raise TransientError(f"{self._root}: nothing is mounted there any more")

    def entered(self, folder: Path) -> None:
        """Note that the walk found this folder."""
        if _is_mount_point(folder):
            self._mount_points.add(folder)

    def filled(self) -> None:
        """Note that the root holds something for us."""
        self._seen_filled = self._identity

    def emptied(self) -> None:
        """Judge a root that holds nothing, though files in it are known; TransientError if it wasn't seen filled."""
        if self._seen_filled != self._identity:
            raise TransientError(
                f"{self._root}: the folder is empty, but the index knows photos there; it is taken as not mounted"
                " and nothing is marked as missing"
            )

    def still_here(self) -> None:
        """Raise TransientError if the root was unmounted since `arrive`: what was found missing means nothing then."""
        if self._identify() != self._identity or self._mounts_away() != self._away:
            raise TransientError(f"{self._root}: the disk or share went away during the walk")

    def _mounts_away(self) -> frozenset[Path]:
        return frozenset(point for point in self._mount_points if not _is_mount_point(point))

    def _identify(self) -> tuple[int, int]:
        try:
            status = self._root.stat()
        except OSError as error:
            raise TransientError(f"{self._root}: the folder can't be reached ({error.strerror})") from error
        if not stat.S_ISDIR(status.st_mode):
            raise TransientError(f"{self._root}: not a folder")
        return status.st_dev, status.st_ino


def _is_mount_point(folder: Path) -> bool:
    """Tell whether another device is mounted here; unlike `os.path.ismount`, also through a symlink."""
    try:
        return folder.stat().st_dev != (folder / "..").stat().st_dev
    except OSError:
        return False
