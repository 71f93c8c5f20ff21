"""What the agent costs while nothing happens: processor time, wake-ups and memory with 100,000 photos watched.

Makes empty files, puts them into an index as if all were scored, and lets the real agent watch them. The time must
hold at least one walk through everything (`watch.rescan_minutes`), which is most of what an idle agent does.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import delete, update

from benchmarks.scan import make_files, walk
from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, Judgement
from realqa_agent.capture import CaptureFacts
from realqa_agent.config import Config
from realqa_agent.files import stat_of
from realqa_agent.index import schema
from realqa_agent.index.store import Index, Stored
from realqa_agent.queue.jobs import Queue
from realqa_agent.scoring.scorer import create
from realqa_agent.service.record import now

REALQA = Path(sys.executable).with_name("realqa")

LIMIT_PERCENT = 0.5
"""Of one core, with 100,000 files."""

TICKS = os.sysconf("SC_CLK_TCK")

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

SETTINGS = """\
[index]
path = "{index}"
[watch]
rescan_minutes = {rescan}
[manners]
idle_minutes = 0.1
pause_on_battery = true
pause_while = ["darktable-cli"]
"""
"""The workers leave soon, so that the time measured is that of an agent that has had nothing to do for long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a process and those that it started have used so far."""

    at: float
    processor_s: float
    wakeups: int

    @classmethod
    def of(cls, pid: int) -> Reading:
        """Look at a process."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own_and_ended = sum(map(int, fields[11:15]))  # utime, stime, and those of children that have ended
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        switches = sum(_number(task / "status", "voluntary_ctxt_switches") for task in tasks)
        return cls(at=time.monotonic(), processor_s=own_and_ended / TICKS, wakeups=switches)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="files watched (default: %(default)s)")
    parser.add_argument("--in-a-folder", type=int, default=1000, help="files in a folder (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=20.0, help="time measured (default: %(default)s)")
    parser.add_argument("--rescan-minutes", type=float, default=Config().watch.rescan_minutes)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="realqa-idle-") as scratch:
        base = Path(scratch)
        photos, index = base / "photos", base / "index.sqlite"
        make_files(photos, arguments.files, in_a_folder=arguments.in_a_folder)
        make_known(photos, index, arguments.files)
        settings = base / "config.toml"
        settings.write_text(SETTINGS.format(index=index, rescan=arguments.rescan_minutes))
        log = base / "agent.log"
        with log.open("wb") as to_log:
            agent = subprocess.Popen(
                [REALQA, "--config", settings, "run", "-v", photos],
                env={**os.environ, "HOME": scratch},
                stdin=subprocess.DEVNULL,
                stderr=to_log,
            )
        try:
            began = time.monotonic()
            settle(agent.pid)
            start_s = time.monotonic() - began
            first = Reading.of(agent.pid)
            time.sleep(arguments.minutes * 60)
            last = Reading.of(agent.pid)
            resident = _number(Path(f"/proc/{agent.pid}/status"), "VmRSS") / 1024
            watched = watched_folders(agent.pid)
            if children(agent.pid):
                raise SystemExit("the workers are still there")
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait(timeout=30)
        sys.stderr.write(log.read_text())
        with Index.read(index) as done:
            if Queue(done, Config().queue).counts().queued or done.totals().files != arguments.files:
                raise SystemExit("the agent was not idle: it found work")
    show(arguments, first, last, start_s, watched, resident)


def make_known(photos: Path, index: Path, count: int) -> None:
    """Put all files into an index, scored: the empty ones as one content."""
    scorer = create(Config())
    judgement = Judgement(value=UNKNOWN, score=None, reason="nothing to see")
    stored = Stored(
        assessment=Assessment(
            scorer=scorer.name,
            version=scorer.version,
            quality=5.0,
            aesthetic=5.0,
            overall=5.0,
            attributes=dict.fromkeys(ATTRIBUTES, judgement),
        ),
        facts=CaptureFacts(),
        kind="photo",
        width=6000,
        height=4000,
        duration_s=None,
        elapsed_ms=1.0,
        scored_at=now(),
    )
    with Index.open(index) as opened:
        _, found = walk(photos, opened)
        if found != count:
            raise SystemExit(f"{found} of {count} files were found")
        any_file = next(photos.rglob("*.JPG"))
        row = opened.lookup(any_file)
        if row is None:
            raise SystemExit(f"{any_file} is not in the index")
        opened.record_scored(row.file_id, stat_of(any_file), EMPTY_SHA256, stored=stored)
        with opened.database.writing() as connection:
            connection.execute(update(schema.file).values(assessment_id=1))
            connection.execute(delete(schema.job))


def settle(pid: int) -> None:
    """Wait until the agent has started, its first walk is over and its workers have left."""
    quiet_since, used = time.monotonic(), -1.0
    while children(pid) or time.monotonic() - quiet_since < 15:
        time.sleep(1)
        reading = Reading.of(pid)
        if reading.processor_s - used > 0.05:
            quiet_since, used = time.monotonic(), reading.processor_s


def children(pid: int) -> list[str]:
    """Return the numbers of the processes that a process started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def watched_folders(pid: int) -> int:
    """Return how many folders the kernel watches for a process."""
    lines = [line for each in Path(f"/proc/{pid}/fdinfo").iterdir() for line in each.read_text().splitlines()]
    return sum(line.startswith("inotify wd:") for line in lines)


def show(
    arguments: argparse.Namespace, first: Reading, last: Reading, start_s: float, watched: int, resident: float
) -> None:
    """Print the table."""
    wall_s, used_s = last.at - first.at, last.processor_s - first.processor_s
    percent = 100 * used_s / wall_s
    limit = LIMIT_PERCENT * arguments.files / 100_000
    table = Table(title=f"{arguments.files} files in {watched} watched folders, {wall_s / 60:.1f} min of nothing")
    for column in ("", "figure", "limit"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("share of one core, %", f"{percent:.2f}", f"{limit:.2f}")
    table.add_row("processor time, s", f"{used_s:.2f}", "")
    table.add_row("wake-ups a second", f"{(last.wakeups - first.wakeups) / wall_s:.2f}", "")
    table.add_row("memory, MB", f"{resident:.0f}", "")
    table.add_row("until idle after the start, s", f"{start_s:.0f}", "")
    Console().print(table)


def _number(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(f"{file}: no {name}")


if __name__ == "__main__":
    main()
