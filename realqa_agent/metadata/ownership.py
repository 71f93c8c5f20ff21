"""Whose a value is: compare-and-swap between the agent and everybody else. Pure.

The witness is the agent's note, kept in the sidecar beside a value that it wrote; the index keeps a copy of it.
A value that equals its witness is the agent's. A value that was there before the agent, or differs from its witness,
or went missing, is a human's, who keeps the field for ever: the index remembers that. Where notes are lost or
disagree, or a program may have written the value by itself, nothing is touched and nothing remembered.

What the agent's plugin set inside another program has its note in the index alone, since it is that program which
writes the sidecar. Once the sidecar shows the value, it gets its witness there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realqa_agent.metadata.record import Field, Owner, Remembered

if TYPE_CHECKING:
    from collections.abc import Collection


UNREADABLE = "unreadable"
"""Stands for a value that is there and no plain number: not free, and nobody can tell what a human meant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What is known of one field before a write. Absent (None), 0 and -1 are three different values."""

    here: str | None
    """The value in the sidecar."""
    rival: str | None = None
    """A human value in a second sidecar of the same photo, which some programs prefer."""
    inside: str | None = None
    """The value inside the photo, which counts where no sidecar has one."""
    witness: str | None = None
    remembered: Remembered | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What becomes of the field: the value to write if any, and the notes to keep of it."""

    write: int | None = None
    witness: str | None
    remembered: Remembered | None
    note: str | None = None


def number(text: str | None) -> float | None:
    """Return the text as a finite number, None if it isn't one."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def settle(
    field: Field,
    found: Found,
    wanted: int | None,
    *,
    free: Collection[float | None],
    unclear: Collection[float | None] = (),
    updates: bool,
) -> Settled:
    """Decide about a field that holds a number.

    `wanted` None only observes. `free` are the values that nobody chose (None: absent), `unclear` those that a
    human may have chosen or a program by itself. `updates` False keeps the agent from changing even its own value.
    """
    if found.remembered is not None and found.remembered.owner is Owner.HUMAN:
        note = f"{field} {_current(found) or 'none'} is a human's: left alone"
        return _given_up(found, note if wanted is not None else None)
    if found.remembered is not None and found.remembered.owner is Owner.PLUGIN:
        return _set_elsewhere(field, found, found.remembered.value, wanted, unclear, updates=updates)
    if found.witness is None:
        return _unmarked(field, found, wanted, free, unclear)
    return _marked(field, found, found.witness, wanted, unclear, updates=updates)


def _unmarked(
    field: Field,
    found: Found,
    wanted: int | None,
    free: Collection[float | None],
    unclear: Collection[float | None],
) -> Settled:
    if found.remembered is not None:
        note = f"{field}: the sidecar lost the agent's mark, so whose the value is can't be told: left alone"
        return _untouched(found, note if wanted is not None else None)
    current = _current(found)
    value = number(current)
    as_wanted = wanted is None or value == wanted
    if (current is None or value is not None) and value in free and not (_contested(found) and not as_wanted):
        return _untouched(found, None) if wanted is None or as_wanted else _written(wanted)
    if current is None:
        return _untouched(found, None)
    if _contested(found) or current == UNREADABLE or value in unclear:
        return _untouched(found, None if as_wanted else f"{field} {current} may be a human's: left alone")
    return _given_up(found, None if as_wanted else f"{field} {current} is a human's: left alone")


def _set_elsewhere(
    field: Field,
    found: Found,
    value: str,
    wanted: int | None,
    unclear: Collection[float | None],
    *,
    updates: bool,
) -> Settled:
    here = number(found.here)
    if here is not None and here == number(value):
        ours = replace(found, witness=value, remembered=Remembered(owner=Owner.AGENT, value=value))
        return _marked(field, ours, value, wanted, unclear, updates=updates)
    change = f"{field}: {value}, set by the agent's plugin, is {found.here or 'none'} in the sidecar"
    if here is None or here == number(found.witness) or here in unclear:
        return _untouched(found, f"{change}: it may be behind: left alone" if wanted is not None else None)
    return _given_up(found, f"{change}, by a human: left alone for ever")


def _marked(
    field: Field,
    found: Found,
    witness: str,
    wanted: int | None,
    unclear: Collection[float | None],
    *,
    updates: bool,
) -> Settled:
    here = number(found.here)
    intact = here is not None and here == number(witness)
    done = intact and here == wanted
    if found.remembered is not None and number(found.remembered.value) != number(witness):
        if not done:
            note = f"{field}: sidecar and index disagree about what the agent wrote: left alone"
            return _untouched(found, note)
        # Both are right: the agent was ended after the write and before it could remember.
    elif not intact:
        change = f"{field}: {witness}, the agent's, became {found.here or 'none'}"
        if here in unclear:
            return _untouched(found, f"{change}, by a human or by darktable's database: left alone")
        return _given_up(found, f"{change} by a human: left alone for ever")
    if wanted is None or done:
        return _kept(witness)
    if _contested(found) or not updates:
        outdated = f"{field} {found.here} is outdated, but darktable's database rules it now"
        differ = f"{field}: the photo's two sidecars differ: left alone"
        return _untouched(found, differ if _contested(found) else outdated)
    return _written(wanted)


def _current(found: Found) -> str | None:
    return next((text for text in (found.here, found.rival, found.inside) if text is not None), None)


def _contested(found: Found) -> bool:
    return None not in (found.here, found.rival) and number(found.here) != number(found.rival)


def _untouched(found: Found, note: str | None) -> Settled:
    return Settled(witness=found.witness, remembered=found.remembered, note=note)


def _kept(witness: str) -> Settled:
    return Settled(witness=witness, remembered=Remembered(owner=Owner.AGENT, value=witness))


def _given_up(found: Found, note: str | None) -> Settled:
    human = Remembered(owner=Owner.HUMAN, value=_current(found) or "")
    return Settled(witness=None, remembered=human, note=note)


def _written(value: int) -> Settled:
    agent = Remembered(owner=Owner.AGENT, value=str(value))
    return Settled(write=value, witness=str(value), remembered=agent)
