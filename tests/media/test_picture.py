from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps
from support.pictures import scene

from realqa_agent.capture import CaptureFacts, Region
from realqa_agent.media.orientation import turn_for
from realqa_agent.media.picture import Picture

ORIENTATION = 0x0112


def tagged(rgb: npt.NDArray[np.uint8], orientation: int) -> Image.Image:
    image = Image.fromarray(rgb)
    image.getexif()[ORIENTATION] = orientation
    return image


def upright(rgb: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """What Pillow makes of it: our oracle."""
    return np.asarray(ImageOps.exif_transpose(tagged(rgb, orientation)))


@settings(deadline=None)  # a busy machine is no defect
@given(st.data(), st.integers(1, 8), st.integers(1, 40), st.integers(1, 40))
def test_a_tile_is_cut_from_the_upright_picture(data: st.DataObject, orientation: int, width: int, height: int) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = upright(stored, orientation)
    picture = Picture(Image.fromarray(stored), turn=turn_for(orientation))
    assert (picture.height, picture.width) == expected.shape[:2]
    left = data.draw(st.integers(0, picture.width - 1))
    top = data.draw(st.integers(0, picture.height - 1))
    right = data.draw(st.integers(left + 1, picture.width))
    bottom = data.draw(st.integers(top + 1, picture.height))
    tile = picture.tile(left, top, right - left, bottom - top)
    assert tile.dtype == np.uint8
    np.testing.assert_array_equal(tile, expected[top:bottom, left:right])


@settings(deadline=None)  # a busy machine is no defect
@given(st.integers(1, 8), st.integers(1, 60), st.integers(1, 60), st.integers(1, 100))
def test_an_overview_is_upright_and_never_enlarged(orientation: int, width: int, height: int, long_side: int) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = upright(stored, orientation)
    overview = Picture(Image.fromarray(stored), turn=turn_for(orientation)).overview(long_side)
    assert max(overview.shape[:2]) == min(long_side, max(width, height))
    if long_side >= max(width, height):
        np.testing.assert_array_equal(overview, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_overview_looks_like_the_upright_picture(orientation: int) -> None:
    stored = np.asarray(scene(1, 480, 320))
    expected = Image.fromarray(upright(stored, orientation))
    expected.thumbnail((100, 100), Image.Resampling.BOX)
    overview = Picture(Image.fromarray(stored), turn=turn_for(orientation)).overview(100)
    assert overview.shape[:2] == (expected.height, expected.width)
    difference = np.abs(overview.astype(int) - np.asarray(expected).astype(int))
    assert difference.mean() < 4


@settings(deadline=None)  # a busy machine is no defect
@given(
    st.integers(1, 8),
    st.builds(
        Region,
        left=st.sampled_from([0.0, 0.25, 0.5]),
        top=st.sampled_from([0.0, 0.25, 0.75]),
        width=st.sampled_from([0.25, 0.5]),
        height=st.sampled_from([0.125, 0.25]),
    ),
)
def test_a_region_turns_with_the_pixels(orientation: int, region: Region) -> None:
    stored = np.zeros((64, 32, 3), dtype=np.uint8)
    fill(stored, region)
    turned = np.zeros_like(upright(stored, orientation))
    fill(turned, turn_for(orientation).region(region))
    np.testing.assert_array_equal(upright(stored, orientation), turned)


def fill(pixels: npt.NDArray[np.uint8], region: Region) -> None:
    height, width = pixels.shape[:2]
    left, top = round(region.left * width), round(region.top * height)
    pixels[top : top + round(region.height * height), left : left + round(region.width * width)] = 255


@pytest.mark.parametrize("orientation", [0, 9, -1, 65536, None, "6", (6,), b"\6"])
def test_an_orientation_that_does_not_exist_counts_as_upright(orientation: object) -> None:
    assert turn_for(orientation) == turn_for(1)


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 5), (0, 0, 61, 1), (-1, 0, 5, 5), (58, 0, 3, 1), (0, 38, 5, 3), (0, 0, 5, -1)]
)
def test_a_tile_outside_the_picture_is_a_mistake_of_the_caller(
    corners: npt.NDArray[np.uint8], box: tuple[int, int, int, int]
) -> None:
    with pytest.raises(ValueError, match="not inside"):
        Picture.from_array(corners).tile(*box)


def test_a_picture_from_an_array_gives_the_array_back(corners: npt.NDArray[np.uint8]) -> None:
    facts = CaptureFacts(iso=800)
    picture = Picture.from_array(corners, facts=facts)
    assert (picture.width, picture.height, picture.facts, picture.camera_pixels) == (60, 40, facts, True)
    np.testing.assert_array_equal(picture.tile(0, 0, 60, 40), corners)
    np.testing.assert_array_equal(picture.overview(60), corners)


def test_an_overview_is_kept_and_can_not_be_spoilt(corners: npt.NDArray[np.uint8]) -> None:
    picture = Picture.from_array(corners)
    assert picture.overview(30) is picture.overview(30)
    with pytest.raises(ValueError, match="read-only"):
        picture.overview(30)[0, 0] = 0
    with pytest.raises(ValueError, match="0 pixels"):
        picture.overview(0)


def display_p3() -> bytes:
    """An ICC profile (version 2, matrix and gamma 2.2) with the primaries of Display P3."""

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65536) for part in (x, y, z)))

    parts = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + bytes(12 + 67),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        b"rTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)),
    }
    table, data, offset = b"", b"", 128 + 4 + 12 * (len(parts) + 2)
    where = {}
    for name, part in parts.items():
        where[name] = (offset + len(data), len(part))
        data += part + b"\0" * (-len(part) % 4)
    where[b"gTRC"] = where[b"bTRC"] = where[b"rTRC"]
    for name, (at, size) in where.items():
        table += name + struct.pack(">II", at, size)
    size = 132 + len(table) + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(where)) + table + data


@pytest.mark.parametrize("orientation", [1, 6])
def test_colours_of_a_piece_are_those_of_the_whole_converted(orientation: int) -> None:
    stored = scene(3, 120, 80)
    source = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
    whole = ImageCms.profileToProfile(stored, source, ImageCms.createProfile("sRGB"))
    assert whole is not None
    expected = upright(np.asarray(whole), orientation)
    picture = Picture(stored, turn=turn_for(orientation), profile=display_p3())
    np.testing.assert_array_equal(picture.tile(10, 20, 30, 40), expected[20:60, 10:40])
    np.testing.assert_array_equal(picture.overview(500), expected)
    assert not np.array_equal(expected, upright(np.asarray(stored), orientation)), "the profile changes nothing"


@pytest.mark.parametrize("profile", [b"", b"not a profile", b"\0" * 128], ids=["none", "text", "zeros"])
def test_colours_with_a_broken_profile_are_shown_as_they_are(corners: npt.NDArray[np.uint8], profile: bytes) -> None:
    picture = Picture(Image.fromarray(corners), profile=profile)
    np.testing.assert_array_equal(picture.tile(0, 0, 60, 40), corners)


def test_a_profile_for_other_pixels_is_passed_over() -> None:
    picture = Picture(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), profile=display_p3())
    assert picture.tile(0, 0, 1, 1).tolist() == [[[255, 0, 0]]]


def test_an_srgb_profile_changes_nothing(corners: npt.NDArray[np.uint8]) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(Picture(Image.fromarray(corners), profile=srgb).overview(60), corners)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (20, 20), 77), (77, 77, 77)),
        (Image.new("1", (20, 20), 1), (255, 255, 255)),
        (Image.new("P", (20, 20), 0), (0, 0, 0)),
        (Image.new("I;16", (20, 20), 51400), (200, 200, 200)),
        (Image.new("CMYK", (20, 20), (0, 0, 0, 255)), (0, 0, 0)),
        (Image.new("RGBA", (20, 20), (255, 0, 0, 255)), (255, 0, 0)),
        (Image.new("RGBA", (20, 20), (255, 0, 0, 0)), (128, 128, 128)),
        (Image.new("LA", (20, 20), (255, 0)), (128, 128, 128)),
        (Image.new("YCbCr", (20, 20), (90, 128, 128)), (90, 90, 90)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else "",
)
def test_all_kinds_of_pixels_become_srgb(image: Image.Image, expected: tuple[int, int, int]) -> None:
    picture = Picture(image)
    assert tuple(picture.tile(3, 4, 5, 6)[0, 0]) == expected
    assert tuple(picture.overview(10)[0, 0]) == expected
