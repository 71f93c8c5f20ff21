"""The agent as a process: what survives being killed, moved files, live folders, poison files."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from functools import partial

import numpy as np
import pytest
from PIL import Image
from support.dng import dng
from support.place import Place, old, photo, until

pytestmark = pytest.mark.usefixtures("odd_scorers")


def test_moved_and_renamed_photo_keeps_its_score(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    before = place.listed()["a.jpg"]
    (place.photos / "a.jpg.xmp").unlink()
    (place.photos / "later").mkdir()
    (place.photos / "a.jpg").rename(place.photos / "later" / "b.jpg")
    place.once()
    after = place.listed()
    assert set(after) == {"later/b.jpg"}
    assert {**after["later/b.jpg"], "path": ""} == {**before, "path": ""}
    assert place.scored_events() == 1


def test_copy_is_known_by_content(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    shutil.copy2(place.photos / "a.jpg", place.photos / "copy.jpg")
    assert "0 scored, 1 known already" in place.once()
    assert place.listed()["copy.jpg"]["overall"] == place.listed()["a.jpg"]["overall"]


def test_changed_photo_is_scored_again(place: Place) -> None:
    photo(place.photos / "a.jpg", seed=1)
    place.once()
    before = place.listed()["a.jpg"]
    photo(place.photos / "a.jpg", seed=2)
    assert "1 scored" in place.once()
    assert place.listed()["a.jpg"]["attributes"] != before["attributes"]


def test_deleted_photo_leaves_the_list_and_a_vanished_root_does_not_empty_it(place: Place) -> None:
    photo(place.photos / "a.jpg", seed=1)
    photo(place.photos / "b.jpg", seed=2)
    place.once()
    (place.photos / "a.jpg").unlink()
    place.once()
    assert set(place.listed()) == {"b.jpg"}
    away = place.photos.with_name("away")
    place.photos.rename(away)
    place.photos.mkdir()
    place.once()
    place.photos.rmdir()
    away.rename(place.photos)
    assert set(place.listed()) == {"b.jpg"}
    assert "0 scored" in place.once()


def test_refused_file_is_tried_again_once_it_changes(place: Place) -> None:
    path = photo(place.photos / "a.jpg")
    whole = path.read_bytes()
    path.write_bytes(whole[:2000])
    old(path)
    place.once()
    assert place.listed()["a.jpg"]["error"]["kind"] == "corrupt"
    assert "0 refused" in place.once()
    path.write_bytes(whole)
    place.once()
    assert place.listed()["a.jpg"]["ok"]


def test_raw_and_jpeg_are_one_shot(place: Place) -> None:
    """The better file comes later, and changes the verdict and the sidecar of the one that would be rejected."""
    spoilt, good = place.photos / "IMG_1.jpg", place.photos / "IMG_1.dng"
    Image.new("RGB", (64, 48), (20, 20, 20)).save(spoilt)
    old(spoilt)
    place.once()
    assert place.listed()["IMG_1.jpg"]["verdict"]["decision"] == "reject"
    good.write_bytes(dng(np.full((48, 64, 3), 200, np.uint8)))
    old(good)
    assert "1 scored, 1 known already" in place.once()
    listed = place.listed()
    assert {line["verdict"]["decision"] for line in listed.values()} == {"keep"}
    assert "same shot" in listed["IMG_1.jpg"]["verdict"]["reasons"][0]
    assert b"<realqa:Verdict>keep<" in spoilt.with_name("IMG_1.jpg.xmp").read_bytes()


def test_poison_file_is_set_aside_and_the_rest_is_scored(place: Place) -> None:
    place.configure(scorer="crash")
    Image.new("RGB", (40, 32), "red").save(place.photos / "a_poison.png")
    Image.new("RGB", (48, 32), "teal").save(place.photos / "b_fine.png")
    for path in place.photos.iterdir():
        old(path)
    place.once()
    listed = place.listed()
    assert listed["b_fine.png"]["ok"]
    assert listed["a_poison.png"]["error"]["kind"] == "corrupt"
    assert "SIGSEGV" in listed["a_poison.png"]["error"]["message"]


def test_another_scorer_scores_everything_again_and_the_old_scores_stay(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    place.configure(scorer="stumble")
    assert "1 scored" in place.once()
    assert place.listed()["a.jpg"]["scorer"] == "stumble"
    assert sorted(place.index("SELECT scorer FROM assessment")) == [("plain",), ("stumble",)]


def test_killed_in_the_middle_nothing_is_lost_or_scored_twice(place: Place) -> None:
    count = 40
    for seed in range(count):
        photo(place.photos / f"{seed:02}.jpg", seed)
    for _ in range(3):
        with place.agent() as agent:
            had = place.scored_events() if (place.home / ".local").exists() else 0
            until(partial(_more_scored, place, had + 2))
            agent.kill()
            agent.wait()
    place.once()
    assert len(place.listed()) == count
    assert place.scored_events() == count
    assert len(list(place.photos.glob("*.xmp"))) == count
    assert list(place.photos.glob(".*")) == []


def _more_scored(place: Place, count: int) -> bool:
    try:
        return place.scored_events() > count
    except sqlite3.OperationalError:  # the index is only being made
        return False


def test_live_folder(place: Place) -> None:
    """New, slowly copied, moved-in files are scored; our own writes bring no work; SIGTERM ends it cleanly."""
    with place.agent() as agent:
        until((place.home / ".local/share/realqa/index.sqlite").exists)
        photo(place.photos / "new.jpg", seed=1)
        until((place.photos / "new.jpg.xmp").exists)

        outside = photo(place.home / "card" / "moved.jpg", seed=2)
        outside.rename(place.photos / "moved.jpg")
        photo(place.home / "deep" / "er" / "folder.jpg", seed=3)
        (place.home / "deep").rename(place.photos / "deep")
        until((place.photos / "moved.jpg.xmp").exists)
        until((place.photos / "deep/er/folder.jpg.xmp").exists)

        whole = (place.photos / "new.jpg").read_bytes()
        with (place.photos / "slow.jpg").open("wb") as out:
            for start in range(0, len(whole), len(whole) // 4 + 1):
                out.write(whole[start : start + len(whole) // 4 + 1])
                out.flush()
                time.sleep(0.15)
        until((place.photos / "slow.jpg.xmp").exists)

        with pytest.raises(AssertionError, match="another agent"):
            place.once()
        assert "runs, process" in place.realqa("status").stdout

        until(lambda: place.index("SELECT count(*) FROM job")[0][0] == 0)
        events = place.index("SELECT count(*) FROM history")
        time.sleep(1.0)
        assert place.index("SELECT count(*) FROM history") == events
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(timeout=15) == 0
    assert place.index("SELECT count(*) FROM job") == [(0,)]
    assert place.scored_events() == 3


def test_stars_only_when_asked_for(place: Place) -> None:
    photo(place.photos / "a.jpg")
    place.once()
    assert b"xmp:Rating" not in (place.photos / "a.jpg.xmp").read_bytes()
    photo(place.photos / "b.jpg", seed=9)
    place.configure("[culling]\napply = true\n")
    place.once()
    assert b"xmp:Rating" in (place.photos / "b.jpg.xmp").read_bytes()


def test_without_sidecars_the_folder_stays_as_it_is(place: Place) -> None:
    place.configure("[metadata]\nsidecars = false\n")
    photo(place.photos / "a.jpg")
    place.once()
    assert [path.name for path in place.photos.iterdir()] == ["a.jpg"]
    assert place.listed()["a.jpg"]["ok"]


def test_sidecar_that_could_not_be_written_follows_at_the_next_start(place: Place) -> None:
    photo(place.photos / "a.jpg")
    blocked = place.photos / "a.jpg.xmp"
    blocked.write_text("<!DOCTYPE x><x/>")
    old(blocked)
    place.once()
    assert place.listed()["a.jpg"]["ok"]
    assert "1 set aside" in place.realqa("status").stdout
    assert blocked.read_text() == "<!DOCTYPE x><x/>"
    blocked.unlink()
    assert "0 scored, 1 known already" in place.once()
    assert b"realqa:Overall" in blocked.read_bytes()
