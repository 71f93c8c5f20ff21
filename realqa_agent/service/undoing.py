"""Taking back what runs wrote: which writes, in which files, and what the index is to remember then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata import undo
from realqa_agent.metadata.pen import turn
from realqa_agent.metadata.record import spoken
from realqa_agent.metadata.sidecar import sidecar_of
from realqa_agent.service.publishing import know_again, memory_of, remember

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.index.store import Index
    from realqa_agent.metadata.journal import Journal, Write
    from realqa_agent.metadata.undo import Undone


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenBack:
    """What undoing comes to for one file, done or planned."""

    path: Path
    undone: Undone | None
    """None if there is a problem."""
    problem: str | None = None
    """Why nothing can be put back in this file, for people."""


def files_of(writes: Sequence[Write], index: Index) -> list[list[Write]]:
    """Given writes, oldest first, return them by the file that they went into, where that is now."""
    files: dict[Path, list[Write]] = {}
    for write in writes:
        path = _now_at(write, index)
        files.setdefault(path, []).append(replace(write, path=path))
    return list(files.values())


def _now_at(write: Write, index: Index) -> Path:
    """Return where a written file is: a photo that moved took its sidecar along, or left it behind."""
    if write.path.exists():
        return write.path
    photo = index.path_of(write.file_id)
    moved = sidecar_of(photo) if write.path.suffix == ".xmp" else photo
    return moved if moved.exists() else write.path


def take_back(
    files: Sequence[Sequence[Write]], index: Index, journal: Journal, *, surgical: bool, dry_run: bool
) -> Iterator[TakenBack]:
    """Yield what becomes of each file, after it became so unless it is a dry run."""
    for writes in files:
        path = writes[-1].path
        try:
            undone = (
                _planned(writes, index, journal, surgical=surgical)
                if dry_run
                else _done(writes, index, journal, surgical=surgical)
            )
        except (PermanentError, TransientError) as error:
            yield TakenBack(path=path, undone=None, problem=str(error))
        else:
            yield TakenBack(path=path, undone=undone)


def _planned(writes: Sequence[Write], index: Index, journal: Journal, *, surgical: bool) -> Undone:
    return undo.plan(writes, memory_of(index, writes[-1].file_id), journal, surgical=surgical)


def _done(writes: Sequence[Write], index: Index, journal: Journal, *, surgical: bool) -> Undone:
    file_id = writes[-1].file_id
    with turn(journal) as pen:
        memory = memory_of(index, file_id)
        done = undo.undo(writes, memory, pen, surgical=surgical)
        with index.together():
            if done.memory is not None:
                remember(index, file_id, memory, done.memory)
            if done.changed:
                row = index.lookup(done.path)
                if row is not None and done.after is not None:  # It was a photo that was written.
                    know_again(index, row, done.after)
                detail = "; ".join((f"{done.fate} {done.path.name}", *map(spoken, done.changes)))
                index.note(file_id, "undid", detail, who=journal.who, run=journal.run)
    return done
