from __future__ import annotations

import struct
from pathlib import Path

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
