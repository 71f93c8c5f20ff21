"""What darktable writes into a sidecar by itself, and not because a human said so. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.ownership import number
from realqa_agent.metadata.packet import rated_outside, stated
from realqa_agent.metadata.record import Field, Owner, Remembered
from realqa_agent.metadata.snapshot import sha256_of
from realqa_agent.metadata.xmp import Packet

if TYPE_CHECKING:
    from realqa_agent.metadata.record import Memory
    from realqa_agent.metadata.seed import Surroundings
    from realqa_agent.metadata.snapshot import Snapshot

IMPORT_SECONDS = 2.0
"""darktable writes the sidecar this soon after the import: 1 ms as a rule, at most 160 ms were seen."""

FRESH_ORDER = 2
"""The order of modules that a photo without a sidecar gets; 1 where one was there before."""

IMPORTED = (names.DARKTABLE_IMPORT, names.DARKTABLE_ORDER, names.DARKTABLE_HISTORY_END)

YEAR_ONE_TO_EPOCH = 62_135_596_800
"""Seconds from 0001-01-01 to 1970-01-01: darktable 4 counts in microseconds from the first, earlier ones from the
second in seconds."""


def untouched_since_import(sidecar: Snapshot, around: Surroundings, memory: Memory) -> bool:
    """Tell whether a sidecar is as darktable wrote it at import, but for our own writes, and nobody had rated before.

    Nothing in the file says so, and an edit changes no timestamp in it (4.2.1): only the file's mtime, a thousandth of
    a second after the import until then, tells. A sidecar that was there before is rewritten at import with the rating
    it had, and then has the old order of modules; one of an earlier import keeps its history. In doubt, False.
    """
    if memory.get(Field.RATING) == Remembered(owner=Owner.NOBODY, value=sha256_of(sidecar.data) or ""):
        return True
    if b"import_timestamp" not in sidecar.data:
        return False  # Most aren't darktable's, and to parse one takes longer than to search it.
    packet = Packet(sidecar.data)
    imported, order, history = (number(stated(packet, name)) for name in IMPORTED)
    if imported is None or order is None or order < FRESH_ORDER or history != 0:
        return False
    seconds = imported / 1e6 - YEAR_ONE_TO_EPOCH if imported > 1e12 else imported
    return abs(sidecar.mtime - seconds) < IMPORT_SECONDS and not rated_outside(around)
