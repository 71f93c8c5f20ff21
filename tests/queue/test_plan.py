"""Moves, told from what a batch of changes and the index say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.records import stat

from realqa_agent.files import Appeared, Change, Vanished
from realqa_agent.queue.plan import Known, latest, plan

A, B, C = Path("/p/a.jpg"), Path("/p/b.jpg"), Path("/q/c.jpg")


def known(path: Path, inode: int, *, missing: bool = False) -> Known:
    return Known(file_id=inode, path=path, stat=stat(inode), missing=missing, settled=True, running=False)


def appeared(path: Path, inode: int) -> Change:
    return Appeared(path=path, stat=stat(inode))


def gone(path: Path) -> Change:
    return Vanished(path=path)


def summary(changes: Sequence[Change], *files: Known, there: tuple[Path, ...] = ()) -> dict[str, object]:
    """Return the lists of the plan that aren't empty, with file ids and paths."""
    steps = plan(
        latest(changes),
        by_path={each.path: each for each in files},
        same_inode=files,
        exists=lambda path: path in there,
    )
    lists: dict[str, object] = {
        "new": [change.path for change in steps.new],
        "changed": [each.file_id for each, _ in steps.changed],
        "moved": {each.file_id: path for each, path in steps.moved},
        "returned": [each.file_id for each in steps.returned],
        "vanished": [each.file_id for each in steps.vanished],
    }
    return {name: found for name, found in lists.items() if found}


def test_new_same_changed_vanished() -> None:
    assert summary([appeared(A, 1)]) == {"new": [A]}
    assert summary([appeared(A, 1)], known(A, 1)) == {}
    assert summary([appeared(A, 2)], known(A, 1)) == {"changed": [1]}
    assert summary([gone(A)], known(A, 1)) == {"vanished": [1]}
    assert summary([gone(A)]) == {}
    assert summary([gone(A)], known(A, 1, missing=True)) == {}


def test_missing_file_returns_or_has_changed_meanwhile() -> None:
    assert summary([appeared(A, 1)], known(A, 1, missing=True)) == {"returned": [1]}
    assert summary([appeared(A, 2)], known(A, 1, missing=True)) == {"changed": [1]}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ([appeared(C, 1), gone(A)], False),
        ([gone(A), appeared(C, 1)], False),
        ([appeared(C, 1)], False),  # nobody has said yet that the old path is gone
        ([appeared(C, 1)], True),
    ],
)
def test_move(changes: list[Change], *, missing: bool) -> None:
    assert summary(changes, known(A, 1, missing=missing)) == {"moved": {1: C}}


def test_hard_link_is_a_file_of_its_own() -> None:
    assert summary([appeared(B, 1)], known(A, 1), there=(A,)) == {"new": [B]}


def test_file_with_two_new_links_follows_the_first() -> None:
    changes = [gone(A), appeared(B, 1), appeared(C, 1)]
    assert summary(changes, known(A, 1)) == {"moved": {1: B}, "new": [C]}


def test_file_that_is_back_keeps_its_row_whatever_else_links_to_it() -> None:
    changes = [appeared(B, 1), appeared(A, 1)]
    assert summary(changes, known(A, 1, missing=True), there=(A, B)) == {"returned": [1], "new": [B]}


def test_chain_of_moves() -> None:
    changes = [appeared(B, 1), appeared(C, 2), gone(A)]
    assert summary(changes, known(A, 1), known(B, 2), there=(B, C)) == {"moved": {1: B, 2: C}}


def test_swap() -> None:
    changes = [appeared(A, 2), appeared(B, 1)]
    assert summary(changes, known(A, 1), known(B, 2), there=(A, B)) == {"moved": {1: B, 2: A}}


def test_move_onto_a_known_file_changes_that_file() -> None:
    changes = [appeared(B, 1), gone(A)]
    assert summary(changes, known(A, 1), known(B, 2), there=(B,)) == {"changed": [2], "vanished": [1]}


def test_chain_that_ends_on_a_known_file_moves_nothing() -> None:
    changes = [appeared(B, 1), appeared(C, 2), gone(A)]
    files = (known(A, 1), known(B, 2), known(C, 3))
    assert summary(changes, *files, there=(B, C)) == {"changed": [2, 3], "vanished": [1]}


def test_replaced_file_whose_old_content_was_set_aside() -> None:
    changes = [appeared(A, 7), appeared(B, 1)]
    assert summary(changes, known(A, 1), there=(A, B)) == {"moved": {1: B}, "new": [A]}


def test_last_word_on_a_path_counts() -> None:
    assert summary([appeared(A, 2), gone(A)], known(A, 1)) == {"vanished": [1]}
    assert summary([gone(A), appeared(A, 1)], known(A, 1)) == {}
