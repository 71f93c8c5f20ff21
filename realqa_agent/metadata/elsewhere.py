"""What to remember of a photo after the agent's plugin set stars and keywords inside another program. Pure.

The plugin sets stars only where nobody chose any, or where it finds the agent's own. What it took back is nobody's
again: what was there before, as darktable's import default, must not turn into a human's by our coming and going.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.metadata.keywords import entries, remembered
from realqa_agent.metadata.ownership import number
from realqa_agent.metadata.record import Field, Owner, Remembered

if TYPE_CHECKING:
    from realqa_agent.metadata.record import Memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """How a photo stands in another program, as the plugin says."""

    stars: int | None
    """The agent's, -1 (rejected) to 5; None: those there, if any, are not."""
    human: int | None
    """What a human gave in place of the agent's, -1 to 5; None: nothing of that kind was seen."""
    pick: int | None = None
    """The agent's pick label, 1 to 3; 0: that there, if any, is not; None: a program without, or nothing to say."""
    keywords: frozenset[str]
    """What was added for the agent and not taken back by it, entries that a human removed among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The photo's sidecar, as that program left it."""

    sha256: str
    rating: str | None


def remembered_after(applied: Applied, memory: Memory, sidecar: Shown | None) -> Memory:
    """Return what to remember then. What is a human's stays a human's.

    `sidecar`: None if there is none that can be read.
    """
    after = dict(memory)
    for field, kept in (
        (Field.RATING, _rating(applied, memory.get(Field.RATING), sidecar)),
        (Field.PICK, _pick(applied, memory.get(Field.PICK))),
        (Field.KEYWORDS, _keywords(applied, memory.get(Field.KEYWORDS))),
    ):
        after.pop(field, None)
        if kept is not None:
            after[field] = kept
    return after


def _rating(applied: Applied, before: Remembered | None, sidecar: Shown | None) -> Remembered | None:
    if before is not None and before.owner is Owner.HUMAN:
        return before
    if applied.human is not None:
        return Remembered(owner=Owner.HUMAN, value=str(applied.human))
    if applied.stars is not None:
        return _same_or_set(before, str(applied.stars))
    if before is None or sidecar is None:
        return None
    if before.owner is not Owner.NOBODY and number(sidecar.rating) == number(before.value):
        return before  # It was not about the stars, or the program has yet to write that they are gone.
    # digiKam, which says pick labels too, gives no star by itself: one that shows is a human's, and no import's.
    return Remembered(owner=Owner.NOBODY, value=sidecar.sha256) if applied.pick is None else None


def _pick(applied: Applied, before: Remembered | None) -> Remembered | None:
    if applied.pick is None or (before is not None and before.owner is Owner.HUMAN):
        return before
    if applied.pick:
        return _same_or_set(before, str(applied.pick))
    # What the agent wrote into the sidecar, it wrote; what the plugin took back is nobody's again.
    return before if before is not None and before.owner is Owner.AGENT else None


def _same_or_set(before: Remembered | None, value: str) -> Remembered:
    """Return what to remember of a value that the plugin set; the agent's own in the sidecar stays what it is."""
    same = before is not None and before.owner is Owner.AGENT and number(before.value) == number(value)
    return before if same and before is not None else Remembered(owner=Owner.PLUGIN, value=value)


def _keywords(applied: Applied, before: Remembered | None) -> Remembered | None:
    # Leaf words of a sidecar's flat list stand among the agent's own, and have no `|`.
    written = frozenset(entry for entry in entries(before.value) if "|" in entry) if before is not None else frozenset()
    if written == applied.keywords:
        return before
    return Remembered(owner=Owner.PLUGIN, value=remembered(applied.keywords)) if applied.keywords else None
