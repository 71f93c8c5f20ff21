"""Puts the agent together from the settings, and takes it apart again."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from realqa_agent.index.store import Index
from realqa_agent.metadata.record import Who
from realqa_agent.queue.jobs import Queue
from realqa_agent.service.agent import Agent
from realqa_agent.service.lock import only_agent
from realqa_agent.service.scoring import processes
from realqa_agent.service.writing import begin
from realqa_agent.watch.folders import Folders
from realqa_agent.worker.messages import Setup
from realqa_agent.worker.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realqa_agent.config import Config


@contextmanager
def running(config: Config, roots: Sequence[Path], *, once: bool) -> Iterator[Agent]:
    """Give an agent for these folders; UserError if another one works on the same index, or no worker can start."""
    with ExitStack() as stack:
        stack.enter_context(only_agent(config.index.file))
        index = stack.enter_context(Index.open(config.index.file))
        pool = stack.enter_context(
            Pool[int](Setup(scoring=config.scoring, media=config.media), processes(config.scoring))
        )
        folders = Folders(roots, config.watch, ignore=config.folders.ignore, index=index, once=once)
        yield Agent(
            config,
            index=index,
            queue=Queue(index, config.queue),
            folders=folders,
            pool=pool,
            journal=begin(index, config, Who.AGENT),
        )
