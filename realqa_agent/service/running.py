"""Puts the agent together from the settings, and takes it apart again."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError
from realqa_agent.index import care, codec
from realqa_agent.index.care import Look
from realqa_agent.index.store import Index
from realqa_agent.metadata.record import Who
from realqa_agent.queue.jobs import Queue
from realqa_agent.queue.steering import Steering
from realqa_agent.service import tasting
from realqa_agent.service.agent import Agent
from realqa_agent.service.lock import End, Lock, only_agent
from realqa_agent.service.manners import Manners
from realqa_agent.service.schedule import scheduled
from realqa_agent.service.scoring import processes
from realqa_agent.service.writing import begin
from realqa_agent.watch.folders import Folders
from realqa_agent.worker.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.config import Config


log = logging.getLogger(__name__)


@contextmanager
def running(config: Config, roots: Sequence[Path], *, once: bool) -> Iterator[Agent]:
    """Give an agent for these folders; UserError if another one works on the same index, or no worker can start."""
    with ExitStack() as stack:
        lock = stack.enter_context(only_agent(config.index.file))
        index = stack.enter_context(_opened(config.index.file, lock))
        if once and (since := Steering(index).paused_since()):
            raise UserError(f"the queue is paused since {since}; `realqa queue resume` lets work go on")
        crew = stack.enter_context(Crew[int](config, processes(config.scoring)))
        folders = Folders(roots, config.watch, ignore=config.folders.ignore, index=index, once=once)
        agent = Agent(
            config,
            index=index,
            queue=Queue(index, config.queue),
            folders=folders,
            crew=crew,
            journal=begin(index, config, Who.AGENT),
            manners=None if once else Manners(config.manners),
        )
        stack.callback(agent.close)
        ready = crew.first()
        tasting.warn_if_outdated(index, (ready.scorer, ready.version))
        if not once:
            stack.enter_context(scheduled(config.manners.quiet_hours, tidy=agent.tidy, wake=agent.wake))
        yield agent


@contextmanager
def _opened(file: Path, lock: Lock) -> Iterator[Index]:
    """Open the index, a new one if the last agent left it damaged; note whether this one leaves it as it should."""
    kept = _damage_set_aside(file, lock.last)
    with Index.open(file) as index:
        care.make_private(file)
        lock.opened()
        if kept is not None:
            index.leave(care.DAMAGE, {"at": codec.rfc3339(index.clock()), "kept": str(kept)})
        yield index
    lock.left()


def _damage_set_aside(file: Path, last: End | None) -> Path | None:
    """Move the index away if it is damaged, and return where it is then; how close it is looked at depends on its end.

    A file that no agent ever had open may be somebody else's, and is not looked at.
    """
    found = [] if last is None else care.check(file, Look.PAGES if last is End.OPEN else Look.GLANCE)
    if not found:
        return None
    kept = care.set_aside(file, time.time())
    log.warning(
        "%s: the index is damaged (%s); it is kept as %s, and a new one is made, into which the results come back from "
        "the sidecars",
        file,
        found[0],
        kept,
    )
    return kept
