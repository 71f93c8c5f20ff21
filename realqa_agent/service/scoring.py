"""Scoring without index and queue: paths in, outcomes out, in the order of the paths."""

from __future__ import annotations

import os
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.culling.shots import shot_of
from realqa_agent.watch.candidates import Candidates
from realqa_agent.watch.scan import scan
from realqa_agent.worker.messages import Assess, Inspect, Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realqa_agent.config import Scoring
    from realqa_agent.worker.pool import Pool

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
    shots: Sequence[Sequence[Path]], pool: Pool[tuple[int, Path]], task: type[Assess | Inspect] = Assess
) -> Iterator[dict[Path, Outcome]]:
    """Score shot after shot on all workers; yield each shot's outcomes as soon as it and those before it are done.

    With the task `Inspect` only the metadata inside the files are read.
    """
    done = perform([task(path=path) for shot in shots for path in shot], pool)
    for shot in shots:
        yield dict(islice(done, len(shot)))


def perform(tasks: Sequence[Task], pool: Pool[tuple[int, Path]]) -> Iterator[tuple[Path, Outcome]]:
    """Do tasks on all workers; yield each outcome with its file, in the order of the tasks, as soon as possible."""
    waiting = enumerate(tasks)
    collected: dict[int, Outcome] = {}
    following = 0
    exhausted = False
    while following < len(tasks):
        while pool.free and not exhausted:
            number, task = next(waiting, (0, None))
            if task is None:
                exhausted = True
            else:
                pool.submit((number, task.path), task)
        for (number, _), outcome in pool.wait(timeout=60.0):
            collected[number] = outcome
        while following in collected:
            yield tasks[following].path, collected.pop(following)
            following += 1
