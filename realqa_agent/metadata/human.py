"""The stars and the pick label that a human gave a photo, wherever they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.darktable import untouched_since_import
from realqa_agent.metadata.ownership import number
from realqa_agent.metadata.packet import stated
from realqa_agent.metadata.record import Field, Owner
from realqa_agent.metadata.seed import Surroundings, embedded_packet
from realqa_agent.metadata.sidecar import snapshots
from realqa_agent.metadata.xmp import Packet, PacketError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata
    from realqa_agent.metadata.record import Memory

REJECTED, MOST_STARS = -1, 5

PICK_LABELS = range(1, 4)
"""digiKam's: rejected, pending, accepted; 0 stands for none."""

PERCENT_A_STAR = 25
"""Windows writes 1, 25, 50, 75 and 99 % for 1 to 5 stars."""

NOBODYS = 0
"""Stands for stars that are not there, that no human chose, or that can't be understood."""


def human_rating(photo: Path, embedded: Embedded, settings: Metadata, memory: Memory) -> int | None:
    """Return 1 to 5 stars or -1 (rejected), None if no human rated the photo or nobody can tell.

    `photo.ext.xmp` comes before `photo.xmp`, and both before what is inside the photo, since host programs show it
    in that order; where the two sidecars have different stars, as after an edit in digiKam 7.9, nobody can tell. Stars
    that the agent or its plugin set and nobody changed are no human's. Where no sidecar is left, what the index
    remembers of a human counts. Raise TransientError or PermanentError, as `sidecar.snapshots` does.
    """
    own, lightroom = snapshots(photo)
    decided = _decided(memory)
    stars = rival = None
    if own is not None:
        around = Surroundings(embedded=embedded, lightroom=None if lightroom is None else lightroom.data)
        imported = settings.assume_default_one or untouched_since_import(own, around, memory)
        stars = _stars(Packet(own.data), default_one=imported and decided != 1)
        if stars is not None and stars == _set_elsewhere(memory):
            stars = NOBODYS
    elif decided is not None:
        stars = decided
    if lightroom is not None:
        # Lightroom writes 0 to every photo.
        rival = _stars(Packet(lightroom.data), default_one=settings.assume_default_one) or None
    return _agreed(stars, rival, lambda: _inside(embedded, settings))


def human_pick(photo: Path, embedded: Embedded, memory: Memory) -> int | None:
    """Return digiKam's pick label, 1 rejected, 2 pending, 3 accepted, None if no human gave one or nobody can tell.

    Places, the agent's own values and errors are as for `human_rating`.
    """
    own, lightroom = snapshots(photo)
    pick = rival = None
    if own is not None:
        pick = _pick(Packet(own.data))
        if pick is not None and pick == _kept_pick(memory, Owner.PLUGIN):
            pick = NOBODYS
    else:
        pick = _kept_pick(memory, Owner.HUMAN)
    if lightroom is not None:
        rival = _pick(Packet(lightroom.data)) or None
    return _agreed(pick, rival, lambda: _pick_inside(embedded))


def _agreed(here: int | None, rival: int | None, inside: Callable[[], int | None]) -> int | None:
    """Return what the own sidecar, the other one and the photo itself come to; None if nobody chose or can tell."""
    if here and rival and here != rival:
        return None
    found = here or rival
    if found is None and here is None:
        found = inside()
    return found or None


def _decided(memory: Memory) -> int | None:
    """Return the stars that the index remembers as a human's, None if there are none."""
    kept = memory.get(Field.RATING)
    return None if kept is None or kept.owner is not Owner.HUMAN else _known(number(kept.value)) or None


def _set_elsewhere(memory: Memory) -> int | None:
    """Return the stars that the agent's plugin set in another program, None if there are none; never `NOBODYS`."""
    kept = memory.get(Field.RATING)
    return None if kept is None or kept.owner is not Owner.PLUGIN else _known(number(kept.value)) or None


def _inside(embedded: Embedded, settings: Metadata) -> int | None:
    """Return the stars inside the photo, `NOBODYS` if its packet can't be read: they may be anything then."""
    stars = None
    if embedded.packet is not None:
        try:
            stars = _stars(embedded_packet(embedded.packet), default_one=settings.assume_default_one)
        except PacketError:
            return NOBODYS
    return _known(embedded.rating) if stars is None else stars


def _pick(packet: Packet) -> int | None:
    """Return the pick label that a packet states, `NOBODYS` if it is the agent's or none, None if it says nothing."""
    text = stated(packet, names.PICK_LABEL)
    if text is None:
        return None
    value = number(text)
    return _label(None if value == number(stated(packet, names.WRITTEN_PICK)) else value)


def _pick_inside(embedded: Embedded) -> int | None:
    if embedded.packet is None:
        return None
    try:
        return _pick(embedded_packet(embedded.packet))
    except PacketError:
        return NOBODYS


def _kept_pick(memory: Memory, owner: Owner) -> int | None:
    """Return the pick label that the index remembers as this owner's, None if there is none; never `NOBODYS`."""
    kept = memory.get(Field.PICK)
    return None if kept is None or kept.owner is not owner else _label(number(kept.value)) or None


def _label(value: float | None) -> int:
    return int(value) if value is not None and value in PICK_LABELS else NOBODYS


def _stars(packet: Packet, *, default_one: bool) -> int | None:
    """Return the stars that a packet states, None if it says nothing of them.

    `default_one`: 1 in a packet of darktable's is its import default.
    """
    text = stated(packet, names.RATING)
    if text is None:
        return _stars_elsewhere(packet)
    value, written = number(text), number(stated(packet, names.WRITTEN_RATING))
    imported = default_one and bool(packet.values(names.DARKTABLE_VERSION))
    nobodys = value == written or (value == 1 and imported)
    return NOBODYS if nobodys else _known(value)


def _stars_elsewhere(packet: Packet) -> int | None:
    """Return the stars of programs that know no `xmp:Rating`."""
    percent, stars = (number(stated(packet, name)) for name in names.OTHER_RATINGS)
    if percent is not None and 1 <= percent <= 100:
        return round(1 + percent / PERCENT_A_STAR)
    return _known(stars) or None


def _known(value: float | None) -> int:
    return NOBODYS if value is None or value not in range(REJECTED, MOST_STARS + 1) else int(value)
