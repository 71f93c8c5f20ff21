from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyexiv2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from support.clips import numbered, write_clip
from support.dng import dng

from realqa_agent.capture import Embedded
from realqa_agent.media.embedded import read_embedded

PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '  <!-- été --><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>\n'
    "</rdf:RDF></x:xmpmeta>\n     \n"
    '<?xpacket end="w"?>'
).encode()
IPTC = "Iptc.Application2"
UUID_OF_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def save_with(packet: bytes, path: Path) -> Path:
    options: dict[str, object] = {"xmp": packet}
    if path.suffix == ".png":
        options = {"pnginfo": PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode())  # type: ignore[attr-defined]  # just made
    elif path.suffix == ".tif":
        options = {"tiffinfo": {700: packet}}
    Image.new("RGB", (60, 40)).save(path, **options)  # type: ignore[arg-type]  # differ by format
    return path


def photo_with(
    path: Path,
    *,
    exif: Mapping[str, str] = MappingProxyType({}),
    iptc: Mapping[str, str | Sequence[str]] = MappingProxyType({}),
    encoding: str = "utf-8",
) -> Path:
    Image.new("RGB", (60, 40)).save(path)
    with pyexiv2.Image(str(path)) as image:
        image.modify_exif(dict(exif))
        image.modify_iptc(dict(iptc), encoding=encoding)
    return path


def repeated(tag: int, kind: int) -> bytes:
    """Return an Exif block in which a tag stands twice."""
    entries = b"".join(struct.pack("<HHI4s", tag, kind, 4, text) for text in (b"one", b"two"))
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".heic", ".avif"])
def test_the_packet_comes_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    assert read_embedded(save_with(PACKET, tmp_path / f"a{suffix}")) == Embedded(packet=PACKET)


def test_a_packet_that_exiv2_makes_nothing_of_is_not_lost(tmp_path: Path) -> None:
    odd = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><nothing/></x:xmpmeta>"
    assert read_embedded(save_with(odd, tmp_path / "a.jpg")).packet == odd


@pytest.mark.parametrize("rating", [0, 1, 5])
def test_the_exif_rating_is_read_and_zero_is_a_value(tmp_path: Path, rating: int) -> None:
    exif = Image.Exif()
    exif[0x4746] = rating
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=exif)
    assert read_embedded(tmp_path / "a.jpg") == Embedded(rating=rating)


def test_a_rejected_photo_has_the_rating_minus_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x4746] = 65535
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=exif)
    assert read_embedded(tmp_path / "a.jpg").rating == -1


def test_the_texts_of_iptc_come_before_those_of_exif(tmp_path: Path) -> None:
    path = photo_with(
        tmp_path / "a.jpg",
        exif={"Exif.Image.ImageDescription": "no", "Exif.Image.Artist": "no", "Exif.Image.Copyright": "no"},
        iptc={
            f"{IPTC}.ObjectName": "Harbour",
            f"{IPTC}.Caption": "Boats,\ntwo of them ",
            f"{IPTC}.Byline": ["Ada", "Bo"],
            f"{IPTC}.Copyright": "\N{COPYRIGHT SIGN} Ada",
            f"{IPTC}.Keywords": ["sea", "for\xeat", "sea", " "],
        },
    )
    assert read_embedded(path) == Embedded(
        title="Harbour",
        description="Boats,\ntwo of them",
        creators=("Ada", "Bo"),
        rights="\N{COPYRIGHT SIGN} Ada",
        keywords=("sea", "for\xeat"),
    )


def test_the_texts_of_exif_stand_in_for_missing_ones(tmp_path: Path) -> None:
    exif = {"Exif.Image.ImageDescription": "Boats", "Exif.Image.Artist": "Jos\xe9", "Exif.Image.Copyright": "mine"}
    path = photo_with(tmp_path / "a.jpg", exif=exif, iptc={f"{IPTC}.Caption": " ", f"{IPTC}.Byline": [""]})
    assert read_embedded(path) == Embedded(description="Boats", creators=("Jos\xe9",), rights="mine")


@pytest.mark.parametrize(
    ("comment", "description"),
    [
        ("charset=Ascii a comment", "a comment"),
        ("charset=Unicode \u4e2d\xe9", "\u4e2d\xe9"),
        ("charset=Ascii      ", "Boats"),
        ("of no known charset", "Boats"),
    ],
)
def test_an_exif_comment_describes_the_photo_if_it_is_text(tmp_path: Path, comment: str, description: str) -> None:
    exif = {"Exif.Photo.UserComment": comment, "Exif.Image.ImageDescription": "Boats"}
    assert read_embedded(photo_with(tmp_path / "a.jpg", exif=exif)) == Embedded(description=description)


@pytest.mark.parametrize("text", [" " * 31, "OLYMPUS DIGITAL CAMERA         ", "SONY DSC"])
def test_what_a_camera_puts_into_every_photo_describes_nothing(tmp_path: Path, text: str) -> None:
    exif = {"Exif.Image.ImageDescription": text, "Exif.Image.Artist": " ", "Exif.Image.Copyright": "    "}
    assert read_embedded(photo_with(tmp_path / "a.jpg", exif=exif)) == Embedded()


def test_each_text_is_read_in_its_own_encoding(tmp_path: Path) -> None:
    iptc = {f"{IPTC}.Caption": "\u201ccaf\xe9\u201d", f"{IPTC}.Keywords": ["for\xeat"]}
    path = photo_with(tmp_path / "a.jpg", exif={"Exif.Image.Artist": "Jos\xe9"}, iptc=iptc, encoding="cp1252")
    with pyexiv2.Image(str(path)) as image:
        image.modify_iptc({f"{IPTC}.ObjectName": "\u4e2d"})
    embedded = read_embedded(path)
    assert embedded == Embedded(
        title="\u4e2d", description="\u201ccaf\xe9\u201d", creators=("Jos\xe9",), keywords=("for\xeat",)
    )


def test_a_hostile_file_is_not_read_without_end(tmp_path: Path) -> None:
    iptc = {f"{IPTC}.Caption": "x" * 30_000, f"{IPTC}.Keywords": [f"{number:030000}" for number in range(2)]}
    embedded = read_embedded(photo_with(tmp_path / "long.jpg", iptc=iptc))
    assert len(embedded.description or "") == 10_000
    assert [len(keyword) for keyword in embedded.keywords] == [256]
    many = {f"{IPTC}.Keywords": [str(number) for number in range(1500)]}
    assert len(read_embedded(photo_with(tmp_path / "many.jpg", iptc=many)).keywords) == 1000


@pytest.mark.parametrize(
    ("tag", "read"),
    [
        pytest.param(0x010E, Embedded(description="one"), id="ImageDescription"),
        pytest.param(0x4746, Embedded(problem="Exif.Image.Rating is 'one', not a whole number"), id="Rating"),
    ],
)
def test_of_a_tag_that_stands_there_twice_the_first_is_read(tmp_path: Path, tag: int, read: Embedded) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=repeated(tag, 2))
    assert read_embedded(tmp_path / "a.jpg") == read


def test_a_title_of_windows_that_stands_there_twice_is_no_crash(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=repeated(0x9C9B, 1))
    assert read_embedded(tmp_path / "a.jpg").problem


def test_nothing_embedded_is_no_problem(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg")
    assert read_embedded(tmp_path / "a.jpg") == Embedded()


def test_a_raw_file_has_a_packet_too(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng(np.zeros((40, 60, 3), dtype=np.uint8)))
    with pyexiv2.Image(str(tmp_path / "a.dng")) as image:
        image.modify_xmp({"Xmp.xmp.Rating": "3"})
    packet = read_embedded(tmp_path / "a.dng").packet
    assert packet is not None
    assert b'xmp:Rating="3"' in packet


def test_a_rating_that_is_no_number_is_named(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x4746] = "four"
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=exif)
    embedded = read_embedded(tmp_path / "a.jpg")
    assert embedded.problem is not None
    assert "four" in embedded.problem


@pytest.mark.parametrize("name", ["a.jpg", "a.cr3", "a.mp4"])
def test_metadata_that_can_not_be_read_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"dear diary")
    embedded = read_embedded(tmp_path / name)
    assert (embedded.packet, embedded.rating) == (None, None)
    assert embedded.problem
    assert "/proc" not in embedded.problem


def test_a_clips_packet_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(5))
    box = struct.pack(">I", 24 + len(PACKET)) + b"uuid" + UUID_OF_XMP + PACKET
    with path.open("ab") as file:
        file.write(box)
    assert read_embedded(path) == Embedded(packet=PACKET)


def test_a_clip_without_one_is_no_problem(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv", ".avi"):
        assert read_embedded(write_clip(tmp_path / f"a{suffix}", numbered(5))) == Embedded()
