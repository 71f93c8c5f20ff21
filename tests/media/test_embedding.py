"""A packet into a copy of a JPEG: the packet's segment changes and nothing else, or there is no copy."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pyexiv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from support.pictures import scene
from support.sidecars import packet

from realqa_agent.config import Media
from realqa_agent.errors import RefusedError
from realqa_agent.media import embedding
from realqa_agent.media.embedding import LARGEST_PACKET, XMP, embedded_copy, with_packet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMITS = Media()
PACKET = packet(attributes='xmp:Rating="3"')


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (2 + len(body)).to_bytes(2, "big") + body


@pytest.fixture(scope="module")
def plain() -> bytes:
    file = io.BytesIO()
    scene(1, 64, 48).save(file, "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return file.getvalue()


@pytest.fixture(scope="module")
def full(plain: bytes) -> bytes:
    """The same with Exif, IPTC, a packet, a comment and something behind the picture."""
    with pyexiv2.ImageData(plain) as image:
        image.modify_exif({"Exif.Image.Make": "Canon", "Exif.Photo.UserComment": "mine"})
        image.modify_iptc({"Iptc.Application2.Keywords": ["sea"]})
        image.modify_xmp({"Xmp.xmp.Rating": "4"})
        image.modify_comment("a comment")
        return bytes(image.get_bytes()) + b"a clip behind the picture"


def without_packet(data: bytes) -> bytes:
    begin = data.find(b"\xff\xe1", data.index(XMP) - 4)
    return data[:begin] + data[begin + 2 + int.from_bytes(data[begin + 2 : begin + 4], "big") :]


def xmp_of(data: bytes) -> bytes:
    found: bytes = Image.open(io.BytesIO(data)).info["xmp"]
    return found


def test_a_first_packet_goes_behind_the_first_segments(plain: bytes) -> None:
    copy = embedded_copy(plain, PACKET, LIMITS)
    assert xmp_of(copy) == PACKET
    assert without_packet(copy) == plain
    assert copy.index(b"JFIF") < copy.index(XMP) < copy.index(b"ICC_PROFILE")


def test_a_packet_is_replaced_where_it_stands(full: bytes) -> None:
    copy = embedded_copy(full, PACKET, LIMITS)
    assert xmp_of(copy) == PACKET
    assert without_packet(copy) == without_packet(full)
    assert copy.endswith(b"a clip behind the picture")
    assert embedded_copy(copy, xmp_of(full), LIMITS) == full


SPECIAL = (XMP, embedding.EXTENDED_XMP, embedding.MPF, embedding.EXIF, b"c2pa", *embedding.AFCP)
"""What the module looks for: hypothesis takes it from there, and other tests are about it."""

PLAIN = st.binary(max_size=200).filter(lambda body: not any(word in body for word in SPECIAL))


@given(st.lists(st.tuples(st.integers(0xE0, 0xFE), PLAIN), max_size=6), PLAIN)
def test_whatever_stands_before_the_picture_stays(segments: list[tuple[int, bytes]], behind: bytes) -> None:
    head = b"".join(segment(marker, body) for marker, body in segments)
    data = b"\xff\xd8" + head + b"\xff\xda\0\x08" + behind
    copy = with_packet(data, PACKET)
    assert without_packet(copy) == data
    assert with_packet(copy, b"other").count(XMP) == 1


@pytest.mark.parametrize(
    ("data", "packet_", "reason"),
    [
        (b"\x89PNG\r\n", PACKET, "only JPEG"),
        (b"", PACKET, "only JPEG"),
        (b"\xff\xd8\xff\xe1\x7f", PACKET, "damaged"),
        (b"\xff\xd8\xff\xe1\x7f\xff..", PACKET, "damaged"),
        (b"\xff\xd8\xff\xe1\0\1....", PACKET, "damaged"),
        (b"\xff\xd8" + 2 * segment(0xE1, XMP + b"<a/>") + b"\xff\xda..", PACKET, "two XMP packets"),
        (b"\xff\xd8" + segment(0xE1, embedding.EXTENDED_XMP) + b"\xff\xda..", PACKET, "second part"),
        (b"\xff\xd8" + segment(0xE2, b"MPF\0") + segment(0xE1, XMP) + b"\xff\xda..", PACKET, "further pictures"),
        (b"\xff\xd8\xff\xda..", b"x" * (LARGEST_PACKET + 1), "more than"),
        (b"\xff\xd8" + segment(0xEB, b"JP\0\1....jumbc2pa") + b"\xff\xda..", PACKET, "is signed"),
        (b"\xff\xd8\xff\xda\0\2.\xff\xd9" + b"AXS!........", PACKET, "AFCP"),
    ],
)
def test_what_is_not_safe_is_refused(data: bytes, packet_: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        with_packet(data, packet_)


def with_maker_note(order: str) -> bytes:
    """Return a JPEG with a maker note, its Exif block in this byte order."""
    exif, file = Image.Exif(), io.BytesIO()
    exif.endian = order
    exif.get_ifd(0x8769)[0x927C] = b"MAKER\0 with a preview somewhere"
    # Restarts: markers within the coded data do not end it.
    scene(1, 64, 48).save(file, "JPEG", exif=exif.tobytes(), restart_marker_blocks=1, progressive=order == ">")
    return file.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_preview_that_the_maker_notes_count_to_stays_where_it_is(order: str) -> None:
    data, preview = with_maker_note(order), b"a preview behind the picture"
    with pytest.raises(RefusedError, match="maker notes"):
        embedded_copy(data + preview, PACKET, LIMITS)
    alone = embedded_copy(data, PACKET, LIMITS)
    assert xmp_of(alone) == PACKET
    assert embedded_copy(data + bytes(512), PACKET, LIMITS) == alone + bytes(512)
    # Nothing moves against the Exif block: a packet as long as the one before, and one in front of the block.
    other = PACKET.replace(b'Rating="3"', b'Rating="1"')
    assert xmp_of(embedded_copy(alone + preview, other, LIMITS)) == other
    in_front = data[:2] + segment(0xE1, XMP + PACKET) + data[2:] + preview
    assert embedded_copy(in_front, PACKET + b"  ", LIMITS).endswith(data[2:] + preview)


def test_an_end_within_a_segment_is_not_the_end_of_the_picture() -> None:
    noted = segment(0xE1, embedding.EXIF + b"II*\0\x7c\x92\x07\0")
    data = b"\xff\xd8" + noted + segment(0xDA, b"...") + b"coded" + segment(0xFE, b"\xff\xd9!") + b"coded\xff\xd9"
    assert without_packet(with_packet(data, PACKET)) == data


def test_the_largest_packet_fits_and_reads_back(plain: bytes) -> None:
    large = PACKET + b" " * (LARGEST_PACKET - len(PACKET))
    assert xmp_of(embedded_copy(plain, large, LIMITS)) == large


def test_a_multi_picture_file_keeps_its_other_pictures(tmp_path: Path) -> None:
    pictures = [scene(seed, 64, 48) for seed in (1, 2)]
    pictures[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=pictures[1:])
    data = (tmp_path / "a.jpg").read_bytes()
    try:
        copy = embedded_copy(data, PACKET, LIMITS)
    except RefusedError:
        pytest.fail("the packet goes before the index, so the distances stay")
    with Image.open(io.BytesIO(data)) as one, Image.open(io.BytesIO(copy)) as other:
        for number in (0, 1):
            one.seek(number)
            other.seek(number)
            assert one.tobytes() == other.tobytes()


DAMAGE = {
    "Exif": lambda data: data.replace(b"Canon", b"Kanon"),
    "IPTC": lambda data: data.replace(b"sea", b"see"),
    "profile": lambda data: data.replace(b"\0s\0R\0G\0B", b"\0x\0R\0G\0B"),
    "profile lost": lambda data: data.replace(b"ICC_PROFILE", b"icc_profile"),
    "packet": lambda data: data.replace(b'xmp:Rating="3"', b'xmp:Rating="5"'),
    "pixels": lambda data: data[: data.index(b"\xff\xda") + 60] + b"\0\0\0\0" + data[data.index(b"\xff\xda") + 64 :],
    "cut": lambda data: data[: len(data) // 2],
    "nothing left": lambda _: b"",
}
"""What a reader of the copy would notice."""

HIDDEN = {
    "comment": lambda data: data.replace(b"a comment", b"A comment"),
    "JFIF": lambda data: data.replace(b"JFIF\0\1\1\0", b"JFIF\0\1\1\1"),
    "a segment more": lambda data: data[:2] + segment(0xFE, b"ours") + data[2:],
    "behind": lambda data: data.replace(b"a clip", b"A clip"),
    "less behind": lambda data: data[:-1],
}
"""What neither the pixels nor Exif nor IPTC tell."""


def damaging(monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]) -> None:
    right = embedding.with_packet
    monkeypatch.setattr(embedding, "with_packet", lambda data, packet_: damage(right(data, packet_)))


@pytest.mark.parametrize("damage", [*DAMAGE, *HIDDEN])
def test_a_copy_that_differs_in_more_than_the_packet_never_leaves(
    full: bytes, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaging(monkeypatch, (DAMAGE | HIDDEN)[damage])
    with pytest.raises(RefusedError):
        embedded_copy(full, PACKET, LIMITS)


@pytest.mark.parametrize("damage", DAMAGE)
def test_reading_the_copy_is_a_net_of_its_own(full: bytes, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_apart_from_packet", lambda _: b"")
    assert embedded_copy(full, PACKET, LIMITS)
    damaging(monkeypatch, DAMAGE[damage])
    with pytest.raises(RefusedError):
        embedded_copy(full, PACKET, LIMITS)


def test_further_pictures_are_read_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [scene(seed, 64, 48) for seed in (1, 2)]
    pictures[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=pictures[1:])
    monkeypatch.setattr(embedding, "_apart_from_packet", lambda _: b"")
    damaging(monkeypatch, lambda data: data[:-40] + bytes(20) + data[-20:])
    with pytest.raises(RefusedError, match="same picture"):
        embedded_copy((tmp_path / "a.jpg").read_bytes(), PACKET, LIMITS)


def test_further_pictures_are_bound_by_the_limits_too(tmp_path: Path) -> None:
    large = Image.new("RGB", (1100, 1000))
    scene(1, 64, 48).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[large])
    data = (tmp_path / "a.jpg").read_bytes()
    assert embedded_copy(data, PACKET, LIMITS)
    with pytest.raises(RefusedError, match="over the limit"):
        embedded_copy(data, PACKET, Media(max_megapixels=1))


@pytest.mark.corpus
def test_real_photos_give_a_copy_or_a_reason(shared_data: Path) -> None:
    copied, reasons = 0, []
    for path in sorted((shared_data / "formats").rglob("*")):
        if path.suffix.lower() not in {".jpg", ".jpeg"} or "negative" in path.parts:
            continue
        data = path.read_bytes()
        try:
            copy = embedded_copy(data, PACKET, LIMITS)
        except RefusedError as error:
            reasons.append(f"{path.name}: {error.message}")
        else:
            copied += 1
            had_one = XMP in data[:200_000]
            assert xmp_of(copy) == PACKET
            assert without_packet(copy) == (without_packet(data) if had_one else data), path.name
            if had_one:
                assert embedded_copy(copy, xmp_of(data), LIMITS) == data, path.name
    assert copied >= 45, os.linesep.join(reasons)
    assert len(reasons) <= 8


@pytest.mark.corpus
def test_real_files_of_other_formats_and_broken_ones_are_left_alone(shared_data: Path) -> None:
    files = {path: path.read_bytes() for path in (shared_data / "formats").rglob("*") if path.is_file()}
    others = [path for path, data in files.items() if not data.startswith(b"\xff\xd8")]
    broken = [path for path in files if path.suffix.lower() in {".jpg", ".jpeg"} and "negative" in path.parts]
    assert len(others) > 100
    assert broken
    for path in others + broken:
        with pytest.raises(RefusedError):
            embedded_copy(files[path], PACKET, LIMITS)
