"""Load and faults for the agent: photos that keep arriving, processes that are killed, and what is on record then.

Used by the tests for some minutes, and by `benchmarks/soak.py` for as long as one likes.
"""

from __future__ import annotations

import io
import os
import random
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from support.dng import dng
from support.pictures import scene
from support.place import Place, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.background import Background

FOLDER_FILES = 200

HALF_WRITTEN_SECONDS = 0.1
"""How long a file stays half written; less than the time to settle, for which see test_faults."""


class Feed(threading.Thread):
    """Lets photos arrive in a folder as users' programs do: written, moved in, slowly copied, RAW beside JPEG.

    Each has a content of its own. `pace` photos a second arrive, or as many as the disk takes.
    """

    def __init__(self, folder: Path, count: int, *, pace: float | None = None, seed: int = 0) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.count = count
        self.fed = 0
        self._pace = pace
        self._random = random.Random(seed)  # noqa: S311 - the load is to be the same each time
        self._halt = threading.Event()
        self._error: BaseException | None = None
        picture = io.BytesIO()
        scene(seed, 96, 64).save(picture, "JPEG", quality=60)
        self._jpeg = picture.getvalue()
        self._dng = dng(np.asarray(scene(seed, 48, 32)))

    def run(self) -> None:
        try:
            self._feed()
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the end
            self._error = error

    def halt(self) -> None:
        """Stop early; `count` then is what arrived."""
        self._halt.set()
        self.join()
        self.count = self.fed

    def over(self) -> bool:
        """Tell whether all have arrived."""
        if self._error is not None:
            raise self._error
        return not self.is_alive()

    def jpeg(self, number: int) -> bytes:
        """Return the JPEG of this number: one picture for all, and a comment that makes the content its own."""
        comment = f"photo {number}".encode()
        return self._jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + self._jpeg[2:]

    def _feed(self) -> None:
        began = time.monotonic()
        while self.fed < self.count and not self._halt.is_set():
            self._arrive(self.fed)
            if self._pace is not None:
                self._halt.wait(max(0.0, began + self.fed / self._pace - time.monotonic()))

    def _arrive(self, number: int) -> None:
        folder = self.folder / f"{number // FOLDER_FILES:03}"
        folder.mkdir(parents=True, exist_ok=True)
        photo = folder / f"IMG_{number:06}.JPG"
        way = self._random.random()
        if way < 0.02:
            self._write_slowly(photo, self.jpeg(number))
        elif way < 0.2:
            self._move_in(photo, self.jpeg(number))
        elif way < 0.22 and number + 1 < self.count:
            photo.write_bytes(self.jpeg(number))
            # Bytes after the picture: a DNG like the others, with a content of its own.
            photo.with_suffix(".DNG").write_bytes(self._dng + f"photo {number}".encode())
            self.fed += 1
        else:
            photo.write_bytes(self.jpeg(number))
        self.fed += 1

    def _move_in(self, photo: Path, data: bytes) -> None:
        # A folder of this feed's own, of a name that is not watched: the feeds may have one watched folder around them.
        outside = self.folder.with_name(f".card of {self.folder.name}")
        outside.mkdir(exist_ok=True)
        (outside / photo.name).write_bytes(data)
        (outside / photo.name).rename(photo)

    @staticmethod
    def _write_slowly(photo: Path, data: bytes) -> None:
        with photo.open("wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            time.sleep(HALF_WRITTEN_SECONDS)
            file.write(data[len(data) // 2 :])


class Strikes(threading.Thread):
    """Does harm again and again, at moments that nobody can foresee, until it is halted.

    Between two strikes lie some more photos on record, `every` says from how many to how many, and up to a second.
    """

    def __init__(self, place: Place, agent: Background, strike: Callable[[], bool], *, every: tuple[int, int]) -> None:
        super().__init__(daemon=True)
        self.count = 0
        self._place = place
        self._agent = agent
        self._strike = strike
        self._every = every
        self._random = random.Random(0)  # noqa: S311 - as in `Feed`
        self._halt = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            while self._wait():
                self.count += self._strike()
        except BaseException as error:  # noqa: BLE001 - told by `check` and `halt`
            self._error = error

    def check(self) -> None:
        """Raise what went wrong with the last strike."""
        if self._error is not None:
            raise self._error

    def halt(self) -> None:
        self._halt.set()
        self.join()
        self.check()

    def _wait(self) -> bool:
        """Wait for the next moment; tell whether it came before the halt."""
        target = progress(self._place).scored + self._random.randint(*self._every)
        while progress(self._place).scored < target:
            assert self._agent.alive(), self._agent.log()
            if self._halt.wait(0.1):
                return False
        return not self._halt.wait(self._random.random())


def workers_killed(place: Place, agent: Background, *, every: tuple[int, int]) -> Strikes:
    """Return what kills one worker after the other with SIGKILL, at work, idle or only starting."""
    chance = random.Random(0)  # noqa: S311 - as in `Feed`

    def strike() -> bool:
        workers = agent.workers()
        if not workers:
            return False
        try:
            chance.choice(workers).kill()
        except psutil.NoSuchProcess:
            return False
        return True

    return Strikes(place, agent, strike, every=every)


def agent_killed(place: Place, agent: Background, *, every: tuple[int, int]) -> Strikes:
    """Return what kills the agent with SIGKILL and starts it again; its workers must end by themselves."""

    def strike() -> bool:
        agent.kill()
        agent.again()
        return True

    return Strikes(place, agent, strike, every=every)


def endure(place: Place, agent: Background, feed: Feed, strikes: Strikes, *, seconds: float) -> int:
    """Let photos arrive while harm is done, then stop the harm and wait until all are on record.

    Return how many photos were set aside meanwhile, and put back as their owner would.
    """

    def nearly_over() -> bool:
        strikes.check()
        return feed.over() and progress(place).scored > 0.9 * feed.count

    def over() -> bool:
        assert agent.alive(), agent.log()
        now = progress(place)
        return now.files == feed.count and now.jobs == now.dead

    feed.start()
    strikes.start()
    until(nearly_over, seconds)
    strikes.halt()
    until(over, seconds)
    aside = 0
    while again := put_back(place):
        aside += again
        until(over, seconds)
    agent.stop()
    return aside


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the agent is."""

    files: int
    """In the index and present."""
    scored: int
    jobs: int
    """Not done: waiting, under way or set aside."""
    dead: int
    """Of these, set aside."""


def progress(place: Place) -> Progress:
    """Look into the index, from outside."""
    try:
        ((files, scored),) = place.index("SELECT count(*), count(assessment_id) FROM file WHERE missing_since IS NULL")
        ((jobs, dead),) = place.index("SELECT count(*), count(*) FILTER (WHERE state = 'dead') FROM job")
    except sqlite3.OperationalError:  # it is only being made
        return Progress(files=0, scored=0, jobs=0, dead=0)
    return Progress(files=files, scored=scored, jobs=jobs, dead=dead)


def jobs_ever(place: Place) -> int:
    """Return how many jobs were ever made: a number is never given twice."""
    return int(place.index("SELECT seq FROM sqlite_sequence WHERE name = 'job'")[0][0])


def put_back(place: Place) -> int:
    """Put what was set aside back into the queue, as its owner would; return how many files that were."""
    dead = progress(place).dead
    if dead:
        place.realqa("queue", "retry")
    return dead


def defects(place: Place, *, at_most_once: tuple[str, ...] = ()) -> list[str]:
    """Compare what is on the disk with what is on record; return what is lost, or there twice.

    Each photo must be scored once, written once, in the journal once, and have its sidecar. Events named in
    `at_most_once` may be missing in a file's history.
    """
    on_disk = {path for path in place.photos.rglob("*") if path.suffix in {".JPG", ".DNG"}}
    on_record = {
        Path(os.fsdecode(folder + b"/" + name))
        for folder, name in place.index("SELECT folder, name FROM file WHERE missing_since IS NULL")
    }
    found = [f"not on record: {path}" for path in on_disk - on_record]
    found += [f"not on the disk: {path}" for path in on_record - on_disk]
    found += [f"no sidecar: {path}" for path in on_disk if not _says_its_scores(path)]
    found += [f"left over: {path}" for path in place.photos.rglob(".*")]
    for what, counted in (
        ("scored", "SELECT file_id FROM history WHERE event = 'scored'"),
        ("wrote", "SELECT file_id FROM history WHERE event = 'wrote'"),
        ("journal", "SELECT file_id FROM journal"),
    ):
        minimum = 0 if what in at_most_once else 1
        rows = place.index(
            "SELECT file.folder, file.name, count(done.file_id) AS times FROM file "  # noqa: S608 - our own three, above
            f"LEFT JOIN ({counted}) AS done USING (file_id) "
            f"GROUP BY file.file_id HAVING times NOT BETWEEN {minimum} AND 1"
        )
        found += [f"{what} {times} times: {os.fsdecode(folder + b'/' + name)}" for folder, name, times in rows]
    found += [f"not finished: {row}" for row in place.index("SELECT state, error FROM job")]
    found += [f"the index: {row[0]}" for row in place.index("PRAGMA integrity_check") if row != ("ok",)]
    return sorted(found)


def _says_its_scores(photo: Path) -> bool:
    try:
        return b"realqa:Overall" in photo.with_name(f"{photo.name}.xmp").read_bytes()
    except FileNotFoundError:
        return False
