"""Exif, maker notes and XMP as Exiv2 reads them: from every still and RAW format, JPEG to CR3 and HEIF.

Exiv2 is not thread-safe; a process uses this module from one thread. One file costs about 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyexiv2

from realqa_agent.media.source import descriptor_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader

# Exiv2 prints a warning for every oddity of a maker note; what matters comes as an exception.
pyexiv2.set_log_level(4)


class MetadataError(Exception):
    """The metadata can't be read; the pixels may be good all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """What is embedded in one file."""

    exif: Mapping[str, str]
    """Exiv2's keys (`Exif.Photo.FNumber`) to its plain values (`28/10`)."""
    packet: bytes
    """The XMP packet in Exiv2's own spelling, not the file's; empty if there is none, or none that Exiv2 parses."""
    mime_type: str


def read_metadata(file: BufferedReader) -> Metadata:
    """Read a file's metadata; raise MetadataError if Exiv2 can't."""
    path = descriptor_path(file)
    try:
        with pyexiv2.Image(path) as image:
            return Metadata(
                exif=_exif_of(image),
                packet=image.read_raw_xmp().encode(),
                mime_type=image.get_mime_type(),
            )
    # pyexiv2 raises RuntimeError for all of Exiv2's errors, ValueError for text that it can't convert.
    except (RuntimeError, ValueError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise MetadataError(f"Exiv2 can't read the metadata: {reason}") from error


def _exif_of(image: pyexiv2.Image) -> dict[str, str]:
    try:
        exif: dict[str, str] = image.read_exif()
    except UnicodeDecodeError:
        # Older cameras and programs wrote names in the encoding of their day; numbers read the same in both.
        exif = image.read_exif(encoding="latin-1")
    return exif
