"""Lists and counts."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from support.records import PHOTOS, Clock, add, sha, stat, stored

from realqa_agent.assessment import Decision, Verdict
from realqa_agent.errors import RefusalKind
from realqa_agent.files import Appeared, Vanished
from realqa_agent.index import reading
from realqa_agent.index.reading import Sort
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in

SCORES = {"a/1.jpg": (2.0, 9.0, 4.0), "a/2.jpg": (8.0, 3.0, 5.0), "b/3.jpg": (5.0, 6.0, 9.0)}
DECISIONS = {"a/1.jpg": Decision.REJECT, "a/2.jpg": Decision.KEEP, "b/3.jpg": Decision.KEEP}


@pytest.fixture
def album(index: Index) -> Index:
    """Three scored files, one that waits, one refused, one missing."""
    for inode, (name, (quality, aesthetic, overall)) in enumerate(SCORES.items()):
        file_id = add(index, PHOTOS / name, inode)
        index.record_scored(
            file_id, stat(inode), sha(name), stored=stored(quality=quality, aesthetic=aesthetic, overall=overall)
        )
        index.record_verdict(file_id, Verdict(decision=DECISIONS[name]), judged_at="2027-01-15T08:00:00Z")
    add(index, PHOTOS / "b/4.jpg", 4)
    index.record_refused(add(index, PHOTOS / "b/5.jpg", 5), None, RefusalKind.EMPTY, "zero bytes")
    gone = add(index, PHOTOS / "c/6.jpg", 6)
    index.record_scored(gone, stat(6), sha("6"), stored=stored())
    index.record_verdict(gone, Verdict(decision=Decision.KEEP), judged_at="2027-01-15T08:00:00Z")
    take_in(index, [Vanished(path=PHOTOS / "c/6.jpg")])
    return index


def names(index: Index, *folders: str, sort: Sort = "path", decision: Decision | None = None) -> list[str]:
    rows = index.listing([PHOTOS / folder for folder in folders], sort=sort, decision=decision)
    return [str(row.path.relative_to(PHOTOS)) for row in rows]


def test_listing_is_the_present_files_by_path(album: Index) -> None:
    assert names(album) == ["a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.jpg", "b/5.jpg"]


@pytest.mark.parametrize(
    ("sort", "best_first"),
    [
        ("quality", ["a/2.jpg", "b/3.jpg", "a/1.jpg"]),
        ("aesthetic", ["a/1.jpg", "b/3.jpg", "a/2.jpg"]),
        ("overall", ["b/3.jpg", "a/2.jpg", "a/1.jpg"]),
    ],
)
def test_scores_sort_best_first_and_unscored_last(album: Index, sort: Sort, best_first: list[str]) -> None:
    assert names(album, sort=sort) == [*best_first, "b/4.jpg", "b/5.jpg"]


def test_listing_by_folder_and_decision(album: Index) -> None:
    assert names(album, "b") == ["b/3.jpg", "b/4.jpg", "b/5.jpg"]
    assert names(album, "a", "b") == names(album)
    assert names(album, "c") == []
    assert names(album, decision=Decision.KEEP) == ["a/2.jpg", "b/3.jpg"]
    assert names(album, "a", decision=Decision.KEEP) == ["a/2.jpg"]
    assert names(album, decision=Decision.REVIEW) == []


def test_folder_holds_what_is_below_and_not_what_is_named_alike(index: Index) -> None:
    for inode, path in enumerate(["/p/a/1.jpg", "/p/a/deep/er/2.jpg", "/p/a b/3.jpg", "/p/ab/4.jpg", "/p/a0/5.jpg"]):
        add(index, Path(path), inode)
    assert [str(row.path) for row in index.listing([Path("/p/a")])] == ["/p/a/1.jpg", "/p/a/deep/er/2.jpg"]
    assert index.folders_under(Path("/p/a")) == [Path("/p/a"), Path("/p/a/deep/er")]
    assert len(index.folders_under(Path("/"))) == 5
    assert index.folder(Path("/p/a")).keys() == {"1.jpg"}


def test_files_in_the_root_folder(index: Index) -> None:
    add(index, Path("/a.jpg"), 1)
    assert index.folders_under(Path("/")) == [Path("/")]
    assert [row.path for row in index.listing([Path("/")])] == [Path("/a.jpg")]


def test_missing_files_are_known_by_lookup_alone(album: Index) -> None:
    row = album.lookup(PHOTOS / "c/6.jpg")
    assert row is not None
    assert row.missing
    assert row.stored == stored()
    assert album.folder(PHOTOS / "c") == {}
    assert album.folders_under(PHOTOS) == [PHOTOS / "a", PHOTOS / "b"]


def test_totals_count_present_files(album: Index) -> None:
    totals = album.totals()
    assert (totals.files, totals.scored, totals.refused, totals.missing, totals.assets) == (5, 3, 1, 1, 4)
    assert totals.by_decision == {Decision.KEEP: 2, Decision.REVIEW: 0, Decision.REJECT: 1}


def test_rate_is_that_of_the_last_while(index: Index, clock: Clock) -> None:
    for inode, scored_at in enumerate(["2027-01-15T07:59:59Z", "2027-01-15T08:00:00Z", "2027-01-15T08:00:01Z"]):
        file_id = add(index, PHOTOS / f"{inode}.jpg", inode)
        index.record_scored(file_id, stat(inode), sha(f"{inode}"), stored=stored(scored_at=scored_at))
    assert index.scoring_rate(clock.now + 4, 4) == pytest.approx(2 / 4)
    assert index.scoring_rate(clock.now + 602, 600) == 0


@pytest.mark.parametrize("sort", ["path", "quality"])
def test_listing_holds_few_rows_at_a_time(index: Index, sort: Sort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 50)
    take_in(index, [Appeared(path=PHOTOS / f"{each}.jpg", stat=stat(each)) for each in range(500)])
    index.record_scored(1, stat(0), sha("x"), stored=stored())
    with index.database.writing() as connection:
        connection.exec_driver_sql("UPDATE file SET assessment_id = 1")
    assert peak_bytes(lambda: list(index.listing(sort=sort))) > 4 * peak_bytes(
        lambda: sum(1 for _ in index.listing(sort=sort))
    )


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_awaited_are_the_files_of_a_shot_that_a_scorer_has_still_to_judge(index: Index) -> None:
    names = ("a/1.jpg", "a/1.dng", "a/1.tif", "a/1.heic", "a/2.dng", "b/1.dng")
    ids = {name: add(index, PHOTOS / name, inode) for inode, name in enumerate(names)}
    index.record_scored(ids["a/1.jpg"], stat(0), sha("jpg"), stored=stored())
    index.record_refused(ids["a/1.tif"], None, RefusalKind.CORRUPT, "cut")
    scorer = ("firstlook", "1")
    assert index.awaited(ids["a/1.jpg"], [scorer]) == ["1.dng", "1.heic"]
    index.record_recalled(ids["a/1.dng"], stat(1), sha("dng"), stored=stored(), sidecar="1.dng.xmp")
    assert index.awaited(ids["a/1.jpg"], [scorer]) == ["1.heic"]
    assert index.awaited(ids["a/1.jpg"], [("firstlook", "2")]) == ["1.dng", "1.heic"]
    row = index.lookup(PHOTOS / "a/1.dng")
    assert row is not None
    assert (row.sha256, row.stored) == (sha("dng"), stored())
    last = index.history(ids["a/1.dng"])[-1]
    assert (last.event, last.detail) == ("recalled", "firstlook 1 from 1.dng.xmp")


def test_several_files_and_memories_are_those_of_one_by_one(album: Index) -> None:
    paths = [PHOTOS / name for name in (*SCORES, "b/4.jpg", "b/5.jpg", "c/6.jpg")]
    for number, path in enumerate(paths[::2]):
        row = album.lookup(path)
        assert row is not None
        album.remember(row.file_id, {"rating": ("agent", str(number)), "keywords": ("human", "")})
    rows = album.several([*paths, *paths, PHOTOS / "unknown.jpg"])
    assert {row.path: row for row in rows} == {path: album.lookup(path) for path in paths}
    assert len(rows) == len(paths)
    memories = album.memories(paths)
    assert {row.file_id: memories.get(row.file_id, {}) for row in rows} == {
        row.file_id: album.memory(row.file_id) for row in rows
    }


def test_many_files_are_found_by_names_of_any_bytes(index: Index) -> None:
    files = [Path(f"/photos/{each % 3}/tab\t{each}\udcff.jpg") for each in range(3 * reading.NAMES_AT_ONCE + 7)]
    take_in(index, [Appeared(path=path, stat=stat(number)) for number, path in enumerate(files)])
    assert {row.path for row in index.several(files)} == set(files)
    assert index.several([]) == []
