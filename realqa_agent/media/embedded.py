"""The metadata inside a file that a sidecar must carry on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.capture import Embedded
from realqa_agent.errors import RefusedError
from realqa_agent.media.container import opened_container, xmp_packet_of_clip
from realqa_agent.media.exif import MetadataError, read_metadata
from realqa_agent.media.formats import is_raw, kind_of
from realqa_agent.media.source import opened
from realqa_agent.media.still import xmp_packet_of_still

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path


def read_embedded(path: Path) -> Embedded:
    """Return the XMP packet and the Exif rating of a photo or clip; bad metadata are named in `problem`.

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
    return Embedded(packet=packet or None, rating=-1 if number == 65535 else number)


def _of_clip(file: BufferedReader) -> Embedded:
    with opened_container(file) as container:
        return Embedded(packet=xmp_packet_of_clip(container) or None)
