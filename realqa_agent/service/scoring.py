"""Scoring without index and queue: paths in, outcomes out, in the order of the paths."""

from __future__ import annotations

import os
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.culling.shots import shot_of
from realqa_agent.errors import RefusalKind, TransientError
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.scan import scan
from realqa_agent.worker.messages import Follow, Outcome, Refused, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from realqa_agent.config import Scoring
    from realqa_agent.worker.crew import Crew

MOST_PROCESSES = 4
"""More workers than this wait for the disk, and take the machine from its owner."""


def processes(settings: Scoring) -> int:
    """Return how many worker processes the settings ask for on this machine."""
    return settings.workers or min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def batches(paths: Iterable[Path], ignore: Sequence[str]) -> Iterator[list[Path]]:
    """Given files and folders, yield lists of absolute paths that belong to one shot.

    A file that is named is always in; a folder is walked as the agent walks it. The order is that of the
    arguments, inside a folder by name.
    """
    candidates = Candidates(ignore)
    for path in paths:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the user's symlinks
        if not absolute.is_dir():
            yield [absolute]
            continue
        for changes in scan(absolute, lambda _: {}, (), candidates):
            yield from shots_of(change.path for change in changes)


def shots_of(paths: Iterable[Path]) -> list[list[Path]]:
    """Given files, return them by shot: sorted by folder and name."""
    return [list(shot) for _, shot in groupby(sorted(paths, key=_shot), key=_shot)]


def _shot(path: Path) -> tuple[str, str]:
    return str(path.parent), shot_of(path)


def score(
    shots: Sequence[Sequence[Path]], crew: Crew[tuple[int, Path]], task: Callable[[Path], Task]
) -> Iterator[dict[Path, Outcome]]:
    """Do a task for file after file; yield each shot's outcomes as soon as it and those before it are done.

    `Crew.assess` is the task that leads to the last word on a file.
    """
    done = perform([task(path) for shot in shots for path in shot], crew)
    for shot in shots:
        yield dict(islice(done, len(shot)))


def refusal(outcome: Outcome) -> Refused:
    """Return why a file has no assessment, given what scoring it came to."""
    if isinstance(outcome, Refused):
        return outcome
    why = getattr(outcome, "message", outcome)
    return Refused(kind=RefusalKind.CORRUPT, message=f"it could not be scored: {why}")


def perform(tasks: Sequence[Task], crew: Crew[tuple[int, Path]]) -> Iterator[tuple[Path, Outcome]]:
    """Do tasks on all workers; yield each outcome with its file, in the order of the tasks, as soon as possible.

    Raise TransientError if the model goes away in the middle of it: who stands beside it can mend that.
    """
    given = following = 0
    collected: dict[int, Outcome] = {}
    while following < len(tasks):
        while given < len(tasks) and (crew.free_to_follow if isinstance(tasks[given], Follow) else crew.free):
            crew.submit((given, tasks[given].path), tasks[given])
            given += 1
        for (number, _), outcome in crew.wait(timeout=60.0):
            collected[number] = outcome
        if crew.trouble is not None:
            raise TransientError(crew.trouble)
        while following in collected:
            yield tasks[following].path, collected.pop(following)
            following += 1
