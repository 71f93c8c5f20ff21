"""Which `RealQA|…` keywords a file gets, and how they join the keyword lists of other programs. Pure.

Three lists matter. darktable reads `lr:hierarchicalSubject`, else `dc:subject`, never both; digiKam reads
`digiKam:TagsList`, else `lr:hierarchicalSubject`, else `dc:subject`. So whoever creates the hierarchical list
hides the flat one, unless its entries are copied over first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realqa_agent.assessment import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from realqa_agent.assessment import Assessment, Verdict

ROOT = "RealQA|"
"""How all keywords of the agent's begin, and nobody else's."""

REJECT = "RealQA|reject"

DEFECTS = {
    ("image_clarity", "very blurry"): "RealQA|clarity|blurry",
    ("image_clarity", "blurry"): "RealQA|clarity|blurry",
    ("exposure", "underexposed"): "RealQA|exposure|underexposed",
    ("exposure", "overexposed"): "RealQA|exposure|overexposed",
    ("saturation", "undersaturated"): "RealQA|saturation|undersaturated",
    ("saturation", "oversaturated"): "RealQA|saturation|oversaturated",
    ("level_shot", "tilted"): "RealQA|level|tilted",
}
"""Attribute and value to keyword. Few, and only what was measured: digiKam 7.9 adds the tags of a changed sidecar
to those it knows and never removes one."""


def keywords_for(assessment: Assessment, verdict: Verdict) -> tuple[str, ...]:
    """Return the keywords for a suggested reject and for each clear defect, in a fixed order."""
    found = [REJECT] if verdict.decision is Decision.REJECT else []
    for name, judgement in assessment.attributes.items():
        keyword = DEFECTS.get((name, judgement.value))
        if keyword is not None:
            found.append(keyword)
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The keyword lists of one sidecar, and which entries the agent put there."""

    hierarchical: tuple[str, ...] = ()
    """`a|b|c`"""
    flat: tuple[str, ...] = ()
    """Leaf words; never created by us."""
    tags: tuple[str, ...] = ()
    """`a/b/c`; never created by us."""
    written: frozenset[str] = frozenset()
    """What the agent added and did not take back: keywords, which have a `|`, and leaf words of the flat list. An
    entry that is no longer in its list was removed by a human and is never added again."""

    @property
    def ours(self) -> frozenset[str]:
        """The agent's keywords that are still there."""
        return frozenset(entry for entry in self.hierarchical if "|" in entry and entry in self.written)


def planned(lists: Lists, wanted: Sequence[str]) -> Lists:
    """Given the lists as they are, return them with exactly the wanted keywords of ours, everything else as it was."""
    outdated = lists.ours.difference(wanted)
    gone_tags = {_tag(entry) for entry in outdated}
    kept = replace(
        lists,
        hierarchical=tuple(entry for entry in lists.hierarchical if entry not in outdated),
        tags=tuple(entry for entry in lists.tags if entry not in gone_tags),
        written=lists.written - outdated,
    )
    there = {*kept.hierarchical, *kept.written}
    missing = [entry for entry in wanted if entry not in there and _tag(entry) not in kept.tags]
    return _without_orphans(_with(kept, missing) if missing else kept)


def _with(lists: Lists, missing: Sequence[str]) -> Lists:
    carried: list[str] = []
    if lists.ours.issuperset(lists.hierarchical):
        carried = [entry for entry in lists.flat if entry not in lists.written]
    fresh = [entry for entry in missing if entry not in carried]
    leaves = [leaf for leaf in dict.fromkeys(map(_leaf, fresh)) if lists.flat and leaf not in lists.flat]
    tags = [tag for tag in map(_tag, fresh) if lists.tags and tag not in lists.tags]
    return Lists(
        hierarchical=(*lists.hierarchical, *carried, *fresh),
        flat=(*lists.flat, *leaves),
        tags=(*lists.tags, *tags),
        written=lists.written.union(fresh, leaves),
    )


def _without_orphans(lists: Lists) -> Lists:
    """Take out leaf words of ours whose keyword is gone."""
    used = set(map(_leaf, lists.ours))
    orphans = {entry for entry in lists.written if "|" not in entry and entry not in used}
    return replace(
        lists,
        flat=tuple(entry for entry in lists.flat if entry not in orphans),
        written=lists.written - orphans,
    )


def remembered(written: AbstractSet[str]) -> str:
    """Return the entries as the index keeps them."""
    return ";".join(sorted(written))


def entries(kept: str) -> frozenset[str]:
    """Undo `remembered`."""
    return frozenset(filter(None, kept.split(";")))


def _leaf(keyword: str) -> str:
    return keyword.rpartition("|")[2]


def _tag(keyword: str) -> str:
    return keyword.replace("|", "/")
