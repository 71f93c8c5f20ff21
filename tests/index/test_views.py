"""The views keep what docs/views.md promises."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.records import PHOTOS, add, sha, stat, stored

from realqa_agent.assessment import ATTRIBUTES, Decision, Verdict
from realqa_agent.errors import RefusalKind
from realqa_agent.files import Vanished
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in

PAGE = Path(__file__).parents[2] / "docs" / "views.md"

UNDECODABLE = Path(os.fsdecode(b"/photos/\xff.jpg"))


def documented() -> dict[str, list[str]]:
    """Return the views of the page with their columns."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return {
        section.split("\n", 1)[0]: re.findall(r"^\| (\w+) \| (?:text|real|integer) \|", section, flags=re.MULTILINE)
        for section in sections
    }


@pytest.fixture
def views(index: Index) -> Index:
    """Two scored files, one of them with a verdict; one refused file; one scored and missing."""
    scored = add(index, PHOTOS / "a.jpg", 1)
    index.record_scored(scored, stat(1), sha("a"), stored=stored(quality=2.0, aesthetic=3.0, overall=2.5))
    index.record_verdict(
        scored, Verdict(decision=Decision.REJECT, reasons=("blurred", "dark")), judged_at="2027-01-15T08:00:00Z"
    )
    index.record_scored(add(index, UNDECODABLE, 2), stat(2), sha("b"), stored=stored())
    index.record_refused(add(index, PHOTOS / "c.jpg", 3), None, RefusalKind.EMPTY, "zero bytes")
    index.record_scored(add(index, PHOTOS / "d.jpg", 4), stat(4), sha("d"), stored=stored())
    take_in(index, [Vanished(path=PHOTOS / "d.jpg")])
    return index


def query(index: Index, statement: str) -> list[dict[str, Any]]:
    """Ask as a plugin does, with the plain driver and read-only."""
    with closing(sqlite3.connect(f"file:{index.database.file}?mode=ro", uri=True)) as connection:
        connection.text_factory = os.fsdecode
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement)]


def test_page_and_index_have_the_same_views_and_columns(index: Index) -> None:
    names = [row["name"] for row in query(index, "SELECT name FROM sqlite_schema WHERE type = 'view'")]
    columns = {name: [row["name"] for row in query(index, f"PRAGMA table_info({name})")] for name in names}
    assert columns == documented()


def test_scores(views: Index) -> None:
    assert query(views, "SELECT * FROM v_scores_v1 ORDER BY overall") == [
        {
            "path": "/photos/a.jpg",
            "kind": "photo",
            "scorer": "firstlook",
            "quality": 2.0,
            "aesthetic": 3.0,
            "overall": 2.5,
            "decision": "reject",
            "reasons": "blurred\ndark",
            "scored_at": "2027-01-15T08:00:00Z",
        },
        {
            "path": str(UNDECODABLE),
            "kind": "photo",
            "scorer": "firstlook",
            "quality": 5.0,
            "aesthetic": 5.0,
            "overall": 5.0,
            "decision": None,
            "reasons": None,
            "scored_at": "2027-01-15T08:00:00Z",
        },
    ]


def test_paths_are_text_and_can_be_asked_for(views: Index) -> None:
    found = query(views, "SELECT typeof(path) AS type FROM v_scores_v1 WHERE path = '/photos/a.jpg'")
    assert found == [{"type": "text"}]


def test_path_in_the_root_folder_has_one_slash(index: Index) -> None:
    index.record_refused(add(index, Path("/a.jpg"), 1), None, RefusalKind.EMPTY, "zero bytes")
    assert query(index, "SELECT path FROM v_refusals_v1") == [{"path": "/a.jpg"}]


def test_attributes(views: Index) -> None:
    rows = query(views, "SELECT * FROM v_attributes_v1 WHERE path = '/photos/a.jpg'")
    assert [row["attribute"] for row in rows] == list(ATTRIBUTES)
    assert {row["attribute"]: (row["value"], row["score"], row["reason"]) for row in rows} == {
        name: (judgement.value, judgement.score, judgement.reason)
        for name, judgement in stored().assessment.attributes.items()
    }


def test_captures(views: Index) -> None:
    (row,) = query(views, "SELECT * FROM v_captures_v1 WHERE path = '/photos/a.jpg'")
    assert (row["sha256"], row["bytes"], row["width"], row["height"]) == (sha("a"), 1000, 6000, 4000)
    assert (row["camera"], row["iso"], row["lens"], row["duration_s"]) == ("Canon EOS R5", 200, None, None)


def test_refusals(views: Index) -> None:
    assert query(views, "SELECT * FROM v_refusals_v1") == [
        {
            "path": "/photos/c.jpg",
            "kind": "empty",
            "message": "zero bytes",
            "refused_at": "2027-01-15T08:00:00Z",
        }
    ]


def test_statements_of_the_page_run(views: Index) -> None:
    text = PAGE.read_text()
    in_sql = re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)
    in_python = re.findall(r'"(SELECT [^"]*)"', text)
    assert in_sql
    assert in_python
    for statement in in_sql + in_python:
        query(views, statement)
