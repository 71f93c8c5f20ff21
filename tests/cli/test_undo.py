"""`realqa undo` and `realqa history`: whatever was written can be seen and taken back."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.command import REALQA, objects
from support.place import photo
from support.sidecars import packet

if TYPE_CHECKING:
    from pathlib import Path

    from support.place import Place

MINE = packet("<!-- mine -->", 'crs:Sharpness="25"')


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def untouched(place: Place) -> dict[str, bytes]:
    """Two photos, one with a sidecar of its owner's, as they were before the agent came."""
    photo(place.photos / "a.jpg")
    photo(place.photos / "b.jpg", 1)
    (place.photos / "a.jpg.xmp").write_bytes(MINE)
    return tree(place.photos)


@pytest.fixture
def culled(place: Place, untouched: dict[str, bytes]) -> dict[str, bytes]:
    """The same once they are scored and culled; return the state between."""
    assert untouched
    place.once()
    between = tree(place.photos)
    place.realqa("cull", "--apply", place.photos)
    return between


def test_without_arguments_it_takes_back_the_last_run_and_then_the_one_before(
    place: Place, untouched: dict[str, bytes], culled: dict[str, bytes]
) -> None:
    first = place.realqa("undo")
    assert "2 files: 2 restored" in first.stderr
    assert tree(place.photos) == culled
    second = place.realqa("undo")
    assert "1 restored" in second.stderr
    assert "1 removed" in second.stderr
    assert tree(place.photos) == untouched
    assert "nothing to undo" in place.realqa("undo", status=2).stderr


def test_a_dry_run_tells_and_does_nothing(place: Place, culled: dict[str, bytes]) -> None:
    before = tree(place.photos)
    done = place.realqa("undo", "--since", "1h", "--dry-run")
    assert "nothing was written" in done.stderr
    assert "rating 4 → none" in done.stdout
    assert tree(place.photos) == before != culled


def test_one_file_goes_back_to_before_us(place: Place, untouched: dict[str, bytes], culled: dict[str, bytes]) -> None:
    place.realqa("undo", "--file", place.photos / "a.jpg")
    assert (place.photos / "a.jpg.xmp").read_bytes() == MINE == untouched["a.jpg.xmp"]
    assert (place.photos / "b.jpg.xmp").read_bytes() != culled["b.jpg.xmp"]
    place.realqa("undo", "--file", place.photos / "b.jpg.xmp")
    assert tree(place.photos) == untouched


def test_an_undo_is_a_run_and_can_be_taken_back(place: Place, culled: dict[str, bytes]) -> None:
    before = tree(place.photos)
    place.realqa("undo", "--since", "2020-01-01")
    assert tree(place.photos) != before != culled
    (undo,) = [run for run in objects(place.realqa("history", "--json")) if run["who"] == "undo"]
    place.realqa("undo", "--run", undo["run"])
    assert tree(place.photos) == before


def test_what_somebody_changed_after_us_is_listed_and_left(place: Place, culled: dict[str, bytes]) -> None:
    sidecar = place.photos / "a.jpg.xmp"
    theirs = sidecar.read_bytes().replace(b">4</xmp:Rating>", b">5</xmp:Rating>")
    sidecar.write_bytes(theirs)
    (run,) = [run for run in objects(place.realqa("history", "--json")) if run["who"] == "cull"]
    done = place.realqa("undo", "--run", run["run"], "--json", status=1)
    lines = {line["path"]: line for line in objects(done)}
    assert (lines[str(sidecar)]["ok"], lines[str(sidecar)]["fate"]) == (False, "changed since")
    assert sidecar.read_bytes() == theirs
    assert (place.photos / "b.jpg.xmp").read_bytes() == culled["b.jpg.xmp"]
    surgical = place.realqa("undo", "--file", place.photos / "a.jpg", "--surgical")
    assert "1 taken out" in surgical.stderr
    left = sidecar.read_bytes()
    assert b">5</xmp:Rating>" in left
    assert b"realqa" not in left.lower()
    assert b"<!-- mine -->" in left


def test_a_photo_that_moved_with_its_sidecar_is_found(place: Place, untouched: dict[str, bytes]) -> None:
    place.once()
    (place.photos / "later").mkdir()
    for name in ("a.jpg", "a.jpg.xmp"):
        (place.photos / name).rename(place.photos / "later" / name)
    place.once()
    place.realqa("undo", "--since", "1h")
    assert (place.photos / "later" / "a.jpg.xmp").read_bytes() == untouched["a.jpg.xmp"]


def test_after_an_undo_the_agent_does_not_write_it_again(place: Place, untouched: dict[str, bytes]) -> None:
    place.once()
    place.realqa("undo")
    place.once()
    assert tree(place.photos) == untouched
    place.realqa("cull", "--apply", place.photos)
    assert b">4</xmp:Rating>" in (place.photos / "a.jpg.xmp").read_bytes()


def test_history_tells_who_did_what(place: Place, culled: dict[str, bytes]) -> None:
    assert culled
    place.realqa("undo")
    lines = objects(place.realqa("history", place.photos / "b.jpg", "--json"))
    assert [(line["who"], line["event"]) for line in lines] == [
        ("agent", "found"),
        ("agent", "scored"),
        ("agent", "judged"),
        ("agent", "wrote"),
        ("cull", "wrote"),
        ("undo", "undid"),
    ]
    assert "rating none → 4" in lines[4]["detail"]
    shown = place.realqa("history", place.photos / "b.jpg").stdout
    assert "restored" in shown
    runs = objects(place.realqa("history", "--json"))
    assert [(run["who"], run["files"], run["undone"]) for run in runs] == [
        ("undo", 2, 0),
        ("cull", 2, 2),
        ("agent", 2, 0),
    ]
    assert lines[4]["run"] == runs[1]["run"]
    assert "taken" in place.realqa("history").stdout


def test_on_a_terminal_it_asks_before_it_takes_back_a_run_that_nobody_named(
    place: Place, culled: dict[str, bytes]
) -> None:
    assert culled
    before = tree(place.photos)
    master, terminal = pty.openpty()
    environment = {**os.environ, "HOME": str(place.home)}
    command = [str(REALQA), "--config", str(place.config), "undo"]
    with subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, env=environment) as process:
        os.write(master, b"n\n")
        shown, _ = process.communicate(timeout=30)
    assert b"in 2 files? [y/N]" in shown
    assert process.returncode == 1
    assert tree(place.photos) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--since", "yesterday"], "neither like 1h"),
        (["--run", "nonsense"], "nothing to undo"),
        (["--file", "unknown.jpg"], "not in the index"),
    ],
)
def test_mistakes_are_explained(place: Place, culled: dict[str, bytes], arguments: list[str], sentence: str) -> None:
    assert culled
    assert sentence in place.realqa("undo", *arguments, status=2).stderr


def test_where_nothing_was_ever_written_it_says_so(place: Place) -> None:
    assert "there is no index" in place.realqa("undo", status=2).stderr
    assert "no index yet" in place.realqa("history", status=2).stderr
