"""A taste comes in force for all first looks at once and goes without a trace; the index is real, nothing is scored."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.photographers import looks
from support.records import PHOTOS, add, sha, stat, stored

from realqa_agent.config import Config
from realqa_agent.config import Queue as QueueSettings
from realqa_agent.files import Vanished
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.jobs import Queue
from realqa_agent.service import tasting
from realqa_agent.service.record import Recorder
from realqa_agent.service.voices import Voices
from realqa_agent.taste.head import Head, Weight
from realqa_agent.worker.messages import Ready

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realqa_agent.index.records import Stored

NAMES = [f"{number}.jpg" for number in range(12)]

COLOUR = Weight(name="colourfulness", usual=6.0, spread=1.5, points=0.8)
HEAD = Head(scorer="firstlook", version="1", weights=(COLOUR,))


@pytest.fixture
def index(empty_index: Path, tmp_path: Path) -> Iterator[Index]:
    """Twelve photos, of which one was judged by the model as well, one has only an older look, and one is gone."""
    file = tmp_path / "index.sqlite"
    shutil.copy(empty_index, file)
    with Index.open(file) as opened:
        for inode, (name, look) in enumerate(zip(NAMES, looks(len(NAMES)), strict=True), 1):
            looked = replace(stored(), assessment=look)
            if name == "1.jpg":
                looked = replace(looked, assessment=replace(looked.assessment, version="0"))
            record(opened, name, inode, looked)
        record(opened, "0.jpg", 1, stored(scorer="model", overall=9.0))
        take_in(opened, [Vanished(path=PHOTOS / "2.jpg")], exists=lambda _: False)
        Queue(opened, QueueSettings()).take_over()
        with opened.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM job")
        yield opened


@pytest.fixture
def queue(index: Index) -> Queue:
    return Queue(index, QueueSettings())


def record(index: Index, name: str, inode: int, what: Stored) -> None:
    row = index.lookup(PHOTOS / name)
    file_id = add(index, PHOTOS / name, inode) if row is None else row.file_id
    index.record_scored(file_id, stat(inode), sha(name), stored=what)


def overall(index: Index, name: str) -> float:
    found = index.assessment_of(sha(name), "firstlook", None)
    assert found is not None
    return found.assessment.overall


def content(index: Index, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{index.database.file}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a table of ours


def queued(index: Index) -> set[str]:
    rows = content(index, "file JOIN job USING (file_id)")
    return {name.decode() for _, _, name, *_ in rows}


def test_all_first_looks_follow_and_go_back_exactly(index: Index, queue: Queue) -> None:
    before = content(index, "assessment")
    plain = {name: overall(index, name) for name in NAMES}
    changed = tasting.put_in_force(index, queue, HEAD)
    # Of 1.jpg there is but an older version's look, whose figures may mean something else.
    assert changed == len(NAMES) - 1
    assert overall(index, "1.jpg") == plain["1.jpg"]
    assert all(overall(index, name) != plain[name] for name in NAMES if name != "1.jpg")
    row = index.lookup(PHOTOS / "3.jpg")
    assert row is not None
    assert row.stored is not None
    assert row.stored.assessment == HEAD.applied(row.stored.assessment.without_taste())
    assert tasting.in_force(index) == HEAD
    assert tasting.put_in_force(index, queue, None) == changed
    assert content(index, "assessment") == before
    assert tasting.in_force(index) is None


def test_files_whose_score_changed_get_a_job_and_no_others(index: Index, queue: Queue) -> None:
    tasting.put_in_force(index, queue, HEAD)
    assert queued(index) == {*NAMES} - {"0.jpg", "1.jpg", "2.jpg"}
    assert tasting.following(index) == len(NAMES) - 3
    for job in queue.claim("agent", 100):
        queue.finish(job)
    assert tasting.put_in_force(index, queue, HEAD) == 0
    assert queued(index) == set()


def test_what_the_model_said_stays(index: Index, queue: Queue) -> None:
    tasting.put_in_force(index, queue, HEAD)
    row = index.lookup(PHOTOS / "0.jpg")
    assert row is not None
    assert row.stored is not None
    assert (row.stored.assessment.scorer, row.stored.assessment.overall) == ("model", 9.0)
    assert row.stored.assessment.taste is None


def test_model_is_shown_the_first_look_as_it_was(index: Index, queue: Queue) -> None:
    plain = overall(index, "3.jpg")
    tasting.put_in_force(index, queue, HEAD)
    voices = Voices(index, Config(), Ready(scorer="firstlook", version="1"), follows=True)
    first = Recorder(index, Config(), voices).first_look(sha("3.jpg"))
    assert first is not None
    assert (first.overall, first.taste) == (plain, None)


def test_another_taste_takes_the_place_of_the_first(index: Index, queue: Queue) -> None:
    other = replace(HEAD, weights=(replace(COLOUR, points=-0.8),))
    plain = overall(index, "3.jpg")
    tasting.put_in_force(index, queue, HEAD)
    up = overall(index, "3.jpg") - plain
    tasting.put_in_force(index, queue, other)
    assert overall(index, "3.jpg") - plain == pytest.approx(-up, abs=0.011)
    newer = replace(HEAD, version="2")
    tasting.put_in_force(index, queue, newer)
    assert overall(index, "3.jpg") == plain


def test_cut_short_nothing_changes(index: Index, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: object) -> int:
        raise KeyboardInterrupt

    before = content(index, "assessment"), content(index, "state")
    monkeypatch.setattr(queue, "enqueue_again", stop)
    with pytest.raises(KeyboardInterrupt):
        tasting.put_in_force(index, queue, HEAD)
    assert (content(index, "assessment"), content(index, "state")) == before


def test_log_says_that_a_taste_is_of_another_version(
    index: Index, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    tasting.warn_if_outdated(index, ("firstlook", "2"))
    tasting.put_in_force(index, queue, HEAD)
    tasting.warn_if_outdated(index, ("firstlook", "1"))
    assert caplog.messages == []
    tasting.warn_if_outdated(index, ("firstlook", "2"))
    assert "realqa taste fit" in caplog.text
