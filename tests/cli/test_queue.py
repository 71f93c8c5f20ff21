"""`realqa queue` as people use it, beside an agent and without one."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from support.command import objects
from support.place import Place, old, photo, until
from support.plugin import listed, query


@pytest.fixture
def stuck(place: Place) -> Place:
    """A folder with a good photo, and one that was refused."""
    photo(place.photos / "good.jpg")
    old(photo(place.photos / "bad.jpg", seed=2))
    (place.photos / "bad.jpg").write_bytes(b"\xff\xd8\xff no picture")
    old(place.photos / "bad.jpg")
    place.once()
    return place


def test_list_names_the_error_and_retry_brings_it_back(stuck: Place) -> None:
    (line,) = objects(stuck.realqa("queue", "list", "--json"))
    assert (line["state"], line["tries"], line["priority"]) == ("aside", 1, "import")
    assert line["error"].startswith("corrupt")
    assert "bad.jpg" in stuck.realqa("queue", "list").stdout
    assert stuck.realqa("queue", "list", "--state", "queued").stdout == "nothing waits\n"

    Image.new("RGB", (64, 48), "teal").save(stuck.photos / "whole.jpg")
    (stuck.photos / "bad.jpg").write_bytes((stuck.photos / "whole.jpg").read_bytes())
    assert "1 file to be tried again; no agent runs" in stuck.realqa("queue", "retry", stuck.photos).stderr
    stuck.once()
    assert stuck.listed()["bad.jpg"]["ok"]
    assert stuck.realqa("queue", "list").stdout == "nothing waits\n"


def test_drop_is_for_good(stuck: Place) -> None:
    assert "--aside" in stuck.realqa("queue", "drop", status=2).stderr
    assert stuck.realqa("queue", "drop", "--aside").stderr == "1 file dropped\n"
    assert "0 refused" in stuck.once()
    assert json.loads(stuck.realqa("status", "--json").stdout)["queue"]["dropped"] == 1
    assert "1 dropped" in stuck.realqa("status").stdout
    stuck.realqa("queue", "retry", "photos")  # another folder's
    assert stuck.realqa("queue", "retry", stuck.photos / "bad.jpg").stderr.startswith("1 file")


def test_pause_holds_the_agent_and_resume_lets_it_go(stuck: Place) -> None:
    assert "`realqa queue resume` goes on" in stuck.realqa("queue", "pause").stderr
    assert "paused already" in stuck.realqa("queue", "pause").stderr
    assert "does not run; scorer plain; the queue is paused since" in stuck.realqa("status").stdout
    assert "realqa queue resume" in stuck.realqa("run", "--once", stuck.photos, status=2).stderr
    photo(stuck.photos / "new.jpg", seed=5)
    with stuck.agent() as agent:
        until(lambda: "rests (paused by" in stuck.realqa("status").stdout)
        status = json.loads(stuck.realqa("status", "--json").stdout)
        assert (status["agent"], status["queue"]["queued"]) == (agent.pid, 1)
        assert stuck.realqa("queue", "resume").stderr == "work goes on\n"
        until((stuck.photos / "new.jpg.xmp").exists)
        until(lambda: "runs, process" in stuck.realqa("status").stdout)
        agent.terminate()
        assert agent.wait(15) == 0
    assert "was not paused" in stuck.realqa("queue", "resume").stderr


def test_add_queues_new_files_whether_their_folder_is_watched_or_not(place: Place) -> None:
    roll = place.home / "elsewhere" / "roll"
    paths = [str(photo(roll / name, seed)) for seed, name in enumerate(("a.jpg", "sub/tab\tb.jpg", "line\nc.jpg"))]
    (roll / "notes.txt").touch()
    asked = listed(place.home / "asked", *paths, roll / "notes.txt", roll / "nowhere.jpg")
    done = place.realqa("queue", "add", "--paths-from", asked)
    assert done.stderr == "3 files queued, 1 no photos or clips, or ignored, 1 not there; no agent runs: `realqa run`\n"
    assert [line["priority"] for line in objects(place.realqa("queue", "list", "--json"))] == ["import"] * 3
    assert place.realqa("queue", "add", roll).stderr == "0 files queued, 3 known already\n"
    place.once()
    assert all(row["state"] == "scored" for row in query(place, *paths).values())
    assert place.realqa("queue", "add", *paths).stderr == "0 files queued, 3 known already\n"


def test_add_needs_no_folder_to_be_watched_by_the_agent_that_runs(place: Place) -> None:
    with place.agent() as agent:
        until(lambda: place.index_file.exists() and place.status()["agent"])
        outside = photo(place.home / "roll" / "a.jpg")
        assert place.realqa("queue", "add", outside).stderr == "1 file queued\n"
        until(outside.with_name("a.jpg.xmp").exists)
        agent.terminate()
        assert agent.wait(15) == 0


def test_add_takes_a_file_once_by_whatever_way(place: Place) -> None:
    path = photo(place.photos / "a.jpg")
    place.configure(f'[folders]\nwatch = ["{place.photos}"]\n')
    (place.home / "way").symlink_to(place.photos)
    place.realqa("queue", "add", place.home / "way" / "a.jpg")
    assert [line["path"] for line in objects(place.realqa("queue", "list", "--json"))] == [str(path)]
    assert "0 files queued" in place.realqa("queue", "add", path).stderr


def test_add_wants_something(place: Place) -> None:
    assert "--paths-from" in place.realqa("queue", "add", status=2).stderr
