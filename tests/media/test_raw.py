from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps
from support.dng import dng

from realqa_agent.config import Media
from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.opening import open_photo
from realqa_agent.media.picture import Picture

Opened = Callable[..., Picture]


@pytest.fixture
def opened(tmp_path: Path, limits: Media) -> Opened:
    """Write a DNG and open it."""

    def write_and_open(*args: object, **options: object) -> Picture:
        (tmp_path / "a.dng").write_bytes(dng(*args, **options))  # type: ignore[arg-type]  # passed on as it came
        return open_photo(tmp_path / "a.dng", limits)

    return write_and_open


def quarters(corners: npt.NDArray[np.uint8], width: int, height: int) -> Image.Image:
    return Image.fromarray(corners).resize((width, height), Image.Resampling.NEAREST)


def quarter_colours(picture: Picture) -> list[str]:
    """Name the colours in the middle of the four quarters, row by row."""
    names = []
    for y in (1, 3):
        for x in (1, 3):
            red, green, blue = picture.tile(x * picture.width // 4, y * picture.height // 4, 1, 1)[0, 0].astype(int)
            spread = max(red, green, blue) - min(red, green, blue)
            names.append("grey" if spread < 60 else "rgb"[int(np.argmax((red, green, blue)))])
    return names


def test_a_big_preview_is_taken_and_its_small_picture_ignored(opened: Opened, corners: npt.NDArray[np.uint8]) -> None:
    sensor = np.zeros((1400, 2000, 3), dtype=np.uint8)
    picture = opened(sensor, preview=quarters(corners, 1620, 1080))
    assert (picture.width, picture.height, picture.camera_pixels) == (1620, 1080, False)
    assert quarter_colours(picture) == ["r", "g", "b", "grey"]
    assert picture.facts.camera == "Made Up Dark Box"


def test_a_preview_of_the_sensors_size_holds_the_cameras_pixels(opened: Opened, corners: npt.NDArray[np.uint8]) -> None:
    sensor = np.zeros((82, 122, 3), dtype=np.uint8)
    picture = opened(sensor, preview=quarters(corners, 120, 80))
    assert (picture.width, picture.height, picture.camera_pixels) == (120, 80, True)


@pytest.mark.parametrize("preview", [(60, 40), None])
def test_without_a_big_preview_the_sensors_data_are_rendered(
    opened: Opened, corners: npt.NDArray[np.uint8], preview: tuple[int, int] | None
) -> None:
    sensor = np.asarray(quarters(corners, 300, 200))
    picture = opened(sensor, preview=Image.new("RGB", preview) if preview else None)
    assert (picture.width, picture.height, picture.camera_pixels) == (300, 200, True)
    assert quarter_colours(picture) == ["r", "g", "b", "grey"]


def test_a_big_sensor_is_rendered_at_half_size(opened: Opened, corners: npt.NDArray[np.uint8]) -> None:
    picture = opened(np.asarray(quarters(corners, 3240, 60)))
    assert (picture.width, picture.height, picture.camera_pixels) == (1620, 30, False)
    assert quarter_colours(picture) == ["r", "g", "b", "grey"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("source", ["preview", "sensor"])
def test_orientation_is_honoured_once(
    opened: Opened, corners: npt.NDArray[np.uint8], orientation: int, source: str
) -> None:
    stored = quarters(corners, 120, 80)
    picture = opened(np.asarray(stored), preview=stored if source == "preview" else None, orientation=orientation)
    tagged = stored.copy()
    tagged.getexif()[0x0112] = orientation
    expected = Picture(ImageOps.exif_transpose(tagged))
    assert (picture.width, picture.height) == (expected.width, expected.height)
    assert quarter_colours(picture) == quarter_colours(expected)


def test_a_preview_that_stands_already_is_not_turned_again(opened: Opened, corners: npt.NDArray[np.uint8]) -> None:
    sensor = np.asarray(quarters(corners, 120, 80))
    picture = opened(sensor, preview=quarters(corners, 80, 120), orientation=6)
    assert (picture.width, picture.height) == (80, 120)
    assert quarter_colours(picture) == ["r", "g", "b", "grey"]


def test_an_underexposed_frame_stays_dark(opened: Opened) -> None:
    sensor = np.full((200, 300, 3), 30, dtype=np.uint8)
    assert opened(sensor).overview(100).mean() < 60


def test_the_small_preview_must_do_where_the_sensors_data_are_missing(
    tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8]
) -> None:
    whole = dng(np.zeros((400, 600, 3), dtype=np.uint8), preview=quarters(corners, 60, 40))
    (tmp_path / "a.dng").write_bytes(whole[: len(whole) - 400 * 600])
    picture = open_photo(tmp_path / "a.dng", limits)
    assert (picture.width, picture.height, picture.camera_pixels) == (60, 40, False)


@pytest.mark.parametrize("suffix", [".dng", ".ARW", ".cr3"])
@pytest.mark.parametrize(
    "content", [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", bytes(4096), b"II*\0\x08\0\0\0"]
)
def test_what_is_not_raw_is_refused(tmp_path: Path, limits: Media, suffix: str, content: bytes) -> None:
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        open_photo(tmp_path / f"a{suffix}", limits)
    assert refused.value.kind in (RefusalKind.UNSUPPORTED, RefusalKind.CORRUPT)


def test_the_limit_of_pixels_counts_the_sensors(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng(np.zeros((1000, 1200, 3), dtype=np.uint8), preview=Image.new("RGB", (60, 40))))
    with pytest.raises(RefusedError) as refused:
        open_photo(tmp_path / "a.dng", Media(max_megapixels=1))
    assert refused.value.kind == RefusalKind.TOO_LARGE
