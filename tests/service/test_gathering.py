"""What a human rated is collected with its first looks, shoot by shoot; nothing is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support.place import Place, old
from support.sidecars import packet

from realqa_agent import config
from realqa_agent.index.store import Index
from realqa_agent.service.gathering import Gathered, gather
from realqa_agent.taste.shoots import Opinion
from realqa_agent.worker.crew import Crew

if TYPE_CHECKING:
    from pathlib import Path

TAKEN = 36867
"""Exif's DateTimeOriginal."""


def photo(path: Path, level: int, attributes: str = "", *, day: str | None = None) -> None:
    """Make a grey picture with a sidecar that says this."""
    exif = Image.Exif()
    if day is not None:
        exif.get_ifd(0x8769)[TAKEN] = f"{day} 10:00:00"
    Image.new("RGB", (48, 32), (level, level, level)).save(path, exif=exif)
    old(path)
    if attributes:
        old_sidecar(path, attributes)


def old_sidecar(path: Path, attributes: str) -> None:
    sidecar = path.with_name(f"{path.name}.xmp")
    sidecar.write_bytes(packet(attributes=attributes))
    old(sidecar)


def gathered(place: Place, *folders: Path) -> Gathered:
    settings = config.load(place.config)
    with Index.read(place.index_file) as index, Crew[tuple[int, "Path"]](settings, 1) as crew:
        return gather(index, crew, settings, folders)


@pytest.fixture
def album(place: Place) -> Place:
    """A folder with photos of two days, rated by stars and picks, and what can't be used."""
    photo(place.photos / "a.jpg", 90, 'xmp:Rating="4"', day="2026:05:01")
    photo(place.photos / "b.jpg", 110, 'xmp:Rating="-1"', day="2026:05:01")
    photo(place.photos / "c.jpg", 130, 'digiKam:PickLabel="3"', day="2026:05:02")
    photo(place.photos / "unrated.jpg", 150)
    for number, stars in enumerate((5, 5)):
        photo(place.photos / f"both.{('jpg', 'png')[number]}", 160 + number, f'xmp:Rating="{stars}"')
    for number, stars in enumerate((5, 1)):
        photo(place.photos / f"split.{('jpg', 'png')[number]}", 170 + number, f'xmp:Rating="{stars}"')
    (place.photos / "sub").mkdir()
    photo(place.photos / "sub" / "d.jpg", 190, 'xmp:Rating="2"')
    place.once()
    return place


def test_shoots_and_opinions(album: Place) -> None:
    found = gathered(album)
    folder = album.photos
    assert [(each.shoot, each.opinion) for each in found.rated] == [
        (f"{folder} 2026-05-01", Opinion(stars=4, pick=None)),
        (f"{folder} 2026-05-01", Opinion(stars=-1, pick=None)),
        (f"{folder}", Opinion(stars=5, pick=None)),
        (f"{folder} 2026-05-02", Opinion(stars=None, pick=3)),
        (f"{folder}/sub", Opinion(stars=2, pick=None)),
    ]
    assert {(each.assessment.scorer, each.assessment.overall) for each in found.rated} == {("plain", 7.0)}
    assert (found.unseen, found.problems) == (0, [])
    assert album.scored_events() == len(list(folder.rglob("*.jpg"))) + len(list(folder.rglob("*.png")))


def test_what_cannot_be_used_is_told(album: Place) -> None:
    (album.photos / "a.jpg.xmp").write_text("<!DOCTYPE x><x/>")
    found = gathered(album)
    assert len(found.rated) == 4
    (problem,) = found.problems
    assert "a.jpg.xmp" in problem
    album.configure(scorer="bright")
    found = gathered(album, album.photos / "sub")
    assert found.rated == []
    assert found.unseen == 1
