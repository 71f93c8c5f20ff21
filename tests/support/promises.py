"""What must hold of a sidecar after our write: nothing of anybody else's has changed, and ours is where it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyexiv2
from support.corpus import DECIDED, clark
from support.sidecars import FLAT, HIERARCHICAL, PICK, RATING, REALQA, TAGS, blurry, foreign, foreign_rdf, values

from realqa_agent.config import Metadata

if TYPE_CHECKING:
    from support.corpus import Sample

    from realqa_agent.metadata.record import Record

LISTS = {"Xmp.lr.hierarchicalSubject": HIERARCHICAL, "Xmp.dc.subject": FLAT, "Xmp.digiKam.TagsList": TAGS}


@dataclass(frozen=True)
class Choice:
    """What the user lets the agent share."""

    stars: int | None
    settings: Metadata

    @property
    def record(self) -> Record:
        """Return a reject for blur, which asks for both kinds of keyword."""
        return blurry(self.stars)


WITH, WITHOUT = Metadata(), Metadata(keywords=False)
CHOICES = (Choice(3, WITH), Choice(-1, WITHOUT), Choice(None, WITH), Choice(3, WITHOUT), Choice(-1, WITH))


def assert_kept(sample: Sample, after: bytes, choice: Choice) -> None:
    """Assert that a sidecar of ours has all of somebody else's unchanged, and ours only where the rules let it be."""
    where = f"{sample.name}, stars {choice.stars}, keywords {choice.settings.keywords}"
    assert values(after, f"{{{REALQA}}}Verdict") == ["reject"], where
    for name, ours in ((RATING, str(choice.stars)), (PICK, "1")):
        written = choice.stars is not None and name in sample.free
        assert values(after, name) == ([ours] if written else _found(sample, name)), (where, name)
    for name, texts in sample.human.items():
        if name not in _touched(sample, choice):
            # A list may have become longer, and what we had added to it may be gone.
            told = [text for text in values(after, name) if name not in LISTS.values() or text in texts]
            assert tuple(told) == texts, (where, name)
    lists = {}
    if choice.settings.keywords and sample.listable:
        # Whoever makes the hierarchical list hides the flat one, so it takes that over.
        shown = [*(sample.human.get(HIERARCHICAL) or sample.human.get(FLAT, ())), "RealQA|clarity|blurry"]
        assert [text for text in values(after, HIERARCHICAL) if text in shown] == shown, where
        lists = _added(sample, after)
    compared = foreign_rdf if sample.data is None else foreign
    ignored = _touched(sample, choice)
    assert compared(after, ignored, lists) == compared(sample.source, ignored, lists), where


def exiv2_agrees(sample: Sample, after: bytes, choice: Choice) -> bool:
    """Assert that Exiv2 reads every value as before; return False if it couldn't read the packet before."""
    before, now = exiv2(sample.source), exiv2(after)
    if not before:
        return False
    assert now, f"{sample.name}: Exiv2 could read it before our write"
    ignored = {f"Xmp.{name}".replace(":", ".") for name in DECIDED if clark(name) in _touched(sample, choice)}
    ours = _our_prefixes(before)
    for key, value in before.items():
        if key in LISTS and isinstance(value, list):
            human = sample.human.get(LISTS[key], ())
            assert [text for text in now[key] if text in human] == [text for text in value if text in human], (
                sample.name
            )
        elif key not in ignored and not key.startswith(ours):
            assert now.get(key) == value, (sample.name, key)
    return True


def exiv2(data: bytes) -> dict[str, Any]:
    """Return the properties that Exiv2 reads, none if it can't."""
    try:
        with pyexiv2.ImageData(data) as image:
            found: dict[str, Any] = image.read_xmp()
    except RuntimeError:
        return {}
    return found


def _our_prefixes(found: dict[str, Any]) -> tuple[str, ...]:
    """Return how keys of ours begin; another program may have changed the prefix."""
    return ("Xmp.realqa.", *(key.removesuffix("SchemaVersion") for key in found if key.endswith(".SchemaVersion")))


def _found(sample: Sample, name: str) -> list[str]:
    """Return a value as it was before; a new sidecar takes the stars of Exif over."""
    there = values(sample.source, name)
    seeded = sample.data is None and sample.lightroom is None and name == RATING
    if seeded and not there and sample.embedded.rating is not None:
        return [str(sample.embedded.rating)]
    return there


def _touched(sample: Sample, choice: Choice) -> frozenset[str]:
    """Return the numbers that may differ: the rules let us write them, or they were copied into a new sidecar."""
    names = sample.free if choice.stars is not None else frozenset()
    return names | {RATING} if _found(sample, RATING) != values(sample.source, RATING) else names


def _added(sample: Sample, after: bytes) -> dict[str, set[str]]:
    """Return the entries of each list that no person put there: ours, and those carried over to be seen."""
    human = {name: set(sample.human.get(name, ())) for name in LISTS.values()}
    return {name: {*values(sample.source, name), *values(after, name)} - human[name] for name in LISTS.values()}
