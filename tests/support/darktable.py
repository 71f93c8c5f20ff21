"""What the real darktable makes of a photo and its sidecar: import by darktable-cli, then look into its library."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "darktable-cli"
STARS, REJECTED = 7, 8
"""Bits of the flags of an image."""
TEXTS = {0: "creator", 2: "title", 3: "description", 4: "rights"}
"""Keys of the metadata."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One image in darktable's library."""

    stars: int
    rejected: bool
    tags: tuple[str, ...]
    """Without those that darktable makes for itself."""
    texts: dict[str, str]
    """Some of `creator`, `title`, `description` and `rights`."""
    history: tuple[str, ...]
    """The modules in its development."""


def present() -> bool:
    """Tell whether darktable is installed."""
    return shutil.which(PROGRAM) is not None


def seen(photo: Path, folder: Path) -> Seen:
    """Import a photo into a library of its own, in an empty folder. Takes about a second; writes no sidecar."""
    folder.mkdir()
    # Only an absolute path: darktable takes the folder of a relative one for another film roll.
    command = [PROGRAM, str(photo.absolute()), str(folder / "out.jpg"), "--width", "64", "--core"]
    command += ["--configdir", str(folder), "--cachedir", str(folder / "cache")]
    command += ["--library", str(folder / "library.db"), "--disable-opencl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=folder)
    library = sqlite3.connect(f"file:{folder}/library.db?mode=ro", uri=True)
    try:
        library.execute("ATTACH ? AS data", (f"file:{folder}/data.db?mode=ro",))
        ((image, flags),) = library.execute("SELECT id, flags FROM images WHERE filename = ?", (photo.name,))
        tags = library.execute(
            "SELECT name FROM tagged_images JOIN data.tags ON id = tagid"
            " WHERE imgid = ? AND name NOT LIKE 'darktable|%' ORDER BY name",
            (image,),
        )
        texts = library.execute("SELECT key, value FROM meta_data WHERE id = ?", (image,))
        history = library.execute("SELECT operation FROM history WHERE imgid = ? ORDER BY num", (image,))
        return Seen(
            stars=flags & STARS,
            rejected=bool(flags & REJECTED),
            tags=tuple(name for (name,) in tags),
            texts={TEXTS[key]: value for key, value in texts if key in TEXTS},
            history=tuple(name for (name,) in history),
        )
    finally:
        library.close()
