"""An XMP packet into a copy of a JPEG: nothing but the packet's own segment changes, and that is verified.

By hand, since Exiv2 rewrites more than it is asked to: of 53 JPEGs from cameras and programs it changed other segments
in 18 (Exif with its maker notes in 15 of them), and every packet (pyexiv2 2.16). The segments of a JPEG are simple
(ITU-T T.81, B.1.1.4): they are copied as they are. Other formats are not written at all.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.exif import MetadataError, read_metadata_of
from realqa_agent.media.refusals import check_size, refusing_damage
from realqa_agent.media.still import decode, xmp_packet_of_still

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

    from realqa_agent.config import Media

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
EXIF, JFIF, MPF = b"Exif\0\0", b"JFIF\0", b"MPF\0"

START, SCAN, END, APP1, APP2, APP11 = 0xD8, 0xDA, 0xD9, 0xE1, 0xE2, 0xEB

MAKER_NOTE = re.compile(rb"\x92\x7c\0[\1-\x0d]|\x7c\x92[\1-\x0d]\0")
"""Exif's tag 0x927C and its type in both byte orders. The type should be 7, but Pillow, for one, writes 1."""

MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""One that ends coded data: neither a stuffed 255, nor fill, nor a restart."""

AFCP = frozenset({b"AXS!", b"AXS*"})
"""How an AFCP trailer begins its last twelve bytes; it counts from the beginning of the file."""

STRIP = 256
"""Rows that are hashed at a time, so that no second copy of the picture is in memory."""

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

    def holds(self, marker: int, name: bytes) -> bool:
        return self.marker == marker and self.body.startswith(name)


def embedded_copy(data: bytes, packet: bytes, limits: Media) -> bytes:
    """Given a JPEG file, return one whose XMP packet is this one and which is the same in all else.

    The copy is read back: every byte outside the packet's segment, the pixels of all pictures in the file, Exif and
    IPTC as before, the packet as given. Raise RefusedError if it isn't a JPEG, or it can't be done safely.
    """
    copy = with_packet(data, packet)
    if _apart_from_packet(copy) != _apart_from_packet(data):
        raise _unsafe("the copy with the packet differs in more than the packet")
    if _read(copy, limits) != _read(data, limits):
        raise _unsafe("the copy with the packet does not read as the same picture")
    if xmp_packet_of_still(BytesIO(copy)) != packet:
        raise _unsafe("the packet does not read back from the copy")
    return copy


def with_packet(data: bytes, packet: bytes) -> bytes:
    """Return the JPEG with the packet in place of its own, or after its first segments; RefusedError as above."""
    if len(packet) > LARGEST_PACKET:
        raise _unsafe(f"the packet has {len(packet)} bytes, more than the {LARGEST_PACKET} that fit into a JPEG")
    segments = list(_segments(data))
    if any(segment.holds(APP1, EXTENDED_XMP) for segment in segments):
        raise _unsafe("its XMP has a second part (extended XMP)")
    if any(segment.marker == APP11 and b"c2pa" in segment.body for segment in segments):
        raise _unsafe("it is signed (Content Credentials), and any change breaks the signature")
    old = [segment for segment in segments if segment.holds(APP1, XMP)]
    if len(old) > 1:
        raise _unsafe("it has two XMP packets")
    begin, end = (old[0].begin, old[0].end) if old else _place(segments)
    new = b"\xff\xe1" + (2 + len(XMP) + len(packet)).to_bytes(2, "big") + XMP + packet
    if len(new) != end - begin:
        _check_distances(data, segments, begin)
    return data[:begin] + new + data[end:]


def _check_distances(data: bytes, segments: list[_Segment], begin: int) -> None:
    """Refuse a file in which something before the packet counts the bytes to something behind the picture."""
    before = [segment for segment in segments if segment.begin < begin]
    # The index of a multi-picture file counts from its own place to the pictures behind.
    if any(segment.holds(APP2, MPF) for segment in before):
        raise _unsafe("its further pictures would be lost (MPF before XMP)")
    behind = _behind(data, segments[-1].end if segments else 2)
    # Sony, Minolta, Olympus and others put a preview there and count to it from the Exif block. Where in the maker
    # notes they do is each one's own, and the preview may begin anywhere.
    noted = any(segment.holds(APP1, EXIF) and MAKER_NOTE.search(segment.body) for segment in before)
    if noted and behind.strip(b"\0"):
        raise _unsafe("its maker notes may count to what is stored behind the picture")
    if behind[-12:-8] in AFCP:
        raise _unsafe("what is stored behind the picture counts from the beginning of the file (AFCP)")


def _behind(data: bytes, at: int) -> bytes:
    """Return what comes after the picture, the rest of whose segments and coded data begin at `at`."""
    while (marker := MARKER.search(data, at)) is not None:
        at = marker.end()
        if data[at - 1] == END:
            return data[at:]
        at += int.from_bytes(data[at : at + 2], "big")
    return b""


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


def _apart_from_packet(data: bytes) -> bytes:
    kept, at = [], 0
    for segment in _segments(data):
        if segment.holds(APP1, XMP):
            kept.append(data[at : segment.begin])
            at = segment.end
    return b"".join([*kept, data[at:]])


def _read(data: bytes, limits: Media) -> tuple[object, ...]:
    """Return what must stay the same, as others read it."""
    image = decode(BytesIO(data), limits)
    profile = image.info.get("icc_profile")
    pixels = _hash_of(image, limits)
    try:
        metadata = read_metadata_of(data)
    except MetadataError as error:
        raise _unsafe(str(error)) from error
    return pixels, profile, metadata.exif, metadata.iptc


def _hash_of(image: Image, limits: Media) -> bytes:
    """Return a hash over all pictures of a file, sizes and modes included."""
    digest = hashlib.blake2b()
    with refusing_damage():
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            check_size(*image.size, limits)
            digest.update(f"{image.size} {image.mode}".encode())
            for top in range(0, image.height, STRIP):
                rows = image.crop((0, top, image.width, min(top + STRIP, image.height)))
                digest.update(rows.tobytes())
    return digest.digest()


def _unsafe(reason: str) -> RefusedError:
    return RefusedError(RefusalKind.UNSUPPORTED, f"nothing is written into it: {reason}")
