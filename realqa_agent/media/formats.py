"""Which files are pictures and clips, told by their suffix alone. Standard library only.

The suffix decides who looks at a file; what is in it decides how it is decoded (a PNG named `.jpg` is a PNG).
RAW is the exception: many RAW formats are TIFF inside, and a TIFF reader would hand back their thumbnail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["photo", "clip"]

STILL_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp"),
        *(".heic", ".heif", ".hif", ".avif"),
    }
)

RAW_SUFFIXES = frozenset(
    {
        *(".dng", ".raw"),
        *(".crw", ".cr2", ".cr3"),  # Canon
        *(".nef", ".nrw"),  # Nikon
        *(".arw", ".sr2", ".srf"),  # Sony
        *(".raf", ".rw2", ".rwl", ".srw", ".x3f"),  # Fujifilm, Panasonic, Leica, Samsung, Sigma
        *(".orf", ".ori", ".pef", ".mrw", ".erf"),  # Olympus, Pentax, Minolta, Epson
        *(".3fr", ".fff", ".iiq", ".mef", ".mos"),  # Hasselblad, Imacon, Phase One, Mamiya, Leaf
        *(".dcr", ".k25", ".kdc", ".gpr"),  # Kodak, GoPro
    }
)

CLIP_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi"),
        *(".mts", ".m2ts", ".mpg", ".mpeg"),
    }
)


def kind_of(path: Path) -> Kind | None:
    """Return what the file claims to be by its suffix in any case of letters; None: not for us."""
    suffix = path.suffix.lower()
    if suffix in STILL_SUFFIXES or suffix in RAW_SUFFIXES:
        return "photo"
    return "clip" if suffix in CLIP_SUFFIXES else None


def is_raw(path: Path) -> bool:
    """Tell whether the file claims to hold a camera's unprocessed sensor data."""
    return path.suffix.lower() in RAW_SUFFIXES
