from __future__ import annotations

import io
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from support.pictures import scene

from realqa_agent.config import Media
from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.opening import open_photo

ORIENTATION = 0x0112


def save(path: Path, image: Image.Image, **options: Any) -> Path:
    """Write a picture in the format that the suffix names, as exactly as that format can."""
    exact = {"lossless": True} if path.suffix == ".webp" else {"quality": 100}
    image.save(path, **exact, **options)
    return path


def refusal(path: Path, limits: Media) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        open_photo(path, limits)
    return refused.value


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".heic", ".avif"])
def test_all_formats_open(tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8], suffix: str) -> None:
    picture = open_photo(save(tmp_path / f"a{suffix}", Image.fromarray(corners)), limits)
    assert (picture.width, picture.height, picture.camera_pixels) == (60, 40, True)
    assert is_near(picture.overview(60), corners)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_orientation_is_honoured_exactly_once(
    tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8], suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    photo = save(tmp_path / f"a{suffix}", Image.fromarray(corners), exif=exif)
    with Image.open(photo) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    picture = open_photo(photo, limits)
    assert (picture.height, picture.width) == expected.shape[:2]
    assert (picture.height > picture.width) == (orientation >= 5)
    np.testing.assert_array_equal(picture.tile(0, 0, picture.width, picture.height), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heif_is_turned_by_its_container_and_not_again(
    tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8], orientation: int
) -> None:
    tagged = Image.fromarray(corners)
    tagged.getexif()[ORIENTATION] = orientation
    # Writes the orientation into the container and leaves it in Exif, as phones do.
    pillow_heif.from_pillow(Image.fromarray(corners)).save(
        tmp_path / "a.heic", quality=100, exif=tagged.getexif().tobytes()
    )
    expected = np.asarray(ImageOps.exif_transpose(tagged))
    picture = open_photo(tmp_path / "a.heic", limits)
    assert is_near(picture.tile(0, 0, picture.width, picture.height), expected)


def test_a_sixteen_bit_tiff_keeps_its_tones(tmp_path: Path, limits: Media) -> None:
    ramp = np.linspace(0, 65535, 40 * 60).astype(np.uint16).reshape(40, 60)
    Image.fromarray(ramp).save(tmp_path / "a.tif")
    picture = open_photo(tmp_path / "a.tif", limits)
    np.testing.assert_array_equal(picture.overview(60)[..., 0], ramp >> 8)


def test_floating_point_pixels_are_refused(tmp_path: Path, limits: Media) -> None:
    Image.fromarray(np.ones((40, 60), dtype=np.float32)).save(tmp_path / "a.tif")
    error = refusal(tmp_path / "a.tif", limits)
    assert (error.kind, "floating point" in error.message) == (RefusalKind.UNSUPPORTED, True)


def test_the_content_decides_not_the_name(tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(corners).save(tmp_path / "a.jpg", "PNG")
    np.testing.assert_array_equal(open_photo(tmp_path / "a.jpg", limits).overview(60), corners)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"dear diary, " * 400, RefusalKind.UNSUPPORTED),
        (b"\n", RefusalKind.UNSUPPORTED),
        (bytes(65536), RefusalKind.CORRUPT),
        (b"\xff\xd8\xff\xe0 and then nothing", RefusalKind.CORRUPT),
        (b"\0\0\0\x18ftypheic and then nothing", RefusalKind.CORRUPT),
        (b"\0\0\0\x18ftypmp42 and then a clip", RefusalKind.UNSUPPORTED),
    ],
    ids=["text", "one byte", "zeros", "JPEG", "HEIC", "MP4"],
)
def test_other_content_is_refused(tmp_path: Path, limits: Media, content: bytes, kind: RefusalKind) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert refusal(tmp_path / "a.jpg", limits).kind == kind


def test_formats_that_nobody_asked_for_are_refused(tmp_path: Path, limits: Media) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", "GIF")
    assert refusal(tmp_path / "a.jpg", limits).kind == RefusalKind.UNSUPPORTED


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".heic", ".avif"])
@pytest.mark.parametrize("share", [0.02, 0.6, 0.95])
def test_a_cut_photo_is_refused(tmp_path: Path, limits: Media, suffix: str, share: float) -> None:
    photo = save(tmp_path / f"a{suffix}", scene(1))
    whole = photo.read_bytes()
    photo.write_bytes(whole[: int(len(whole) * share)])
    assert refusal(photo, limits).kind == RefusalKind.CORRUPT


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_a_damaged_photo_opens_or_is_refused_but_nothing_else(
    tmp_path: Path, limits: Media, data: st.DataObject
) -> None:
    suffix = data.draw(st.sampled_from([".jpg", ".png", ".tif", ".webp"]))
    content = bytearray(save(tmp_path / f"whole{suffix}", scene(1, 64, 48)).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    photo = tmp_path / f"a{suffix}"
    photo.write_bytes(content)
    try:
        open_photo(photo, limits).overview(32)
    except RefusedError as error:
        assert error.message  # noqa: PT017 - either outcome is right


def test_a_bomb_is_refused_by_its_header_without_a_warning(tmp_path: Path, limits: Media) -> None:
    side = 16384
    head = side.to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(bytes((side + 1) * 16))
    chunks = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
            for name, body in chunks
        )
    )
    with warnings.catch_warnings(record=True, action="always") as warned:
        error = refusal(tmp_path / "a.png", limits)
    assert error.kind == RefusalKind.TOO_LARGE
    assert "16384×16384" in error.message  # noqa: RUF001 - as people read it
    assert "media.max_megapixels" in error.message
    assert warned == []


def test_the_limit_of_the_settings_is_the_one_in_force(tmp_path: Path) -> None:
    Image.new("L", (1500, 1000)).save(tmp_path / "a.png")
    assert refusal(tmp_path / "a.png", Media(max_megapixels=1)).kind == RefusalKind.TOO_LARGE
    assert open_photo(tmp_path / "a.png", Media(max_megapixels=2)).width == 1500
    # Between the point where Pillow would warn and the one where it would refuse by itself.
    Image.new("1", (15000, 10000)).save(tmp_path / "b.png")
    assert open_photo(tmp_path / "b.png", Media(max_megapixels=150)).width == 15000


@pytest.mark.parametrize(("width", "height", "opens"), [(3, 3, False), (255, 1, False), (16, 16, True), (256, 1, True)])
def test_pictures_too_small_to_judge_are_refused(
    tmp_path: Path,
    limits: Media,
    width: int,
    height: int,
    opens: bool,  # noqa: FBT001 - a table
) -> None:
    Image.new("RGB", (width, height)).save(tmp_path / "a.png")
    if opens:
        assert open_photo(tmp_path / "a.png", limits).width == width
    else:
        error = refusal(tmp_path / "a.png", limits)
        assert error.kind == RefusalKind.UNSUPPORTED
        assert error.message == f"too small to score ({width}×{height} pixels)"  # noqa: RUF001 - as people read it


def test_broken_exif_does_not_stop_the_pixels(tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8]) -> None:
    photo = save(tmp_path / "a.jpg", Image.fromarray(corners), exif=b"Exif\0\0MM\0*" + b"\xff" * 40)
    assert is_near(open_photo(photo, limits).overview(60), corners)


def test_a_motion_photo_is_its_still(tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8]) -> None:
    photo = save(tmp_path / "MVIMG_1.jpg", Image.fromarray(corners))
    with photo.open("ab") as file:
        file.write(b"\0\0\0\x18ftypmp42" + bytes(4096))
    assert is_near(open_photo(photo, limits).overview(60), corners)


def test_of_several_pictures_the_first_counts(tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8]) -> None:
    first, second = Image.fromarray(corners), Image.new("RGB", (30, 20))
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    first.save(tmp_path / "b.jpg", "MPO", quality=100, save_all=True, append_images=[second])
    assert open_photo(tmp_path / "a.tif", limits).width == 60
    assert open_photo(tmp_path / "b.jpg", limits).width == 60


def test_opening_needs_the_file_no_longer(tmp_path: Path, limits: Media) -> None:
    buffer = io.BytesIO()
    scene(1).save(buffer, "JPEG")
    photo = tmp_path / "a.jpg"
    photo.write_bytes(buffer.getvalue())
    picture = open_photo(photo, limits)
    photo.unlink()
    assert picture.tile(0, 0, 480, 320).shape == (320, 480, 3)


def is_near(pixels: npt.NDArray[np.uint8], expected: npt.NDArray[np.uint8]) -> bool:
    """Tell whether a lossy codec's pixels are those that went in; chroma bleeds at the quarters' borders."""
    difference = np.abs(pixels.astype(int) - expected.astype(int))
    return bool(pixels.shape == expected.shape and np.median(difference) <= 4)
