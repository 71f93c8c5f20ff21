"""The metadata inside a file that a sidecar must carry on."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from realqa_agent.capture import Embedded
from realqa_agent.errors import RefusedError
from realqa_agent.media.container import opened_container, xmp_packet_of_clip
from realqa_agent.media.exif import MetadataError, read_metadata
from realqa_agent.media.formats import is_raw, kind_of
from realqa_agent.media.source import opened
from realqa_agent.media.still import xmp_packet_of_still

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader
    from pathlib import Path

    from realqa_agent.media.exif import Metadata

LONGEST_TEXT, LONGEST_KEYWORD, MOST_ENTRIES = 10_000, 256, 1_000
"""In characters, and entries of a list. IPTC allows 2000 and 64, which few programs heed; a hostile file has no end."""

COMMENT = re.compile(r"charset=(?:Ascii|Unicode) (.*)", re.DOTALL)
"""An Exif comment that is text. Without a known charset it may be anything that a camera puts there."""

CAMERA_DEFAULTS = (
    "SONY DSC",
    "OLYMPUS DIGITAL CAMERA",
    "MINOLTA DIGITAL CAMERA",
    "KONICA MINOLTA DIGITAL CAMERA",
)
"""Image descriptions that nobody wrote; digiKam skips such ones too, and darktable would show them on every photo."""


def read_embedded(path: Path) -> Embedded:
    """Return what is embedded in a photo or clip; bad metadata are named in `problem`.

    Raise RefusedError only if the file itself can't be opened.
    """
    with opened(path) as file:
        try:
            if kind_of(path) == "clip":
                return _of_clip(file)
            return _of_photo(file, still=not is_raw(path))
        except (MetadataError, RefusedError) as error:
            return Embedded(problem=str(error))


def _of_photo(file: BufferedReader, *, still: bool) -> Embedded:
    metadata = read_metadata(file)
    # Exiv2 rewrites the packet, without its comments, and makes nothing of one with an odd prefix. It is good enough
    # where Pillow finds none: in RAW files, and in text chunks of ImageMagick's.
    packet = (still and xmp_packet_of_still(file)) or metadata.packet
    rating = metadata.exif.get("Exif.Image.Rating")
    try:
        # Windows writes 0 to 5 as a 16-bit number, some programs a signed -1 for rejected.
        number = None if rating is None else int(rating)
    except ValueError:
        return Embedded(problem=f"Exif.Image.Rating is {rating!r}, not a whole number")
    exif, iptc = metadata.exif, metadata.iptc
    artists = (exif.get("Exif.Image.Artist", ""), exif.get("Exif.Canon.OwnerName", ""))
    rights = (*iptc.get("Iptc.Application2.Copyright", ()), exif.get("Exif.Image.Copyright", ""))
    return Embedded(
        packet=packet or None,
        rating=-1 if number == 65535 else number,
        title=_first(iptc.get("Iptc.Application2.ObjectName", ())),
        description=_first(_descriptions(metadata)),
        creators=_stated(iptc.get("Iptc.Application2.Byline", ())) or _stated(artists)[:1],
        rights=_first(rights),
        keywords=_stated(iptc.get("Iptc.Application2.Keywords", ()), LONGEST_KEYWORD),
    )


def _descriptions(metadata: Metadata) -> Iterator[str]:
    """Yield them in the order that darktable prefers; it shows the first two, digiKam all three kinds."""
    yield from metadata.iptc.get("Iptc.Application2.Caption", ())
    comment = COMMENT.match(metadata.exif.get("Exif.Photo.UserComment", ""))
    if comment is not None:
        yield comment[1]
    description = metadata.exif.get("Exif.Image.ImageDescription", "")
    if description.strip() not in CAMERA_DEFAULTS:
        yield description


def _first(texts: Iterable[str]) -> str | None:
    return next(iter(_stated(texts)), None)


def _stated(texts: Iterable[str], longest: int = LONGEST_TEXT) -> tuple[str, ...]:
    """Return the texts without blanks and repeats, within bounds; cameras fill fields with spaces and zero bytes."""
    stripped = (text.replace("\0", " ").strip()[:longest] for text in texts)
    return tuple(islice(dict.fromkeys(filter(None, stripped)), MOST_ENTRIES))


def _of_clip(file: BufferedReader) -> Embedded:
    with opened_container(file) as container:
        return Embedded(packet=xmp_packet_of_clip(container) or None)
