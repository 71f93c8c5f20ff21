"""An open index with its queue, and the clock that they go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.records import Clock

from realqa_agent.config import Queue as Settings
from realqa_agent.index.store import Index
from realqa_agent.queue.jobs import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(tmp_path: Path, clock: Clock) -> Iterator[Index]:
    with Index.open(tmp_path / "index.sqlite", clock=clock) as opened:
        yield opened


@pytest.fixture
def queue(index: Index) -> Queue:
    """Without jitter: 0.5 is its middle."""
    return Queue(index, Settings(), jitter=lambda: 0.5)
