"""An XMP packet into a copy of a JPEG: nothing but the packet's own segment changes, and that is verified.

By hand, since Exiv2 rewrites more than it is asked to: of 46 JPEGs from cameras and programs it changed the Exif block
with its maker notes, the IPTC block or a comment in 15 (pyexiv2 2.16), and every packet. The segments of a JPEG are
simple (ITU-T T.81, B.1.1.4): they are copied as they are. Other formats are not written at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.exif import MetadataError, read_metadata_of
from realqa_agent.media.still import decode, xmp_packet_of_still

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realqa_agent.config import Media

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
EXIF, JFIF, MPF = b"Exif\0\0", b"JFIF\0", b"MPF\0"

START, SCAN, END, APP1, APP2 = 0xD8, 0xDA, 0xD9, 0xE1, 0xE2

LARGEST_PACKET = 65_533 - len(XMP)
"""A segment's length has 16 bits and counts itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Segment:
    """One marker segment before the picture itself."""

    marker: int
    begin: int
    end: int
    """Where it lies in the file, marker and length included."""
    body: bytes


def embedded_copy(data: bytes, packet: bytes, limits: Media) -> bytes:
    """Given a JPEG file, return one whose XMP packet is this one and which is the same in all else.

    The copy is read back: pixels, Exif and IPTC as before, the packet as given. Raise RefusedError if it isn't a JPEG,
    or it can't be done safely.
    """
    copy = with_packet(data, packet)
    before, after = _read(data, limits), _read(copy, limits)
    if before != after:
        raise _unsafe("the copy with the packet does not read as the same picture")
    if xmp_packet_of_still(BytesIO(copy)) != packet:
        raise _unsafe("the packet does not read back from the copy")
    return copy


def with_packet(data: bytes, packet: bytes) -> bytes:
    """Return the JPEG with the packet in place of its own, or after its first segments; RefusedError as above."""
    if len(packet) > LARGEST_PACKET:
        raise _unsafe(f"the packet has {len(packet)} bytes, more than the {LARGEST_PACKET} that fit into a JPEG")
    segments = list(_segments(data))
    if any(segment.marker == APP1 and segment.body.startswith(EXTENDED_XMP) for segment in segments):
        raise _unsafe("its XMP has a second part (extended XMP)")
    old = [segment for segment in segments if segment.marker == APP1 and segment.body.startswith(XMP)]
    if len(old) > 1:
        raise _unsafe("it has two XMP packets")
    begin, end = (old[0].begin, old[0].end) if old else _place(segments)
    new = b"\xff\xe1" + (2 + len(XMP) + len(packet)).to_bytes(2, "big") + XMP + packet
    # The index of a multi-picture file counts from its own place to the pictures behind.
    if len(new) != end - begin and any(_is_index(segment) and segment.begin < begin for segment in segments):
        raise _unsafe("its further pictures would be lost (MPF before XMP)")
    return data[:begin] + new + data[end:]


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield what comes before the picture itself."""
    if data[:2] != bytes((0xFF, START)):
        raise RefusedError(RefusalKind.UNSUPPORTED, "only JPEG files take their results inside")
    at = 2
    while True:
        begin = at
        while data[at : at + 2] == b"\xff\xff":  # fill bytes before a marker
            at += 1
        if data[at : at + 1] != b"\xff" or len(data) < at + 4:
            raise _unsafe("its segments are damaged")
        marker = data[at + 1]
        if marker in {SCAN, END}:
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data) or end < at + 4:
            raise _unsafe("its segments are damaged")
        yield _Segment(marker=marker, begin=begin, end=end, body=data[at + 4 : end])
        at = end


def _place(segments: list[_Segment]) -> tuple[int, int]:
    """Return where a first packet goes: after JFIF and Exif, which readers want first."""
    at = 2
    for segment in segments:
        if not segment.body.startswith((JFIF, b"JFXX\0", EXIF)):
            break
        at = segment.end
    return at, at


def _is_index(segment: _Segment) -> bool:
    return segment.marker == APP2 and segment.body.startswith(MPF)


def _read(data: bytes, limits: Media) -> tuple[object, ...]:
    """Return what must stay the same."""
    image = decode(BytesIO(data), limits)
    pixels = hashlib.blake2b(image.tobytes()).digest()
    frames = getattr(image, "n_frames", 1)
    try:
        metadata = read_metadata_of(data)
    except MetadataError as error:
        raise _unsafe(str(error)) from error
    return image.size, image.mode, pixels, frames, image.info.get("icc_profile"), metadata.exif, metadata.iptc


def _unsafe(reason: str) -> RefusedError:
    return RefusedError(RefusalKind.UNSUPPORTED, f"nothing is written into it: {reason}")
