"""What we write ourselves brings no work.

Here for about 20 seconds; an hour's worth (20,000 writes at five or six a second) is in `benchmarks/soak.py`.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.background import background
from support.place import Place, photo, until
from support.soak import jobs_ever, progress

pytestmark = pytest.mark.usefixtures("odd_scorers")

PHOTOS = 30
SECONDS = 20
FEWEST_WRITES = 150


def test_twenty_seconds_of_own_writes_bring_no_job(place: Place) -> None:
    """Those of the agent, `cull` and `undo`: sidecars, photos and the index itself, all in the watched folder."""
    index = place.photos / "realqa" / "index.sqlite"
    place.configure(f'[metadata]\ntarget = "photo"\n[index]\npath = "{index}"\n')
    place.index_file = index
    for number in range(PHOTOS):
        photo(place.photos / f"{number:03}.{'jpg' if number % 3 else 'png'}", seed=number)
    with background(place) as agent:
        until(lambda: progress(place).scored == PHOTOS and progress(place).jobs == 0, 60)
        _until_heard(place, photo(place.photos / "before.png", seed=100))
        jobs, writes, found = jobs_ever(place), _writes(place), _history(place)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            place.realqa("cull", "--apply", place.photos)
            place.realqa("undo")
        place.realqa("cull", "--apply", place.photos)
        assert _writes(place) - writes > FEWEST_WRITES
        _until_heard(place, photo(place.photos / "after.png", seed=101))
        assert jobs_ever(place) == jobs + 1
        assert _history(place) == [*found, ("after.png", "found"), ("after.png", "scored")]
        # And it listens: somebody else's write into a photo is work.
        photo(place.photos / "001.jpg", seed=200)
        until(lambda: _history(place)[-2:] == [("001.jpg", "changed"), ("001.jpg", "scored")])
        agent.stop()


def _until_heard(place: Place, new: Path) -> None:
    """Wait until a new photo is done; events come in order, so whatever was written before it has settled too."""
    until(new.with_name(f"{new.name}.xmp").exists)
    until(lambda: progress(place).jobs == 0)


def _writes(place: Place) -> int:
    return int(place.index("SELECT count(*) FROM journal")[0][0])


def _history(place: Place) -> list[tuple[str, str]]:
    """Return what was found, changed and scored so far, in this order, without what was found at first."""
    rows = place.index(
        "SELECT file.name, event FROM history JOIN file USING (file_id) "
        "WHERE event NOT IN ('judged', 'wrote', 'undid', 'decided') ORDER BY history_id"
    )
    return [(name.decode(), event) for name, event in rows]
