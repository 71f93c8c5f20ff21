"""`realqa applied`: what a plugin set is the agent's, what a human did is not; with sidecars as darktable's."""

from __future__ import annotations

import re

import pytest
from support.place import Place, photo
from support.plugin import applied, query
from support.sidecars import RATING, listed, own, packet, values

from realqa_agent.errors import UserError

BLURRY, REJECT = "RealQA|clarity|blurry", "RealQA|reject"


class Darktable:
    """One photo in darktable: its database writes the sidecar, and keeps what it doesn't know."""

    def __init__(self, place: Place, name: str = "a.jpg") -> None:
        self.place, self.name = place, name
        self.path = photo(place.photos / name)
        self.sidecar = self.path.with_name(f"{name}.xmp")
        self.set(1)

    def set(self, rating: int, *keywords: str) -> None:
        """Let darktable write its own values."""
        version = 'darktable:xmp_version="5"'
        start, end = packet().split(b"</rdf:Description>", 1)
        if self.sidecar.exists():
            said = self.sidecar.read_bytes()
            start = said[: said.index(b"</rdf:Description>")]
            for old in range(-1, 6):
                start = start.replace(f' xmp:Rating="{old}" {version}'.encode(), b"")
            if b"<lr:" in start:
                start = start[: start.index(b"<lr:")] + start[start.index(b"</lr:hierarchicalSubject>") + 25 :]
        start = start.replace(b' rdf:about=""', f' rdf:about="" xmp:Rating="{rating}" {version}'.encode(), 1)
        body = listed("lr:hierarchicalSubject", *keywords).encode() if keywords else b""
        self.sidecar.write_bytes(start + body + b"</rdf:Description>" + end)

    def row(self) -> dict[str, str]:
        return query(self.place, self.path)[self.name]

    def history(self) -> list[tuple[str, ...]]:
        return [tuple(row) for row in self.place.index("SELECT who, event, detail FROM history ORDER BY history_id")]

    def rescore(self, scorer: str = "bright") -> None:
        self.place.configure(scorer=scorer)
        self.place.once()


@pytest.fixture
def scored(place: Place) -> Darktable:
    """A photo that darktable imported and the agent scored; it suggests four stars."""
    imported = Darktable(place)
    place.once()
    assert values(imported.sidecar.read_bytes(), RATING) == ["1"]
    return imported


def test_stars_and_keywords_are_the_agents_from_there_on(scored: Darktable) -> None:
    scored.set(4, BLURRY)
    assert applied(scored.place, "path stars keywords", (scored.path, 4, BLURRY)) == "1 taken in\n"
    row = scored.row()
    assert (row["stars_written"], row["keywords_written"], row["human"]) == ("4", BLURRY, "0")
    assert row["stars_unread"] == "0"  # it was set there
    assert scored.history()[-1] == ("plugin", "applied", f"rating none → 4; keywords none → {BLURRY}")
    again = applied(scored.place, "path stars keywords", (scored.path, 4, BLURRY))
    assert again == "0 taken in, 1 known already\n"
    assert len([line for line in scored.history() if line[1] == "applied"]) == 1

    scored.rescore()
    said = scored.sidecar.read_bytes()
    assert own(said)["WrittenRating"] == "4"
    assert values(said, RATING) == ["4"]
    # The plugin follows the new score, and says so; the mark in the sidecar is then an older one.
    scored.set(5, BLURRY)
    applied(scored.place, "path stars keywords", (scored.path, 5, BLURRY))
    scored.rescore("plain")
    assert own(scored.sidecar.read_bytes())["WrittenRating"] == "5"
    assert scored.row()["stars_written"] == "5"


@pytest.mark.parametrize("before", [1, 2])
def test_a_change_by_a_human_is_seen_at_the_next_run(scored: Darktable, before: int) -> None:
    for _ in range(before):  # the second time the sidecar bears the agent's mark
        scored.set(4)
        applied(scored.place, "path stars keywords", (scored.path, 4, ""))
        scored.rescore("plain" if before == 1 else "bright")
    scored.set(3)
    scored.rescore("bright" if before == 1 else "plain")
    row = scored.row()
    assert (row["stars_written"], row["human"]) == ("", "1")
    assert ("human", "decided", "rating 3") in scored.history()
    # It stays so, whatever the plugin says.
    done = applied(scored.place, "path stars keywords", (scored.path, 4, BLURRY))
    assert done == "1 taken in, 1 of them with a human's stars\n"
    row = scored.row()
    assert (row["stars_written"], row["human"], row["keywords_written"]) == ("", "1", BLURRY)


def test_a_human_whom_the_plugin_saw_counts_at_once(scored: Darktable) -> None:
    applied(scored.place, "path stars keywords", (scored.path, 4, ""))
    scored.set(1)
    applied(scored.place, "path stars human keywords", (scored.path, "", 1, ""))
    assert (scored.row()["stars_written"], scored.row()["human"]) == ("", "1")
    assert ("human", "decided", "rating 1") in scored.history()


def test_what_was_taken_back_is_nobodys_and_may_be_set_again(scored: Darktable) -> None:
    scored.set(4, BLURRY)
    applied(scored.place, "path stars keywords", (scored.path, 4, BLURRY))
    scored.set(1)
    applied(scored.place, "path stars keywords", (scored.path, "", ""))
    row = scored.row()
    assert (row["stars_written"], row["keywords_written"], row["human"]) == ("", "", "0")
    assert scored.history()[-1][2] == f"rating 4 → none; keywords {BLURRY} → none"
    applied(scored.place, "path stars keywords", (scored.path, 5, ""))
    assert scored.row()["stars_written"] == "5"


def test_stars_that_the_agent_wrote_before_darktable_came_are_updated_by_the_plugin(place: Place) -> None:
    place.configure("[culling]\napply = true\n")
    path = photo(place.photos / "a.jpg")
    place.once()
    assert query(place, path)["a.jpg"]["stars_written"] == "4"
    applied(place, "path stars keywords", (path, 4, ""))
    assert query(place, path)["a.jpg"]["stars_written"] == "4"
    applied(place, "path stars keywords", (path, "", ""))  # only tags, in suggest mode
    assert query(place, path)["a.jpg"]["stars_written"] == "4"
    applied(place, "path stars keywords", (path, 2, ""))
    assert query(place, path)["a.jpg"]["stars_written"] == "2"


def test_photos_that_the_index_never_saw_are_counted(scored: Darktable) -> None:
    done = applied(scored.place, "path stars keywords", (scored.path, 4, ""), ("/elsewhere/b.jpg", 4, ""))
    assert done == "1 taken in, 1 not in the index\n"


def test_many_photos_at_once_by_any_name(place: Place) -> None:
    names = [f"{number}.jpg" for number in range(6)] + ["tab\tand\nnewline.jpg", "été.jpg"]
    paths = [photo(place.photos / name, seed) for seed, name in enumerate(names)]
    place.once()
    applied(place, "keywords path more stars", *((REJECT, path, "x", -1) for path in paths))
    found = query(place, *paths)
    assert {row["stars_written"] for row in found.values()} == {"-1"}
    assert len(found) == len(names)


def test_a_pick_label_is_the_agents_until_it_is_taken_back(place: Place) -> None:
    path = photo(place.photos / "a.jpg")
    place.once()

    def seen() -> tuple[str, str]:
        row = query(place, path)["a.jpg"]
        return row["pick"], row["pick_written"]

    assert seen() == ("3", "")
    applied(place, "path stars pick keywords", (path, 4, 3, ""))
    assert seen() == ("3", "3")
    # A program without pick labels says nothing of them.
    applied(place, "path stars keywords", (path, 4, ""))
    assert seen() == ("3", "3")
    applied(place, "path stars pick keywords", (path, "", 0, ""))
    assert seen() == ("3", "")


NONSENSE = {
    "pick '4' is no whole number from 0 to 3": ("path stars keywords pick", ("/a.jpg", 4, "", 4)),
    "no column 'keywords'": ("path stars", ("/a.jpg", 4)),
    "'6' is no whole number from -1 to 5": ("path stars keywords", ("/a.jpg", 6, "")),
    "'4.0' is no whole number": ("path stars keywords", ("/a.jpg", "4.0", "")),
    "gives no 0 stars": ("path stars keywords", ("/a.jpg", 0, "")),
    "only those under RealQA|": ("path stars keywords", ("/a.jpg", 4, "holiday")),
    "absolute": ("path stars keywords", ("a.jpg", 4, "")),
    "2 cells where the table has 3 columns": ("path stars keywords", ("/a.jpg", 4)),
}


def test_a_table_that_says_nonsense_is_refused_as_a_whole(scored: Darktable) -> None:
    for told, (columns, row) in NONSENSE.items():
        good = (scored.path, 4, *([""] * (len(columns.split()) - 2)))
        with pytest.raises(UserError, match=re.escape(told)):
            applied(scored.place, columns, good, row)
    newer = scored.place.home / "newer"
    newer.write_text(f"#realqa-tsv\t2\npath\tstars\tkeywords\n{scored.path}\t4\t\n")
    assert "update RealQA Agent" in scored.place.realqa("applied", "--paths-from", newer, status=2).stderr
    assert scored.row()["stars_written"] == ""
