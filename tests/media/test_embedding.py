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


@given(st.lists(st.tuples(st.integers(0xE0, 0xFE), st.binary(max_size=50)), max_size=6), st.binary(max_size=200))
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
    ],
)
def test_what_is_not_safe_is_refused(data: bytes, packet_: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        with_packet(data, packet_)


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


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"Canon", b"Kanon"),
        lambda data: data.replace(b"sea", b"see"),
        lambda data: data.replace(b"\0s\0R\0G\0B", b"\0x\0R\0G\0B"),
        lambda data: data.replace(b'xmp:Rating="3"', b'xmp:Rating="5"'),
        lambda data: data[: data.index(b"\xff\xda") + 60] + b"\0\0\0\0" + data[data.index(b"\xff\xda") + 64 :],
        lambda data: data[: len(data) // 2],
    ],
)
def test_a_copy_that_is_not_the_same_picture_never_leaves(
    full: bytes, damage: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = embedding.with_packet
    monkeypatch.setattr(embedding, "with_packet", lambda *given: damage(right(*given)))  # type: ignore[operator]  # a function
    with pytest.raises(RefusedError):
        embedded_copy(full, PACKET, LIMITS)


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
            assert xmp_of(copy) == PACKET
            assert without_packet(copy) == (without_packet(data) if XMP in data[:200_000] else data), path.name
    assert copied >= 45, os.linesep.join(reasons)
    assert len(reasons) <= 8
