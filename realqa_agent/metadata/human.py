"""The stars that a human gave a photo, wherever they stand."""

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
    from pathlib import Path

    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata
    from realqa_agent.metadata.record import Memory

REJECTED, MOST_STARS = -1, 5

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
    if stars and rival and stars != rival:
        return None
    found = stars or rival
    if found is None and stars is None:
        found = _inside(embedded, settings)
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
