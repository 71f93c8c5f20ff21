"""An open index, and the clock that it goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.records import Clock

from realqa_agent.index.store import Index

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
