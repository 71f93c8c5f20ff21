"""Files as the agent knows them: how one looks from outside, and what a walk through a folder found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStat:
    """Size, mtime and inode: if all three are equal, the content is taken as the same. Never ordered."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStat:
        """Take the three out of what `stat` returned."""
        return cls(size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


def stat_of(path: Path) -> FileStat:
    """Return how the file looks now, symlinks followed; OSError if it can't be told."""
    return FileStat.of(os.stat(path))  # noqa: PTH116 - Path.stat would be the same call behind two more


@dataclass(frozen=True, kw_only=True, slots=True)
class Appeared:
    """A complete file that the index doesn't know, or knows with another stat."""

    path: Path
    stat: FileStat


@dataclass(frozen=True, kw_only=True, slots=True)
class Vanished:
    """A file that the index knows and that is no longer there, while its folder's root is."""

    path: Path


Change = Appeared | Vanished
