"""Claims, leases, and how a job ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.records import PHOTOS, Clock, add, sha, stat, stored

from realqa_agent.config import Queue as Settings
from realqa_agent.errors import RefusalKind
from realqa_agent.files import Appeared, Vanished
from realqa_agent.index.schema import file
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.jobs import Job, Queue, QueueCounts
from realqa_agent.queue.records import Priority, State
from realqa_agent.queue.retry import FailureKind
from realqa_agent.queue.steering import Steering

LEASE_SECONDS = Settings().lease_seconds


def fill(index: Index, *names: str, recent: bool = True) -> None:
    take_in(index, [Appeared(path=PHOTOS / name, stat=stat(sum(name.encode())), recent=recent) for name in names])


def claim(queue: Queue, owner: str = "me") -> Job:
    (job,) = queue.claim(owner, 1)
    return job


def counts(*, queued: int = 0, waiting: int = 0, running: int = 0, dead: int = 0) -> QueueCounts:
    return QueueCounts(queued=queued, following=0, waiting=waiting, running=running, dead=dead, unanswered=0, dropped=0)


def test_jobs_are_claimed_in_turn_and_once(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg", "2.jpg", "3.jpg")
    assert [job.path for job in queue.claim("me", 2)] == [PHOTOS / "1.jpg", PHOTOS / "2.jpg"]
    assert [job.path for job in queue.claim("you", 2)] == [PHOTOS / "3.jpg"]
    assert queue.claim("me", 2) == []
    assert queue.counts() == counts(running=3)


@pytest.mark.parametrize("limit", [0, -1])
def test_nothing_is_claimed_without_a_free_worker(index: Index, queue: Queue, limit: int) -> None:
    fill(index, "1.jpg")
    assert queue.claim("me", limit) == []
    assert queue.counts() == counts(queued=1)


def test_imports_go_before_the_backlog(index: Index, queue: Queue) -> None:
    fill(index, "old 1.jpg", "old 2.jpg", recent=False)
    fill(index, "new.jpg")
    assert [job.path.name for job in queue.claim("me", 3)] == ["new.jpg", "old 1.jpg", "old 2.jpg"]


def test_finished_job_is_gone(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    job = claim(queue)
    assert (job.attempts, job.crashes, job.owner) == (1, 0, "me")
    assert queue.finish(job)
    assert queue.counts() == counts()
    assert not queue.finish(job)


def test_passing_failure_comes_back_after_a_growing_pause(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg")
    for attempt, pause in enumerate((30.0, 120.0, 480.0, 1920.0), start=1):
        job = claim(queue)
        assert job.attempts == attempt
        assert queue.fail(job, "the share is away", transient=True)
        assert queue.counts() == counts(waiting=1)
        assert queue.next_due() == pytest.approx(clock.now + pause)
        clock.now += pause - 1
        assert queue.claim("me", 1) == []
        clock.now += 1
    assert queue.fail(claim(queue), "the share is away", transient=True)
    assert queue.counts() == counts(dead=1)
    assert queue.next_due() is None


def test_lasting_failure_is_set_aside_at_once_and_says_why(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    assert queue.fail(claim(queue), "corrupt: the picture ends early", transient=False)
    assert queue.counts() == counts(dead=1)
    (failure,) = Steering(index).failures(10)
    assert failure.path == PHOTOS / "1.jpg"
    assert failure.error == "corrupt: the picture ends early"
    assert (failure.failure, failure.state, failure.attempts) == (FailureKind.PERMANENT, State.DEAD, 1)
    assert failure.failed_at == 1_800_000_000.0


def test_failures_are_newest_first_and_hold_those_that_come_back(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg", "2.jpg", "3.jpg")
    for job, transient in zip(queue.claim("me", 2), (False, True), strict=True):
        queue.fail(job, f"{job.path.name} fails", transient=transient)
        clock.now += 1
    assert [(failure.error, failure.state) for failure in Steering(index).failures(10)] == [
        ("2.jpg fails", State.QUEUED),
        ("1.jpg fails", State.DEAD),
    ]
    assert [failure.error for failure in Steering(index).failures(1)] == ["2.jpg fails"]


def test_second_crash_sets_a_file_aside(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg")
    assert not queue.crashed(claim(queue), "signal 11")
    clock.now += 30
    job = claim(queue)
    assert job.crashes == 1
    assert queue.crashed(job, "signal 11")
    (failure,) = Steering(index).failures(1)
    assert (failure.failure, failure.state, failure.error) == (FailureKind.CRASH, State.DEAD, "signal 11")


def test_lease_that_is_renewed_holds(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg")
    job = claim(queue)
    for _ in range(5):
        clock.now += LEASE_SECONDS - 1
        assert queue.renew("me") == 1
        assert queue.claim("you", 1) == []
    assert queue.renew("you") == 0
    assert queue.finish(job)


def test_expired_lease_is_taken_over_and_the_late_owner_is_turned_away(
    index: Index, queue: Queue, clock: Clock
) -> None:
    fill(index, "1.jpg")
    late = claim(queue)
    clock.now += LEASE_SECONDS + 1
    taken = claim(queue, "you")
    assert taken.attempts == 2
    assert not queue.finish(late)
    assert not queue.fail(late, "late", transient=False)
    assert not queue.crashed(late, "late")
    assert queue.finish(taken)


def test_changed_file_is_not_finished_by_who_read_it_before(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    before = claim(queue)
    take_in(index, [Appeared(path=PHOTOS / "1.jpg", stat=stat(99))])
    after = claim(queue)
    assert (before.file_id, before.attempts, before.owner) == (after.file_id, after.attempts, after.owner)
    assert not queue.finish(before)
    assert queue.finish(after)


def test_job_that_takes_the_agent_down_is_set_aside_in_the_end(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg")
    for number in range(Settings().attempts):
        claim(queue, f"agent {number}")
        clock.now += LEASE_SECONDS + 1
    assert queue.claim("me", 1) == []
    assert queue.counts() == counts(dead=1)
    (failure,) = Steering(index).failures(1)
    assert (failure.failure, failure.error) == (
        FailureKind.ABANDONED,
        "the agent ended in the middle of it (5 tries so far)",
    )


def test_lease_that_ran_out_while_the_machine_slept_is_still_its_living_owners(
    index: Index, queue: Queue, clock: Clock
) -> None:
    """Claimed a second time, the same job would be worked on twice at once."""
    fill(index, "1.jpg", "2.jpg")
    job = claim(queue)
    clock.now += 8 * 3600
    assert [other.path.name for other in queue.claim("me", 9)] == ["2.jpg"]
    assert queue.finish(job)


def test_running_lease_is_not_released(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg")
    claim(queue)
    clock.now += LEASE_SECONDS - 1
    assert queue.claim("you", 1) == []


def test_stop_gives_jobs_back_unspent(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg", "2.jpg", "3.jpg")
    mine = queue.claim("me", 2)
    claim(queue, "you")
    assert queue.give_back("me") == 2
    assert queue.counts() == counts(queued=2, running=1)
    assert not queue.finish(mine[0])
    assert [job.attempts for job in queue.claim("me", 2)] == [1, 1]


def test_start_takes_over_from_a_killed_agent_at_once(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg", "2.jpg")
    queue.claim("killed", 2)
    queue.take_over()
    assert [job.attempts for job in queue.claim("me", 2)] == [2, 2]


def test_what_can_be_mended_starts_afresh_and_a_corrupt_file_does_not(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg", "2.jpg", "3.jpg")
    unreadable, corrupt, unwritable = queue.claim("me", 3)
    index.record_refused(unreadable.file_id, None, RefusalKind.UNREADABLE, "no")
    index.record_refused(corrupt.file_id, None, RefusalKind.CORRUPT, "no")
    for job in (unreadable, corrupt, unwritable):
        queue.fail(job, "no", transient=False)
    assert queue.retry_mendable() == 2
    assert [(job.path.name, job.attempts, job.crashes) for job in queue.claim("me", 3)] == [
        ("1.jpg", 1, 0),
        ("3.jpg", 1, 0),
    ]


def test_next_due_is_the_earliest(index: Index, queue: Queue, clock: Clock) -> None:
    assert queue.next_due() is None
    fill(index, "1.jpg", "2.jpg")
    due = queue.next_due()
    assert due is not None
    assert due <= clock.now
    first, second = queue.claim("me", 2)
    assert queue.next_due() is None
    queue.fail(first, "later", transient=True)
    clock.now += 10
    queue.fail(second, "later", transient=True)
    assert queue.next_due() == pytest.approx(clock.now + 20)


def test_new_scorer_has_all_to_do_but_refused_and_missing_ones(index: Index, queue: Queue) -> None:
    ids = {name: add(index, PHOTOS / name, inode) for inode, name in enumerate(["1", "2", "refused", "missing"])}
    for name, job in zip(ids, queue.claim("me", 4), strict=True):
        index.record_scored(job.file_id, stat(ids[name]), sha(name), stored=stored())
        queue.finish(job)
    index.record_refused(ids["refused"], None, RefusalKind.CORRUPT, "cut")
    take_in(index, [Vanished(path=PHOTOS / "missing")])
    assert queue.enqueue_unscored([("firstlook", "1")]) == 0
    assert queue.enqueue_unscored([("firstlook", "2")]) == 2
    assert queue.enqueue_unscored([("firstlook", "2")]) == 0
    fill(index, "new.jpg")
    assert [job.path.name for job in queue.claim("me", 9)] == ["new.jpg", "1", "2"]


def test_files_are_enqueued_once(index: Index, queue: Queue) -> None:
    first, second = add(index, PHOTOS / "1.jpg", 1), add(index, PHOTOS / "2.jpg", 2)
    queue.finish(claim(queue))
    assert queue.enqueue([first, second]) == 1
    assert queue.enqueue([]) == 0
    assert queue.counts() == counts(queued=2)


def test_reader_counts_without_writing(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg", "2.jpg")
    claim(queue)
    with Index.read(index.database.file, clock=clock) as reader:
        status = Queue(reader, Settings())
        assert status.counts() == counts(queued=1, running=1)
        assert Steering(reader).failures(5) == []
        assert status.next_due() is not None


def test_job_knows_the_path_of_a_file_that_moved_while_it_waited(index: Index, queue: Queue) -> None:
    add(index, PHOTOS / "1.jpg", 1)
    moved = Path("/elsewhere/1.jpg")
    take_in(index, [Appeared(path=moved, stat=stat(1)), Vanished(path=PHOTOS / "1.jpg")])
    assert claim(queue).path == moved


def for_the_model(queue: Queue) -> None:
    queue.enqueue_followed(file.c.missing_since.is_(None))


def test_jobs_for_the_model_are_claimed_apart(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    queue.follow(claim(queue))
    assert queue.counts() == replace(counts(queued=1), following=1)
    assert queue.claim("me", 1) == []
    assert queue.next_due() is None
    assert queue.next_due(follow=True) is not None
    (job,) = queue.claim("me", 1, follow=True)
    assert (job.priority, job.attempts) == (Priority.FOLLOW, 1)


def test_a_job_that_was_taken_over_is_not_followed(index: Index, queue: Queue, clock: Clock) -> None:
    fill(index, "1.jpg")
    lost = claim(queue)
    clock.now += LEASE_SECONDS + 1
    mine = claim(queue, "you")
    queue.follow(lost)
    assert queue.counts() == counts(running=1)
    assert queue.finish(mine)


def test_a_job_for_the_model_gives_way_to_any_other(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    job = claim(queue)
    queue.follow(job)
    assert queue.enqueue([job.file_id]) == 1
    assert queue.counts() == counts(queued=1)
    for_the_model(queue)
    assert queue.counts() == counts(queued=1)


def test_a_try_that_could_not_begin_is_not_spent(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    for_the_model(queue)
    assert queue.put_back(claim(queue), "the server is away")
    assert claim(queue).attempts == 1


def test_what_the_model_gave_no_number_for_waits_for_another_model(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg")
    queue.follow(claim(queue))
    (job,) = queue.claim("me", 1, follow=True)
    assert queue.unanswered(job, "it says nothing")
    assert queue.counts() == replace(counts(dead=1), unanswered=1)
    assert queue.retry_mendable() == 0
    queue.forget_followed()
    assert queue.retry_unanswered() == 1
    assert len(queue.claim("me", 1, follow=True)) == 1


def test_what_waits_for_the_model_can_be_forgotten_and_nothing_else(index: Index, queue: Queue) -> None:
    fill(index, "1.jpg", "2.jpg")
    queue.follow(claim(queue))
    assert queue.forget_followed() == 1
    assert queue.counts() == counts(queued=1)
