"""The agent under load and faults for longer than the tests have time: what it holds, and what it survives.

One round for each fault. Photos arrive in a watched folder all the time, in all the ways that programs deliver them,
while harm is done again and again; afterwards the index, the journal and the folder are compared with what arrived.
The last round lets `realqa cull --apply` and `realqa undo` write for an hour's worth, and counts the jobs that came
of it. The scorer is a stub: this is about what the agent itself holds.

Runs in mount and process namespaces of its own, so that the full disk is a small one and nothing outlives it.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.background import Background, background  # noqa: E402 - the machinery is the tests'
from support.namespace import NAMESPACE, fill, mount_disk, unmount  # noqa: E402
from support.place import Place, until  # noqa: E402
from support.scorers import install_odd_scorers  # noqa: E402
from support.soak import (  # noqa: E402
    Feed,
    Strikes,
    agent_killed,
    defects,
    endure,
    jobs_ever,
    progress,
    workers_killed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

INSIDE = "--inside"
"""How the script tells itself that it is in its namespaces."""

SETTINGS = "[queue]\nbackoff_seconds = 0.5\n[culling]\napply = true\n"

LOCKED_SECONDS = 15.0
"""Longer than SQLite waits for a lock."""

FULL_SECONDS = 5.0

DISK = "2g"

HANGS_SECONDS = 86_400.0
"""A round that takes longer never ends."""

OWN_PHOTOS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """How one fault went."""

    fault: str
    strikes: int
    photos: int
    seconds: float
    aside: int
    """Photos that chance hit twice; they were set aside, and put back by `realqa queue retry`."""
    untold: int
    """Writes without a line in the history: the agent died between the write and the line."""
    wrong: int
    """Photos lost, written twice, or otherwise not as they should be."""


def main() -> None:
    """Do all rounds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000, help="photos in each round (default: %(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=5.0, help="time over which they arrive in each round (default: %(default)s)"
    )
    parser.add_argument("--writes", type=int, default=20_000, help="own writes in the last round, 0 for none")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        namespace = NAMESPACE if os.geteuid() == 0 else [*NAMESPACE, "--map-root-user"]
        raise SystemExit(subprocess.run([*namespace, sys.executable, *sys.argv, INSIDE], check=False).returncode)
    with tempfile.TemporaryDirectory(prefix="realqa-soak-") as scratch:
        site = Path(scratch, "site")
        site.mkdir()
        install_odd_scorers(site)
        os.environ["PYTHONPATH"] = str(site)
        rounds = [
            survive(Path(scratch, f"round{number}"), fault, arguments.files, arguments.minutes * 60)
            for number, fault in enumerate(FAULTS)
        ]
        show(rounds)
        if arguments.writes:
            show_own_writes(*own_writes(Path(scratch, "own"), arguments.writes))
    if any(each.wrong for each in rounds):
        raise SystemExit(1)


def survive(base: Path, fault: str, files: int, seconds: float) -> Round:
    """Let photos arrive while one kind of harm is done, and compare afterwards."""
    base.mkdir()
    place = Place(base)
    place.configure(SETTINGS, workers=len(os.sched_getaffinity(0)))
    disk = place.home / ".local"
    mount_disk(disk, DISK)
    try:
        began = time.monotonic()
        with background(place) as agent:
            strikes = FAULTS[fault](place, agent)
            aside = endure(
                place, agent, Feed(place.photos, files, pace=files / seconds), strikes, seconds=HANGS_SECONDS
            )
        took_s = time.monotonic() - began
        wrong = defects(place, at_most_once=("wrote",))
        [(told,)] = place.index("SELECT count(*) FROM history WHERE event = 'wrote'")
    finally:
        unmount(disk)
    for each in wrong[:20]:
        print(f"{fault}: {each}", file=sys.stderr)
    return Round(
        fault=fault,
        strikes=strikes.count,
        photos=files,
        seconds=took_s,
        aside=aside,
        untold=files - told,
        wrong=len(wrong),
    )


def nothing(place: Place, agent: Background) -> Strikes:
    """Do no harm: the load alone."""
    return Strikes(place, agent, lambda: False, every=(10**9, 10**9))


def kill_workers(place: Place, agent: Background) -> Strikes:
    """Kill workers."""
    return workers_killed(place, agent, every=(0, 300))


def kill_agent(place: Place, agent: Background) -> Strikes:
    """Kill the agent, and start it again."""
    return agent_killed(place, agent, every=(0, 500))


def lock_index(place: Place, agent: Background) -> Strikes:
    """Lock the index for longer than anybody waits for it."""

    def strike() -> bool:
        with closing(sqlite3.connect(place.index_file, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(LOCKED_SECONDS)
        return True

    return Strikes(place, agent, strike, every=(0, 1000))


def fill_disk(place: Place, agent: Background) -> Strikes:
    """Fill the disk of the index for a while."""

    def strike() -> bool:
        filler = fill(place.home / ".local")
        time.sleep(FULL_SECONDS)
        filler.unlink()
        return True

    return Strikes(place, agent, strike, every=(0, 1000))


FAULTS: dict[str, Callable[[Place, Background], Strikes]] = {
    "none": nothing,
    "workers killed": kill_workers,
    "agent killed and started again": kill_agent,
    f"index locked for {LOCKED_SECONDS:.0f} s": lock_index,
    f"disk of the index full for {FULL_SECONDS:.0f} s": fill_disk,
}


def own_writes(base: Path, count: int) -> tuple[int, float, int]:
    """Let our own programs write into watched photos and sidecars; return writes, seconds and jobs that came of it."""
    base.mkdir()
    place = Place(base)
    place.configure('[metadata]\ntarget = "photo"\n')
    feed = Feed(place.photos, OWN_PHOTOS)
    with background(place) as agent:
        feed.start()
        until(lambda: feed.over() and progress(place).scored == OWN_PHOTOS and progress(place).jobs == 0, 600)
        jobs, before, began = jobs_ever(place), writes_of(place), time.monotonic()
        while writes_of(place) - before < count:
            place.realqa("cull", "--apply", place.photos)
            place.realqa("undo")
        written, took_s = writes_of(place) - before, time.monotonic() - began
        last = place.photos / "last.jpg"
        last.write_bytes(feed.jpeg(OWN_PHOTOS + 1))
        until(lambda: progress(place).scored == OWN_PHOTOS + 1, 60)  # events come in order
        made = jobs_ever(place) - jobs - 1
        agent.stop()
    return written, took_s, made


def writes_of(place: Place) -> int:
    """Return how many writes are in the journal."""
    return int(place.index("SELECT count(*) FROM journal")[0][0])


def show(rounds: list[Round]) -> None:
    """Print what was held and survived."""
    table = Table(title="Photos that arrive while harm is done, all compared at the end")
    table.add_column("fault")
    for column in ("times", "photos", "photos/s", "minutes", "hit twice, put back", "untold writes", "lost or doubled"):
        table.add_column(column, justify="right")
    for each in rounds:
        table.add_row(
            each.fault,
            f"{each.strikes}",
            f"{each.photos}",
            f"{each.photos / each.seconds:.1f}",
            f"{each.seconds / 60:.1f}",
            f"{each.aside}",
            f"{each.untold}",
            f"{each.wrong}",
        )
    Console(width=120).print(table)


def show_own_writes(writes: int, seconds: float, jobs: int) -> None:
    """Print what came of our own writes."""
    print(f"{writes} own writes into watched photos and sidecars in {seconds / 60:.1f} min: {jobs} jobs")


if __name__ == "__main__":
    main()
