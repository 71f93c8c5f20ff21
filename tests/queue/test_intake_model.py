"""Any sequence of file operations, scans and half-done work ends with every file known by its content, once.

A small world of files stands in for the disk; index and queue are the real ones. Workers may hold jobs while files
change, move and vanish under them, as they do in life.
"""

from __future__ import annotations

import itertools
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.records import Clock, sha, stored

from realqa_agent.config import Queue as Settings
from realqa_agent.errors import RefusalKind
from realqa_agent.files import Appeared, Change, FileStat, Vanished
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.jobs import Job, Queue

PATHS = [Path(f"/photos/{folder}/{name}") for folder in "12" for name in ("a.jpg", "a.cr2", "b.jpg", "c.jpg")]

VERBS = ["create", "create", "edit", "touch", "move", "move", "swap", "link", "delete", "scan", "claim", "work"]


@dataclass(frozen=True)
class Content:
    """What a path holds. Hard links share it."""

    stat: FileStat
    text: str


class World:
    """Paths and contents, with an agent that scans and works now and then."""

    def __init__(self, index: Index) -> None:
        self.files: dict[Path, Content] = {}
        self.index = index
        self.queue = Queue(index, Settings())
        self.held: list[Job] = []
        self.scored: list[str] = []
        self._numbers = itertools.count(1)

    def do(self, verb: str, one: Path, other: Path) -> None:
        """Carry an operation out where it makes sense."""
        if verb == "create":
            self.files[one] = self._content()
        elif verb == "scan":
            self.scan(random.Random(len(self.scored)))  # noqa: S311 - a reproducible order, no secret
        elif verb == "claim":
            self.held += self.queue.claim("me", 1)
        elif verb == "work":
            self.work()
        elif one in self.files and one != other:
            self._alter(verb, one, other)

    def _alter(self, verb: str, one: Path, other: Path) -> None:
        here = self.files[one]
        if verb == "edit":
            self.files[one] = self._content(inode=here.stat.inode)
        elif verb == "touch":
            self.files[one] = self._content(inode=here.stat.inode, text=here.text)
        elif verb == "delete":
            del self.files[one]
        elif verb == "link":
            self.files[other] = here
        elif verb == "move":
            self.files[other] = self.files.pop(one)
        elif verb == "swap" and other in self.files:
            self.files[one], self.files[other] = self.files[other], here

    def scan(self, order: random.Random) -> None:
        """Report the differences as the watch does, folder by folder, in any order."""
        folders = sorted({path.parent for path in PATHS})
        order.shuffle(folders)
        for folder in folders:
            known = self.index.folder(folder)
            present = {path.name: content for path, content in self.files.items() if path.parent == folder}
            changes: list[Change] = [
                Appeared(path=folder / name, stat=content.stat)
                for name, content in present.items()
                if name not in known or known[name].stat != content.stat
            ]
            changes += [Vanished(path=folder / name) for name in known.keys() - present.keys()]
            order.shuffle(changes)
            take_in(self.index, changes, exists=self.files.__contains__)

    def work(self) -> None:
        """Do the jobs in hand as the agent does, under the path that they were claimed with."""
        for job in self.held:
            content = self.files.get(job.path)
            if content is None:
                self.index.record_refused(job.file_id, None, RefusalKind.UNREADABLE, "no such file")
                self.queue.fail(job, "no such file", transient=False)
                continue
            if self.index.assessment_of(sha(content.text), "firstlook", "1") is None:
                self.scored.append(content.text)
                self.index.record_scored(job.file_id, content.stat, sha(content.text), stored=stored())
            else:
                self.index.record_known(job.file_id, content.stat, sha(content.text), "firstlook", "1")
            self.queue.finish(job)
        self.held = []

    def settle(self) -> None:
        """Scan and work until there is nothing left; a second round mends what was in hand during the first scan."""
        for seed in range(3):
            self.work()
            self.scan(random.Random(seed))  # noqa: S311 - a reproducible order, no secret
            while jobs := self.queue.claim("me", 3):
                self.held = jobs
                self.work()

    def _content(self, *, inode: int | None = None, text: str | None = None) -> Content:
        number = next(self._numbers)
        return Content(
            stat=FileStat(size=10, mtime_ns=number, inode=number if inode is None else inode),
            text=f"content {number}" if text is None else text,
        )


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated index with nothing in it."""
    file = tmp_path_factory.mktemp("blank") / "index.sqlite"
    Index.open(file).close()
    return file


@settings(max_examples=60, deadline=None)
@given(
    operations=st.lists(
        st.tuples(st.sampled_from(VERBS), st.sampled_from(PATHS), st.sampled_from(PATHS)), min_size=5, max_size=40
    )
)
def test_every_file_ends_known_by_its_content_and_is_scored_once(
    operations: list[tuple[str, Path, Path]], blank: Path
) -> None:
    file = blank.with_name("example.sqlite")
    shutil.copyfile(blank, file)
    with Index.open(file, clock=Clock()) as index:
        world = World(index)
        for operation in operations:
            world.do(*operation)
        world.settle()
        rows = {row.path: row for row in index.listing()}
        assert rows.keys() == world.files.keys()
        for path, content in world.files.items():
            assert index.folder(path.parent)[path.name].stat == content.stat
            assert rows[path].stored is not None
            assert rows[path].refusal is None
        assert len(set(world.scored)) == len(world.scored)
        assert contents(index) == {path: sha(content.text) for path, content in world.files.items()}
        assert world.queue.enqueue_unscored([("firstlook", "1")]) == 0
        jobs = world.queue.counts()
        assert (jobs.queued, jobs.waiting, jobs.running) == (0, 0, 0)


def contents(index: Index) -> dict[Path, str]:
    """Return the hash that each present path rests on."""
    with index.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT CAST(path AS TEXT), sha256 FROM v_captures_v1")
        return {Path(path): sha256 for path, sha256 in rows}


@settings(max_examples=30, deadline=None)
@given(names=st.permutations(PATHS), renamed=st.permutations(PATHS), seed=st.integers(0, 99))
def test_files_renamed_in_any_way_within_a_folder_keep_their_rows(
    names: list[Path], renamed: list[Path], seed: int, blank: Path
) -> None:
    """Permutations included, as a renaming tool makes them."""
    folder = Path("/photos/1")
    before = [path for path in names if path.parent == folder][:3]
    after = [path for path in renamed if path.parent == folder][:3]
    file = blank.with_name("example.sqlite")
    shutil.copyfile(blank, file)
    with Index.open(file, clock=Clock()) as index:
        world = World(index)
        for path in before:
            world.do("create", path, path)
        world.settle()
        ids = {content.stat.inode: index.folder(folder)[path.name].file_id for path, content in world.files.items()}
        contents_before = list(world.files.values())
        world.files = dict(zip(after, contents_before, strict=True))
        world.scan(random.Random(seed))  # noqa: S311 - a reproducible order, no secret
        assert {known.stat.inode: known.file_id for known in index.folder(folder).values()} == ids
        assert world.queue.claim("me", 9) == []
