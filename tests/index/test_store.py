"""What is recorded comes back as it was."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.records import PHOTOS, Clock, add, sha, stat, stored

from realqa_agent.assessment import ClipSummary, Decision, Verdict
from realqa_agent.capture import CaptureFacts, Region
from realqa_agent.errors import DamagedError, RefusalKind, TransientError
from realqa_agent.files import Appeared, Vanished
from realqa_agent.index import engine
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in

if TYPE_CHECKING:
    from realqa_agent.index.store import Row

REJECT = Verdict(decision=Decision.REJECT, reasons=("blurred all over", "nothing is sharp"))
KEEP = Verdict(decision=Decision.KEEP)


def row_at(index: Index, path: Path) -> Row:
    row = index.lookup(path)
    assert row is not None
    return row


def events(index: Index, file_id: int) -> list[str]:
    return [event.event for event in index.history(file_id)]


def test_new_file_has_nothing_yet(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    row = row_at(index, PHOTOS / "a.jpg")
    assert (row.file_id, row.path) == (file_id, PHOTOS / "a.jpg")
    assert (row.kind, row.stored, row.verdict, row.refusal, row.missing) == (None, None, None, None, False)
    assert index.lookup(PHOTOS / "b.jpg") is None


def test_assessment_comes_back_as_it_was(index: Index) -> None:
    path = PHOTOS / "clip.mp4"
    file_id = add(index, path, 1)
    plain = stored()
    whole = dataclasses.replace(
        plain,
        assessment=dataclasses.replace(
            plain.assessment, clip=ClipSummary(frames=8, mean=5.5, lowest=2.0, spread=1.25, best_at_s=3.5)
        ),
        facts=CaptureFacts(
            camera="Canon", flash=False, focus_regions=(Region(left=0.25, top=0.5, width=0.1, height=0.1),)
        ),
        kind="clip",
        duration_s=12.5,
    )
    index.record_scored(file_id, stat(1), sha("x"), stored=whole)
    row = row_at(index, path)
    assert row.stored is not None
    assert row.stored == whole
    assert row.kind == "clip"
    assert list(row.stored.assessment.attributes) == list(whole.assessment.attributes)
    assert index.assessment_of(sha("x"), "firstlook", "1") == whole


def test_assessments_are_found_by_content_scorer_and_version(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    index.record_scored(file_id, stat(1), sha("x"), stored=stored(quality=3.0))
    index.record_scored(file_id, stat(1), sha("x"), stored=stored(version="2", quality=4.0))
    assert index.assessment_of(sha("x"), "firstlook", "1") == stored(quality=3.0)
    assert index.assessment_of(sha("x"), "firstlook", "2") == stored(version="2", quality=4.0)
    assert index.assessment_of(sha("x"), "firstlook", "3") is None
    assert index.assessment_of(sha("x"), "mllm", "1") is None
    assert index.assessment_of(sha("y"), "firstlook", "1") is None


def test_going_back_to_an_earlier_scorer_puts_its_assessment_in_force(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    index.record_scored(file_id, stat(1), sha("x"), stored=stored(quality=3.0))
    index.record_scored(file_id, stat(1), sha("x"), stored=stored(version="2", quality=4.0))
    index.record_known(file_id, stat(1), sha("x"), "firstlook", "1")
    assert row_at(index, PHOTOS / "a.jpg").stored == stored(quality=3.0)


def test_scoring_the_same_again_replaces_the_assessment(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    index.record_scored(file_id, stat(1), sha("x"), stored=stored(quality=3.0))
    index.record_scored(file_id, stat(1), sha("x"), stored=stored(quality=4.0))
    assert row_at(index, PHOTOS / "a.jpg").stored == stored(quality=4.0)
    assert index.totals().assets == 1


def test_copy_shares_the_asset(index: Index) -> None:
    first, second = add(index, PHOTOS / "a.jpg", 1), add(index, PHOTOS / "copy.jpg", 2)
    index.record_scored(first, stat(1), sha("x"), stored=stored())
    index.record_known(second, stat(2), sha("x"), "firstlook", "1")
    assert row_at(index, PHOTOS / "copy.jpg").stored == stored()
    assert index.totals().assets == 1
    assert events(index, second) == ["found", "known"]


def test_taking_up_what_was_recorded_already_adds_no_history(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    index.record_scored(file_id, stat(1), sha("x"), stored=stored())
    index.record_known(file_id, stat(1), sha("x"), "firstlook", "1")
    assert events(index, file_id) == ["found", "scored"]


def test_unknown_content_can_not_be_known(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    with pytest.raises(LookupError):
        index.record_known(file_id, stat(1), sha("x"), "firstlook", "1")


def test_recording_keeps_the_stat_that_was_hashed(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    index.record_scored(file_id, stat(1, size=2000, mtime_ns=5), sha("x"), stored=stored())
    assert index.folder(PHOTOS)["a.jpg"].stat == stat(1, size=2000, mtime_ns=5)


def test_refusal_takes_scores_and_verdict_away_and_a_score_takes_the_refusal_away(index: Index) -> None:
    path = PHOTOS / "a.jpg"
    file_id = add(index, path, 1)
    index.record_scored(file_id, stat(1), sha("x"), stored=stored())
    index.record_verdict(file_id, KEEP, judged_at="2027-01-15T08:00:01Z")
    index.record_refused(file_id, stat(1, size=7), RefusalKind.CORRUPT, "the picture ends early")
    row = row_at(index, path)
    assert (row.stored, row.verdict) == (None, None)
    assert row.refusal == (RefusalKind.CORRUPT, "the picture ends early")
    assert index.folder(PHOTOS)["a.jpg"].stat == stat(1, size=7)
    index.record_scored(file_id, stat(1), sha("x"), stored=stored())
    assert row_at(index, path).refusal is None


def test_refusal_without_a_stat_keeps_the_old_one(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    index.record_refused(file_id, None, RefusalKind.UNREADABLE, "permission denied")
    assert index.folder(PHOTOS)["a.jpg"].stat == stat(1)


def test_shot_is_the_present_assessed_files_of_one_name_in_one_folder(index: Index) -> None:
    names = ["IMG_1.CR2", "IMG_1.JPG", "img_1.heic", "IMG_2.JPG", "sub/IMG_1.JPG", "IMG_1.png", "IMG_1.tif"]
    ids = {name: add(index, PHOTOS / name, inode) for inode, name in enumerate(names)}
    for name in names[:5]:
        index.record_scored(ids[name], stat(ids[name]), sha(name), stored=stored())
    index.record_scored(ids["IMG_1.png"], stat(1), sha("png"), stored=stored(version="0"))
    index.record_refused(ids["IMG_1.tif"], None, RefusalKind.CORRUPT, "cut")
    take_in(index, [Vanished(path=PHOTOS / "img_1.heic")])
    index.record_verdict(ids["IMG_1.CR2"], REJECT, judged_at="2027-01-15T08:00:01Z")
    members = index.shot(ids["IMG_1.JPG"], [("firstlook", "1")])
    assert [(member.path.name, member.verdict) for member in members] == [("IMG_1.CR2", REJECT), ("IMG_1.JPG", None)]
    assert [member.file_id for member in members] == [ids["IMG_1.CR2"], ids["IMG_1.JPG"]]
    assert members[0].stored == stored()


def test_history_tells_a_changed_decision_once(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    for verdict in (KEEP, KEEP, REJECT):
        index.record_verdict(file_id, verdict, judged_at="2027-01-15T08:00:01Z")
    assert row_at(index, PHOTOS / "a.jpg").verdict == REJECT
    judged = [event for event in index.history(file_id) if event.event == "judged"]
    assert [event.detail for event in judged] == ["keep", "reject: blurred all over; nothing is sharp"]


def test_memory_is_replaced_as_a_whole(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    assert index.memory(file_id) == {}
    index.remember(file_id, {"rating": ("human", "4"), "pick": ("agent", "reject")})
    assert index.memory(file_id) == {"rating": ("human", "4"), "pick": ("agent", "reject")}
    index.remember(file_id, {"rating": ("agent", "3")})
    assert index.memory(file_id) == {"rating": ("agent", "3")}
    index.remember(file_id, {})
    assert index.memory(file_id) == {}


def test_notes_carry_the_time(index: Index, clock: Clock) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    clock.now += 60
    index.note(file_id, "sidecar", "a.jpg.xmp")
    last = index.history(file_id)[-1]
    assert (last.at, last.event, last.detail) == ("2027-01-15T08:01:00Z", "sidecar", "a.jpg.xmp")


def test_names_of_any_bytes(index: Index) -> None:
    folder, name = os.fsdecode(b"/photos/caf\xe9"), os.fsdecode(b"\xff\xfe'\n.jpg")
    path = Path(folder, name)
    file_id = add(index, path, 1)
    index.record_refused(file_id, None, RefusalKind.CORRUPT, f"{name} is cut")
    assert index.folder(Path(folder)).keys() == {name}
    assert index.folders_under(Path("/photos")) == [Path(folder)]
    assert [row.path for row in index.listing([Path(folder)])] == [path]
    moved = Path(folder, "b.jpg")
    take_in(index, [Vanished(path=path), Appeared(path=moved, stat=stat(1))])
    assert row_at(index, moved).file_id == file_id
    assert row_at(index, moved).refusal == (RefusalKind.CORRUPT, "\\udcff\\udcfe'\n.jpg is cut")


@pytest.mark.parametrize("inode", [0, 2**63 - 1, 2**63, 2**64 - 1])
def test_inodes_of_64_bits(index: Index, inode: int) -> None:
    file_id = add(index, PHOTOS / "a.jpg", inode)
    assert index.folder(PHOTOS)["a.jpg"].stat.inode == inode
    take_in(index, [Vanished(path=PHOTOS / "a.jpg"), Appeared(path=PHOTOS / "b.jpg", stat=stat(inode))])
    assert row_at(index, PHOTOS / "b.jpg").file_id == file_id


def test_exception_undoes_the_transaction(index: Index) -> None:
    add(index, PHOTOS / "a.jpg", 1)

    def fail_half_way() -> None:
        with index.database.writing() as connection:
            connection.exec_driver_sql("UPDATE file SET size = 0")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert index.folder(PHOTOS)["a.jpg"].stat == stat(1)


def test_writer_holds_the_lock_from_the_first_moment(index: Index) -> None:
    """Else a transaction that reads first fails at once when somebody wrote in between."""
    with (
        closing(sqlite3.connect(index.database.file, timeout=0, isolation_level=None)) as other,
        index.database.writing(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_threads_take_turns(index: Index) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: index.note(file_id, "note", f"{number}"), range(100)))
    notes = [event.detail for event in index.history(file_id) if event.event == "note"]
    assert sorted(notes, key=int) == [f"{number}" for number in range(100)]


def test_lock_of_another_program_is_a_passing_error(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id = add(index, PHOTOS / "a.jpg", 1)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    index.database.close()  # so that the next connection knows the shorter time
    with closing(sqlite3.connect(index.database.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError, match=r"index\.sqlite.*locked"):
            index.note(file_id, "event", "")
        assert events(index, file_id) == ["found"]
    index.note(file_id, "event", "")


def test_damaged_file_is_a_lasting_error_with_advice(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    with Index.open(file) as index:
        add(index, PHOTOS / "a.jpg", 1)
    data = bytearray(file.read_bytes())
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'history'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data[(page - 1) * size : page * size] = b"\xa5" * size
    file.write_bytes(data)
    with Index.open(file) as index, pytest.raises(DamagedError, match=r"next start sets.*realqa db check"):
        index.history(1)


def test_reader_sees_one_state_while_the_agent_writes(index: Index) -> None:
    for inode in range(3):
        add(index, PHOTOS / f"{inode}.jpg", inode)
    with Index.read(index.database.file) as reader:
        rows = reader.listing()
        assert next(rows).path.name == "0.jpg"
        take_in(index, [Vanished(path=PHOTOS / "2.jpg")])
        assert [row.path.name for row in rows] == ["1.jpg", "2.jpg"]
        assert reader.totals().files == 2
