"""`realqa queue` as people use it, beside an agent and without one."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from support.command import objects
from support.place import Place, old, photo, until


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
