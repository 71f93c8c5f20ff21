"""Files as the agent knows them: how one looks from outside, what a walk found, and files of its own."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE = 0o600
"""The mode of the agent's own files: they tell where somebody was, when, and with whom."""


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


def make_private_folder(folder: Path) -> None:
    """Make a folder that its owner alone can enter; one that is there stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def made_whole(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty private file to be filled, which gets its name at the end; after an exception there is none.

    Raise FileExistsError if the name is taken, unless that file is to be replaced.
    """
    partial = target.with_name(f"{target.name}.part")

    def check() -> None:
        if not replace and os.path.lexists(target):
            raise FileExistsError(f"{target}: there is such a file already; it is left as it is")

    check()
    partial.unlink(missing_ok=True)
    try:
        partial.touch(PRIVATE, exist_ok=False)
        yield partial
        check()
        # No hard link, which would settle the matter: the stick that a copy goes to may know none.
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Appeared:
    """A complete file that the index doesn't know, or knows with another stat."""

    path: Path
    stat: FileStat
    recent: bool = True
    """It came to its place within the last day, so that somebody may be waiting for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vanished:
    """A file that the index knows and that is no longer there, while its folder's root is."""

    path: Path


Change = Appeared | Vanished
