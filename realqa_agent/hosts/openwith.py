"""The entry "Score with RealQA" under "Open With", in digiKam and file managers (Desktop Entry Specification 1.1)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

import platformdirs

from realqa_agent.errors import UserError
from realqa_agent.metadata.atomic import replace_bytes
from realqa_agent.metadata.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "realqa-score.desktop"
TITLE = "Score with RealQA"

MARKER = "X-RealQA-Version="
"""A line of entries that are ours to replace and to remove; the version follows."""

TYPES = (
    *("image/jpeg", "image/png", "image/tiff", "image/webp", "image/heif", "image/avif"),
    *("image/x-adobe-dng", "image/x-canon-crw", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-nikon-nef"),
    *("image/x-nikon-nrw", "image/x-sony-arw", "image/x-sony-sr2", "image/x-sony-srf", "image/x-fuji-raf"),
    *("image/x-panasonic-rw2", "image/x-panasonic-rw", "image/x-sigma-x3f", "image/x-olympus-orf"),
    *("image/x-pentax-pef", "image/x-minolta-mrw", "image/x-kodak-dcr", "image/x-kodak-k25", "image/x-kodak-kdc"),
    *("image/x-dcraw", "image/x-kde-raw"),
    *("video/mp4", "video/quicktime", "video/3gpp", "video/x-matroska", "video/webm", "video/x-msvideo"),
    *("video/mp2t", "video/mpeg"),
)
"""What the agent scores, by the names of the shared MIME database."""


PLAIN = re.compile(r"[\w/.@:+,-]+", re.ASCII)
UNREADABLE = re.compile(r"[\"`$\\%=\x00-\x1f\x7f\ud800-\udfff]")
"""Lone surrogates are what Python makes of bytes that are no UTF-8."""


class Standing(Enum):
    """What stands where the entry belongs."""

    NOTHING = auto()
    SAME = auto()
    OURS = auto()
    """Made by us, with another text."""
    FOREIGN = auto()
    """Made by somebody else, or a link."""


def place() -> Path:
    """Return where this user's entry belongs."""
    return platformdirs.user_data_path("applications") / NAME


def entry(command: Sequence[str], version: str) -> str:
    """Return the entry that hands the chosen files to a command; UserError if a desktop can't name that."""
    return "\n".join(
        (
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.1",
            f"Name={TITLE}",
            "Comment=Hand photos to the RealQA agent, and have digiKam take in what it finds",
            "Icon=camera-photo",
            f"Exec={exec_line(command)} %F",
            "Terminal=false",
            "NoDisplay=true",
            f"MimeType={''.join(f'{name};' for name in TYPES)}",
            f"{MARKER}{version}",
            "",
        )
    )


def exec_line(command: Sequence[str]) -> str:
    """Return a command as the value of `Exec=`; UserError if digiKam could not read it.

    digiKam 7 and 8 take such a line apart themselves: quotes they know, escapes not, and a program with `=` in its
    name they take for a variable.
    """
    for word in command:
        if UNREADABLE.search(word):
            raise UserError(
                f"{word!r}: digiKam can't start programs with such a name: it must be UTF-8, without quotes, "
                "backslashes, `$`, `%`, `=` and control characters; move or rename it"
            )
    return " ".join(word if PLAIN.fullmatch(word) else f'"{word}"' for word in command)


def standing(text: str | None = None) -> Standing:
    """Tell what stands there, compared with the text to be."""
    file = place()
    if file.is_symlink():
        return Standing.FOREIGN
    found = _text(file)
    if found is None:
        return Standing.NOTHING
    if found == text:
        return Standing.SAME
    return Standing.OURS if any(line.startswith(MARKER) for line in found.splitlines()) else Standing.FOREIGN


def put(text: str) -> None:
    """Write the entry; UserError if somebody else's is there, or it can't be written."""
    file = place()
    _check_own(file, text)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(file, text.encode(), snapshot(file))
    except OSError as error:
        raise UserError(f"{file}: can't write it: {error.strerror}") from error


def take_away() -> bool:
    """Remove the entry; False if there is none. UserError if it is somebody else's."""
    file = place()
    _check_own(file, None)
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UserError(f"{file}: can't remove it: {error.strerror}") from error
    return True


def _check_own(file: Path, text: str | None) -> None:
    if standing(text) is Standing.FOREIGN:
        raise UserError(f"{file}: this was not made by `realqa plugin install digikam`: it is left as it is")


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
