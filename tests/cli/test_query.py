"""`realqa query` as plugins use it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from support.pictures import scene
from support.place import Place, old, photo, until
from support.plugin import answer, listed, notes, query, rows

from realqa_agent import __version__
from realqa_agent.assessment import ATTRIBUTES

if TYPE_CHECKING:
    from pathlib import Path

ODD = (
    "two words.jpg",
    'it\'s "quoted" $(touch x) `y`.jpg',
    "tab\tnewline\nreturn\rend.jpg",
    "back\\slash\\n.jpg",
    "été ü 写真.jpg",
    os.fsdecode(b"latin \xe9t\xe9.jpg"),
    "#realqa-tsv.jpg",
    " edges .jpg",
)


def test_files_of_any_name_are_found_and_told_by_the_same_bytes(place: Place) -> None:
    paths = [str(photo(place.photos / name)) for name in ODD]
    place.once()
    asked = listed(place.home / "asked", *paths)
    told = rows(place.realqa("query", "--paths-from", asked).stdout)
    assert list(told) == paths
    assert {row["state"] for row in told.values()} == {"scored"}
    files = json.loads(place.realqa("query", "--json", "--paths-from", asked).stdout)["files"]
    assert [file["path"] for file in files] == paths


def test_what_is_to_be_set_and_why(place: Place) -> None:
    photo(place.photos / "good.jpg")
    old_dark(place.photos / "dark.jpg")
    place.once()
    found = query(place, place.photos / "dark.jpg", place.photos / "good.jpg")
    good, dark = found["good.jpg"], found["dark.jpg"]
    assert [good[name] for name in ("state", "overall", "quality", "aesthetic", "decision", "stars")] == [
        *("scored", "7.00", "8.00", "6.00", "keep", "4")
    ]
    assert (good["keywords"], good["reason"], good["followed"], good["apply"]) == ("", "", "plain", "0")
    assert (dark["decision"], dark["stars"]) == ("reject", "-1")
    assert set(dark["keywords"].split(";")) == {"RealQA|reject", "RealQA|clarity|blurry"}
    assert dark["reason"]
    assert (good["image_clarity"], good["image_clarity_score"]) == ("clear", "9.00")
    assert good["image_clarity_reason"].startswith("mean ")
    assert (good["composition"], good["composition_score"]) == ("unknown", "")
    assert {f"{name}{suffix}" for name in ATTRIBUTES for suffix in ("", "_score", "_reason")} <= set(good)


def old_dark(path: Path) -> Path:
    scene(3, 240, 160).point([value // 8 for value in range(256)] * 3).save(path)
    return old(path)


def test_whose_the_stars_and_keywords_are(place: Place) -> None:
    place.configure("[culling]\napply = true\n")
    ours, theirs = old_dark(place.photos / "ours.jpg"), photo(place.photos / "theirs.jpg")
    sidecar = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    rating = "<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='2'/>"
    theirs.with_name("theirs.jpg.xmp").write_text(f"{sidecar}{rating}</rdf:RDF></x:xmpmeta>")
    place.once()
    found = query(place, ours, theirs)
    columns = ("stars", "stars_written", "stars_unread", "human", "apply")
    assert [found["ours.jpg"][name] for name in columns] == ["-1", "-1", "1", "0", "1"]
    assert [found["theirs.jpg"][name] for name in columns] == ["4", "", "0", "1", "1"]
    assert found["ours.jpg"]["keywords_written"] == "RealQA|clarity|blurry;RealQA|reject"
    assert found["theirs.jpg"]["keywords_written"] == ""
    # Another program wrote its own stars over the agent's.
    written = ours.with_name("ours.jpg.xmp").read_text()
    ours.with_name("ours.jpg.xmp").write_text(written.replace(">-1</xmp:Rating>", ">1</xmp:Rating>"))
    assert [query(place, ours)["ours.jpg"][name] for name in columns] == ["-1", "-1", "0", "0", "1"]


def test_states(place: Place) -> None:
    for name in ("scored.jpg", "gone.jpg"):
        photo(place.photos / name)
    (place.photos / "refused.jpg").write_bytes(b"\xff\xd8\xff no picture")
    old(place.photos / "refused.jpg")
    place.once()
    (place.photos / "gone.jpg").unlink()
    place.once()
    place.realqa("queue", "add", photo(place.photos / "queued.jpg", 5))
    place.realqa("queue", "add", photo(place.photos / "dropped.jpg", 6))
    place.realqa("queue", "drop", place.photos / "dropped.jpg")
    states = {"scored": "scored", "gone": "gone", "refused": "refused", "queued": "queued", "dropped": "refused"}
    found = query(place, *(place.photos / f"{name}.jpg" for name in (*states, "unknown")))
    assert {name.removesuffix(".jpg"): row["state"] for name, row in found.items()} == states
    assert found["refused.jpg"]["reason"].startswith("corrupt: ")
    assert "realqa queue retry" in found["dropped.jpg"]["reason"]
    for name in ("gone.jpg", "refused.jpg", "queued.jpg"):
        assert (found[name]["stars"], found[name]["keywords"]) == ("", "")


def test_a_photo_that_is_to_be_scored_anew_keeps_what_is_known(place: Place) -> None:
    path = photo(place.photos / "a.jpg")
    place.once()
    place.configure(scorer="bright")
    place.realqa("queue", "pause")
    with place.agent() as agent:
        until(lambda: place.status()["queue"]["queued"] == 1)
        assert query(place, path)["a.jpg"]["followed"] == "plain"
        agent.terminate()


def test_the_first_lines_tell_how_the_agent_fares(place: Place) -> None:
    path = photo(place.photos / "a.jpg")

    def told() -> dict[str, list[str]]:
        return notes(answer(place, path))

    assert told()["agent"][0] == "stopped"
    assert "no index yet" in told()["agent"][1]
    assert (told()["program"], told()["realqa-tsv"]) == ([__version__], ["1"])
    place.realqa("queue", "add", path)
    assert (told()["agent"], told()["queue"]) == (["stopped", "no agent runs"], ["1", ""])
    with place.agent() as agent:
        until(lambda: told()["agent"] == ["runs", ""])
        until(lambda: told()["queue"] == ["0", ""])
        place.realqa("queue", "pause")
        assert told()["agent"][0] == "rests"
        assert "paused since" in told()["agent"][1]
        agent.terminate()


def test_it_writes_nothing(place: Place) -> None:
    path = photo(place.photos / "a.jpg")
    query(place, path)
    assert not place.index_file.exists()
    place.once()
    before = place.index_file.read_bytes()
    query(place, path)
    assert place.index_file.read_bytes() == before


def test_a_watched_folder_is_known_by_any_way_to_it(place: Place) -> None:
    path = photo(place.photos / "sub" / "a.jpg")
    place.once()
    way = place.home / "way"
    way.symlink_to(place.photos)
    assert query(place, way / "sub" / "a.jpg") == {}
    place.configure(f'[folders]\nwatch = ["{place.photos}"]\n')
    asked = listed(place.home / "asked", way / "sub" / "a.jpg", path)
    found = rows(place.realqa("query", "--paths-from", asked).stdout)
    assert set(found) == {str(way / "sub" / "a.jpg"), str(path)}


@pytest.mark.parametrize("line", ["relative.jpg", "#/a.jpg"])
def test_what_is_no_path_is_told(place: Place, line: str) -> None:
    assert "absolute" in place.realqa("query", "--paths-from", listed(place.home / "asked", line), status=2).stderr
