"""Faults of the system under a running agent: each has a defined outcome, and nothing is lost.

Tests that mount or lower a limit run in namespaces of their own; where the system lets nobody make those, they skip.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support.background import Background, background
from support.namespace import apart, bind, fill, mount_disk, unmount
from support.place import Place, old, photo, until
from support.soak import Feed, defects, progress

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("odd_scorers")

WALKED_OFTEN = "network_rescan_seconds = 0.5\n"

CHECK_SECONDS = 50.0
"""The agent looks every half minute what is mounted."""


def scored(place: Place, count: int) -> bool:
    """Tell whether so many files are present and scored, and nothing else waits."""
    now = progress(place)
    return now.files == now.scored == count and now.jobs == 0


def more_scored(place: Place, count: int) -> bool:
    return progress(place).scored > count


def said(agent: Background, words: str, times: int) -> bool:
    """Tell whether the agent's log has these words so often; it must be alive."""
    assert agent.alive(), agent.log()
    return agent.log().count(words) == times


def vanished(place: Place) -> int:
    return len(place.index("SELECT 1 FROM history WHERE event = 'vanished'"))


# ---- events that don't come


def few_watches(place: Place) -> None:
    place.configure(watch=WALKED_OFTEN)
    for number in range(20):
        (place.photos / f"{number:02}").mkdir()
    Path("/proc/sys/user/max_inotify_watches").write_text("8")
    with background(place) as agent:
        photo(place.photos / "03" / "a.jpg", seed=1)
        until(partial(scored, place, 1))
        photo(place.photos / "19" / "b.jpg", seed=2)
        until(partial(scored, place, 2))
        assert agent.log().count("max_user_watches") == 1, agent.log()
        assert any("max_user_watches" in problem for problem in place.status()["problems"]), place.status()
        agent.stop()


def test_too_few_inotify_watches_for_the_tree(tmp_path: Path) -> None:
    apart(few_watches, tmp_path)


def test_the_kernels_queue_of_events_overflows(place: Place) -> None:
    """What a stopped agent could not hear is found at once, though the next walk would be ten minutes away."""
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with background(place) as agent:
        photo(place.photos / "first.jpg", seed=0)
        until(partial(scored, place, 1))
        agent.process.send_signal(signal.SIGSTOP)
        for number in range(room // 2):  # each makes three events
            noise = place.photos / f"{number}.tmp"
            noise.touch()
            noise.unlink()
        for number in range(10):
            photo(place.photos / f"{number}.jpg", seed=number + 1)
            photo(place.photos / "new" / f"{number}.jpg", seed=number + 11)
        (place.photos / "first.jpg").unlink()
        agent.process.send_signal(signal.SIGCONT)
        until(partial(scored, place, 20))
        assert vanished(place) == 1
        photo(place.photos / "new" / "after.jpg", seed=50)
        until(partial(scored, place, 21))  # it listens again
        assert "overflow" in agent.log()
        agent.stop()


# ---- network mounts, disks that come and go


def behind_fuse(place: Place) -> None:
    place.configure(watch=WALKED_OFTEN)
    behind = place.home / "server"
    photo(behind / "trip" / "a.jpg", seed=1)
    mount = ["bindfs", str(behind), str(place.photos)]
    subprocess.run(mount, check=True)
    with background(place) as agent:
        until(partial(scored, place, 1))
        photo(behind / "trip" / "b.jpg", seed=2)
        photo(behind / "new" / "c.jpg", seed=3)
        until(partial(scored, place, 3))
        photo(behind / "trip" / "b.jpg", seed=4)
        until(lambda: place.scored_events() == 4 and scored(place, 3))
        (behind / "new" / "c.jpg").unlink()
        until(partial(scored, place, 2))
        assert any("fuse" in problem for problem in place.status()["problems"]), place.status()
        assert (behind / "trip" / "b.jpg.xmp").exists()

        unmount(place.photos)
        until(lambda: place.status()["problems"][0].find("mounted") >= 0)
        subprocess.run(mount, check=True)
        photo(behind / "trip" / "d.jpg", seed=5)
        until(partial(scored, place, 3))
        assert place.scored_events() == 5
        assert vanished(place) == 1
        agent.stop()


def test_a_fuse_mount_is_walked_and_keeps_its_photos_when_it_is_away(tmp_path: Path) -> None:
    apart(behind_fuse, tmp_path, "bindfs")


def behind_bind(place: Place) -> None:
    behind = place.home / "elsewhere"
    photo(behind / "a.jpg", seed=1)
    bind(behind, place.photos)
    with background(place) as agent:
        until(partial(scored, place, 1))
        photo(behind / "deep" / "b.jpg", seed=2)
        until(partial(scored, place, 2))
        agent.stop()


def test_changes_behind_a_bind_mount_are_heard(tmp_path: Path) -> None:
    apart(behind_bind, tmp_path)


def disk_leaves(place: Place, where: Path) -> None:
    """Let a disk of photos be taken away and put back, twice, while the agent runs."""
    # A folder that is bound elsewhere leaves without an event: the walk notices.
    place.configure(watch=f"{WALKED_OFTEN}rescan_minutes = 0.01\n")
    disk = place.home / "disk"
    mount_disk(disk)
    for number in range(5):
        photo(disk / "trip" / f"{number}.jpg", seed=number)
    bind(disk, where)
    local = 0
    if where != place.photos:
        photo(place.photos / "local.jpg", seed=100)
        local = 1
    with background(place) as agent:
        until(partial(scored, place, 5 + local))
        for turn in range(2):
            unmount(where)
            until(lambda: any("mounted" in problem for problem in place.status()["problems"]))
            assert progress(place).files == 5 + turn + local
            bind(disk, where)
            photo(disk / "trip" / f"new{turn}.jpg", seed=10 + turn)
            until(partial(scored, place, 6 + turn + local))
            until(lambda: place.status()["problems"] == [])
        agent.stop()
    assert vanished(place) == 0
    assert place.scored_events() == 7 + local


def disk_leaves_at_the_root(place: Place) -> None:
    disk_leaves(place, place.photos)


def disk_leaves_below_the_root(place: Place) -> None:
    disk_leaves(place, place.photos / "stick")


@pytest.mark.parametrize("leaving", [disk_leaves_at_the_root, disk_leaves_below_the_root])
def test_an_unmounted_disk_is_no_deletion_and_scores_nothing_again(
    tmp_path: Path, leaving: Callable[[Place], None]
) -> None:
    apart(leaving, tmp_path)


def stick_is_pulled(place: Place) -> None:
    """A disk with a file system of its own, of whose leaving the kernel tells; it is back when the agent is, too."""
    place.configure(watch=WALKED_OFTEN)
    image, stick = place.home / "image", place.photos / "stick"
    with image.open("wb") as file:
        file.truncate(8 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    stick.mkdir()
    plug_in = ["mount", "-o", "loop", str(image), str(stick)]
    subprocess.run(plug_in, check=True)
    photo(place.photos / "local.jpg", seed=100)
    for number in range(5):
        photo(stick / "DCIM" / f"{number}.jpg", seed=number)
    with background(place) as agent:
        until(partial(scored, place, 6))
        subprocess.run(["umount", str(stick)], check=True)  # it isn't busy: the agent holds nothing open there
        until(lambda: any("mounted" in problem for problem in place.status()["problems"]), CHECK_SECONDS)
        subprocess.run(plug_in, check=True)
        photo(stick / "DCIM" / "new.jpg", seed=10)
        until(partial(scored, place, 7), CHECK_SECONDS)
        agent.stop()
        agent.again()
        photo(stick / "DCIM" / "newer.jpg", seed=11)
        until(partial(scored, place, 8))
        agent.stop()
    assert vanished(place) == 0
    assert place.scored_events() == 8


@pytest.mark.timeout(240)
def test_a_stick_that_is_pulled_and_put_back(tmp_path: Path) -> None:
    apart(stick_is_pulled, tmp_path, "mkfs.ext4", real_root=True)


# ---- clocks

CLOCK = """\
import pathlib, time
file, real = pathlib.Path({file!r}), time.time
time.time = lambda: real() + float(file.read_text())
"""
"""What Python runs at its start, before any module of ours can take the clock."""


class Clock:
    """The wall clock of an agent, that can be set while it runs."""

    def __init__(self, place: Place) -> None:
        self._file = place.home / "clock"
        self.set(0)
        site = place.home / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(CLOCK.format(file=str(self._file)))
        self.before = ["env", f"PYTHONPATH={site}:{os.environ['PYTHONPATH']}"]

    def set(self, seconds: float) -> None:
        """Let it run ahead of the real one, or behind it."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self._file)


def poison(path: Path) -> Path:
    """Make a picture that ends the worker of the scorer `crash`, and keeps that of `hang` for ever."""
    Image.new("RGB", (40, 32), "red").save(path)
    return old(path)


def test_a_clock_set_back_keeps_nobody_waiting(place: Place) -> None:
    """Neither what waits for its turn nor what waits for its next try: their times lie ahead now."""
    clock = Clock(place)
    place.configure("[queue]\nbackoff_seconds = 3\n", scorer="crash")
    with background(place, before=clock.before) as agent:
        photo(place.photos / "first.jpg", seed=0)
        until(partial(scored, place, 1))
        poison(place.photos / "poison.png")
        until(lambda: "SIGSEGV" in agent.log())
        place.realqa("queue", "pause")
        for number in range(5):
            photo(place.photos / f"{number}.jpg", seed=number + 1)
        until(lambda: progress(place).jobs == 6)
        clock.set(-600)
        place.realqa("queue", "resume")
        until(lambda: progress(place).scored == 6)
        until(lambda: progress(place).dead == 1)
        photo(place.photos / "last.jpg", seed=9)
        until(lambda: progress(place).scored == 7)
        agent.stop()


def test_a_clock_set_ahead_takes_no_work_from_the_agent_that_is_at_it(place: Place) -> None:
    """As after a sleep longer than a lease, which ends in the middle of a photo."""
    clock = Clock(place)
    place.configure("[media]\nseconds_per_file = 8\n[queue]\nlease_seconds = 60\n", scorer="hang")
    with background(place, before=clock.before) as agent:
        poison(place.photos / "slow.png")
        until(lambda: place.index("SELECT 1 FROM job WHERE state = 'running'") != [])
        clock.set(86_400)
        photo(place.photos / "next.jpg", seed=1)
        until(lambda: "took longer" in agent.log())
        until(lambda: progress(place).scored == 1)
        until(lambda: progress(place).jobs == progress(place).dead == 1)
        assert agent.alive(), agent.log()
        refused = place.index("SELECT 1 FROM history WHERE event = 'refused'")
        assert len(refused) == 1, agent.log()
        agent.stop()


# ---- the index


def index_on_a_full_disk(place: Place) -> None:
    """More than once, since what is under way at that moment differs each time.

    A commit that fails after a sidecar was replaced costs its line in the history, and nothing else.
    """
    turns = 4
    place.configure(workers=4)
    disk = place.home / ".local"
    mount_disk(disk, "16m")
    feed = Feed(place.photos, 800, pace=60)
    with background(place) as agent:
        feed.start()
        for turn in range(1, turns + 1):
            until(partial(more_scored, place, progress(place).scored + 20))
            filler = fill(disk)
            until(partial(said, agent, "all waits for it", turn))
            filler.unlink()
            until(partial(said, agent, "work goes on", turn))
        until(lambda: feed.over() and scored(place, 800), 60)
        agent.stop()
    assert "0 failed tries" in agent.log(), agent.log()
    wrong = defects(place, at_most_once=("wrote",))
    assert wrong == [], wrong


def test_the_disk_of_the_index_fills_up_during_commits(tmp_path: Path) -> None:
    apart(index_on_a_full_disk, tmp_path)


def photos_on_a_full_disk(place: Place) -> None:
    place.configure("[queue]\nbackoff_seconds = 0.5\n")
    disk = place.photos
    mount_disk(disk, "1m")
    for number in range(5):
        photo(disk / f"{number}.jpg", seed=number)
    filler = fill(disk)
    with background(place) as agent:
        until(lambda: len(place.index("SELECT 1 FROM job WHERE failure = 'transient'")) == 5)
        assert progress(place).scored == 5
        filler.unlink()
        until(partial(scored, place, 5))
        assert place.scored_events() == 5
        assert len(list(disk.glob("*.xmp"))) == 5
        assert list(disk.glob(".*")) == []
        agent.stop()


def test_a_full_disk_of_photos_is_tried_again(tmp_path: Path) -> None:
    apart(photos_on_a_full_disk, tmp_path)


def test_an_index_that_another_program_locks_is_waited_for(place: Place) -> None:
    """For longer than any wait of SQLite's; status and list can still be had."""
    with background(place) as agent:
        photo(place.photos / "first.jpg", seed=0)
        until(partial(scored, place, 1))
        with closing(sqlite3.connect(place.index_file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            for number in range(1, 20):
                photo(place.photos / f"{number:02}.jpg", seed=number)
            agent.until_it_says("locked")
            assert place.status()["files"]["scored"] == 1
            time.sleep(6)  # let it try again
            assert agent.alive(), agent.log()
            other.execute("ROLLBACK")
        until(partial(scored, place, 20))
        assert agent.log().count("is locked") == 1, agent.log()
        assert place.scored_events() == 20
        agent.stop()
    assert "0 failed tries" in agent.log()  # the photos had no part in it


def test_a_reader_that_stays_stops_nothing(place: Place) -> None:
    """The write-ahead log grows meanwhile, and is gone when all have left."""
    log = place.index_file.with_name("index.sqlite-wal")
    with background(place) as agent:
        photo(place.photos / "first.jpg", seed=0)
        until(partial(scored, place, 1))
        with closing(sqlite3.connect(place.index_file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            before = reader.execute("SELECT count(*) FROM history").fetchone()
            for number in range(1, 150):
                photo(place.photos / f"{number:03}.jpg", seed=number)
            until(partial(scored, place, 150), 60)
            assert reader.execute("SELECT count(*) FROM history").fetchone() == before
            assert log.stat().st_size > 2**20
        agent.stop()
    assert not log.exists()
    assert place.scored_events() == 150


def test_a_second_agent_on_one_index_leaves_the_first_alone(place: Place) -> None:
    with background(place) as agent:
        photo(place.photos / "a.jpg", seed=0)
        until(partial(scored, place, 1))
        for verb in (("run",), ("run", "--once")):
            told = place.realqa(*verb, place.photos, status=2).stderr
            assert f"another agent (process {agent.pid}) already works on {place.index_file}" in told
            assert "Traceback" not in told
        photo(place.photos / "b.jpg", seed=1)
        until(partial(scored, place, 2))
        assert place.status()["agent"] == agent.pid
        agent.stop()


def test_a_killed_agents_worker_that_hangs_does_not_keep_the_next_agent_out(place: Place) -> None:
    with background(place) as agent:
        photo(place.photos / "a.jpg", seed=0)
        until(partial(scored, place, 1))
        [worker] = agent.workers()
        worker.suspend()
        try:
            agent.process.kill()
            agent.process.wait()
            agent.again()
            photo(place.photos / "b.jpg", seed=1)
            until(partial(scored, place, 2))
        finally:
            worker.resume()
        worker.wait(20)
        agent.stop()
