"""The witness table, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from realqa_agent.metadata.ownership import UNREADABLE, Found, Settled, settle
from realqa_agent.metadata.record import Field, Owner, Remembered

ANYWHERE: set[float | None] = {None, 0.0}


def agent(value: str) -> Remembered:
    return Remembered(owner=Owner.AGENT, value=value)


def human(value: str) -> Remembered:
    return Remembered(owner=Owner.HUMAN, value=value)


def plugin(value: str) -> Remembered:
    return Remembered(owner=Owner.PLUGIN, value=value)


def decide(
    wanted: int | None = 3, *, free: set[float | None] = ANYWHERE, updates: bool = True, **found: Any
) -> Settled:
    return settle(Field.RATING, Found(**{"here": None, **found}), wanted, free=free, updates=updates)


@pytest.mark.parametrize("here", [None, "0", "0.0", " 0 "])
def test_a_value_that_nobody_chose_is_written_with_its_witness(here: str | None) -> None:
    settled = decide(here=here)
    assert (settled.write, settled.witness, settled.remembered) == (3, "3", agent("3"))


@pytest.mark.parametrize("here", ["1", "4", "5.0", "-1", "2.5", "", "many", "nan", "inf", "99"])
def test_any_other_value_without_a_witness_is_a_humans_for_ever(here: str) -> None:
    settled = decide(here=here)
    assert (settled.write, settled.witness, settled.remembered) == (None, None, human(here))
    assert "left alone" in (settled.note or "")
    cleared = decide(here=None, remembered=settled.remembered)
    assert (cleared.write, cleared.remembered) == (None, human(""))


def test_a_humans_value_is_remembered_even_when_nothing_is_to_be_written() -> None:
    assert decide(None, here="4").remembered == human("4")
    assert decide(3, here="3").remembered == human("3")


def test_what_nobody_can_read_is_left_alone_but_no_humans_judgement() -> None:
    settled = decide(here=UNREADABLE)
    assert (settled.write, settled.remembered) == (None, None)
    assert "left alone" in (settled.note or "")


@pytest.mark.parametrize("here", ["0", "1"])
def test_what_a_program_may_have_written_by_itself_is_left_alone_but_no_humans_judgement(here: str) -> None:
    for found in (Found(here=here), Found(here=here, witness="4", remembered=agent("4"))):
        settled = settle(Field.RATING, found, 3, free=(), unclear={0.0, 1.0}, updates=False)
        assert settled.write is None
        assert settled.remembered == found.remembered
        assert "left alone" in (settled.note or "")


@pytest.mark.parametrize("here", ["3", "3.0", " 3 "])
def test_a_value_that_equals_its_witness_is_ours_to_update(here: str) -> None:
    settled = decide(-1, here=here, witness="3", remembered=agent("3"))
    assert (settled.write, settled.witness, settled.remembered) == (-1, "-1", agent("-1"))


@pytest.mark.parametrize("here", [None, "0", "-1", "5", "none"])
def test_a_value_that_left_its_witness_was_taken_over_for_ever(here: str | None) -> None:
    settled = decide(here=here, witness="4", remembered=agent("4"))
    assert (settled.write, settled.witness, settled.remembered) == (None, None, human(here or ""))
    assert "human" in (settled.note or "")
    later = decide(here=None, remembered=settled.remembered)
    assert (later.write, later.witness) == (None, None)
    assert later.remembered is not None
    assert later.remembered.owner is Owner.HUMAN


def test_a_takeover_is_noticed_even_when_nothing_is_to_be_written() -> None:
    settled = decide(None, here="5", witness="4", remembered=agent("4"))
    assert (settled.witness, settled.remembered) == (None, human("5"))


def test_the_file_alone_is_believed_when_the_index_is_new() -> None:
    assert decide(here="4", witness="4").write == 3


@pytest.mark.parametrize("here", [None, "0", "4"])
def test_a_lost_witness_is_unclear(here: str | None) -> None:
    settled = decide(here=here, remembered=agent("4"))
    assert (settled.write, settled.witness, settled.remembered) == (None, None, agent("4"))
    assert "lost" in (settled.note or "")


@pytest.mark.parametrize("here", ["5", "4", None])
def test_a_witness_that_the_index_does_not_know_is_unclear(here: str | None) -> None:
    settled = decide(here=here, witness="5", remembered=agent("4"))
    assert (settled.write, settled.witness, settled.remembered) == (None, "5", agent("4"))
    assert "disagree" in (settled.note or "")


def test_a_write_that_could_not_be_remembered_is_remembered_the_next_time() -> None:
    settled = decide(5, here="5", witness="5", remembered=agent("4"))
    assert (settled.write, settled.witness, settled.remembered) == (None, "5", agent("5"))


def test_nothing_wanted_nothing_written() -> None:
    assert decide(None, here=None) == Settled(witness=None, remembered=None)
    assert decide(None, here="4", witness="4", remembered=agent("4")).write is None


@pytest.mark.parametrize(
    ("free", "here", "written"),
    [
        (set(), "1", False),
        (set(), "0", False),
        (set(), None, False),
        ({1.0}, "1", True),
        ({1.0}, "0", False),
        ({0.0}, "0", True),
        ({0.0}, "1", False),
        ({0.0, 1.0}, "2", False),
        ({0.0, 1.0}, "-1", False),
    ],
)
def test_only_the_assumed_values_are_free(free: set[float | None], here: str | None, *, written: bool) -> None:
    assert (decide(here=here, free=free, updates=False).write == 3) is written


def test_our_value_stays_where_updates_are_off_and_remains_ours() -> None:
    settled = decide(here="4", witness="4", remembered=agent("4"), free=set(), updates=False)
    assert (settled.write, settled.witness, settled.remembered) == (None, "4", agent("4"))


@pytest.mark.parametrize(("inside", "written"), [("4", False), ("0", True), ("-1", False), ("?", False)])
def test_the_value_inside_the_photo_counts_where_no_sidecar_has_one(inside: str, *, written: bool) -> None:
    assert (decide(inside=inside).write == 3) is written


@pytest.mark.parametrize(
    ("found", "written"),
    [
        ({"here": None, "rival": "4"}, False),
        ({"here": "0", "rival": "4"}, False),
        ({"here": "2", "rival": "4", "witness": "2"}, False),
        ({"here": "2", "rival": "2", "witness": "2"}, True),
    ],
)
def test_a_human_value_in_the_second_sidecar_counts(found: dict[str, Any], *, written: bool) -> None:
    assert (decide(**found).write == 3) is written


@pytest.mark.parametrize("witness", [None, "2"])
def test_what_the_plugin_set_and_the_sidecar_shows_is_marked_as_ours(witness: str | None) -> None:
    found = Found(here="4", witness=witness, remembered=plugin("4"))
    for wanted in (None, 4, 5):
        settled = settle(Field.RATING, found, wanted, free=(), unclear={0.0, 1.0}, updates=False)
        assert (settled.write, settled.witness, settled.remembered) == (None, "4", agent("4"))
    assert decide(5, here="4", witness=witness, remembered=plugin("4")).write == 5


@pytest.mark.parametrize("here", [None, "0", "1", "2"])
def test_a_sidecar_may_be_behind_what_the_plugin_set(here: str | None) -> None:
    found = Found(here=here, witness="2", remembered=plugin("4"))
    settled = settle(Field.RATING, found, 5, free=(), unclear={0.0, 1.0}, updates=False)
    assert (settled.write, settled.witness, settled.remembered) == (None, "2", plugin("4"))
    assert "left alone" in (settled.note or "")


@pytest.mark.parametrize("here", ["3", "5", "-1"])
def test_what_became_of_the_plugins_stars_by_a_human_is_theirs_for_ever(here: str) -> None:
    found = Found(here=here, witness="2", remembered=plugin("4"))
    settled = settle(Field.RATING, found, None, free=(), unclear={0.0, 1.0}, updates=False)
    assert (settled.write, settled.witness, settled.remembered) == (None, None, human(here))
