from __future__ import annotations

from typing import Any

import pytest
from support.sidecars import blurry, record

from realqa_agent.assessment import Decision
from realqa_agent.metadata.keywords import Lists, keywords_for, planned

BLURRY, REJECT = "RealQA|clarity|blurry", "RealQA|reject"


@pytest.mark.parametrize(
    ("values", "keywords"),
    [
        ({}, ()),
        ({"image_clarity": "very blurry"}, (BLURRY,)),
        ({"image_clarity": "slightly blurry"}, ()),
        ({"exposure": "overexposed", "level_shot": "tilted"}, ("RealQA|level|tilted", "RealQA|exposure|overexposed")),
        ({"exposure": "slightly overexposed", "saturation": "monochrome"}, ()),
    ],
)
def test_clear_defects_alone_make_keywords(values: dict[str, Any], keywords: tuple[str, ...]) -> None:
    one = record(**values)
    assert keywords_for(one.assessment, one.verdict) == keywords


def test_a_suggested_reject_comes_first() -> None:
    one = blurry()
    assert keywords_for(one.assessment, one.verdict) == (REJECT, BLURRY)
    doubtful = record(decision=Decision.REVIEW)
    assert keywords_for(doubtful.assessment, doubtful.verdict) == ()


def test_a_file_without_keywords_gets_the_hierarchical_list_alone() -> None:
    lists = planned(Lists(), [REJECT])
    assert lists == Lists(hierarchical=(REJECT,), written=frozenset({REJECT}))


def test_flat_keywords_are_carried_over_before_ours_would_hide_them() -> None:
    lists = planned(Lists(flat=("sea", "Italy")), [BLURRY])
    assert lists.hierarchical == ("sea", "Italy", BLURRY)
    assert lists.flat == ("sea", "Italy", "blurry")


def test_flat_keywords_that_came_after_ours_are_carried_over_with_the_next() -> None:
    ours = Lists(hierarchical=(REJECT,), flat=("sea",), written=frozenset({REJECT}))
    assert planned(ours, [REJECT, BLURRY]).hierarchical == (REJECT, "sea", BLURRY)


def test_a_hierarchy_of_somebodys_is_only_added_to() -> None:
    before = Lists(hierarchical=("Places|Italy",), flat=("Italy",), tags=("Places/Italy",))
    after = planned(before, [BLURRY])
    assert after.hierarchical == ("Places|Italy", BLURRY)
    assert after.flat == ("Italy", "blurry")
    assert after.tags == ("Places/Italy", "RealQA/clarity/blurry")


def test_withdrawing_undoes_adding() -> None:
    before = Lists(hierarchical=("Places|Italy",), flat=("Italy",), tags=("Places/Italy",))
    assert planned(planned(before, [BLURRY, REJECT]), []) == before


def test_a_keyword_like_ours_that_somebody_else_wrote_is_not_withdrawn() -> None:
    for theirs in (Lists(hierarchical=(REJECT,)), Lists(flat=(REJECT,)), Lists(tags=("RealQA/reject",))):
        assert planned(planned(theirs, [REJECT]), []).written == frozenset()
        assert planned(planned(theirs, [REJECT]), []).tags == theirs.tags
    theirs = Lists(hierarchical=(REJECT,), flat=("reject", "blurry"))
    both = planned(theirs, [BLURRY])
    assert both.flat == ("reject", "blurry")
    assert planned(both, []) == theirs


def test_a_keyword_that_a_human_removed_stays_away() -> None:
    written = planned(Lists(), [REJECT, BLURRY])
    removed = Lists(hierarchical=(REJECT,), written=written.written)
    assert planned(removed, [REJECT, BLURRY]) == removed
    gone = planned(removed, [])
    assert gone.hierarchical == ()
    assert planned(gone, [REJECT, BLURRY]).hierarchical == (REJECT,)


def test_a_shared_leaf_word_goes_with_its_last_keyword() -> None:
    two = planned(Lists(flat=("sea",)), ["RealQA|a|soft", "RealQA|b|soft"])
    one = planned(two, ["RealQA|b|soft"])
    assert one.flat == ("sea", "soft")
    assert planned(one, []).flat == ("sea",)
