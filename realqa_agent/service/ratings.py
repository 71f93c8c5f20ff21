"""The stars and pick labels that a human gave to files of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.capture import Embedded
from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata.human import human_pick, human_rating
from realqa_agent.service.publishing import memory_of
from realqa_agent.service.scoring import score
from realqa_agent.worker.messages import Inspect, Inspected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.config import Metadata
    from realqa_agent.index.store import Index
    from realqa_agent.metadata.record import Memory
    from realqa_agent.worker.crew import Crew


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """What a human said of one file."""

    path: Path
    stars: int | None
    """1 to 5, -1 for rejected, None for a file that no human rated."""
    pick: int | None = None
    """digiKam's pick label: 1 rejected, 2 pending, 3 accepted, None for a file that no human labelled."""
    problem: str | None = None
    """Why a sidecar could not be read, for people."""


def human_ratings(
    shots: Sequence[Sequence[Path]], crew: Crew[tuple[int, Path]], settings: Metadata, index: Index | None
) -> Iterator[list[Rating]]:
    """Yield the ratings of each shot's files, from sidecars, from inside the files, and what the index remembers."""
    for outcomes in score(shots, crew, lambda path: Inspect(path=path)):
        found = []
        for path, outcome in outcomes.items():
            # A file that can't be opened may still have a sidecar with stars.
            embedded = outcome.embedded if isinstance(outcome, Inspected) else Embedded()
            try:
                memory = _memory(path, index)
                stars = human_rating(path, embedded, settings, memory)
                found.append(Rating(path=path, stars=stars, pick=human_pick(path, embedded, memory)))
            except (PermanentError, TransientError) as error:
                found.append(Rating(path=path, stars=None, problem=str(error)))
        yield found


def _memory(path: Path, index: Index | None) -> Memory:
    row = None if index is None else index.lookup(path)
    return {} if index is None or row is None else memory_of(index, row.file_id)
