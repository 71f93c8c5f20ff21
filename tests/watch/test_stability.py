"""The tracker alone: no files, no time but the test's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.files import FileStat
from realqa_agent.watch.stability import EMPTY_PATIENCE, StabilityTracker

A, B = Path("/p/a.jpg"), Path("/p/b.jpg")


def look(size: int = 1, mtime_ns: int = 1, inode: int = 1) -> FileStat:
    return FileStat(size=size, mtime_ns=mtime_ns, inode=inode)


class Disk(dict[Path, FileStat | None]):
    def look_at(self, path: Path) -> FileStat | None:
        return self.get(path)


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_quiet_and_unchanged_for_settle_seconds_is_ready_once(disk: Disk) -> None:
    tracker = StabilityTracker(2.0)
    disk[A] = look()
    tracker.touch(A, disk[A], 10.0)
    assert list(tracker.settled(11.9, disk.look_at)) == []
    assert list(tracker.settled(12.0, disk.look_at)) == [(A, look())]
    assert list(tracker.settled(99.0, disk.look_at)) == []


def test_each_event_starts_the_waiting_anew(disk: Disk) -> None:
    tracker = StabilityTracker(2.0)
    disk[A] = look()
    tracker.touch(A, disk[A], 10.0)
    tracker.touch(A, disk[A], 11.5)
    assert list(tracker.settled(12.5, disk.look_at)) == []
    assert list(tracker.settled(13.5, disk.look_at)) == [(A, look())]


@pytest.mark.parametrize("changed", [look(size=2), look(mtime_ns=0), look(mtime_ns=2**62), look(inode=2)])
def test_a_change_without_event_starts_the_waiting_anew(disk: Disk, changed: FileStat) -> None:
    tracker = StabilityTracker(2.0)
    tracker.touch(A, look(), 10.0)
    disk[A] = changed
    assert list(tracker.settled(12.0, disk.look_at)) == []
    assert tracker.next_due() == 14.0
    assert list(tracker.settled(14.0, disk.look_at)) == [(A, changed)]


def test_an_empty_file_waits_ten_times_longer_whatever_happens_to_it(disk: Disk) -> None:
    tracker = StabilityTracker(2.0)
    disk[A] = look(size=0)
    ready_at = None
    for now in range(10, 60):
        if now % 3 == 0:
            tracker.touch(A, disk[A], float(now))
        if list(tracker.settled(float(now), disk.look_at)):
            ready_at = now
            break
    assert ready_at is not None
    assert 10 + 2 * EMPTY_PATIENCE <= ready_at <= 10 + 2 * EMPTY_PATIENCE + 5


def test_an_empty_file_that_is_filled_waits_like_any_other(disk: Disk) -> None:
    tracker = StabilityTracker(2.0)
    tracker.touch(A, look(size=0), 10.0)
    disk[A] = look(size=5)
    tracker.touch(A, disk[A], 11.0)
    assert list(tracker.settled(13.0, disk.look_at)) == [(A, look(size=5))]


def test_a_path_must_be_gone_for_the_same_time(disk: Disk) -> None:
    tracker = StabilityTracker(2.0)
    tracker.touch(A, None, 10.0)
    tracker.touch(B, None, 10.0)
    disk[B] = look()  # replaced by removing it first
    assert list(tracker.settled(12.0, disk.look_at)) == [(A, None)]
    assert list(tracker.settled(14.0, disk.look_at)) == [(B, look())]


def test_a_file_that_can_not_be_looked_at_is_dropped(disk: Disk) -> None:
    tracker = StabilityTracker(2.0)
    tracker.touch(A, look(), 10.0)
    tracker.touch(B, look(), 10.0)
    disk[B] = look()

    def look_at(path: Path) -> FileStat | None:
        if path == A:
            raise OSError(5, "Input/output error")
        return disk[path]

    assert list(tracker.settled(12.0, look_at)) == [(B, look())]
    assert len(tracker) == 0


def test_no_more_than_the_limit_waits() -> None:
    tracker = StabilityTracker(2.0, limit=1)
    assert tracker.touch(A, look(), 10.0)
    assert not tracker.touch(B, look(), 10.0)
    assert tracker.touch(A, look(), 11.0), "one that waits already needs no room"
    assert (A in tracker, B in tracker) == (True, False)


def test_settle_zero_ends_and_hands_on_what_stands_still() -> None:
    tracker = StabilityTracker(0.0)
    sizes = iter(range(1, 1000))
    tracker.touch(A, look(), 10.0)
    assert list(tracker.settled(10.0, lambda _: look(size=next(sizes)))) == [(A, look())]
    tracker.touch(A, look(), 10.0)
    assert list(tracker.settled(10.0, lambda _: look(size=next(sizes)))) == [], "it grows with every look"


steps = st.lists(
    st.tuples(
        st.sampled_from([A, B]),
        st.none() | st.builds(look, size=st.integers(0, 2), mtime_ns=st.integers(-1, 1)),
        st.booleans(),
        st.floats(0, 3),
    )
)


@given(steps)
def test_whatever_happens_nothing_is_ready_early_and_nothing_is_forgotten(
    steps: list[tuple[Path, FileStat | None, bool, float]],
) -> None:
    tracker = StabilityTracker(1.0)
    disk = Disk()
    touched: dict[Path, float] = {}
    now = 0.0
    for path, state, event, pause in steps:
        disk[path] = state
        if event:
            tracker.touch(path, state, now)
            touched[path] = now
        now += pause
        for ready, seen in tracker.settled(now, disk.look_at):
            assert seen == disk.get(ready)
            assert touched.pop(ready) + 1.0 <= now
    # Left alone, everything that was touched comes out, and within bounded time.
    rest: set[Path] = set()
    for _ in range(15):
        now += 1.0
        rest |= {path for path, _ in tracker.settled(now, disk.look_at)}
    assert rest == set(touched)
