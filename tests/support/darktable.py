"""The real darktable, by two doors.

`seen` tells what it makes of a photo and its sidecar: import by darktable-cli, then a look into its library.
`edit` has it import a folder and edit images through Lua, and so write sidecars of its own.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support import display

if TYPE_CHECKING:
    from support.display import Display

PROGRAM, LUA = "darktable-cli", "lua5.4"
DRIVER = Path(__file__).with_suffix(".lua")
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


def editable() -> bool:
    """Tell whether darktable can be driven through Lua."""
    return shutil.which(LUA) is not None and library() is not None and display.present()


def edit(folder: Path, screen: Display, *, photos: Path | None = None, edits: str = "") -> None:
    """Run darktable with the library in a folder: import photos, then run edits in Lua. Takes about two seconds.

    Writes sidecars beside the photos. The edits know `dt` and `image "name.jpg"`.
    """
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "DISPLAY": screen.name}
    command = [LUA, str(DRIVER), str(library()), str(folder), "" if photos is None else str(photos), edits]
    with log.open("wb") as output:
        try:
            subprocess.run(command, env=environment, stdout=output, stderr=output, check=True, timeout=60)
        except subprocess.SubprocessError as error:
            picture = folder / "screen.png"
            screen.save_picture(picture)
            raise AssertionError(f"darktable: {error}\n{log.read_text()[-2000:]}\nThe display: {picture}") from error
    # darktable itself goes on without a word when it can't write a sidecar.
    assert "dt_exif_xmp_write" not in log.read_text(), log.read_text()


def library() -> Path | None:
    """Return darktable's shared library, wherever the distribution puts it."""
    places = ("lib*/darktable", "lib/*/darktable")
    return next((file for place in places for file in Path("/usr").glob(f"{place}/libdarktable.so")), None)


def seen(photo: Path, folder: Path) -> Seen:
    """Import a photo into a library of its own, in an empty folder. Takes about a second; writes no sidecar."""
    folder.mkdir()
    # Only an absolute path: darktable takes the folder of a relative one for another film roll.
    command = [PROGRAM, str(photo.absolute()), str(folder / "out.jpg"), "--width", "64", "--core"]
    command += ["--configdir", str(folder), "--cachedir", str(folder / "cache")]
    command += ["--library", str(folder / "library.db"), "--disable-opencl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=folder)
    return read(folder)[photo.name]


def read(folder: Path) -> dict[str, Seen]:
    """Return the images in the library of a settings folder, by file name; darktable isn't running."""
    library = sqlite3.connect(f"file:{folder}/library.db?mode=ro", uri=True)
    library.text_factory = os.fsdecode
    try:
        library.execute("ATTACH ? AS data", (f"file:{folder}/data.db?mode=ro",))
        images = library.execute("SELECT filename, id, flags FROM images").fetchall()
        return {name: _image(library, number, flags) for name, number, flags in images}
    finally:
        library.close()


def _image(library: sqlite3.Connection, image: int, flags: int) -> Seen:
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
