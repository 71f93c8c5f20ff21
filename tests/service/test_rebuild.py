"""A lost index is made again from the sidecars: nothing is scored, no sidecar changes, no human loses a star."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from support.clips import numbered, write_clip
from support.dng import dng
from support.pictures import scene
from support.place import old, photo
from support.sidecars import RATING, REALQA, packet, values

if TYPE_CHECKING:
    from support.place import Place

INDEX = ".local/share/realqa"
HUMANS = "b.jpg"


def album(place: Place) -> None:
    """Fill a folder with all kinds of files, one of them rated by a human and one of them damaged."""
    exif = Image.Exif()
    exif[271], exif[272] = "Made Up", "Light Box"
    scene(1, 240, 160).save(place.photos / "a.jpg", quality=90, exif=exif)
    photo(place.photos / HUMANS, seed=2)
    (place.photos / f"{HUMANS}.xmp").write_bytes(packet("", 'xmp:Rating="4"'))
    photo(place.photos / "Ñandú/écran 北京.jpg", seed=3)
    (place.photos / "IMG_1.dng").write_bytes(dng(np.full((48, 64, 3), 200, np.uint8)))
    Image.new("RGB", (64, 48), (20, 20, 20)).save(place.photos / "IMG_1.jpg")
    write_clip(place.photos / "clip.mp4", numbered(30))
    (place.photos / "damaged.jpg").write_bytes((place.photos / "a.jpg").read_bytes()[:2000])
    for path in place.photos.rglob("*"):
        if path.is_file():
            old(path)


def sidecars(place: Place) -> dict[str, tuple[bytes, int, int]]:
    """Return each sidecar's bytes, and whether it was written since."""
    return {
        str(path.relative_to(place.photos)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in place.photos.rglob("*.xmp")
    }


def facts(place: Place) -> list[tuple[Any, ...]]:
    """Return what the index holds that `realqa list` doesn't show."""
    return place.index(
        "SELECT sha256, kind, bytes, width, height, duration_s, facts, measures, scored_at"
        " FROM asset JOIN assessment USING (asset_id) ORDER BY sha256"
    )


def lose(place: Place) -> None:
    """Lose the index with all that lies beside it."""
    shutil.rmtree(place.home / INDEX)


@pytest.mark.parametrize("scorer", ["plain", "firstlook"])
def test_a_lost_index_is_made_again_from_the_sidecars(place: Place, scorer: str) -> None:
    place.configure(scorer=scorer, workers=2)
    album(place)
    place.once()
    listed, known, written = place.listed(), facts(place), sidecars(place)
    assert len(written) == 6
    lose(place)
    assert "0 scored, 6 known already, 1 refused" in place.once()
    assert place.listed() == listed
    assert facts(place) == known
    assert sidecars(place) == written
    assert place.scored_events() == 0
    # And the next run finds nothing to do.
    assert "0 scored, 0 known already, 0 refused" in place.once()


def test_the_history_tells_where_a_result_comes_from(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    lose(place)
    place.once()
    events = place.index("SELECT event, detail FROM history")
    assert ("recalled", "plain 1 from a.jpg.xmp") in events
    assert "recalled" in place.realqa("history", place.photos / "a.jpg").stdout


def test_a_jpeg_is_not_judged_without_its_raw_file_on_the_way(place: Place) -> None:
    """Alone it would be a reject: where it comes first, its sidecar must not be written to and fro."""
    raw = dng(np.full((48, 64, 3), 200, np.uint8))
    for number in range(6):
        # In which order a folder is read depends on the file system, and often on which file was there first.
        for suffix in ("JPG", "dng") if number % 2 else ("dng", "JPG"):
            path = place.photos / f"IMG_{number}.{suffix}"
            if suffix == "dng":
                path.write_bytes(raw + bytes([number]))
            else:
                Image.new("RGB", (64, 48), (5 * number, 20, 20)).save(path)
            old(path)
    place.once()
    listed, written = place.listed(), sidecars(place)
    assert {line["verdict"]["decision"] for line in listed.values()} == {"keep"}
    lose(place)
    assert "0 scored, 12 known already" in place.once()
    assert place.listed() == listed
    assert sidecars(place) == written
    assert place.index("SELECT count(*) FROM job") == [(0,)]


def test_a_jpeg_whose_raw_file_is_damaged_by_now_is_judged_by_itself(place: Place) -> None:
    jpeg, raw = place.photos / "IMG_1.JPG", place.photos / "IMG_1.dng"
    Image.new("RGB", (64, 48), (20, 20, 20)).save(jpeg)
    raw.write_bytes(dng(np.full((48, 64, 3), 200, np.uint8)))
    old(jpeg), old(raw)
    place.once()
    assert place.listed()["IMG_1.JPG"]["verdict"]["decision"] == "keep"
    lose(place)
    raw.write_bytes(raw.read_bytes()[:600])
    old(raw)
    assert "0 scored, " in place.once()
    assert place.listed()["IMG_1.JPG"]["verdict"]["decision"] == "reject"
    assert values((place.photos / "IMG_1.JPG.xmp").read_bytes(), f"{{{REALQA}}}Verdict") == ["reject"]


def test_a_damaged_index_is_set_aside_and_made_again(place: Place) -> None:
    album(place)
    place.once()
    listed, written = place.listed(), sidecars(place)
    file = place.home / INDEX / "index.sqlite"
    data = file.read_bytes()
    file.write_bytes(b"\xff" * 4096 + data[4096:])
    assert "0 scored, 6 known already, 1 refused" in place.once()
    assert place.listed() == listed
    assert sidecars(place) == written


def test_a_second_computer_scores_nothing(place: Place) -> None:
    album(place)
    place.once()
    written = sidecars(place)
    place.home = place.home.with_name("second")
    place.home.mkdir()
    assert "0 scored, 6 known already" in place.once()
    assert sidecars(place) == written


def test_a_photo_and_its_sidecar_may_move_together(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    lose(place)
    (place.photos / "later").mkdir()
    for name in ("a.jpg", "a.jpg.xmp"):
        (place.photos / name).rename(place.photos / "later" / name)
    assert "0 scored, 1 known already" in place.once()


def test_another_photo_under_the_same_name_is_scored(place: Place) -> None:
    photo(place.photos / "a.jpg", seed=1)
    place.once()
    before = place.listed()["a.jpg"]
    lose(place)
    photo(place.photos / "a.jpg", seed=2)
    assert "1 scored" in place.once()
    assert place.listed()["a.jpg"]["attributes"] != before["attributes"]


def test_another_scorer_scores_anew(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    lose(place)
    place.configure(scorer="bright")
    assert "1 scored" in place.once()
    assert place.listed()["a.jpg"]["scorer"] == "bright"


def test_a_sidecar_that_was_tampered_with_makes_the_photo_be_scored(place: Place) -> None:
    sidecar = photo(place.photos / "a.jpg").with_name("a.jpg.xmp")
    place.once()
    listed = place.listed()
    sidecar.write_bytes(sidecar.read_bytes().replace(b"<realqa:Overall>7.00<", b"<realqa:Overall>70.0<"))
    lose(place)
    assert "1 scored" in place.once()
    assert place.listed()["a.jpg"]["overall"] == listed["a.jpg"]["overall"]
    assert b"<realqa:Overall>7.00<" in sidecar.read_bytes()


def test_other_thresholds_judge_anew_from_what_was_recalled(place: Place) -> None:
    sidecar = photo(place.photos / "a.jpg").with_name("a.jpg.xmp")
    place.once()
    assert place.listed()["a.jpg"]["verdict"]["decision"] == "keep"
    lose(place)
    place.configure('[culling]\nprofile = "stern"\n[culling.profiles.stern]\nreview_below = 9.9\n')
    assert "0 scored, 1 known already" in place.once()
    assert place.listed()["a.jpg"]["verdict"]["decision"] == "review"
    assert values(sidecar.read_bytes(), f"{{{REALQA}}}Verdict") == ["review"]


def test_whose_the_stars_are_survives(place: Place) -> None:
    """The index forgot who gave them; the witnesses in the sidecars did not."""
    ours, humans = photo(place.photos / "a.jpg", seed=1), photo(place.photos / "b.jpg", seed=2)
    sidecar = {path: path.with_name(f"{path.name}.xmp") for path in (ours, humans)}
    sidecar[humans].write_bytes(packet("", 'xmp:Rating="2"'))
    place.configure("[culling]\napply = true\n")
    place.once()
    assert [values(sidecar[path].read_bytes(), RATING) for path in (ours, humans)] == [["4"], ["2"]]
    written = sidecars(place)
    lose(place)
    place.once()
    assert sidecars(place) == written
    place.configure("[culling]\napply = true\nstars_from = [1.0, 1.1, 1.2, 1.3]\n")
    place.realqa("cull", "--apply", place.photos)
    assert [values(sidecar[path].read_bytes(), RATING) for path in (ours, humans)] == [["5"], ["2"]]
