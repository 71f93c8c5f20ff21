"""What a plugin has set inside another program on the agent's behalf, into the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.metadata.elsewhere import remembered_after
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.record import Change, Field, Owner, memory_in, spoken
from realqa_agent.metadata.sidecar import shown
from realqa_agent.service.publishing import remember

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from realqa_agent.index.store import Index
    from realqa_agent.metadata.elsewhere import Applied
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.metadata.record import Memory


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenIn:
    """What became of the photos."""

    changed: int
    """The index remembers something else of them now."""
    same: int
    """It knew already."""
    humans: int
    """Of these two: their stars, said to be the agent's, are a human's and were not taken in."""
    unknown: int
    """The index never saw them."""


def take_in(index: Index, journal: Journal, applied: Mapping[Path, Applied]) -> TakenIn:
    """Let the index remember what the plugin set, and a human's stars where it saw some; a human's stay a human's.

    `journal`: of whoever says so. Raise TransientError if another process keeps the pen for too long.
    """
    changed = humans = 0
    with turn(journal):
        rows = index.several(applied)
        memories = index.memories(applied)
        steps = list(_steps({row.path: memory_in(memories.get(row.file_id, {})) for row in rows}, applied))
        ids = {row.path: row.file_id for row in rows}
        with index.together():
            for path, before, after in steps:
                humans += applied[path].stars is not None and _is_humans(before)
                if after != before:
                    changed += 1
                    remember(index, ids[path], before, after)
                    index.note(ids[path], "applied", _told(before, after), who=journal.who)
    same = len(rows) - changed
    return TakenIn(changed=changed, same=same, humans=humans, unknown=len(applied) - len(rows))


def _steps(memories: Mapping[Path, Memory], applied: Mapping[Path, Applied]) -> Iterator[tuple[Path, Memory, Memory]]:
    """Yield path, what is remembered, and what is to be."""
    for path, before in memories.items():
        one = applied[path]
        looks = one.stars is None and Field.RATING in before and not _is_humans(before)
        yield path, before, remembered_after(one, before, shown(path) if looks else None)


def _is_humans(memory: Memory) -> bool:
    kept = memory.get(Field.RATING)
    return kept is not None and kept.owner is Owner.HUMAN


def _told(before: Memory, after: Memory) -> str:
    """Return what was set, for people."""
    changes = [
        Change(field=field.value, before=_value(before, field), after=_value(after, field))
        for field in Field
        if before.get(field) != after.get(field)
    ]
    return "; ".join(map(spoken, changes))


def _value(memory: Memory, field: Field) -> str | None:
    kept = memory.get(field)
    return None if kept is None or kept.owner is Owner.NOBODY else kept.value or None
