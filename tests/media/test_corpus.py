"""The real files beside the checkout: each ends as its manifest says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from realqa_agent.config import Media
from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.files import stat_of
from realqa_agent.media.embedded import read_embedded
from realqa_agent.media.facts import read_facts
from realqa_agent.media.formats import is_raw, kind_of
from realqa_agent.media.identity import identify
from realqa_agent.media.opening import open_clip, open_photo

pytestmark = pytest.mark.corpus

Row = dict[str, str]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "formats"


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Row]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] != "sidecar"]


def test_every_file_ends_as_the_manifest_says(folder: Path, rows: list[Row], subtests: pytest.Subtests) -> None:
    assert len(rows) > 100
    for row in rows:
        with subtests.test(row["path"]):
            path = folder / row["path"]
            before = stat_of(path)
            check(row, path)
            assert stat_of(path) == before


def check(row: Row, path: Path) -> None:
    """Open a file; fail if it doesn't end as its row says."""
    width, height = (int(row[side] or 0) for side in ("width", "height"))
    too_small = 0 < width * height < 256
    try:
        size = open_and_look(path)
    except RefusedError as error:
        refusal = error
    else:
        assert row["outcome"] in ("decodes", "preview_only", "either")
        assert not too_small
        assert size == (width, height) or not width
        return
    assert row["outcome"] in ("refuse", "either") or too_small, refusal.message
    assert refusal.message
    assert refusal.kind == RefusalKind.UNSUPPORTED or not too_small


def open_and_look(path: Path) -> tuple[int, int]:
    if kind_of(path) == "photo":
        picture = open_photo(path, Media())
        assert max(picture.overview(256).shape[:2]) == min(256, max(picture.width, picture.height))
        corner = picture.tile(picture.width - 1, picture.height - 1, 1, 1)
        assert corner.shape == (1, 1, 3)
        return picture.width, picture.height
    clip = open_clip(path, Media())
    frames = list(clip.frames)
    assert len(frames) == Media().clip_frames
    assert [at_s for at_s, _ in frames] == sorted({at_s for at_s, _ in frames})
    assert {(picture.width, picture.height) for _, picture in frames} == {(clip.width, clip.height)}
    return clip.width, clip.height


def test_metadata_of_every_file_are_read_or_the_problem_is_named(
    folder: Path, rows: list[Row], subtests: pytest.Subtests
) -> None:
    for row in rows:
        path = folder / row["path"]
        if path.name == "empty.jpg":
            continue
        with subtests.test(row["path"]):
            read_facts(path)
            embedded = read_embedded(path)
            if row["outcome"] == "decodes":
                assert embedded.problem is None
            if row["rating"]:
                assert embedded.packet is not None
                assert b"Rating" in embedded.packet


@pytest.mark.parametrize("number", range(2, 9))
def test_the_eight_orientations_show_the_same_picture(folder: Path, number: int) -> None:
    first = open_photo(folder / "orientation/rotation_1.jpg", Media()).overview(100)
    other = open_photo(folder / f"orientation/rotation_{number}.jpg", Media()).overview(100)
    assert other.shape == first.shape
    assert np.abs(other.astype(int) - first.astype(int)).mean() < 10


def test_facts_agree_with_pillow(folder: Path, rows: list[Row], subtests: pytest.Subtests) -> None:
    for row in rows:
        if not row["path"].startswith("makers/"):
            continue
        with subtests.test(row["path"]), Image.open(folder / row["path"]) as image:
            exif = image.getexif().get_ifd(0x8769)
            facts = read_facts(folder / row["path"])
            for tag, value in ((0x829A, facts.shutter_s), (0x829D, facts.aperture), (0x920A, facts.focal_length_mm)):
                expected = float(exif.get(tag) or 0)
                if expected:
                    assert value == pytest.approx(expected)
            if 0x9003 in exif:
                assert facts.taken_at is not None
                assert facts.taken_at.startswith(exif[0x9003].strip("\0").replace(":", "-", 2).replace(" ", "T"))


def test_af_points_of_a_compact_are_found(folder: Path) -> None:
    (region,) = read_facts(folder / "embedded_metadata/tags_picasa.jpg").focus_regions
    assert (region.left, region.top) == pytest.approx((0.41, 0.41))


def test_colours_that_only_the_profile_knows(folder: Path) -> None:
    # XYB keeps yellow minus blue in a plane of its own: taken as RGB, the picture is a flat olive.
    picture = open_photo(folder / "jpeg_odd/xyb_icc.jpg", Media())
    with Image.open(folder / "jpeg_odd/xyb_icc.jpg") as stored:
        raw = np.asarray(stored.convert("RGB")).astype(int)
    assert np.abs(picture.tile(0, 0, picture.width, picture.height).astype(int) - raw).mean() > 20


def test_raw_names_say_that_they_are_raw_and_copies_are_known_by_content(folder: Path) -> None:
    assert is_raw(folder / "raw/RAW_KODAK_DC50_é.KDC")
    copy, original = folder / "jpeg_odd/copy_of_bluesquare.jpg", folder / "makers/bluesquare_xmp.jpg"
    assert identify(copy).sha256 == identify(original).sha256
