"""10,000 photos arrive while processes are killed, workers or the agent: each is recorded once, none is lost or written
twice.

`benchmarks/soak.py` does the same with as many each time, for longer and with more kinds of faults.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.background import background
from support.place import Place
from support.soak import Feed, agent_killed, defects, endure, workers_killed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(900)

FILES, FEWER = 6_500, 3_500
SECONDS = 600

# A file that two random kills hit is tried again soon, not after half a minute.
SETTINGS = "[queue]\nbackoff_seconds = 0.5\n"


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours in it, made by tempfile


@pytest.fixture
def place(tmp_path: Path, odd_scorers: None) -> Iterator[Place]:  # noqa: ARG001 - it installs them
    """Photos and index in memory where there is room: a SIGKILL loses no page cache, and fsync costs nothing."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < 2**30:
        yield Place(tmp_path)
        return
    with tempfile.TemporaryDirectory(prefix="realqa-soak-", dir=MEMORY) as folder:
        yield Place(Path(folder))


def test_workers_killed_again_and_again(place: Place) -> None:
    place.configure(SETTINGS, workers=2)
    with background(place) as agent:
        strikes = workers_killed(place, agent, every=(0, 250))
        endure(place, agent, Feed(place.photos, FILES, pace=200), strikes, seconds=SECONDS)
    assert strikes.count > 20
    assert defects(place) == []


def test_agent_killed_and_started_again(place: Place) -> None:
    """Stars are written too: what the agent set itself must not look like a human's after a kill.

    A kill between the replace of a sidecar and the commit after it costs its line in the history, and nothing else.
    """
    place.configure(SETTINGS + "[culling]\napply = true\n", workers=2)
    with background(place) as agent:
        strikes = agent_killed(place, agent, every=(0, 350))
        endure(place, agent, Feed(place.photos, FEWER, pace=200), strikes, seconds=SECONDS)
    assert strikes.count > 10
    assert defects(place, at_most_once=("wrote",)) == []
    [(told,)] = place.index("SELECT count(*) FROM history WHERE event = 'wrote'")
    assert told >= FEWER - strikes.count
    assert place.index("SELECT * FROM history WHERE event = 'decided'") == []
