"""darktable imports a photo with our sidecar and shows what was there before, and our keywords."""

from __future__ import annotations

from pathlib import Path

import pyexiv2
import pytest
from support import darktable
from support.desk import Desk
from support.pictures import small
from support.sidecars import blurry, listed, packet

from realqa_agent.media.embedded import read_embedded

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(not darktable.present(), reason="darktable-cli is not installed"),
]

OURS = ("RealQA|clarity|blurry", "RealQA|reject")
TITLE = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour</rdf:li></rdf:Alt></dc:title>'
INSIDE = packet(TITLE + listed("dc:subject", "sea"), 'xmp:Rating="4"')


def test_a_seeded_sidecar_shows_what_was_inside_and_our_keywords(tmp_path: Path, desk: Desk) -> None:
    path = small(tmp_path / "seeded.jpg", INSIDE)
    before = darktable.seen(path, tmp_path / "before")
    desk.write(path, blurry(), read_embedded(path))
    after = darktable.seen(path, tmp_path / "after")
    assert (before.stars, before.texts, before.tags) == (4, {"title": "Harbour"}, ("sea",))
    assert (after.stars, after.rejected, after.texts) == (4, False, before.texts)
    assert after.tags == (*OURS, "sea")
    assert after.history == before.history


def test_texts_of_iptc_and_exif_show_through_our_sidecar(tmp_path: Path, desk: Desk) -> None:
    path = small(tmp_path / "agency.jpg")
    with pyexiv2.Image(str(path)) as image:
        image.modify_iptc({"Iptc.Application2.Keywords": ["sea", "Europe|Portugal"]})
        image.modify_iptc({"Iptc.Application2.Caption": "Boats,\ntwo of them"})
        image.modify_exif({"Exif.Image.Artist": "Ada", "Exif.Image.Copyright": "mine"})
    before = darktable.seen(path, tmp_path / "before")
    desk.write(path, blurry(), read_embedded(path))
    after = darktable.seen(path, tmp_path / "after")
    assert before.tags == ("Europe|Portugal", "sea")
    assert set(after.tags) == {*before.tags, *OURS}
    assert before.texts == {"description": "Boats,\ntwo of them", "creator": "Ada", "rights": "mine"}
    assert after.texts == before.texts


def test_a_bare_photo_shows_our_keywords(tmp_path: Path, desk: Desk) -> None:
    path = small(tmp_path / "bare.jpg")
    desk.write(path, blurry(), read_embedded(path))
    after = darktable.seen(path, tmp_path / "after")
    assert after.tags == OURS
    assert not after.rejected


@pytest.mark.parametrize(("stars", "rejected"), [(3, False), (-1, True)])
def test_stars_and_rejects_show_where_culling_is_on(tmp_path: Path, desk: Desk, stars: int, *, rejected: bool) -> None:
    path = small(tmp_path / "rated.jpg")
    desk.write(path, blurry(stars), read_embedded(path))
    after = darktable.seen(path, tmp_path / "after")
    assert after.rejected is rejected
    assert rejected or after.stars == stars


def test_the_lightroom_sidecar_still_shows_through_ours(tmp_path: Path, desk: Desk) -> None:
    path = small(tmp_path / "both.jpg")
    (tmp_path / "both.xmp").write_bytes(INSIDE)
    desk.write(path, blurry(), read_embedded(path))
    after = darktable.seen(path, tmp_path / "after")
    assert (after.stars, after.texts, after.tags) == (4, {"title": "Harbour"}, (*OURS, "sea"))


@pytest.mark.corpus
def test_an_exported_picture_is_not_developed_a_second_time(tmp_path: Path, desk: Desk, shared_data: Path) -> None:
    path = tmp_path / "exported.jpg"
    path.write_bytes((shared_data / "formats/embedded_metadata/ladybug_lightroom_darktable.jpg").read_bytes())
    before = darktable.seen(path, tmp_path / "before")
    desk.write(path, blurry(), read_embedded(path))
    after = darktable.seen(path, tmp_path / "after")
    assert after.history == before.history
    assert (after.stars, after.texts) == (before.stars, before.texts)
    assert set(after.tags) >= set(before.tags)


@pytest.mark.corpus
def test_a_development_survives_our_write(tmp_path: Path, desk: Desk, shared_data: Path) -> None:
    path = small(tmp_path / "developed.jpg")
    sidecar = path.with_name("developed.jpg.xmp")
    sidecar.write_bytes((shared_data / "formats/xmp/darktable_exposure.xmp").read_bytes())
    before = darktable.seen(path, tmp_path / "before")
    assert desk.write(path, blurry(3)).changed
    after = darktable.seen(path, tmp_path / "after")
    assert after == before
    assert len(after.history) > 5
