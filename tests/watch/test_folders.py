"""The room through its door: real folders, real inotify, and the changes that come out.

With `once` there is no observer and time is the test's; otherwise everything happens in real time.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from realqa_agent.config import Watch
from realqa_agent.files import Appeared, stat_of
from realqa_agent.watch import reach, tree
from realqa_agent.watch.folders import BATCH, SLEPT_SECONDS, Folders
from realqa_agent.watch.observer import Observer

from .conftest import SETTLE_SECONDS, Agent, Clock, MemoryIndex

DEFAULTS = Watch.model_validate({})

Begin = Callable[..., Agent]


def put(path: Path, content: bytes = b"photo") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class TestEvents:
    """The folders are watched."""

    def test_a_copy_is_handed_on_once_and_only_when_complete(self, begin: Begin, root: Path) -> None:
        agent = begin(root, settle_seconds=0.6)
        photo = root / "a.jpg"
        with photo.open("wb", buffering=0) as copy:
            for _ in range(8):
                copy.write(b"x" * 1000)
                agent.work_for(0.1)
                assert agent.changes == []
        agent.work(lambda: bool(agent.changes))
        assert agent.changes == [Appeared(path=photo, stat=stat_of(photo))]
        agent.work_for(0.7)
        assert len(agent.changes) == 1

    def test_what_a_pause_made_look_complete_is_handed_on_again(
        self, begin: Begin, index: MemoryIndex, root: Path
    ) -> None:
        agent = begin(root)
        photo = root / "a.jpg"
        with photo.open("wb", buffering=0) as copy:
            copy.write(b"half")
            agent.work(lambda: agent.appeared == [photo])
            copy.write(b" and half")
        agent.work(lambda: agent.appeared == [photo, photo])
        assert index.holds(photo)

    def test_moved_in_linked_and_renamed_files(self, begin: Begin, root: Path, tmp_path: Path) -> None:
        agent = begin(root)
        put(tmp_path / "card" / "1.jpg").rename(root / "moved.jpg")
        (root / "link.jpg").symlink_to(put(tmp_path / "card" / "2.jpg"))
        put(root / ".3.jpg.Xy").rename(root / "renamed.jpg")
        expected = {root / "moved.jpg", root / "link.jpg", root / "renamed.jpg"}
        agent.work(lambda: set(agent.appeared) == expected)
        assert len(agent.changes) == 3

    def test_an_edited_and_a_replaced_file_are_handed_on_again(
        self, begin: Begin, index: MemoryIndex, root: Path
    ) -> None:
        edited, replaced = put(root / "a.jpg"), put(root / "b.jpg")
        agent = begin(root)
        edited.write_bytes(b"brighter")
        replaced.unlink()
        put(replaced)
        agent.work(lambda: index.holds(edited) and index.holds(replaced))
        assert set(agent.appeared) == {edited, replaced}
        assert agent.vanished == []

    def test_a_walk_between_removing_and_replacing_a_file_tells_nothing(
        self, begin: Begin, index: MemoryIndex, root: Path
    ) -> None:
        photo = put(root / "a.jpg")
        put(root / "b.jpg")
        agent = begin(root, settle_seconds=0.5)
        photo.unlink()
        [tree_] = agent.folders._trees
        agent.work(lambda: photo in tree_._tracker)
        tree_.walk_soon()
        agent.work_for(0.1)
        put(photo, b"edited")
        agent.work(lambda: index.holds(photo))
        assert agent.vanished == []

    def test_folders_made_with_files_at_once(self, begin: Begin, index: MemoryIndex, root: Path) -> None:
        agent = begin(root)
        photos = [put(root / "a" / str(number) / "deep" / "1.jpg") for number in range(30)]
        agent.work(lambda: all(map(index.holds, photos)))
        assert sorted(agent.appeared) == sorted(photos)

    def test_a_folder_moved_in_within_and_out(
        self, begin: Begin, index: MemoryIndex, root: Path, tmp_path: Path
    ) -> None:
        agent = begin(root)
        put(tmp_path / "card" / "sub" / "1.jpg")
        put(tmp_path / "card" / "2.jpg")
        (tmp_path / "card").rename(root / "in")
        agent.work(lambda: len(index) == 2)
        (root / "in").rename(root / "on")
        agent.work(lambda: len(agent.changes) >= 6)
        assert sorted(agent.vanished) == [root / "in" / "2.jpg", root / "in" / "sub" / "1.jpg"]
        assert index.holds(root / "on" / "sub" / "1.jpg")
        (root / "on").rename(tmp_path / "card")
        agent.work(lambda: len(index) == 0)

    def test_deleted_files_and_folders_vanish(self, begin: Begin, index: MemoryIndex, root: Path) -> None:
        photos = [put(root / "a" / f"{number}.jpg") for number in range(3)] + [put(root / "b.jpg"), put(root / "c.jpg")]
        agent = begin(root)
        assert len(index) == 5
        shutil.rmtree(root / "a")
        (root / "b.jpg").unlink()
        agent.work(lambda: len(index) == 1)
        assert sorted(agent.vanished) == photos[:4]

    def test_a_burst_of_3000_is_complete_and_without_doubles(
        self, begin: Begin, index: MemoryIndex, root: Path
    ) -> None:
        agent = begin(root)
        for number in range(3000):
            (root / f"{number}.jpg").write_bytes(b"photo")
        agent.work(lambda: len(index) == 3000)
        assert set(Counter(agent.appeared).values()) == {1}

    def test_our_own_sidecars_and_other_peoples_reading_wake_nobody(self, begin: Begin, root: Path) -> None:
        photo = put(root / "a.jpg")
        agent = begin(root)
        put(root / ".a.jpg.xmp.1.realqa-tmp").rename(root / "a.jpg.xmp")
        photo.read_bytes()
        readable, _, _ = select.select([agent.folders.fileno()], [], [], 0.5)
        assert readable == []
        assert agent.folders.settled()

    def test_opening_for_writing_without_a_change_is_no_work(self, begin: Begin, root: Path) -> None:
        photo = put(root / "a.jpg")
        agent = begin(root)
        with photo.open("r+b"):
            pass
        readable, _, _ = select.select([agent.folders.fileno()], [], [], 5)
        assert readable
        agent.work_for(2 * SETTLE_SECONDS)
        assert agent.changes == []
        assert agent.folders.settled()

    def test_an_empty_file_ends_as_one(self, begin: Begin, root: Path) -> None:
        agent = begin(root, settle_seconds=0.1)
        (root / "a.jpg").touch()
        agent.work_for(0.5)
        assert agent.changes == []
        agent.work(lambda: agent.appeared == [root / "a.jpg"])

    def test_two_roots_one_of_them_inside_an_ignored_folder_of_the_other(
        self, begin: Begin, index: MemoryIndex, root: Path
    ) -> None:
        inner = root / ".private"
        put(inner / "1.jpg")
        agent = begin(root, inner, root / "sub")
        assert len(index) == 1
        put(inner / "2.jpg")
        put(root / "3.jpg")
        agent.work(lambda: len(index) == 3)
        for each in agent.folders._trees:
            each.walk_soon()
        agent.work_for(2 * SETTLE_SECONDS)
        assert len(agent.changes) == 2


class TestLosses:
    """What events don't tell."""

    def test_a_root_that_is_away_and_comes_back(
        self, begin: Begin, index: MemoryIndex, root: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        put(root / "a" / "1.jpg")
        agent = begin(root, network_rescan_seconds=0.05)
        with caplog.at_level(logging.INFO):
            root.rename(root.with_name("unplugged"))
            agent.work(lambda: bool(agent.folders.problems()))
            agent.work_for(0.3)
            assert agent.changes == []
            root.with_name("unplugged").rename(root)
            agent.work(lambda: not agent.folders.problems())
        assert agent.changes == []
        assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
        put(root / "a" / "2.jpg")
        agent.work(lambda: len(index) == 2)

    def test_a_file_missed_just_before_its_root_went_away_is_not_gone(
        self, begin: Begin, index: MemoryIndex, root: Path
    ) -> None:
        photo = put(root / "a.jpg")
        agent = begin(root)
        photo.unlink()
        [tree_] = agent.folders._trees
        agent.work(lambda: photo in tree_._tracker)
        root.rename(root.with_name("unplugged"))
        agent.work_for(2 * SETTLE_SECONDS)
        assert agent.folders.problems() != []
        assert len(index) == 1

    def test_a_root_that_is_not_there_yet_is_found_when_it_comes(
        self, begin: Begin, index: MemoryIndex, tmp_path: Path
    ) -> None:
        agent = begin(tmp_path / "later", network_rescan_seconds=0.05)
        [problem] = agent.folders.problems()
        assert str(tmp_path / "later") in problem
        put(tmp_path / "later" / "1.jpg")
        agent.work(lambda: len(index) == 1)
        assert agent.folders.problems() == []

    def test_lost_events_are_made_good_by_a_walk(
        self, begin: Begin, index: MemoryIndex, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        agent = begin(root)
        monkeypatch.setattr(Observer, "happened", lambda *_: None)
        photo = put(root / "a.jpg")
        agent.work_for(2 * SETTLE_SECONDS)
        assert agent.changes == []
        monkeypatch.undo()
        [tree_] = agent.folders._trees
        before = tree_._reach._observer
        logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; ...")
        agent.work(lambda: index.holds(photo))
        # Watchdog says it before its watches are whole again: what was made meanwhile would be heard by nobody.
        assert tree_._reach._observer is not before
        heard = put(root / "b.jpg")
        agent.work(lambda: index.holds(heard))

    def test_more_folders_than_one_looks_into_singly(
        self, begin: Begin, index: MemoryIndex, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tree, "FOLDERS_DUE", 5)
        agent = begin(root)
        photos = [put(root / str(number) / "1.jpg") for number in range(50)]
        agent.work(lambda: all(map(index.holds, photos)))

    def test_the_rescan_finds_what_no_event_told(
        self, begin: Begin, index: MemoryIndex, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Observer, "happened", lambda *_: None)
        agent = begin(root, rescan_minutes=0.5 / 60)
        put(root / "a.jpg")
        agent.work(lambda: len(index) == 1)

    def test_a_network_root_is_walked_and_not_watched(
        self, begin: Begin, index: MemoryIndex, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reach, "filesystem_of", lambda _: "nfs4")
        monkeypatch.setattr(Observer, "start", lambda _: pytest.fail("inotify says nothing about a network share"))
        agent = begin(root, network_rescan_seconds=0.1, network_settle_seconds=0.1, settle_seconds=60)
        put(root / "a.jpg")
        agent.work(lambda: len(index) == 1)
        assert agent.folders.watched() == 0
        (note,) = agent.folders.problems()
        assert note == f"{root}: nfs4 doesn't report every change; the folder is walked about every 0.1 s instead"

    def test_what_changes_behind_a_fuse_mount_is_found_by_the_walk_and_the_rest_is_heard(
        self, begin: Begin, index: MemoryIndex, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reach, "filesystem_of", lambda _: "fuse.mergerfs")
        agent = begin(root, network_rescan_seconds=600, network_settle_seconds=0.1)
        assert agent.folders.watched() == 1
        put(root / "a.jpg")
        agent.work(lambda: len(index) == 1)
        assert "fuse.mergerfs" in agent.folders.problems()[0]

    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EMFILE])
    def test_at_the_inotify_limit_the_root_is_walked_and_the_problem_named_once(
        self,
        begin: Begin,
        index: MemoryIndex,
        root: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        error: int,
    ) -> None:
        def start(_: Observer) -> None:
            raise OSError(error, os.strerror(error))

        monkeypatch.setattr(Observer, "start", start)
        agent = begin(root, network_rescan_seconds=0.1)
        put(root / "a.jpg")
        agent.work(lambda: len(index) == 1)
        [problem] = agent.folders.problems()
        assert "fs.inotify.max_user_watches" in problem
        assert len(caplog.records) == 1

    def test_an_observer_that_hears_only_a_part_gives_its_watches_back(
        self, begin: Begin, index: MemoryIndex, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Observer, "unwatched", lambda _: 12)
        agent = begin(root, network_rescan_seconds=0.1)
        assert "12 of its folders" in agent.folders.problems()[0]
        put(root / "a.jpg")
        agent.work(lambda: len(index) == 1)

    def test_unreadable_folders_are_one_problem_however_many(
        self, unprivileged: Path, index: MemoryIndex, clock: Clock
    ) -> None:
        for number in range(5):
            (unprivileged / str(number)).mkdir(mode=0)
        folders = Folders([unprivileged], DEFAULTS, ignore=(), index=index, once=True, clock=clock)
        folders.start()
        folders.poll()
        [problem] = folders.problems()
        assert "2 more" in problem
        assert "Permission denied" in problem
        folders.stop()


class TestOnce:
    """One walk, no observer."""

    @pytest.fixture
    def wall(self) -> Clock:
        """The wall clock, a minute ahead of the files that the test makes."""
        wall = Clock()
        wall.now = time.time() + 60
        return wall

    @pytest.fixture
    def once(self, index: MemoryIndex, clock: Clock, wall: Clock) -> Callable[..., Folders]:
        def _once(*roots: Path) -> Folders:
            folders = Folders(
                roots,
                Watch.model_validate({"settle_seconds": 2}),
                ignore=(),
                index=index,
                once=True,
                clock=clock,
                wall_clock=wall,
            )
            folders.start()
            return folders

        return _once

    def test_old_files_are_ready_at_once_and_then_it_is_settled(self, once: Callable[..., Folders], root: Path) -> None:
        photos = {put(root / "a" / "1.jpg"), put(root / "2.jpg")}
        folders = once(root)
        assert not folders.settled()
        assert {change.path for change in folders.poll()} == photos
        assert folders.settled()
        assert folders.next_due() == float("inf")
        folders.stop()

    def test_young_files_are_waited_for(
        self, once: Callable[..., Folders], root: Path, clock: Clock, wall: Clock
    ) -> None:
        photo = put(root / "1.jpg")
        os.utime(photo, (0, 0))  # an old mtime proves nothing: the ctime is young
        wall.now = time.time()
        folders = once(root)
        assert folders.poll() == []
        assert not folders.settled()
        assert folders.next_due() == pytest.approx(2)
        clock.now += 2
        wall.now += 2
        assert [change.path for change in folders.poll()] == [photo]
        assert folders.settled()
        folders.stop()

    def test_on_a_network_an_age_of_minutes_proves_nothing(
        self,
        once: Callable[..., Folders],
        root: Path,
        clock: Clock,
        wall: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(reach, "filesystem_of", lambda _: "cifs")
        photo = put(root / "1.jpg")
        wall.now = time.time() + 300
        folders = once(root)
        assert folders.poll() == []
        clock.now += 10
        assert [change.path for change in folders.poll()] == [photo]
        folders.stop()

    @pytest.mark.parametrize(("age_s", "ready"), [(10, False), (21, True)])
    def test_an_empty_file_must_be_ten_times_as_old(
        self, once: Callable[..., Folders], root: Path, wall: Clock, age_s: float, *, ready: bool
    ) -> None:
        wall.now = put(root / "1.jpg", b"").stat().st_ctime + age_s
        folders = once(root)
        assert bool(folders.poll()) == ready
        folders.stop()

    def test_a_file_from_the_future_is_waited_for_no_longer_than_others(
        self, once: Callable[..., Folders], root: Path, clock: Clock
    ) -> None:
        photo = put(root / "1.jpg")
        os.utime(photo, (2**33, 2**33))
        folders = once(root)
        assert folders.poll() == []
        clock.now += 2
        assert [change.path for change in folders.poll()] == [photo]
        folders.stop()

    def test_changes_come_in_batches(self, once: Callable[..., Folders], root: Path, index: MemoryIndex) -> None:
        for number in range(2 * BATCH + 10):
            put(root / f"{number % 3}" / f"{number}.jpg")
        folders = once(root)
        sizes = []
        while not folders.settled():
            changes = folders.poll()
            index.take_in(changes)
            sizes.append(len(changes))
        assert max(sizes) <= BATCH
        assert len(index) == sum(sizes) == 2 * BATCH + 10
        folders.stop()

    def test_a_root_that_is_away_ends_with_a_problem(
        self, once: Callable[..., Folders], root: Path, index: MemoryIndex
    ) -> None:
        index.files[root]["a.jpg"] = stat_of(put(root.parent / "a.jpg"))
        root.rmdir()
        folders = once(root)
        assert folders.poll() == []
        assert folders.settled()
        assert len(folders.problems()) == 1
        folders.stop()

    def test_relative_and_repeated_roots_are_one(
        self, once: Callable[..., Folders], root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(root / "1.jpg")
        monkeypatch.chdir(root.parent)
        folders = once(Path("Pictures"), root, root / "sub" / "..")
        assert [change.path for change in folders.poll()] == [root / "1.jpg"]
        folders.stop()

    def test_more_young_files_than_may_wait_come_later(
        self, once: Callable[..., Folders], root: Path, clock: Clock, wall: Clock, index: MemoryIndex
    ) -> None:
        for number in range(5):
            put(root / f"{number}.jpg")
        wall.now = time.time()
        folders = once(root)
        folders._trees[0]._tracker._limit = 2
        for _ in range(20):
            index.take_in(folders.poll())
            clock.now += 2
        assert len(index) == 5
        assert folders.settled()
        folders.stop()


def test_after_a_sleep_of_the_machine_everything_is_walked(
    index: MemoryIndex, root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Observer, "happened", lambda *_: None)
    wall = Clock()
    wall.now = time.time() + 60
    folders = Folders([root], DEFAULTS, ignore=(), index=index, clock=clock, wall_clock=wall)
    folders.start()
    folders.poll()
    photo = put(root / "a.jpg")
    clock.now += 1
    wall.now += 1
    assert folders.poll() == []
    wall.now += SLEPT_SECONDS + 1
    assert [change.path for change in folders.poll()] == [photo]
    photo.unlink()
    folders.stop()


def test_what_is_mounted_below_the_root_later_is_watched_too(
    in_namespace: Callable[[str], str], tmp_path: Path
) -> None:
    printed = in_namespace(f"""
import subprocess, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.watch.conftest import Agent, MemoryIndex
from realqa_agent.config import Watch
from realqa_agent.watch.folders import Folders

root = Path({str(tmp_path)!r})
disk = root / "disk"
disk.mkdir()
index = MemoryIndex()
settings = Watch.model_validate({{"settle_seconds": 0.1, "rescan_minutes": 0.4 / 60}})
folders = Folders([root], settings, ignore=(), index=index)
folders.start()
agent = Agent(folders, index)
agent.work(folders.settled)
subprocess.run(["mount", "-t", "tmpfs", "none", disk], check=True)
(disk / "sub").mkdir()
(disk / "sub" / "1.jpg").write_bytes(b"photo")
agent.work(lambda: len(index) == 1)
folders._trees[0]._settings = Watch.model_validate({{"settle_seconds": 0.1}})
agent.work_for(0.5)
(disk / "sub" / "2.jpg").write_bytes(b"photo")
agent.work(lambda: len(index) == 2)
subprocess.run(["umount", disk], check=True)
folders._trees[0].walk_soon()
agent.work(lambda: folders.problems() != [])
print(len(index), folders.problems())
folders.stop()
""")
    assert printed.startswith("2 ")
    assert f"{tmp_path}/disk: nothing is mounted there any more" in printed
