"""What the watch found, taken in: rows, jobs and what stays known."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.records import PHOTOS, Clock, add, sha, stat, stored

from realqa_agent.assessment import Decision, Verdict
from realqa_agent.errors import RefusalKind
from realqa_agent.files import Appeared, FileStat, Vanished
from realqa_agent.index.reading import NAMES_AT_ONCE
from realqa_agent.index.store import Index, Row
from realqa_agent.queue.intake import Intake, take_in
from realqa_agent.queue.jobs import Queue
from realqa_agent.queue.steering import Steering

A, B = PHOTOS / "a.jpg", PHOTOS / "b.jpg"

KEEP = Verdict(decision=Decision.KEEP)


def intake(*, new: int = 0, changed: int = 0, moved: int = 0, returned: int = 0, vanished: int = 0) -> Intake:
    return Intake(new=new, changed=changed, moved=moved, returned=returned, vanished=vanished)


def row_at(index: Index, path: Path) -> Row:
    row = index.lookup(path)
    assert row is not None
    return row


def waiting(queue: Queue) -> list[Path]:
    """Return the files with a job, after taking and giving back all of them."""
    paths = [job.path for job in queue.claim("test", 100)]
    queue.give_back("test")
    return paths


@pytest.fixture
def scored(index: Index, queue: Queue) -> int:
    """File `a.jpg`, inode 1, with scores, verdict and memory; no job left."""
    file_id = add(index, A, 1)
    index.record_scored(file_id, stat(1), sha("a"), stored=stored())
    index.record_verdict(file_id, KEEP, judged_at="2027-01-15T08:00:00Z")
    index.remember(file_id, {"rating": ("human", "4")})
    (job,) = queue.claim("me", 1)
    queue.finish(job)
    return file_id


def test_new_files_get_a_row_a_job_and_a_first_line(index: Index, queue: Queue) -> None:
    found = take_in(index, [Appeared(path=A, stat=stat(1)), Appeared(path=B, stat=stat(2))])
    assert found == intake(new=2)
    assert waiting(queue) == [A, B]
    assert {name: known.stat for name, known in index.folder(PHOTOS).items()} == {"a.jpg": stat(1), "b.jpg": stat(2)}
    (event,) = index.history(row_at(index, A).file_id)
    assert (event.at, event.event) == ("2027-01-15T08:00:00Z", "found")


def test_known_file_makes_no_work(index: Index, queue: Queue, scored: int) -> None:
    assert take_in(index, [Appeared(path=A, stat=stat(1))]) == intake()
    assert take_in(index, []) == intake()
    assert waiting(queue) == []
    assert row_at(index, A).file_id == scored


@pytest.mark.parametrize("after", [stat(2), stat(1, size=1001), stat(1, mtime_ns=2), stat(1, mtime_ns=0)])
def test_changed_file_loses_what_was_known_of_its_content(
    index: Index, queue: Queue, scored: int, after: FileStat
) -> None:
    assert take_in(index, [Appeared(path=A, stat=after)]) == intake(changed=1)
    row = row_at(index, A)
    assert (row.file_id, row.stored, row.verdict) == (scored, None, None)
    assert index.memory(scored) == {"rating": ("human", "4")}
    assert waiting(queue) == [A]


def test_touched_file_finds_its_scores_again_by_content(index: Index, scored: int) -> None:
    touched = stat(1, mtime_ns=9)
    take_in(index, [Appeared(path=A, stat=touched)])
    assert index.assessment_of(sha("a"), "firstlook", "1") is not None
    index.record_known(scored, touched, sha("a"), "firstlook", "1")
    assert row_at(index, A).stored == stored()
    assert take_in(index, [Appeared(path=A, stat=touched)]) == intake()


def test_moved_file_keeps_all_that_is_known_and_makes_no_work(index: Index, queue: Queue, scored: int) -> None:
    elsewhere = Path("/other disk folder/renamed.jpg")
    assert take_in(index, [Appeared(path=elsewhere, stat=stat(1)), Vanished(path=A)]) == intake(moved=1)
    row = row_at(index, elsewhere)
    assert (row.file_id, row.stored, row.verdict, row.missing) == (scored, stored(), KEEP, False)
    assert index.memory(scored) == {"rating": ("human", "4")}
    assert index.lookup(A) is None
    assert index.history(scored)[-1].detail == f"from {A}"
    assert waiting(queue) == []


def test_moved_file_belongs_to_the_shot_of_its_new_place(index: Index, scored: int) -> None:
    raw = add(index, PHOTOS / "IMG_7.CR2", 7)
    index.record_scored(raw, stat(7), sha("raw"), stored=stored())
    take_in(index, [Appeared(path=PHOTOS / "IMG_7.JPG", stat=stat(1)), Vanished(path=A)])
    assert {member.file_id for member in index.shot(raw, [("firstlook", "1")])} == {raw, scored}


def test_move_is_seen_on_the_real_disk_before_the_old_path_is_reported(
    index: Index, queue: Queue, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    old.write_bytes(b"picture")
    file_id = add(index, old, 1)
    old.rename(new)
    assert take_in(index, [Appeared(path=new, stat=stat(1))]) == intake(moved=1)
    assert take_in(index, [Vanished(path=old)]) == intake()
    assert row_at(index, new).file_id == file_id
    assert waiting(queue) == [new]


def test_swapped_names_swap_their_rows(index: Index, queue: Queue, scored: int) -> None:
    other = add(index, B, 2)
    found = take_in(index, [Appeared(path=A, stat=stat(2)), Appeared(path=B, stat=stat(1))])
    assert found == intake(moved=2)
    assert (row_at(index, A).file_id, row_at(index, B).file_id) == (other, scored)
    assert waiting(queue) == [A]


def test_vanished_file_is_marked_and_its_job_dropped(index: Index, queue: Queue, clock: Clock) -> None:
    file_id = add(index, A, 1)
    clock.now += 60
    assert take_in(index, [Vanished(path=A)]) == intake(vanished=1)
    assert row_at(index, A).missing
    assert index.folder(PHOTOS) == {}
    assert waiting(queue) == []
    assert [event.event for event in index.history(file_id)] == ["found", "vanished"]
    assert take_in(index, [Vanished(path=A), Vanished(path=B)]) == intake()


def test_file_that_comes_back_is_known(index: Index, queue: Queue, scored: int) -> None:
    take_in(index, [Vanished(path=A)])
    assert take_in(index, [Appeared(path=A, stat=stat(1))]) == intake(returned=1)
    assert waiting(queue) == []
    row = row_at(index, A)
    assert (row.file_id, row.stored, row.missing) == (scored, stored(), False)


def test_file_that_comes_back_unscored_gets_its_job_again(index: Index, queue: Queue, scored: int) -> None:
    take_in(index, [Appeared(path=A, stat=stat(1, size=2))])
    take_in(index, [Vanished(path=A)])
    assert take_in(index, [Appeared(path=A, stat=stat(1, size=2))]) == intake(returned=1)
    assert row_at(index, A).file_id == scored
    assert waiting(queue) == [A]


def test_file_found_elsewhere_long_after_it_vanished_was_moved(index: Index, queue: Queue, scored: int) -> None:
    take_in(index, [Vanished(path=A)])
    assert take_in(index, [Appeared(path=B, stat=stat(1))]) == intake(moved=1)
    row = row_at(index, B)
    assert (row.file_id, row.missing) == (scored, False)
    assert waiting(queue) == []


def test_refused_file_is_left_alone_until_it_changes(index: Index, queue: Queue) -> None:
    file_id = add(index, A, 1)
    (job,) = queue.claim("me", 1)
    index.record_refused(file_id, stat(1), RefusalKind.CORRUPT, "cut")
    queue.fail(job, "corrupt: cut", transient=False)
    assert take_in(index, [Appeared(path=A, stat=stat(1))]) == intake()
    take_in(index, [Vanished(path=A)])
    take_in(index, [Appeared(path=A, stat=stat(1))])
    assert waiting(queue) == []
    assert row_at(index, A).refusal == (RefusalKind.CORRUPT, "cut")
    assert take_in(index, [Appeared(path=A, stat=stat(1, size=2))]) == intake(changed=1)
    assert waiting(queue) == [A]
    assert row_at(index, A).refusal is None
    assert Steering(index).failures(5) == []


def test_file_that_moved_under_its_worker_is_looked_at_again(index: Index, queue: Queue) -> None:
    file_id = add(index, A, 1)
    (job,) = queue.claim("me", 1)
    take_in(index, [Appeared(path=B, stat=stat(1)), Vanished(path=A)])
    # The worker only knew the old path.
    index.record_refused(file_id, None, RefusalKind.UNREADABLE, "no such file")
    assert not queue.fail(job, "unreadable: no such file", transient=False)
    assert waiting(queue) == [B]


@pytest.mark.parametrize("then", [B, A])
def test_file_called_unreadable_because_it_had_moved_away_gets_another_try(
    index: Index, queue: Queue, then: Path
) -> None:
    file_id = add(index, A, 1)
    (job,) = queue.claim("me", 1)
    index.record_refused(file_id, None, RefusalKind.UNREADABLE, "no such file")
    queue.fail(job, "unreadable: no such file", transient=False)
    take_in(index, [Vanished(path=A)])
    take_in(index, [Appeared(path=then, stat=stat(1))])
    assert row_at(index, then).refusal is None
    assert waiting(queue) == [then]


def test_rescoring_survives_a_move(index: Index, queue: Queue, scored: int) -> None:
    queue.enqueue_unscored([("firstlook", "2")])
    (job,) = queue.claim("me", 1)
    take_in(index, [Appeared(path=B, stat=stat(1)), Vanished(path=A)])
    assert not queue.finish(job)
    assert waiting(queue) == [B]
    assert row_at(index, B).file_id == scored


def test_batch_is_all_or_nothing(index: Index, queue: Queue) -> None:
    def fail(_: Path) -> bool:
        raise OSError("the disk went away")

    add(index, A, 1)
    with pytest.raises(OSError, match="went away"):
        take_in(index, [Appeared(path=PHOTOS / "c.jpg", stat=stat(3)), Appeared(path=B, stat=stat(1))], exists=fail)
    assert index.folder(PHOTOS).keys() == {"a.jpg"}
    assert waiting(queue) == [A]


def test_large_batch_over_many_folders(index: Index) -> None:
    files = [Path(f"/photos/{each % 3}/{each}.jpg") for each in range(3 * NAMES_AT_ONCE + 300)]
    changes = [Appeared(path=path, stat=stat(inode)) for inode, path in enumerate(files)]
    assert take_in(index, changes) == intake(new=len(files))
    assert take_in(index, changes) == intake()
    moved = [Appeared(path=Path("/new", change.path.name), stat=change.stat) for change in changes]
    assert take_in(index, moved) == intake(moved=len(files))
    assert take_in(index, [Vanished(path=change.path) for change in moved]) == intake(vanished=len(files))
