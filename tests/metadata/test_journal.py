"""What the journal keeps, for how long, and in which order it gives it back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.records import Clock, add

from realqa_agent.config import Metadata
from realqa_agent.index.store import Index
from realqa_agent.metadata import journal as journal_room
from realqa_agent.metadata.journal import DAY_SECONDS, WHOLE_BYTES, Journal
from realqa_agent.metadata.record import Change, Field, Owner, Remembered, Who

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDECAR = Path("/photos/a\udcff\n.jpg.xmp")


@pytest.fixture
def index(empty_index: Path, tmp_path: Path) -> Iterator[Index]:
    (tmp_path / "index.sqlite").write_bytes(empty_index.read_bytes())
    with Index.open(tmp_path / "index.sqlite", clock=Clock()) as opened:
        for number in (1, 2):
            add(opened, Path(f"/photos/{number}.jpg"), inode=number)
        yield opened


def journal(index: Index, run: str = "one", who: Who = Who.AGENT, **settings: int) -> Journal:
    return Journal(index, Metadata(**settings), who=who, run=run)


def note(book: Journal, before: bytes | None, after: bytes | None, file_id: int = 1) -> int:
    return book.note(file_id, SIDECAR, before, after, memory={})


def test_a_note_says_all_that_an_undo_needs(index: Index) -> None:
    book = journal(index)
    changes = (Change(field="rating", before=None, after="3"),)
    memory = {Field.RATING: Remembered(owner=Owner.AGENT, value="2")}
    number = book.note(1, SIDECAR, b"old", b"new", changes=changes, memory=memory)
    (write,) = book.writes()
    assert (write.write_id, write.run, write.who, write.file_id) == (number, "one", Who.AGENT, 1)
    assert (write.path, write.changes, write.memory) == (SIDECAR, changes, memory)
    assert book.before(write, b"new") == b"old"
    assert book.newest() == write


@pytest.mark.parametrize("before", [None, b"", b"x", os.urandom(3 * WHOLE_BYTES)])
@pytest.mark.parametrize("after", [None, b"", b"y" * 100])
def test_any_bytes_come_back(index: Index, before: bytes | None, after: bytes | None) -> None:
    book = journal(index)
    note(book, before, after)
    assert book.before(book.writes()[0], after) == before


def test_of_a_large_file_only_what_changed_is_kept(index: Index) -> None:
    book = journal(index)
    pixels = os.urandom(4 * WHOLE_BYTES)
    before, after = b"head old " + pixels, b"head newer " + pixels
    note(book, before, after)
    with index.database.reading() as connection:
        (kept,) = connection.exec_driver_sql("SELECT length(middle) FROM journal").one()
    assert kept < 100
    assert book.before(book.writes()[0], after) == before


def test_writes_are_found_by_run_by_file_and_by_time(index: Index) -> None:
    one, two, undoing = journal(index), journal(index, "two", Who.CULL), journal(index, "three", Who.UNDO)
    first = note(one, None, b"a")
    index.clock.now += 100  # type: ignore[attr-defined]  # it is the test's clock
    second, third = note(two, b"a", b"b"), note(two, b"a", b"b", file_id=2)
    fourth = note(undoing, b"b", b"a")
    assert [write.write_id for write in one.writes()] == [first, second, third]
    assert [write.write_id for write in one.writes(run="two")] == [second, third]
    assert [write.write_id for write in one.writes(run="three")] == [fourth]
    assert [write.write_id for write in one.writes(file_ids=[1])] == [first, second]
    assert [write.write_id for write in one.writes(since=index.clock() - 50, file_ids=[2])] == [third]
    assert [(run.run, run.who, run.files, run.writes) for run in one.runs(2)] == [
        ("three", Who.UNDO, 1, 1),
        ("two", Who.CULL, 2, 2),
    ]


def test_what_was_taken_back_is_out_until_that_is_taken_back_too(index: Index) -> None:
    book, undoing = journal(index), journal(index, "two", Who.UNDO)
    first = note(book, None, b"a")
    undo = note(undoing, b"a", None)
    book.mark_undone([first], undo)
    assert book.writes() == []
    assert [run.undone for run in book.runs(9)] == [0, 1]
    book.mark_undone([undo], note(undoing, None, b"a"))
    assert [write.write_id for write in book.writes()] == [first]


def test_old_notes_go_and_the_newest_stays(index: Index) -> None:
    book = journal(index, undo_days=2)
    for _ in range(3):
        note(book, b"a", b"b")
        index.clock.now += DAY_SECONDS  # type: ignore[attr-defined]  # it is the test's clock
    book.prune()
    assert [write.write_id for write in book.writes()] == [2, 3]
    index.clock.now += 100 * DAY_SECONDS  # type: ignore[attr-defined]  # the same
    book.prune()
    assert [write.write_id for write in book.writes()] == [3]


def test_the_bytes_are_bounded_and_the_oldest_go_first(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_room, "WRITES_BETWEEN_PRUNINGS", 1)
    book = journal(index, undo_megabytes=1)
    for _ in range(8):
        note(book, os.urandom(300_000), b"")
    assert [write.write_id for write in book.writes()] == [6, 7, 8]
    note(book, None, b"")
    assert len(book.writes()) == 4


def test_a_durable_transaction_is_synced_and_others_are_not(index: Index) -> None:
    levels = []
    for durable in (False, True, False):
        with index.database.writing(durable=durable) as connection:
            levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
    assert levels == [1, 2, 1]  # NORMAL, FULL
