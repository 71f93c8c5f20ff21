"""Exif, maker notes, IPTC and XMP as Exiv2 reads them: from every still and RAW format, JPEG to CR3 and HEIF.

Exiv2 is not thread-safe; a process uses this module from one thread. One file costs about 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyexiv2

from realqa_agent.media.source import descriptor_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import BufferedReader

# Exiv2 prints a warning for every oddity of a maker note; what matters comes as an exception.
pyexiv2.set_log_level(4)


LOSSLESS = "latin-1"
"""Has a character for each byte. pyexiv2 decodes all values alike, but one file may hold several encodings."""


class MetadataError(Exception):
    """The metadata can't be read; the pixels may be good all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """What is embedded in one file."""

    exif: Mapping[str, str]
    """Exiv2's keys (`Exif.Photo.FNumber`) to its plain values (`28/10`), of a repeated key to the first."""
    iptc: Mapping[str, tuple[str, ...]]
    """Exiv2's keys (`Iptc.Application2.Keywords`) to all of their values."""
    packet: bytes
    """The XMP packet in Exiv2's own spelling, not the file's; empty if there is none, or none that Exiv2 parses."""
    mime_type: str


def read_metadata(file: BufferedReader) -> Metadata:
    """Read a file's metadata; raise MetadataError if Exiv2 can't."""
    path = descriptor_path(file)
    return _read(lambda: pyexiv2.Image(path), path)


def read_metadata_of(data: bytes) -> Metadata:
    """Read the metadata of a file in memory; raise MetadataError if Exiv2 can't."""
    return _read(lambda: pyexiv2.ImageData(data), "")


def _read(open_image: Callable[[], pyexiv2.Image], path: str) -> Metadata:
    try:
        with open_image() as image:
            return Metadata(
                exif={key: values[0] for key, values in _decoded(image.read_exif(encoding=LOSSLESS)).items()},
                iptc=_decoded(image.read_iptc(encoding=LOSSLESS)),
                packet=image.read_raw_xmp().encode(),
                mime_type=image.get_mime_type(),
            )
    # pyexiv2 raises RuntimeError for all of Exiv2's errors, ValueError for text that it can't convert, and
    # AttributeError for an `Exif.Image.XPTitle` or its like that stands there twice.
    except (RuntimeError, ValueError, AttributeError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise MetadataError(f"Exiv2 can't read the metadata: {reason}") from error


def _decoded(read: Mapping[str, str | list[str]]) -> dict[str, tuple[str, ...]]:
    listed = {key: [value] if isinstance(value, str) else value for key, value in read.items()}
    return {key: tuple(map(_text, values)) for key, values in listed.items()}


def _text(lossless: str) -> str:
    """Return what the bytes mean: UTF-8, as nearly always, or else the Windows code page of older programs."""
    if lossless.isascii():
        return lossless
    try:
        raw = lossless.encode(LOSSLESS)
    except UnicodeEncodeError:
        # pyexiv2 decodes by itself what Windows writes in UTF-16 (`Exif.Image.XPTitle`).
        return lossless
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
