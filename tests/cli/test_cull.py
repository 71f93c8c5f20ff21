"""`realqa cull`: first shows, then writes, and never over a human."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from support.command import objects
from support.place import old, photo
from support.sidecars import PICK, RATING, packet, values

if TYPE_CHECKING:
    from pathlib import Path

    from support.place import Place


def dark(path: Path) -> Path:
    """Make a photo that the scorer rejects."""
    Image.new("RGB", (64, 48), (20, 20, 20)).save(path)
    return old(path)


def content(folder: Path) -> dict[str, str]:
    """Return the hash of each file."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def field(line: dict[str, Any], name: str) -> tuple[str | None, str | None] | None:
    """Return what a line says of one field, before and after."""
    found = [(change["before"], change["after"]) for change in line["changes"] if change["field"] == name]
    return found[0] if found else None


def rated(path: Path) -> tuple[list[str], list[str]]:
    """Return rating and pick label in a photo's sidecar."""
    data = path.with_name(f"{path.name}.xmp").read_bytes()
    return values(data, RATING), values(data, PICK)


@pytest.fixture
def scored(place: Place) -> Place:
    """A good photo, a bad one, and one with four stars of its owner's."""
    photo(place.photos / "good.jpg")
    dark(place.photos / "bad.jpg")
    starred = photo(place.photos / "mine.jpg", 3)
    starred.with_name("mine.jpg.xmp").write_bytes(packet(attributes='xmp:Rating="4"'))
    place.once()
    return place


def test_it_first_shows_field_by_field_and_writes_nothing(scored: Place) -> None:
    before = content(scored.photos)
    shown = scored.realqa("cull", scored.photos)
    assert "3 files would change; nothing was written" in shown.stderr
    assert "3 files: 2 keep, 0 review, 1 reject" in shown.stderr
    assert "rating none → -1" in shown.stdout
    assert "rating 4 is a human's: left alone" in " ".join(shown.stdout.split())
    lines = {line["path"]: line for line in objects(scored.realqa("cull", "--dry-run", "--json", scored.photos))}
    good, bad, mine = (lines[str(scored.photos / name)] for name in ("good.jpg", "bad.jpg", "mine.jpg"))
    assert (field(good, "rating"), field(good, "pick")) == ((None, "4"), (None, "3"))
    assert (field(bad, "rating"), field(bad, "pick")) == ((None, "-1"), (None, "1"))
    assert (field(mine, "rating"), field(mine, "pick")) == (None, (None, "3"))
    assert content(scored.photos) == before


def test_applied_it_writes_what_it_showed_and_touches_no_photo(scored: Place) -> None:
    before = content(scored.photos)
    shown = objects(scored.realqa("cull", "--json", scored.photos))
    done = scored.realqa("cull", "--apply", "--json", scored.photos)
    assert objects(done) == shown
    assert "3 files changed; undo with: realqa undo --run" in done.stderr
    assert rated(scored.photos / "good.jpg") == (["4"], ["3"])
    assert rated(scored.photos / "bad.jpg") == (["-1"], ["1"])
    assert rated(scored.photos / "mine.jpg") == (["4"], ["3"])
    after = content(scored.photos)
    assert {name for name in before if before[name] != after[name]} == {f"{n}.jpg.xmp" for n in ("good", "bad", "mine")}
    assert "0 files changed" in scored.realqa("cull", "--apply", scored.photos).stderr


def test_a_human_who_changes_ours_keeps_it_for_good_and_is_counted_as_a_judge(scored: Place) -> None:
    scored.realqa("cull", "--apply", scored.photos)
    sidecar = scored.photos / "good.jpg.xmp"
    sidecar.write_bytes(sidecar.read_bytes().replace(b">4</xmp:Rating>", b">2</xmp:Rating>"))
    scored.realqa("cull", "--apply", scored.photos)
    assert rated(scored.photos / "good.jpg") == (["2"], ["3"])
    history = scored.realqa("history", scored.photos / "good.jpg", "--json")
    assert ("human", "decided", "rating 2") in [(one["who"], one["event"], one["detail"]) for one in objects(history)]
    judged = objects(scored.realqa("eval", "--from-ratings", scored.photos, "--json"))[0]
    assert judged["n"] == 2
    sidecar.unlink()
    assert objects(scored.realqa("eval", "--from-ratings", scored.photos, "--json"))[0]["n"] == 2


def test_one_bad_sidecar_stops_no_other(scored: Place) -> None:
    (scored.photos / "bad.jpg.xmp").write_text("<!DOCTYPE x><x/>")
    done = scored.realqa("cull", "--apply", scored.photos, status=1)
    assert "DOCTYPE" in done.stdout
    assert "1 failed" in done.stderr
    assert rated(scored.photos / "good.jpg") == (["4"], ["3"])
    assert (scored.photos / "bad.jpg.xmp").read_text() == "<!DOCTYPE x><x/>"


def test_a_sidecar_that_another_program_is_writing_is_waited_for(scored: Place) -> None:
    """darktable truncates it first; here it takes three seconds to write the rest."""
    sidecar = scored.photos / "good.jpg.xmp"
    theirs = packet(attributes='xmp:Rating="5"')
    with subprocess.Popen(["/bin/sh", "-c", f"sleep 3; cat '{scored.home}/theirs' > '{sidecar}'"]):
        (scored.home / "theirs").write_bytes(theirs)
        sidecar.write_bytes(theirs[:200])
        scored.realqa("cull", "--apply", scored.photos)
    assert rated(scored.photos / "good.jpg") == (["5"], ["3"])


def test_a_photo_that_went_away_is_reported(scored: Place) -> None:
    (scored.photos / "good.jpg").unlink()
    (scored.photos / "good.jpg.xmp").unlink()
    done = scored.realqa("cull", "--apply", scored.photos, status=1)
    assert "1 failed" in done.stderr
    assert not (scored.photos / "good.jpg.xmp").exists()


def test_verdicts_follow_the_settings_as_they_are_now(scored: Place) -> None:
    scored.configure("[culling.profiles.careful]\nreject_below = 1.1\nreview_below = 1.6\n")
    done = scored.realqa("cull", "--apply", scored.photos)
    assert "3 files: 2 keep, 1 review, 0 reject" in done.stderr
    assert rated(scored.photos / "bad.jpg")[1] == ["2"]
    assert scored.listed()["bad.jpg"]["verdict"]["decision"] == "review"


def test_what_was_never_scored_is_asked_for(place: Place) -> None:
    place.once()
    photo(place.photos / "new.jpg")
    done = place.realqa("cull", place.photos, status=2)
    assert "realqa run --once" in done.stderr


def test_without_sidecars_there_is_nothing_to_cull(scored: Place) -> None:
    scored.configure("[metadata]\nsidecars = false\n")
    assert "`sidecars` in [metadata] is off" in scored.realqa("cull", scored.photos, status=2).stderr


def test_it_is_one_of_both(scored: Place) -> None:
    assert "choose one" in scored.realqa("cull", "--apply", "--dry-run", scored.photos, status=2).stderr


def test_it_works_beside_a_running_agent(scored: Place) -> None:
    with scored.agent() as agent:
        for number in range(6):
            photo(scored.photos / f"{number}.jpg", 10 + number)
            scored.realqa("cull", "--apply", scored.photos)
        agent.terminate()
        assert agent.wait(30) == 0
    scored.once()
    scored.realqa("cull", "--apply", scored.photos)
    assert all(rated(path)[0] == ["4"] for path in scored.photos.glob("[0-9]*.jpg"))
    before = {path.name for path in scored.photos.iterdir() if path.suffix == ".jpg"} | {"mine.jpg.xmp"}
    scored.realqa("undo", "--since", "1h")
    assert {path.name for path in scored.photos.iterdir()} == before
    assert (scored.photos / "mine.jpg.xmp").read_bytes() == packet(attributes='xmp:Rating="4"')
