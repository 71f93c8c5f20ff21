"""Where a test writes sidecars as the agent does: an index, a journal, and a memory for each photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.records import add

from realqa_agent.capture import Embedded
from realqa_agent.config import Metadata
from realqa_agent.metadata import sidecar, undo
from realqa_agent.metadata.journal import Journal
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.record import Who

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.index.store import Index
    from realqa_agent.metadata.journal import Write
    from realqa_agent.metadata.record import Memory, Record
    from realqa_agent.metadata.sidecar import Plan
    from realqa_agent.metadata.undo import Undone


class Desk:
    """Writes and undoes with one journal."""

    def __init__(self, index: Index, settings: Metadata | None = None, *, run: str = "first") -> None:
        self.index = index
        self.settings = settings or Metadata()
        self.journal = Journal(index, self.settings, who=Who.AGENT, run=run)

    def write(
        self,
        photo: Path,
        record: Record,
        embedded: Embedded | None = None,
        settings: Metadata | None = None,
        memory: Memory | None = None,
    ) -> Plan:
        """Write a photo's sidecar; the memory is the test's own."""
        file_id = self.file_id(photo)
        with turn(self.journal) as pen:
            return sidecar.write(
                photo,
                record,
                embedded or Embedded(),
                settings or self.settings,
                memory or {},
                pen=pen,
                file_id=file_id,
            )

    def undo(self, photo: Path, memory: Memory | None = None, *, surgical: bool = False) -> Undone:
        """Take back all writes for a photo."""
        undoing = Journal(self.index, self.settings, who=Who.UNDO, run="undoing")
        with turn(undoing) as pen:
            return undo.undo(self.writes(photo), memory or {}, pen, surgical=surgical)

    def writes(self, photo: Path) -> list[Write]:
        """Return the writes for a photo that are in force."""
        return self.journal.writes(file_ids=[self.file_id(photo)])

    def file_id(self, photo: Path) -> int:
        """Return the photo's number in the index, which takes it in if it is new."""
        row = self.index.lookup(photo)
        return add(self.index, photo, inode=hash(photo) % 2**40) if row is None else row.file_id
