"""Two processes share a queue and one is killed at work: nothing is lost and nothing is done twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from support.records import PHOTOS, stat

from realqa_agent.config import Queue as Settings
from realqa_agent.files import Appeared
from realqa_agent.index.store import Index
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.jobs import Queue

JOBS = 2000

CLAIMED_AT_ONCE = 8

KILLED_AT = 100
"""The victim dies at the start of this job of its own, with the rest of a claim in its hands."""

# Each line is one write, so a SIGKILL can't cut it.
WORKER = f"""
import os, signal, sys
from pathlib import Path
from realqa_agent.config import Queue as Settings
from realqa_agent.index.store import Index
from realqa_agent.queue.jobs import Queue

index, log, owner = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND), sys.argv[3]
begun = 0
with Index.open(index) as opened:
    queue = Queue(opened, Settings())
    while jobs := queue.claim(owner, {CLAIMED_AT_ONCE}):
        for job in jobs:
            begun += 1
            if owner == "victim" and begun == {KILLED_AT}:
                os.kill(os.getpid(), signal.SIGKILL)
            if queue.finish(job):
                os.write(log, b"%d\\n" % job.job_id)
"""


def start(index: Path, log: Path, owner: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, index, log, owner])


def test_killed_process_costs_nothing(tmp_path: Path) -> None:
    file, victim_log, other_log = tmp_path / "index.sqlite", tmp_path / "victim", tmp_path / "other"
    with Index.open(file) as index:
        take_in(index, [Appeared(path=PHOTOS / f"{each}.jpg", stat=stat(each)) for each in range(JOBS)])
    with start(file, victim_log, "victim") as victim, start(file, other_log, "other") as other:
        assert victim.wait(timeout=60) == -signal.SIGKILL
        assert other.wait(timeout=60) == 0
    with Index.open(file, clock=lambda: time.time() + Settings().lease_seconds + 1) as index:
        queue = Queue(index, Settings())
        left = queue.claim("heir", JOBS)
        assert len(left) == CLAIMED_AT_ONCE - (KILLED_AT - 1) % CLAIMED_AT_ONCE
        assert {job.attempts for job in left} == {2}
        rest = [job.job_id for job in left if queue.finish(job)]
        counts = queue.counts()
    assert (counts.queued, counts.waiting, counts.running, counts.dead) == (0, 0, 0, 0)
    by_victim, by_other = ([int(line) for line in log.read_text().splitlines()] for log in (victim_log, other_log))
    assert len(by_victim) == KILLED_AT - 1
    assert by_other
    assert sorted(by_victim + by_other + rest) == list(range(1, JOBS + 1))
