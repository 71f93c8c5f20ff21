"""The reconciling walk: what is on the disk against what the index knows. Events only make it sooner.

A walk yields one list for each folder that it comes to, empty where nothing differs, so that a caller with
other duties may pause after any folder. Folders that symlinks point to are not entered (they may lead back up);
symlinks to files are files. A link that points nowhere is handed on with the link's own stat, so that it ends as
a clear refusal, and changes its stat, hence is looked at again, once its target is there.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from realqa_agent.errors import TransientError
from realqa_agent.files import Appeared, Change, FileStat, Vanished
from realqa_agent.watch.presence import Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from realqa_agent.watch.candidates import Candidates


def scan(
    root: Path,
    known: Callable[[Path], Mapping[str, FileStat]],
    folders_known: Iterable[Path],
    candidates: Candidates,
    *,
    presence: Presence | None = None,
    below: Path | None = None,
    trouble: Callable[[Path, OSError], None] | None = None,
) -> Iterator[list[Change]]:
    """Walk through a root and yield how it differs from what is known.

    `known` gives the files known directly in a folder, by name; it is asked only for `folders_known`, those that
    hold known files. `below` limits the walk to one folder of the root and what is under it; that folder may be
    gone. `presence` is what earlier walks saw of the root. `trouble` hears of each folder that can't be listed;
    nothing in or under such a folder is reported as vanished.

    Raise TransientError if the root is away; what was yielded before still holds.
    """
    return _Walk(root, known, candidates, presence or Presence(root), trouble).run(below or root, set(folders_known))


def look_at(path: Path | str) -> FileStat | None:
    """Return how a file looks, None if there is none, or something that isn't a file; OSError if it can't be told."""
    try:
        status = os.stat(path)  # noqa: PTH116 - building 100,000 paths takes as long as the stats
    except OSError:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
        if not stat.S_ISLNK(status.st_mode):
            raise
        return FileStat.of(status)
    return FileStat.of(status) if stat.S_ISREG(status.st_mode) else None


class _Walk:
    def __init__(
        self,
        root: Path,
        known: Callable[[Path], Mapping[str, FileStat]],
        candidates: Candidates,
        presence: Presence,
        trouble: Callable[[Path, OSError], None] | None,
    ) -> None:
        self._root = root
        self._known = known
        self._candidates = candidates
        self._presence = presence
        self._trouble = trouble
        self._unread: list[Path] = []
        """Folders of which nothing can be told."""

    def run(self, start: Path, folders_known: set[Path]) -> Iterator[list[Change]]:
        self._presence.arrive()
        self._unread = [*self._presence.away]
        gone = set(folders_known)
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            listing = self._listing(folder)
            if listing is None:
                continue
            files, folders = listing
            if folder == self._root:
                if files or folders:
                    self._presence.filled()
                elif folders_known:
                    self._presence.emptied()
            gone.discard(folder)
            yield self._compare(folder, files, self._known(folder) if folder in folders_known else {})
            waiting += (folder / name for name in sorted(folders, reverse=True))
        for folder in sorted(gone):
            if not any(folder.is_relative_to(unread) for unread in self._unread):
                yield self._compare(folder, {}, self._known(folder))

    def _listing(self, folder: Path) -> tuple[dict[str, FileStat | None], list[str]] | None:
        """Return a folder's files and the folders to enter; None if it is gone, or nothing can be told of it.

        A file that is there, but can't be looked at, has None: it has neither appeared nor vanished.
        """
        if folder in self._presence.away:
            return None
        try:
            self._presence.entered(folder)
            return self._read(folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            if folder == self._root:
                raise TransientError(f"{folder}: the folder can't be reached ({error.strerror})") from error
            return None  # it left while its parent was read: what was known of it counts as gone
        except OSError as error:
            if folder == self._root:
                raise TransientError(f"{folder}: the folder can't be read ({error.strerror})") from error
            self._unread.append(folder)
            self._report(folder, error)
            return None

    def _read(self, folder: Path) -> tuple[dict[str, FileStat | None], list[str]]:
        files: dict[str, FileStat | None] = {}
        folders: list[str] = []
        failure: OSError | None = None
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if self._candidates.enters(entry.name):
                        folders.append(entry.name)
                elif self._candidates.accepts_name(entry.name):
                    try:
                        look = look_at(entry.path)
                    except OSError as error:
                        files[entry.name], failure = None, error
                    else:
                        if look is not None:
                            files[entry.name] = look
        if failure is not None:
            self._report(folder, failure)
        return files, folders

    def _compare(
        self, folder: Path, files: Mapping[str, FileStat | None], known: Mapping[str, FileStat]
    ) -> list[Change]:
        changes: list[Change] = [
            Appeared(path=folder / name, stat=look)
            for name, look in files.items()
            if look is not None and known.get(name) != look
        ]
        missing = [name for name in known if name not in files]
        if missing:
            self._presence.still_here()
        return changes + [Vanished(path=folder / name) for name in missing]

    def _report(self, folder: Path, error: OSError) -> None:
        if self._trouble:
            self._trouble(folder, error)
