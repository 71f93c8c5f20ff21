"""The parent's side: worker processes, a deadline for each task, and a replacement when one dies.

One thread owns a pool. A worker is a program of its own (`worker/child.py`) behind a socket pair. It is started
when there is work for it. If it ends in the middle of a task, that task's outcome is `Crashed`; if it is over the
deadline it is killed and the outcome is a refusal. Either way the next task gets a new process.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import IO, TYPE_CHECKING, Generic, TypeVar

from realqa_agent.errors import RefusalKind, UserError
from realqa_agent.worker.messages import Crashed, Outcome, Ready, Refused, Setup, Task, Unfit

if TYPE_CHECKING:
    from collections.abc import Sequence

START_SECONDS = 120.0
"""A worker that has not built its scorer by then is broken; a cold disk needs several seconds for the imports."""

DEPTH = 3
"""Tasks that a worker may have: it must not stand idle while the parent writes the last result, some 10 ms."""

LEAVE_SECONDS = 2.0
"""How long a worker that has nothing to do may take to leave."""

KEPT_WORDS = 2000
"""Characters of a dead worker's last words that are worth showing."""

Key = TypeVar("Key")


@dataclass(kw_only=True, slots=True)
class _Worker(Generic[Key]):
    process: subprocess.Popen[bytes]
    connection: Connection
    stderr: IO[bytes]
    ready: Ready
    tasks: deque[tuple[Key, Task]] = field(default_factory=deque)
    """What it was given and has not answered: it is at the first, the next ones wait in its socket."""
    due: float = 0.0
    """When it must have answered the first."""

    def last_words(self) -> str:
        self.stderr.seek(0, os.SEEK_END)
        self.stderr.seek(max(0, self.stderr.tell() - KEPT_WORDS))
        return self.stderr.read().decode(errors="replace").strip()

    def end(self, patience_s: float) -> int:
        """Hang up, kill it if it has not left by itself after `patience_s`; return the exit status."""
        self.connection.close()
        try:
            status = self.process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.stderr.close()
        return status


class Pool(Generic[Key]):
    """At most `size` workers; each outcome comes back with the key that its task was given."""

    def __init__(self, setup: Setup, size: int) -> None:
        self._setup = setup
        self._size = size
        self._workers: list[_Worker[Key]] = []

    def __enter__(self) -> Pool[Key]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def scorer(self) -> Ready:
        """Return the name and version of the scorer, starting a worker to ask; UserError if it can't be built."""
        if not self._workers:
            self._workers.append(self._start())
        return self._workers[0].ready

    @property
    def free(self) -> int:
        """How many tasks can be submitted now."""
        return self._size * DEPTH - sum(len(worker.tasks) for worker in self._workers)

    def submit(self, key: Key, task: Task) -> None:
        """Give a task to the worker with the fewest, starting one rather than let it wait. Ask `free` first."""
        worker = min(self._workers, key=lambda one: len(one.tasks), default=None)
        if worker is None or (worker.tasks and len(self._workers) < self._size):
            worker = self._start()
            self._workers.append(worker)
        if len(worker.tasks) >= DEPTH:
            raise RuntimeError("every worker has all the tasks that it may have")
        try:
            worker.connection.send(task)
        except OSError:
            if not worker.tasks:  # it died with nothing to do
                self._bury(worker, LEAVE_SECONDS)
                self.submit(key, task)
                return
            # It died at its first task: `wait` will see that, and give this one to another worker.
        if not worker.tasks:
            worker.due = self._deadline()
        worker.tasks.append((key, task))

    def wait(self, timeout: float, also: Sequence[int] = ()) -> list[tuple[Key, Outcome]]:
        """Return the outcomes that are there within `timeout` seconds; sooner if a descriptor in `also` is readable."""
        busy = [worker for worker in self._workers if worker.tasks]
        if busy:
            timeout = min(timeout, min(worker.due for worker in busy) - time.monotonic())
        readable = wait([*(worker.connection for worker in busy), *also], max(0.0, timeout))
        outcomes: list[tuple[Key, Outcome]] = []
        for worker in busy:
            if worker.connection in readable:
                outcomes.append(self._receive(worker))
            elif time.monotonic() >= worker.due:
                seconds = self._setup.media.seconds_per_file
                late = Refused(kind=RefusalKind.TOO_LARGE, message=f"took longer than {seconds} s")
                outcomes.append((self._give_up(worker, 0.0)[0], late))
        return outcomes

    def close(self) -> None:
        """End all workers; tasks under way are dropped."""
        for worker in self._workers:
            # An idle worker leaves as soon as the socket closes; one at work would only notice afterwards.
            worker.end(0.0 if worker.tasks else LEAVE_SECONDS)
        self._workers.clear()

    def _deadline(self) -> float:
        return time.monotonic() + self._setup.media.seconds_per_file

    def _receive(self, worker: _Worker[Key]) -> tuple[Key, Outcome]:
        try:
            outcome: Outcome = worker.connection.recv()
        except (EOFError, OSError):
            words = worker.last_words()
            key, status = self._give_up(worker, LEAVE_SECONDS)
            how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            return key, Crashed(message=f"the worker ended with {how}" + (f": {words}" if words else ""))
        key, _ = worker.tasks.popleft()
        worker.due = self._deadline()
        return key, outcome

    def _give_up(self, worker: _Worker[Key], patience_s: float) -> tuple[Key, int]:
        """End a worker; return the key of the task that it was at and its exit status. Others take the next ones."""
        (key, _), *following = worker.tasks
        status = self._bury(worker, patience_s)
        for waiting in following:
            self.submit(*waiting)
        return key, status

    def _bury(self, worker: _Worker[Key], patience_s: float) -> int:
        self._workers.remove(worker)
        return worker.end(patience_s)

    def _start(self) -> _Worker[Key]:
        ours, theirs = socket.socketpair()
        # A worker's libraries chatter on stderr; it is kept aside and shown only if the worker dies.
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        with theirs:
            process = subprocess.Popen(
                # -P: a numpy.py in the folder that the user stands in must not be imported.
                [sys.executable, "-P", "-m", "realqa_agent.worker.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env={**os.environ, **_ENVIRONMENT},
            )
        connection = Connection(ours.detach())
        try:
            connection.send(self._setup)
            greeting = connection.recv() if connection.poll(START_SECONDS) else Unfit(message="it does not answer")
        except (EOFError, OSError):
            greeting = Unfit(message="it ended at once")
        if isinstance(greeting, Ready):
            return _Worker(process=process, connection=connection, stderr=stderr, ready=greeting)
        failed: _Worker[Key] = _Worker(
            process=process, connection=connection, stderr=stderr, ready=Ready(scorer="", version="")
        )
        words = failed.last_words()
        failed.end(0.0)
        raise UserError(f"a worker can't start: {greeting.message}" + (f"\n{words}" if words else ""))


_ENVIRONMENT = {
    # One worker a core: threads of BLAS inside each would only fight over the same cores.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # From 1.29 on, onnxruntime's builds send telemetry and keep a device number in ~/.cache unless told not to before
    # they are imported. pyproject.toml asks for an older one; this is for whoever lifts that.
    "ORT_DISABLE_TELEMETRY": "1",
}
