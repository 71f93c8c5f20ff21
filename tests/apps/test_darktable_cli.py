"""darktable imports a photo with our sidecar and shows what was there before, and our keywords."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyexiv2
import pytest
from support import darktable
from support.pictures import scene
from support.sidecars import blurry, listed, packet

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.media.embedded import read_embedded
from realqa_agent.metadata.sidecar import write

if TYPE_CHECKING:
    from realqa_agent.metadata.record import Record

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(not darktable.present(), reason="darktable-cli is not installed"),
]

OURS = ("RealQA|clarity|blurry", "RealQA|reject")
TITLE = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour</rdf:li></rdf:Alt></dc:title>'
INSIDE = packet(TITLE + listed("dc:subject", "sea"), 'xmp:Rating="4"')


def photo(path: Path, inside: bytes | None = None) -> Path:
    """Make a small JPEG, with this packet inside."""
    picture = scene(1, 96, 64)
    if inside is None:
        picture.save(path)
    else:
        picture.save(path, xmp=inside)
    return path


def write_beside(path: Path, one: Record) -> None:
    write(path, one, read_embedded(path), Metadata(), {})


def test_a_seeded_sidecar_shows_what_was_inside_and_our_keywords(tmp_path: Path) -> None:
    path = photo(tmp_path / "seeded.jpg", INSIDE)
    before = darktable.seen(path, tmp_path / "before")
    write_beside(path, blurry())
    after = darktable.seen(path, tmp_path / "after")
    assert (before.stars, before.texts, before.tags) == (4, {"title": "Harbour"}, ("sea",))
    assert (after.stars, after.rejected, after.texts) == (4, False, before.texts)
    assert after.tags == (*OURS, "sea")
    assert after.history == before.history


def test_texts_of_iptc_and_exif_show_through_our_sidecar(tmp_path: Path) -> None:
    path = photo(tmp_path / "agency.jpg")
    with pyexiv2.Image(str(path)) as image:
        image.modify_iptc({"Iptc.Application2.Keywords": ["sea", "Europe|Portugal"]})
        image.modify_iptc({"Iptc.Application2.Caption": "Boats,\ntwo of them"})
        image.modify_exif({"Exif.Image.Artist": "Ada", "Exif.Image.Copyright": "mine"})
    before = darktable.seen(path, tmp_path / "before")
    write_beside(path, blurry())
    after = darktable.seen(path, tmp_path / "after")
    assert before.tags == ("Europe|Portugal", "sea")
    assert set(after.tags) == {*before.tags, *OURS}
    assert before.texts == {"description": "Boats,\ntwo of them", "creator": "Ada", "rights": "mine"}
    assert after.texts == before.texts


def test_a_bare_photo_shows_our_keywords(tmp_path: Path) -> None:
    path = photo(tmp_path / "bare.jpg")
    write_beside(path, blurry())
    after = darktable.seen(path, tmp_path / "after")
    assert after.tags == OURS
    assert not after.rejected


@pytest.mark.parametrize(("stars", "rejected"), [(3, False), (-1, True)])
def test_stars_and_rejects_show_where_culling_is_on(tmp_path: Path, stars: int, *, rejected: bool) -> None:
    path = photo(tmp_path / "rated.jpg")
    write_beside(path, blurry(stars))
    after = darktable.seen(path, tmp_path / "after")
    assert after.rejected is rejected
    assert rejected or after.stars == stars


def test_the_lightroom_sidecar_still_shows_through_ours(tmp_path: Path) -> None:
    path = photo(tmp_path / "both.jpg")
    (tmp_path / "both.xmp").write_bytes(INSIDE)
    write_beside(path, blurry())
    after = darktable.seen(path, tmp_path / "after")
    assert (after.stars, after.texts, after.tags) == (4, {"title": "Harbour"}, (*OURS, "sea"))


@pytest.mark.corpus
def test_an_exported_picture_is_not_developed_a_second_time(tmp_path: Path, shared_data: Path) -> None:
    path = tmp_path / "exported.jpg"
    path.write_bytes((shared_data / "formats/embedded_metadata/ladybug_lightroom_darktable.jpg").read_bytes())
    before = darktable.seen(path, tmp_path / "before")
    write_beside(path, blurry())
    after = darktable.seen(path, tmp_path / "after")
    assert after.history == before.history
    assert (after.stars, after.texts) == (before.stars, before.texts)
    assert set(after.tags) >= set(before.tags)


@pytest.mark.corpus
def test_a_development_survives_our_write(tmp_path: Path, shared_data: Path) -> None:
    path = photo(tmp_path / "developed.jpg")
    sidecar = path.with_name("developed.jpg.xmp")
    sidecar.write_bytes((shared_data / "formats/xmp/darktable_exposure.xmp").read_bytes())
    before = darktable.seen(path, tmp_path / "before")
    assert write(path, blurry(3), Embedded(), Metadata(), {}).changed
    after = darktable.seen(path, tmp_path / "after")
    assert after == before
    assert len(after.history) > 5
