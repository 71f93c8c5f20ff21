"""Files that a person, or a plugin on their behalf, hands to the agent, whether it watches their folder or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.files import Appeared
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.steering import Steering
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.scan import look_at, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from realqa_agent.index.store import Index

FILES_AT_ONCE = 500
"""The agent writes into the index in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedOver:
    """What became of the files, each in one count."""

    queued: int
    hastened: int
    """They waited already, and are now among the first."""
    known: int
    """The agent knows them as they are: scored, refused, under way, or taken out of the queue."""
    ignored: int
    """No photos or clips by their names, or of names that the settings ignore."""
    absent: int
    """They are not there, or can't be looked at."""


def hand_over(index: Index, paths: Iterable[Path], ignore: Sequence[str]) -> HandedOver:
    """Queue files as an import, those below a folder as the agent walks it; what the agent knows as it is gets no job.

    `ignore` as for `Candidates`.
    """
    candidates = Candidates(ignore)
    found: dict[Path, Appeared] = {}
    ignored = absent = 0
    for path in paths:
        if path.is_dir():
            found |= {appeared.path: appeared for appeared in _below(path, candidates)}
        elif not candidates.accepts(path):
            ignored += 1
        elif (appeared := _seen(path)) is None:
            absent += 1
        else:
            found[path] = appeared
    queued = hastened = 0
    files = list(found.values())
    for start in range(0, len(files), FILES_AT_ONCE):
        some = files[start : start + FILES_AT_ONCE]
        intake = take_in(index, some)
        queued += intake.new + intake.changed
        hastened += Steering(index).hasten([each.path for each in some])
    known = len(files) - queued - hastened
    return HandedOver(queued=queued, hastened=hastened, known=known, ignored=ignored, absent=absent)


def _below(folder: Path, candidates: Candidates) -> Iterator[Appeared]:
    for changes in scan(folder, lambda _: {}, (), candidates):
        yield from (change for change in changes if isinstance(change, Appeared))


def _seen(path: Path) -> Appeared | None:
    try:
        stat = look_at(path)
    except OSError:
        return None
    return None if stat is None else Appeared(path=path, stat=stat)
