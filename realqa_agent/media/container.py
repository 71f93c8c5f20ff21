"""Opening a clip's container: no playlists, no network, no other files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import av
import av.error

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.refusals import refusing_damage
from realqa_agent.media.source import descriptor_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from av.container import InputContainer

OPTIONS = {
    # FFmpeg goes by content: a playlist named .mp4 would have it fetch what the list names, over the network too.
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpegts,mpeg",
    "protocol_whitelist": "file",
    # Without it, FFmpeg hides the XMP packet that Lightroom and digiKam put into MP4 and MOV.
    "export_xmp": "1",
}

_METADATA_ERRORS = "surrogateescape"


def open_container(file: BufferedReader) -> InputContainer:
    """Open the container of a clip, which stays open when `file` is closed; raise RefusedError if it isn't one."""
    with refusing_damage():
        try:
            return av.open(f"file:{descriptor_path(file)}", options=OPTIONS, metadata_errors=_METADATA_ERRORS)
        except av.error.ArgumentError as error:
            # What FFmpeg says of a format outside the whitelist.
            message = "the content is not MP4, QuickTime, Matroska, AVI or MPEG, whatever the name says"
            raise RefusedError(RefusalKind.UNSUPPORTED, message) from error


@contextmanager
def opened_container(file: BufferedReader) -> Iterator[InputContainer]:
    """Open a container for the time of a `with` block."""
    with open_container(file) as container:
        yield container


def xmp_packet_of_clip(container: InputContainer) -> bytes:
    """Return the XMP packet as it stands in the file; empty if there is none."""
    return container.metadata.get("xmp", "").encode(errors=_METADATA_ERRORS)
