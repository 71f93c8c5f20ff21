"""What the tests with real programs share: one display for all, and one desk for each file, since a story is long."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import display
from support.desk import Desk

from realqa_agent.index.store import Index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.display import Display


@pytest.fixture(scope="session")
def screen() -> Iterator[Display]:
    """A private X display."""
    if not display.present():
        pytest.skip(f"{display.PROGRAM} is not installed")
    with display.display() as private:
        yield private


@pytest.fixture(scope="module")
def desk(empty_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Where sidecars are written as the agent does, for all tests of a file."""
    file = tmp_path_factory.mktemp("desk") / "index.sqlite"
    shutil.copy(empty_index, file)
    with Index.open(file) as index:
        yield Desk(index)
