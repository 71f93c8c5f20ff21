"""What is remembered after the plugin set something inside another program."""

from __future__ import annotations

import pytest

from realqa_agent.metadata.elsewhere import Applied, Shown, remembered_after
from realqa_agent.metadata.record import Field, Memory, Owner, Remembered

BLURRY, REJECT = "RealQA|clarity|blurry", "RealQA|reject"


def kept(owner: Owner, value: str) -> Remembered:
    return Remembered(owner=owner, value=value)


def applied(stars: int | None = None, human: int | None = None, *keywords: str) -> Applied:
    return Applied(stars=stars, human=human, keywords=frozenset(keywords))


def rating(said: Applied, before: Remembered | None, shown: str | None = None) -> Remembered | None:
    memory: Memory = {} if before is None else {Field.RATING: before}
    sidecar = None if shown is None else Shown(sha256="new", rating=shown)
    return remembered_after(said, memory, sidecar).get(Field.RATING)


def keywords(said: Applied, before: Remembered | None) -> Remembered | None:
    memory: Memory = {} if before is None else {Field.KEYWORDS: before}
    return remembered_after(said, memory, None).get(Field.KEYWORDS)


AGENT, PLUGIN, HUMAN, NOBODY = Owner.AGENT, Owner.PLUGIN, Owner.HUMAN, Owner.NOBODY


@pytest.mark.parametrize("before", [None, kept(NOBODY, "old"), kept(PLUGIN, "2"), kept(AGENT, "2")])
def test_stars_that_were_set_are_remembered_as_the_plugins(before: Remembered | None) -> None:
    assert rating(applied(4), before) == kept(PLUGIN, "4")
    assert rating(applied(-1), before) == kept(PLUGIN, "-1")


def test_what_the_agent_wrote_itself_stays_its_own() -> None:
    assert rating(applied(4), kept(AGENT, "4")) == kept(AGENT, "4")


@pytest.mark.parametrize("value", ["4", "5", ""])
@pytest.mark.parametrize("said", [applied(4), applied(), applied(None, 2)])
def test_a_humans_is_never_turned_into_anything_else(said: Applied, value: str) -> None:
    assert rating(said, kept(HUMAN, value), "4") == kept(HUMAN, value)


@pytest.mark.parametrize("before", [None, kept(NOBODY, "old"), kept(PLUGIN, "4"), kept(AGENT, "4")])
def test_a_human_who_was_seen_is_remembered(before: Remembered | None) -> None:
    assert rating(applied(None, 1), before, "1") == kept(HUMAN, "1")
    assert rating(applied(None, 0), before, "4") == kept(HUMAN, "0")


def test_a_star_beside_a_pick_label_that_was_taken_back_may_be_a_humans() -> None:
    """digiKam 8 writes a human's star before an undo is told; only darktable has one that is nobody's."""
    taken_back = Applied(stars=None, human=None, pick=0, keywords=frozenset())
    assert rating(taken_back, kept(PLUGIN, "4"), "1") is None
    assert rating(taken_back, kept(PLUGIN, "4"), "4") == kept(PLUGIN, "4")


@pytest.mark.parametrize("before", [kept(PLUGIN, "4"), kept(AGENT, "4"), kept(NOBODY, "old")])
def test_stars_that_were_taken_back_are_nobodys(before: Remembered) -> None:
    assert rating(applied(), before, "1") == kept(NOBODY, "new")
    assert rating(applied(), before) is None


def test_without_a_word_on_stars_those_that_are_still_there_stay_the_agents() -> None:
    assert rating(applied(None, None, BLURRY), kept(AGENT, "4"), "4") == kept(AGENT, "4")
    assert rating(applied(None, None, BLURRY), kept(PLUGIN, "4"), "4.0") == kept(PLUGIN, "4")
    assert rating(applied(None, None, BLURRY), None, "1") is None


def test_keywords_are_remembered_as_a_whole() -> None:
    assert keywords(applied(None, None, REJECT, BLURRY), None) == kept(PLUGIN, f"{BLURRY};{REJECT}")
    assert keywords(applied(None, None, BLURRY), kept(PLUGIN, f"{BLURRY};{REJECT}")) == kept(PLUGIN, BLURRY)
    assert keywords(applied(), kept(PLUGIN, BLURRY)) is None
    assert keywords(applied(), None) is None


def test_the_same_keywords_as_in_the_sidecar_stay_the_agents_with_their_leaf_words() -> None:
    before = kept(AGENT, f"{BLURRY};blurry")
    assert keywords(applied(None, None, BLURRY), before) == before


def pick(said: int | None, before: Remembered | None) -> Remembered | None:
    memory: Memory = {} if before is None else {Field.PICK: before}
    one = Applied(stars=None, human=None, pick=said, keywords=frozenset())
    return remembered_after(one, memory, None).get(Field.PICK)


def test_a_pick_label_is_the_plugins_until_it_is_taken_back() -> None:
    for before in (None, kept(PLUGIN, "2"), kept(AGENT, "2")):
        assert pick(3, before) == kept(PLUGIN, "3")
    assert pick(2, kept(AGENT, "2")) == kept(AGENT, "2")
    assert pick(0, kept(PLUGIN, "2")) is None
    assert pick(0, kept(AGENT, "2")) == kept(AGENT, "2")
    assert pick(0, None) is None


@pytest.mark.parametrize("said", [None, 0, 1, 3])
def test_a_humans_pick_label_stays_a_humans(said: int | None) -> None:
    assert pick(said, kept(HUMAN, "3")) == kept(HUMAN, "3")


def test_fields_that_are_not_its_own_are_kept() -> None:
    pick = kept(AGENT, "3")
    assert remembered_after(applied(4), {Field.PICK: pick}, None)[Field.PICK] == pick
