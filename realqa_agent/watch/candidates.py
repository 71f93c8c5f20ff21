"""Which names are photos or clips of the user's, and which folders are worth entering. Looks at names only."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.media.formats import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

FOREIGN_FOLDERS = frozenset(
    {
        # Network storage keeps a thumbnail of every photo beside it: watching them doubles the library.
        "@eadir",  # Synology
        "@__thumb",  # QNAP; its newer `.@__thumb` is a dot name
        "thmbnl",  # Sony cameras, one JPEG for each clip
        # Trash and snapshots: what the user threw away, or has a second time.
        "#recycle",  # Synology
        "#snapshot",
        "@recycle",  # QNAP
        "$recycle.bin",  # Windows
        "recycler",
        "system volume information",
        "lost+found",
        # What archivers and file systems leave behind.
        "__macosx",
    }
)
"""Folders of other programs, in lower case; they differ in case from version to version."""

FOREIGN_FOLDER_ENDINGS = (
    ".lrdata",  # Lightroom's smart previews are complete DNG files
    ".photoslibrary",  # Apple's libraries mix originals with derivatives under generated names
)


class Candidates:
    """The rule for names: a suffix of `media.formats`, and none of the names below.

    Sidecars (`.xmp`), our own temporary files and our own index have no such suffix, so that nothing we write, nor
    a rating set in darktable, starts a scoring.

    Dot names are never candidates. That one rule keeps out AppleDouble files (`._IMG.jpg` is no JPEG), `.stfolder`
    and `.stversions` of Syncthing, the temporary files of rsync and Syncthing, `.thumbnails`, `.Trash-1000`,
    digiKam's `.dtrash`, and NFS's `.nfs…` of deleted files that are still open.

    `ignore` holds further names as shell patterns; upper and lower case differ, as they do in a shell.
    """

    def __init__(self, ignore: Sequence[str] = ()) -> None:
        self._ignored = re.compile("|".join(map(fnmatch.translate, ignore)) if ignore else r"(?!)")

    def accepts(self, path: Path) -> bool:
        """Tell whether a file of this name is to be scored; the folders above it are not looked at."""
        return self.accepts_name(path.name)

    def accepts_name(self, name: str) -> bool:
        """Tell the same of a bare name; the scan asks it 100,000 times, without building paths."""
        if name.startswith(".") or self._ignored.match(name):
            return False
        _, dot, suffix = name.rpartition(".")
        return _is_picture_suffix(dot + suffix.lower())

    def enters(self, folder_name: str) -> bool:
        """Tell whether a folder of this name may hold the user's photos."""
        lower = folder_name.lower()
        return not (
            lower.startswith(".")
            or lower in FOREIGN_FOLDERS
            or lower.endswith(FOREIGN_FOLDER_ENDINGS)
            or self._ignored.match(folder_name)
        )

    def reaches(self, root: Path, folder: Path) -> bool:
        """Tell whether a walk from `root` would come to `folder`; the root's own name doesn't matter."""
        return folder.is_relative_to(root) and all(map(self.enters, folder.relative_to(root).parts))


@lru_cache(maxsize=1024)
def _is_picture_suffix(suffix: str) -> bool:
    return kind_of(Path("name" + suffix)) is not None
