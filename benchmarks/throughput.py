"""Photos per second, beside what a bare decode of the same files costs on the same number of processes.

Give JPEG files or folders to measure your own photos (they are copied first, nothing is written beside them).
Without any, photos of 24 megapixels are made from the sample photos, enlarged and with a sensor's grain.

The contestants take turns, round by round, so that a machine that slows down slows them all; a ratio is the
median of the rounds' ratios. Times run from the first finished photos to the last one: starting the program
has a column of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.memory import MEGABYTE, children, resident
from benchmarks.photos import jpegs_in, make_photos, photo_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = 1.5
"""Times the bare decode that the whole path may cost."""

REALQA = Path(sys.executable).with_name("realqa")
DECODE, SCORE, RUN = "Pillow decode alone", "realqa score", "realqa run --once"
LOOK_EVERY_S = 0.05


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTOS", help="JPEG files or folders of them")
    parser.add_argument("--count", type=int, default=16, help="photos to make if none are given (default: %(default)s)")
    parser.add_argument("--megapixels", type=float, default=24.0, help="of the made photos (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contestant (default: %(default)s)")
    parser.add_argument("--passes", type=int, default=5, help="passes of the memory test (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=min(4, len(os.sched_getaffinity(0))), help="processes (default: %(default)s)"
    )
    parser.add_argument("--only-decode", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only_decode:
        decode_all(arguments.photos, arguments.jobs)
        return
    with tempfile.TemporaryDirectory(prefix="realqa-throughput-") as scratch:
        course = Course(folder=Path(scratch), jobs=arguments.jobs)
        if arguments.photos:
            course.copy(arguments.photos)
        else:
            course.make(arguments.count, arguments.megapixels)
        rounds = [{name: contest(course) for name, contest in CONTESTANTS.items()} for _ in range(arguments.rounds)]
        show(course, rounds)
        show_memory(course, arguments.passes)


@dataclass(kw_only=True)
class Course:
    """The photos that are measured, and how many processes work on them."""

    folder: Path
    jobs: int

    @property
    def photos(self) -> list[Path]:
        """The photos, by name."""
        return sorted((self.folder / "photos").glob("*.JPG"))

    def copy(self, given: Sequence[Path]) -> None:
        """Take copies of JPEG files and of those in folders."""
        found = jpegs_in(given)
        if len(found) <= self.jobs:
            raise SystemExit(f"{len(found)} JPEG files are too few to measure {self.jobs} processes with")
        (self.folder / "photos").mkdir()
        for number, file in enumerate(found):
            shutil.copyfile(file, self.folder / "photos" / photo_name(number))

    def make(self, count: int, megapixels: float) -> None:
        """Make distinct photos as large as a camera's."""
        (self.folder / "photos").mkdir()
        make_photos(self.folder / "photos", count, megapixels, self.jobs)

    def environment(self) -> dict[str, str]:
        """Write settings for one run and return the environment that names them; the run finds an empty index."""
        state = Path(tempfile.mkdtemp(dir=self.folder))
        settings = state / "config.toml"
        settings.write_text(
            f'[scoring]\nworkers = {self.jobs}\n[watch]\nsettle_seconds = 0\n[index]\npath = "{state}/index.sqlite"\n'
        )
        return {**os.environ, "REALQA_CONFIG": str(settings)}


def decode(file: Path) -> str:
    """Decode one photo whole."""
    with Image.open(file) as photo:
        photo.load()
    return str(file)


def decode_all(files: Sequence[Path], jobs: int) -> None:
    """Decode them with some processes, and say each when it is done."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for name in pool.imap_unordered(decode, files):
            print(name, flush=True)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one run of a contestant came to."""

    start_s: float
    """From starting the program to its first finished photos."""
    photo_s: float
    """Per photo, from there on."""
    parent_bytes: int
    """Peak memory of the first process."""
    worker_bytes: int
    """Peak memory of the largest of the others."""


@dataclass
class Memory:
    """Watches the resident memory of a process and of those it started, as long as it runs."""

    process: subprocess.Popen[str]
    parent: int = 0
    """Peak of the process itself."""
    worker: int = 0
    """Peak of the largest of the others."""
    workers: int = 0
    """Most that the others held together since this was last set to 0."""

    def watch(self) -> None:
        """Look again and again until the process has ended."""
        while self.process.poll() is None:
            self.parent = max(self.parent, resident(self.process.pid)[1])
            seen = [resident(child) for child in children(self.process.pid)]
            self.worker = max([self.worker, *(peak for _, peak in seen)])
            self.workers = max(self.workers, sum(now for now, _ in seen))
            time.sleep(LOOK_EVERY_S)


def contest_by_lines(course: Course, *, name: str, command: Callable[[Course], list[str]]) -> Result:
    """Run a contestant that prints a line for each finished photo."""
    began = time.perf_counter()
    process = subprocess.Popen(command(course), stdout=subprocess.PIPE, text=True, env=course.environment())
    memory = watched(process)
    finished = [time.perf_counter() - began for _ in process.stdout or ()]
    return result(name, course, process, memory, finished)


def contest_by_sidecars(course: Course) -> Result:
    """Run the agent; a photo is finished when its sidecar is written."""
    for sidecar in (course.folder / "photos").glob("*.xmp"):
        sidecar.unlink()
    began = time.time()
    process = subprocess.Popen(
        [REALQA, "run", "--once", course.folder / "photos"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env=course.environment(),
    )
    memory = watched(process)
    process.wait()
    finished = sorted(sidecar.stat().st_mtime - began for sidecar in (course.folder / "photos").glob("*.xmp"))
    return result(RUN, course, process, memory, finished)


def watched(process: subprocess.Popen[str]) -> Memory:
    """Return the memory of a process, which a thread keeps looking at."""
    memory = Memory(process)
    threading.Thread(target=memory.watch, daemon=True).start()
    return memory


def result(
    name: str, course: Course, process: subprocess.Popen[str], memory: Memory, finished: Sequence[float]
) -> Result:
    """Given the seconds after which photos were finished, in order, return the result."""
    if process.wait() != 0 or len(finished) != len(course.photos):
        raise SystemExit(f"{name}: status {process.returncode}, {len(finished)} photos finished")
    first = course.jobs - 1
    return Result(
        start_s=finished[first],
        photo_s=(finished[-1] - finished[first]) / (len(finished) - course.jobs),
        parent_bytes=memory.parent,
        worker_bytes=memory.worker,
    )


def decode_command(course: Course) -> list[str]:
    """Return the command that only decodes."""
    return [sys.executable, __file__, "--only-decode", "--jobs", str(course.jobs), *map(str, course.photos)]


def score_command(course: Course, passes: int = 1) -> list[str]:
    """Return the command that scores each photo `passes` times."""
    return [str(REALQA), "score", "--json", "--jobs", str(course.jobs), *map(str, course.photos * passes)]


CONTESTANTS: dict[str, Callable[[Course], Result]] = {
    DECODE: partial(contest_by_lines, name=DECODE, command=decode_command),
    SCORE: partial(contest_by_lines, name=SCORE, command=score_command),
    RUN: contest_by_sidecars,
}


def show(course: Course, rounds: Sequence[dict[str, Result]]) -> None:
    """Print the table of times."""
    files = course.photos
    with Image.open(files[0]) as first:
        size = first.size
    megabytes = statistics.mean(file.stat().st_size for file in files) / MEGABYTE
    title = (
        f"{len(files)} photos, the first {size[0]} x {size[1]}, {megabytes:.1f} MB on average; {course.jobs} processes"
    )
    table = Table("", "ms a photo", "photos/s", "ratio", "limit", "start s", "parent MB", "worker MB", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in CONTESTANTS:
        results = [one[name] for one in rounds]
        photo_s = statistics.median(each.photo_s for each in results)
        table.add_row(
            name,
            f"{photo_s * 1000:.0f}",
            f"{1 / photo_s:.1f}",
            f"{statistics.median(one[name].photo_s / one[DECODE].photo_s for one in rounds):.2f}",
            "" if name == DECODE else f"{LIMIT}",
            f"{statistics.median(each.start_s for each in results):.1f}",
            f"{max(each.parent_bytes for each in results) / MEGABYTE:.0f}",
            f"{max(each.worker_bytes for each in results) / MEGABYTE:.0f}",
        )
    Console(width=100).print(table)


def show_memory(course: Course, passes: int) -> None:
    """Score the photos again and again in one run, and print the memory that each pass took."""
    process = subprocess.Popen(
        score_command(course, passes), stdout=subprocess.PIPE, text=True, env=course.environment()
    )
    memory = watched(process)
    sizes = []
    for number, _ in enumerate(process.stdout or (), start=1):
        if number % len(course.photos) == 0:
            sizes.append((resident(process.pid)[0], memory.workers))
            memory.workers = 0
    process.wait()
    table = Table("pass", "photos so far", "parent MB", "workers MB", title="Peak memory of one run, pass by pass")
    for column in table.columns:
        column.justify = "right"
    for number, (parent, workers) in enumerate(sizes, start=1):
        table.add_row(
            f"{number}", f"{number * len(course.photos)}", f"{parent / MEGABYTE:.0f}", f"{workers / MEGABYTE:.0f}"
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
