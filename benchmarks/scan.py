"""How long the walk through a known folder takes, the one that the agent does at each start and every ten minutes.

Makes empty files in a temporary folder, takes them into an index as the agent does, then walks through them again.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from realqa_agent import config
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in
from realqa_agent.watch.folders import Folders

LIMIT_S = 2.0
"""For 100,000 known files."""

FILES_IN_A_FOLDER = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="known files (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="walks through them (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="realqa-scan-") as scratch:
        root = Path(scratch, "photos")
        make_files(root, arguments.files)
        with Index.open(Path(scratch, "index.sqlite")) as index:
            taking_in_s, found = walk(root, index)
            walks = [walk(root, index) for _ in range(arguments.rounds)]
    if found != arguments.files or any(changes for _, changes in walks):
        raise SystemExit(f"{found} of {arguments.files} files were found at first, then {walks}")
    show(arguments.files, taking_in_s, [seconds for seconds, _ in walks])


def make_files(root: Path, count: int, *, in_a_folder: int = FILES_IN_A_FOLDER) -> None:
    """Make `count` empty files that look like photos, some hundred in a folder."""
    for first in range(0, count, in_a_folder):
        folder = root / f"{first // in_a_folder:04}"
        folder.mkdir(parents=True)
        for number in range(first, min(first + in_a_folder, count)):
            (folder / f"IMG_{number:06}.JPG").touch()


def walk(root: Path, index: Index) -> tuple[float, int]:
    """Walk once as `realqa run --once` does; return the seconds and the number of changes taken in."""
    settings = config.Config().watch.model_copy(update={"settle_seconds": 0.0})
    began = time.perf_counter()
    folders = Folders([root], settings, ignore=(), index=index, once=True)
    folders.start()
    taken = 0
    settled = False
    while not settled:
        changes = folders.poll()
        if changes:
            taken += len(changes)
            take_in(index, changes)
        settled = not changes and folders.settled()
    folders.stop()
    return time.perf_counter() - began, taken


def show(files: int, taking_in_s: float, walks_s: list[float]) -> None:
    """Print the table."""
    limit_s = LIMIT_S * files / 100_000
    table = Table("", "files", "seconds", "files/s", "limit s", "ratio", title="Walk through a folder")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("all new, into the index", f"{files}", f"{taking_in_s:.2f}", f"{files / taking_in_s:.0f}", "", "")
    for name, seconds in (("all known, median", statistics.median(walks_s)), ("all known, slowest", max(walks_s))):
        table.add_row(
            name, f"{files}", f"{seconds:.2f}", f"{files / seconds:.0f}", f"{limit_s:.2f}", f"{seconds / limit_s:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
