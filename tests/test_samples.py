"""The sample photos may be passed on, and say so."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import ExifTags, Image

SAMPLES = Path(__file__).parents[1] / "samples"
PHOTOS = sorted(SAMPLES.glob("*.jpg"))
CLIPS = sorted(SAMPLES.glob("*.mp4"))
LICENCES = ("CC0 1.0", "CC BY 4.0", "CC BY-SA 4.0")


def test_there_are_photos_and_a_clip_and_they_are_small() -> None:
    assert len(PHOTOS) >= 8
    assert CLIPS
    sizes = [file.stat().st_size for file in (*PHOTOS, *CLIPS)]
    assert max(sizes) <= 250_000
    assert sum(sizes) <= 1_800_000


@pytest.mark.parametrize("file", [*PHOTOS, *CLIPS], ids=lambda file: file.name)
def test_each_names_its_author_and_licence_in_itself_and_in_the_readme(file: Path) -> None:
    if file in CLIPS:
        with av.open(file) as container:
            author, copyright_ = container.metadata["artist"], container.metadata["copyright"]
    else:
        with Image.open(file) as photo:
            exif = photo.getexif()
        assert set(exif) == {ExifTags.Base.Artist, ExifTags.Base.Copyright}, "no camera is made up"
        author, copyright_ = exif[ExifTags.Base.Artist], exif[ExifTags.Base.Copyright]
    licence = copyright_.removeprefix(f"{author}, ")
    assert licence in LICENCES
    (row,) = [line for line in (SAMPLES / "README.md").read_text().splitlines() if f"`{file.name}`" in line]
    assert author in row
    assert f"[{licence}]" in row
