from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from support.clips import numbered, write_clip

from realqa_agent.capture import CaptureFacts
from realqa_agent.media.exif import Metadata
from realqa_agent.media.facts import facts_of_clip, facts_of_photo, read_facts


def facts(exif: Mapping[str, str]) -> CaptureFacts:
    return facts_of_photo(Metadata(exif=exif, iptc={}, packet=b"", mime_type="image/jpeg"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".heic", ".avif"])
def test_facts_are_read_from_every_format(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "Canon EOS 6D"
    exif.get_ifd(0x8769).update(
        {
            0x829A: IFDRational(1, 250),
            0x829D: IFDRational(28, 10),
            0x8827: 800,
            0x9003: "2024:06:01 18:30:00",
            0x9011: "+02:00",
            0x9204: IFDRational(-3, 2),
            0x9209: 1,
            0x920A: IFDRational(85, 1),
            0xA405: 136,
            0xA434: "EF85mm f/1.8 USM",
        }
    )
    Image.new("RGB", (60, 40)).save(tmp_path / f"a{suffix}", exif=exif)
    assert read_facts(tmp_path / f"a{suffix}") == CaptureFacts(
        camera="Canon EOS 6D",
        lens="EF85mm f/1.8 USM",
        taken_at="2024-06-01T18:30:00+02:00",
        shutter_s=1 / 250,
        aperture=2.8,
        iso=800,
        focal_length_mm=85,
        focal_length_35mm=136,
        exposure_bias_ev=-1.5,
        flash=True,
    )


def test_a_photo_without_metadata_has_no_facts(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg")
    assert read_facts(tmp_path / "a.jpg") == CaptureFacts()


@pytest.mark.parametrize("name", ["a.jpg", "a.nef", "a.mp4"])
def test_bad_metadata_give_no_facts_and_no_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe1\xff\xffExif\0\0 and so on")
    assert read_facts(tmp_path / name) == CaptureFacts()


def test_names_that_are_not_utf8_do_not_lose_the_rest(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = b"Cam\xe9ra"
    exif.get_ifd(0x8769)[0x8827] = 400
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=exif)
    facts = read_facts(tmp_path / "a.jpg")
    assert (facts.camera, facts.iso) == ("Caméra", 400)


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("EASTMAN KODAK COMPANY", "KODAK CX7530 ZOOM", "KODAK CX7530 ZOOM"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("FUJIFILM\0\0  ", " X-T3\n", "FUJIFILM X-T3"),
        ("", "X-T3", "X-T3"),
        ("SONY", None, "SONY"),
        ("\0", " ", None),
        ("A" * 5000, None, "A" * 100),
    ],
)
def test_a_camera_is_named_as_people_name_it(make: str | None, model: str | None, camera: str | None) -> None:
    exif = {"Exif.Image.Make": make, "Exif.Image.Model": model}
    assert facts({key: value for key, value in exif.items() if value is not None}).camera == camera


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        ({"Exif.Photo.ExposureTime": "0/1", "Exif.Photo.ShutterSpeedValue": "8/1"}, {"shutter_s": 1 / 256}),
        ({"Exif.Photo.FNumber": "0/0", "Exif.Photo.ApertureValue": "4/1"}, {"aperture": 4}),
        ({"Exif.Photo.ShutterSpeedValue": "99999/1"}, {}),
        ({"Exif.Photo.ISOSpeedRatings": "200 0"}, {"iso": 200}),
        ({"Exif.Photo.ISOSpeedRatings": "65535", "Exif.Photo.RecommendedExposureIndex": "102400"}, {"iso": 102400}),
        ({"Exif.Photo.ISOSpeedRatings": "0"}, {}),
        ({"Exif.Photo.FocalLengthIn35mmFilm": "0"}, {}),
        ({"Exif.Photo.ExposureBiasValue": "0/1"}, {"exposure_bias_ev": 0}),
        ({"Exif.Photo.ExposureBiasValue": "0/0"}, {}),
        ({"Exif.Photo.Flash": "16"}, {"flash": False}),
        ({"Exif.Photo.Flash": "25"}, {"flash": True}),
        ({"Exif.Photo.DateTimeOriginal": "0000:00:00 00:00:00"}, {}),
        ({"Exif.Image.DateTimeOriginal": "2020:02:29 01:02:03"}, {"taken_at": "2020-02-29T01:02:03"}),
        (
            {"Exif.Photo.DateTimeOriginal": "2020:02:29 01:02:03", "Exif.Photo.SubSecTimeOriginal": "25 "},
            {"taken_at": "2020-02-29T01:02:03.250000"},
        ),
        (
            {"Exif.Photo.DateTimeOriginal": "2020:02:29 01:02:03", "Exif.Photo.OffsetTimeOriginal": "   :  "},
            {"taken_at": "2020-02-29T01:02:03"},
        ),
        ({"Exif.Photo.LensSpecification": "18/1 55/1 35/10 56/10"}, {"lens": "18-55 mm f/3.5-5.6"}),
        ({"Exif.Nikon3.Lens": "50/1 50/1 18/10 18/10"}, {"lens": "50 mm f/1.8"}),
        ({"Exif.Photo.LensSpecification": "70/1 200/1 0/0 0/0"}, {"lens": "70-200 mm"}),
        ({"Exif.Photo.LensSpecification": "0/0 0/0 0/0 0/0"}, {}),
    ],
    ids=str,
)
def test_values_as_cameras_write_them(exif: dict[str, str], expected: dict[str, object]) -> None:
    assert facts(exif) == CaptureFacts(**expected)  # type: ignore[arg-type]  # a table of fields


KEYS = st.sampled_from(
    [f"Exif.Photo.{name}" for name in ("ExposureTime", "FNumber", "ISOSpeedRatings", "Flash", "DateTimeOriginal")]
    + [f"Exif.Photo.{name}" for name in ("SubSecTimeOriginal", "OffsetTimeOriginal", "LensSpecification", "LensModel")]
    + ["Exif.Image.Make", "Exif.Image.Model", "Exif.Image.Orientation", "Exif.Photo.ApertureValue"]
    + [f"Exif.Canon.AF{name}" for name in ("ImageWidth", "ImageHeight", "PointsInFocus", "XPositions", "YPositions")]
    + ["Exif.Canon.AFAreaWidths", "Exif.Canon.AFAreaHeights", "Exif.Sony1.FocusLocation", "Exif.Sony1.FocusFrameSize"]
)
NUMBERS = st.lists(st.integers(-(2**32), 2**32).map(str) | st.from_regex(r"-?\d{1,3}/\d{1,3}", fullmatch=True)).map(
    " ".join
)


@settings(deadline=None)  # a busy machine is no defect
@given(st.dictionaries(KEYS, st.text() | NUMBERS))
def test_no_metadata_are_wild_enough_to_raise(exif: dict[str, str]) -> None:
    read = facts(exif)
    assert read.shutter_s is None or read.shutter_s > 0
    for region in read.focus_regions:
        assert 0 <= region.left < region.left + region.width <= 1 + 1e-9
        assert 0 <= region.top < region.top + region.height <= 1 + 1e-9


def test_a_clip_tells_camera_and_time(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["com.apple.quicktime.make"] = "Apple"
        container.metadata["com.apple.quicktime.model"] = "iPad mini"
        container.metadata["com.apple.quicktime.creationdate"] = "2023-09-22T18:34:05+0200"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    assert read_facts(tmp_path / "a.mp4") == CaptureFacts(
        camera="Apple iPad mini", taken_at="2023-09-22T18:34:05+02:00"
    )


def test_a_clip_may_tell_nothing(tmp_path: Path) -> None:
    assert read_facts(write_clip(tmp_path / "a.mp4", numbered(3))) == CaptureFacts()
    assert facts_of_clip({"creation_time": "yesterday"}) == CaptureFacts()
    assert facts_of_clip({"creation_time": "2005-10-28T17:46:46.000000Z"}).taken_at == "2005-10-28T17:46:46+00:00"
