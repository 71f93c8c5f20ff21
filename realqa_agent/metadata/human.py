"""The stars that a human gave a photo, wherever they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.ownership import number
from realqa_agent.metadata.packet import stated
from realqa_agent.metadata.seed import embedded_packet
from realqa_agent.metadata.sidecar import packets
from realqa_agent.metadata.xmp import Packet, PacketError

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata

REJECTED, MOST_STARS = -1, 5

PERCENT_A_STAR = 25
"""Windows writes 1, 25, 50, 75 and 99 % for 1 to 5 stars."""

NOBODYS = 0
"""Stands for stars that are not there, that no human chose, or that can't be understood."""


def human_rating(photo: Path, embedded: Embedded, settings: Metadata) -> int | None:
    """Return 1 to 5 stars or -1 (rejected), None if no human rated the photo or nobody can tell.

    `photo.ext.xmp` comes before `photo.xmp`, and both before what is inside the photo, since host programs show it
    in that order. Stars that the agent wrote and nobody changed are no human's. Raise TransientError or
    PermanentError, as `sidecar.packets` does.
    """
    own, lightroom = packets(photo)
    stars = None if own is None else _stars(own, settings)
    if stars is None and lightroom is not None:
        stars = _stars(lightroom, settings) or None  # Lightroom writes 0 to every photo
    if stars is None:
        stars = _inside(embedded, settings)
    return stars or None


def _inside(embedded: Embedded, settings: Metadata) -> int | None:
    """Return the stars inside the photo, `NOBODYS` if its packet can't be read: they may be anything then."""
    stars = None
    if embedded.packet is not None:
        try:
            stars = _stars(embedded_packet(embedded.packet), settings)
        except PacketError:
            return NOBODYS
    return _known(embedded.rating) if stars is None else stars


def _stars(packet: Packet, settings: Metadata) -> int | None:
    """Return the stars that a packet states, None if it says nothing of them."""
    text = stated(packet, names.RATING)
    if text is None:
        return _stars_elsewhere(packet)
    value, written = number(text), number(stated(packet, names.WRITTEN_RATING))
    imported = settings.assume_default_one and bool(packet.values(names.DARKTABLE_VERSION))
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
