"""An index of each earlier revision, with data of all kinds in it, comes up to date and loses nothing.

For a new revision, add what its version writes as `revisions/NNNN.sql`, and to `CHECKS` how it is found again. An index
of a revision is made as a user's came to be: each step in its turn, and after it the data of its version.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config as Scripts
from alembic.script import ScriptDirectory
from support.disk import small_disk
from support.records import Clock

from realqa_agent import paths
from realqa_agent.assessment import ClipSummary, Decision, Judgement, Taste, Uncertainty, Verdict
from realqa_agent.capture import CaptureFacts, Region
from realqa_agent.config import Metadata
from realqa_agent.config import Queue as QueueSettings
from realqa_agent.errors import RefusalKind, UserError
from realqa_agent.files import FileStat
from realqa_agent.index import care
from realqa_agent.index.migrate import bring_up_to_date, revision_of
from realqa_agent.index.schema import REVISION
from realqa_agent.index.store import Index
from realqa_agent.metadata.journal import Journal
from realqa_agent.metadata.record import Change, Field, Owner, Remembered, Who
from realqa_agent.queue.jobs import Queue
from realqa_agent.queue.records import State
from realqa_agent.queue.steering import Steering

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).with_name("revisions")

PHOTOS = Path("/photos/2026")
ODD = PHOTOS / os.fsdecode(b"\xff'.jpg")

FILES = ("IMG_1.CR2", "IMG_1.JPG", "busy.jpg", "clip.mp4", "copy.jpg", "cut.jpg", "later.jpg", "new.jpg", ODD.name)
"""The present files by their bytes."""


def revisions() -> list[str]:
    """Return all revisions that there are, oldest first."""
    scripts = Scripts()
    scripts.set_main_option("script_location", str(paths.packaged("migrations")))
    return sorted(step.revision for step in ScriptDirectory.from_config(scripts).walk_revisions())


EARLIER = revisions()[:-1]


def index_of(revision: str, folder: Path) -> Path:
    """Make an index as the version of that revision left it."""
    file = folder / "index.sqlite"
    for step in revisions():
        if step <= revision:
            bring_up_to_date(file, paths.packaged("migrations"), target=step)
            with closing(sqlite3.connect(file)) as connection:
                connection.executescript((DATA / f"{step}.sql").read_text())
    for backup in folder.glob("*.before-*"):
        backup.unlink()
    assert care.check(file) == []
    return file


def has_what_0001_wrote(index: Index) -> None:
    _has_files(index)
    _has_assessments(index)
    _has_what_was_said_of_files(index)
    _has_jobs(index)


def _has_files(index: Index) -> None:
    assert [row.path for row in index.listing()] == [PHOTOS / name for name in FILES]
    assert index.totals().files == 9
    assert index.totals().missing == 1
    assert index.totals().assets == 3
    known = index.folder(PHOTOS)
    assert known["clip.mp4"].stat == FileStat(size=90_000_000, mtime_ns=1_780_308_000_000_000_003, inode=2**64 - 2)
    gone = index.lookup(PHOTOS / "gone.jpg")
    assert gone is not None
    assert gone.missing
    cut = index.lookup(PHOTOS / "cut.jpg")
    assert cut is not None
    assert cut.refusal == (RefusalKind.CORRUPT, "\\udcff'.jpg ends early")


def _has_assessments(index: Index) -> None:
    raw = index.lookup(ODD)
    assert raw is not None
    assert raw.stored is not None
    assert raw.stored == index.assessment_of("1" * 64, "firstlook", "1")
    assert raw.stored.facts == CaptureFacts(
        camera="Canon EOS R5",
        lens="RF24-105mm F4",
        taken_at="2026-06-01T10:00:00",
        shutter_s=0.004,
        aperture=4.0,
        iso=200,
        focal_length_mm=50.0,
        focus_regions=(Region(left=0.4, top=0.3, width=0.1, height=0.1),),
    )
    judged = raw.stored.assessment
    assert (judged.quality, judged.aesthetic, judged.overall) == (6.5, 7.25, 7.0)
    assert judged.attributes["exposure"] == Judgement(value="good", score=7.5, reason="nothing clipped")
    assert judged.attributes["level_shot"] == Judgement(value="unknown", score=None, reason="no straight line in sight")
    assert judged.measures == {"sharpness": 0.25}
    assert judged.uncertainty == Uncertainty(quality=0.6, aesthetic=1.1)
    clip = index.lookup(PHOTOS / "clip.mp4")
    assert clip is not None
    assert clip.stored is not None
    assert clip.stored.duration_s == 12.5
    assert clip.stored.assessment.clip == ClipSummary(frames=8, mean=5.0, lowest=3.0, spread=0.5, best_at_s=2.5)
    other = index.assessment_of("2" * 64, "other", "7")
    assert other is not None
    assert other.assessment.overall == 4.0


def _has_what_was_said_of_files(index: Index) -> None:
    shot = index.shot(1, [("firstlook", "1")])
    assert [(member.path.name, member.verdict) for member in shot] == [
        ("IMG_1.CR2", Verdict(decision=Decision.KEEP, reasons=("the better of the shot",))),
        ("IMG_1.JPG", Verdict(decision=Decision.REJECT, reasons=("dark: 3 EV under", "soft"))),
    ]
    assert index.memory(1) == {"rating": ("human", "4"), "keywords": ("agent", "RealQA|exposure|dark")}
    assert index.memory(2) == {"pick": ("agent", "1")}
    assert [(event.at, event.event, event.who) for event in index.history(1)][:3] == [
        ("2026-06-01T12:00:00Z", "found", "agent"),
        ("2026-06-01T12:00:00Z", "scored", "agent"),
        ("2026-06-01T12:00:04Z", "judged", "agent"),
    ]
    assert [event.event for event in index.history(6)] == ["missing"]


def _has_jobs(index: Index) -> None:
    queue = Queue(index, QueueSettings())
    counts = queue.counts()
    assert (counts.queued, counts.waiting, counts.running, counts.dead) == (1, 1, 1, 1)
    failures = {failed.path.name: (failed.state, failed.error) for failed in Steering(index).failures(10)}
    assert failures == {
        "later.jpg": (State.QUEUED, "the share is away"),
        "cut.jpg": (State.DEAD, "corrupt: it ends early"),
    }
    queue.take_over()
    claimed = {job.path.name: job.attempts for job in queue.claim("me", 10)}
    assert claimed == {"new.jpg": 1, "busy.jpg": 2}


def has_what_0002_wrote(index: Index) -> None:
    journal = Journal(index, Metadata(), who=Who.UNDO, run="asking")
    made, changed = journal.writes()
    assert (made.write_id, changed.write_id) == (31, 32)
    assert (made.path, made.before, journal.before(made, b"first")) == (PHOTOS / "IMG_1.CR2.xmp", None, None)
    assert (changed.who, changed.run, changed.at) == (Who.CULL, "20260701-120000-abcd", 1_782_907_200.0)
    assert changed.changes == (Change(field="rating", before=None, after="3"),)
    assert changed.memory == {Field.RATING: Remembered(owner=Owner.HUMAN, value="4")}
    assert journal.before(changed, b"second") == b"first"
    assert [run.run for run in journal.runs(10)] == [
        "20260701-130000-bbbb",
        "20260701-110000-aaaa",
        "20260701-120000-abcd",
    ]
    newest = journal.newest()
    assert newest is not None
    assert newest.path == ODD.with_name(f"{ODD.name}.xmp")
    last = index.history(1)[-1]
    assert (last.event, last.who, last.run) == ("wrote", "cull", "20260701-120000-abcd")


def has_what_0003_wrote(index: Index) -> None:
    assert index.left("pause") == {"since": "2026-11-28T12:00:00Z"}


def has_what_0004_wrote(index: Index) -> None:
    other = index.assessment_of("2" * 64, "other", "7")
    assert other is not None
    assert other.assessment.taste == Taste(without=3.7, because=("strong colour",))


CHECKS: dict[str, Callable[[Index], None]] = {
    "0001": has_what_0001_wrote,
    "0002": has_what_0002_wrote,
    "0003": has_what_0003_wrote,
    "0004": has_what_0004_wrote,
}
"""Revision to how its data are found again, through what the program asks."""


def assert_nothing_is_lost(file: Path, revision: str) -> None:
    with Index.open(file, clock=Clock()) as index:
        for step, check in CHECKS.items():
            if step <= revision:
                check(index)


def content_of(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = os.fsdecode
        return list(connection.iterdump())


def test_every_revision_has_its_data_and_their_check() -> None:
    assert revisions()[-1] == REVISION
    assert sorted(path.stem for path in DATA.glob("*.sql")) == revisions()
    assert sorted(CHECKS) == revisions()


@pytest.mark.parametrize("revision", revisions())
def test_data_fill_every_table_of_their_revision(revision: str, tmp_path: Path) -> None:
    file = index_of(revision, tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        empty = [name for name in tables if not connection.execute(f"SELECT 1 FROM {name}").fetchone()]  # noqa: S608 - names of our own tables
    assert empty == []


@pytest.mark.parametrize("revision", revisions())
def test_nothing_is_lost_on_the_way_from(revision: str, tmp_path: Path) -> None:
    file = index_of(revision, tmp_path)
    before = content_of(file)
    assert_nothing_is_lost(file, revision)
    assert revision_of(file) == REVISION
    assert care.check(file) == []
    backups = list(tmp_path.glob("*.before-*"))
    if revision == REVISION:
        assert backups == []
        return
    (backup,) = backups
    assert backup.name == f"index.sqlite.before-{REVISION}"
    assert revision_of(backup) == revision
    assert care.check(backup) == []
    assert content_of(backup) == before
    assert backup.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("revision", EARLIER)
def test_full_disk_leaves_the_index_as_it_was(revision: str, tmp_path: Path) -> None:
    """There is no room for the backup, and so no migration."""
    with small_disk(tmp_path / "disk", "400k") as disk:
        file = disk / "index.sqlite"
        shutil.copy(index_of(revision, tmp_path), file)
        before = content_of(file)
        leave_free(disk, 50_000)
        with pytest.raises(UserError, match="full"):
            Index.open(file)
        assert content_of(file) == before
        assert list(disk.glob("*.before-*")) == []
        assert list(disk.glob("*.part")) == []
        (disk / "photos").unlink()
        assert_nothing_is_lost(file, revision)


def leave_free(disk: Path, size: int) -> None:
    (disk / "photos").write_bytes(b"x" * (shutil.disk_usage(disk).free - size))


STEP = """
import os, signal
from alembic import op
revision, down_revision = "9999", "{before}"
def upgrade():
    {first}
    op.execute("CREATE TABLE later AS SELECT * FROM history")
    op.execute("DELETE FROM history")
    {last}
"""

MUCH = (
    "CREATE TABLE much AS WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000) "
    "SELECT n, hex(randomblob(200)) FROM number"
)

KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def migrations_with(tmp_path: Path, *, first: str = "pass", last: str = "pass") -> Path:
    """Return a copy of the migrations with one more step."""
    folder = tmp_path / "migrations"
    shutil.copytree(paths.packaged("migrations"), folder)
    (folder / "versions" / "9999_later.py").write_text(STEP.format(before=REVISION, first=first, last=last))
    return folder


def migrating(file: Path, migrations: Path) -> subprocess.Popen[bytes]:
    program = (
        "import sys; from pathlib import Path\n"
        "from realqa_agent.index.migrate import bring_up_to_date\n"
        f"bring_up_to_date(Path({str(file)!r}), Path({str(migrations)!r}), target='9999')\n"
    )
    return subprocess.Popen([sys.executable, "-c", program], cwd=file.parent)


def test_disk_that_fills_up_in_the_middle_of_a_step_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    large = """op.execute("CREATE TABLE large AS SELECT hex(zeroblob(200000)) AS text")"""
    migrations = migrations_with(tmp_path, last=large)
    with small_disk(tmp_path / "disk", "800k") as disk:
        file = disk / "index.sqlite"
        shutil.copy(index_of("0001", tmp_path), file)
        before = content_of(file)
        # Room for the backup and what SQLite keeps beside the index, and not for the step.
        leave_free(disk, file.stat().st_size + 120_000)
        with pytest.raises(UserError, match=r"(full|disk I/O error).*unchanged \(a copy is in"):
            bring_up_to_date(file, migrations, target="9999")
        assert content_of(file) == before
        (backup,) = disk.glob("*.before-*")
        assert content_of(backup) == before
        (disk / "photos").unlink()
        assert_nothing_is_lost(file, "0001")


@pytest.mark.parametrize("revision", revisions())
@pytest.mark.parametrize("where", ["first", "last"])
def test_killed_in_the_middle_of_a_step_leaves_the_old_index(revision: str, where: str, tmp_path: Path) -> None:
    file = index_of(revision, tmp_path)
    before = content_of(file)
    with migrating(file, migrations_with(tmp_path, **{where: KILL})) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert content_of(file) == before
    assert revision_of(file) == revision
    (backup,) = tmp_path.glob("*.before-*")
    assert content_of(backup) == before
    assert_nothing_is_lost(file, revision)


def test_killed_at_any_moment_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    made = index_of("0001", tmp_path / "made")
    migrations = migrations_with(tmp_path, first='open("begun", "w").close()', last=f"op.execute({MUCH!r})")
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "index.sqlite"
        shutil.copy(made, file)
        with migrating(file, migrations) as process:
            while not (folder / "begun").exists():
                assert process.poll() is None
            # From there on it takes some 50 ms.
            time.sleep(number * 0.012)
            process.kill()
        revision = revision_of(file, "9999")
        assert revision in {"0001", "9999"}
        assert care.check(file) == []
        if revision == "0001":
            assert_nothing_is_lost(file, "0001")
