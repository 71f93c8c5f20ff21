"""What a person asks of the queue and tells it."""

from __future__ import annotations

import os

import pytest
from support.records import PHOTOS, Clock, stat

from realqa_agent.files import Appeared
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.jobs import Queue
from realqa_agent.queue.records import Priority, State
from realqa_agent.queue.steering import Steering

WILD = os.fsdecode(b"caf\xe9 %_'\n.jpg")


@pytest.fixture
def steering(index: Index) -> Steering:
    return Steering(index)


@pytest.fixture
def filled(index: Index, queue: Queue) -> None:
    """One job of each kind: under way, queued, waiting for its next try, set aside."""
    names = ["running.jpg", "waiting.jpg", "aside.jpg", f"card/{WILD}"]
    take_in(index, [Appeared(path=PHOTOS / name, stat=stat(number)) for number, name in enumerate(names)])
    _, waiting, aside = queue.claim("me", 3)
    queue.fail(waiting, "the share is away", transient=True)
    queue.fail(aside, "corrupt", transient=False)


def states(steering: Steering) -> dict[str, State]:
    return {standing.path.name: standing.state for standing in steering.listing()}


@pytest.mark.usefixtures("filled")
class TestWithJobs:
    def test_listing_begins_with_what_is_under_way_and_ends_with_what_is_not_wanted(self, steering: Steering) -> None:
        assert [standing.path.name for standing in steering.listing()] == [
            "running.jpg",
            "waiting.jpg",
            WILD,
            "aside.jpg",
        ]
        (aside,) = steering.listing(state=State.DEAD)
        assert (aside.error, aside.attempts) == ("corrupt", 1)

    def test_paths_are_files_or_folders(self, steering: Steering) -> None:
        assert [each.path.name for each in steering.listing(paths=[PHOTOS / "card"])] == [WILD]
        assert [each.path.name for each in steering.listing(paths=[PHOTOS / "card" / WILD])] == [WILD]
        assert len(list(steering.listing(paths=[PHOTOS]))) == 4
        assert list(steering.listing(paths=[PHOTOS / "car"])) == []

    def test_retry_brings_back_what_failed_with_all_its_tries_and_before_the_others(
        self, index: Index, queue: Queue, steering: Steering
    ) -> None:
        take_in(index, [Appeared(path=PHOTOS / "backlog.jpg", stat=stat(9), recent=False)])
        assert steering.retry() == 2
        jobs = queue.claim("you", 9)
        assert [(job.path.name, job.attempts, job.priority) for job in jobs] == [
            ("waiting.jpg", 1, Priority.IMPORT),
            ("aside.jpg", 1, Priority.IMPORT),
            (WILD, 1, Priority.IMPORT),
            ("backlog.jpg", 1, Priority.BACKLOG),
        ]

    def test_dropped_files_stay_out_until_they_are_asked_for_or_change(
        self, index: Index, queue: Queue, steering: Steering
    ) -> None:
        assert steering.drop([PHOTOS]) == 3
        assert queue.counts().dropped == 3
        assert states(steering)["running.jpg"] is State.RUNNING
        queue.retry_mendable()
        queue.enqueue_unscored([("firstlook", "1")])
        assert steering.retry() == 0
        assert queue.claim("me", 9) == []
        take_in(index, [Appeared(path=PHOTOS / "waiting.jpg", stat=stat(77))])
        assert steering.retry([PHOTOS / "card"]) == 1
        assert {job.path.name for job in queue.claim("me", 9)} == {"waiting.jpg", WILD}

    def test_only_what_was_set_aside_can_be_dropped(self, steering: Steering) -> None:
        assert steering.drop(state=State.DEAD) == 1
        assert states(steering)["aside.jpg"] is State.DROPPED
        assert states(steering)["waiting.jpg"] is State.QUEUED

    def test_what_waits_for_its_next_try_is_not_the_oldest(self, steering: Steering) -> None:
        assert steering.waiting_since() is not None
        steering.drop([PHOTOS / "card"])
        assert steering.waiting_since() is None

    def test_the_oldest_in_the_queue(self, index: Index, steering: Steering, clock: Clock) -> None:
        began = clock.now
        clock.now += 60
        take_in(index, [Appeared(path=PHOTOS / "later.jpg", stat=stat(9))])
        assert steering.waiting_since() == began


def test_a_pause_outlives_the_process_that_asked_for_it(index: Index, steering: Steering) -> None:
    assert steering.paused_since() is None
    assert steering.pause()
    assert not steering.pause()
    with Index.read(index.database.file) as reader:
        assert Steering(reader).paused_since() == "2027-01-15T08:00:00Z"
    assert steering.resume()
    assert not steering.resume()
    assert steering.paused_since() is None


@pytest.mark.parametrize("back", [3600, 86_400])
def test_clock_that_is_set_back_makes_nothing_wait_for_it(index: Index, queue: Queue, clock: Clock, back: int) -> None:
    take_in(index, [Appeared(path=PHOTOS / f"{number}.jpg", stat=stat(number)) for number in range(3)])
    leased, failed = queue.claim("killed", 2)
    queue.fail(failed, "the share is away", transient=True)
    clock.now -= back
    assert queue.next_due() == clock.now
    assert queue.counts().waiting == 0
    assert {job.path for job in queue.claim("me", 9)} == {leased.path, failed.path, PHOTOS / "2.jpg"}


def test_hastened_files_leave_the_backlog_and_nothing_else_changes(index: Index, steering: Steering) -> None:
    backlog = [Appeared(path=PHOTOS / f"{each}.jpg", stat=stat(each), recent=False) for each in range(3)]
    take_in(index, [*backlog, Appeared(path=PHOTOS / WILD, stat=stat(9))])
    steering.drop([PHOTOS / "1.jpg"])
    assert steering.hasten([PHOTOS / name for name in ("1.jpg", "2.jpg", WILD, "unknown.jpg")]) == 1
    order = [(standing.path.name, standing.priority) for standing in steering.listing(state=State.QUEUED)]
    assert order == [(WILD, Priority.IMPORT), ("2.jpg", Priority.IMPORT), ("0.jpg", Priority.BACKLOG)]


def test_standing_of_many_files_at_once(index: Index, steering: Steering) -> None:
    paths = [PHOTOS / str(each % 3) / f"{each}.jpg" for each in range(1200)] + [PHOTOS / WILD]
    take_in(index, [Appeared(path=path, stat=stat(number)) for number, path in enumerate(paths)])
    found = steering.standing_at([*paths, PHOTOS / "unknown.jpg"])
    assert set(found) == set(paths)
    assert {standing.state for standing in found.values()} == {State.QUEUED}
