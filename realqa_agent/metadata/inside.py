"""Results inside the photo itself, for those who ask for it (`target = "photo"`) and for JPEG alone.

The rules are those of the sidecar. This room makes the packet; a worker makes the verified copy of the photo with it,
since the agent's process opens no picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realqa_agent.metadata.packet import merge
from realqa_agent.metadata.seed import EMPTY, Surroundings, embedded_packet
from realqa_agent.metadata.sidecar import explained, has_sidecar
from realqa_agent.metadata.snapshot import ChangedMeanwhileError, snapshot
from realqa_agent.metadata.xmp import PacketError

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.capture import Embedded
    from realqa_agent.config import Metadata
    from realqa_agent.files import FileStat
    from realqa_agent.metadata.pen import Pen
    from realqa_agent.metadata.record import Change, Memory, Record

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
"""Others are never written: RAW files by principle, the rest since no library keeps all that it does not understand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """What is to become of a photo's own packet, before anything does."""

    photo: Path
    packet: bytes
    changed: bool
    changes: tuple[Change, ...]
    known: Memory
    """What was remembered of the photo when this was planned."""
    memory: Memory
    """What to remember of it then."""
    notes: tuple[str, ...]


def wanted(photo: Path, settings: Metadata) -> bool:
    """Tell by name and settings whether a photo's results may go inside."""
    return settings.target == "photo" and settings.sidecars and photo.suffix.lower() in SUFFIXES


def plan(photo: Path, record: Record, embedded: Embedded, settings: Metadata, memory: Memory) -> Inside | None:
    """Return what becomes of the packet inside, None if the results belong into a sidecar.

    They do if there is one, which would hide what is inside, and if the packet inside can't be edited safely.
    """
    if not wanted(photo, settings) or embedded.problem is not None or has_sidecar(photo):
        return None
    try:
        start = EMPTY.encode() if embedded.packet is None else embedded_packet(embedded.packet).to_bytes()
        # A file can't hold its own hash.
        merged = merge(start, replace(record, content=None), Surroundings(embedded=embedded), settings, memory)
    except PacketError:
        return None
    return Inside(
        photo=photo,
        packet=merged.data,
        changed=merged.data != start,
        changes=merged.changes,
        known=memory,
        memory=merged.memory,
        notes=merged.notes,
    )


def write(inside: Inside, copy: bytes, stat: FileStat, memory: Memory, *, pen: Pen, file_id: int) -> None:
    """Replace the photo by the verified copy, which was made while the photo looked like `stat`.

    Raise TransientError if it, or what is remembered of it, changed since; PermanentError if it may not be written.
    """
    try:
        there = snapshot(inside.photo)
        if there is None or there.stat != stat or memory != inside.known:
            raise ChangedMeanwhileError(f"{inside.photo}: it changed while the copy with the results was made")
        pen.replace(file_id, inside.photo, copy, there, changes=inside.changes, memory=memory)
    except OSError as error:
        raise explained(inside.photo, error) from error
