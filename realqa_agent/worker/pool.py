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
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import IO, TYPE_CHECKING, Generic, TypeVar

from realqa_agent.errors import PermanentError, RefusalKind, TransientError, UserError
from realqa_agent.worker.messages import Crashed, Failed, Outcome, Ready, Refused, Task, Unfit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.config import Config

START_SECONDS = 120.0
"""A worker that has not built its scorer by then is broken; a cold disk needs several seconds for the imports."""

DEPTH = 3
"""Tasks that a worker may have: it must not stand idle while the parent writes the last result, some 10 ms."""

START_PAUSE_SECONDS = 1.0
"""After a worker could not be started, because memory is short or somebody killed it, the others go on alone."""

LEAVE_SECONDS = 2.0
"""How long a worker that has nothing to do may take to leave."""

KEPT_WORDS = 2000
"""Characters of a dead worker's last words that are worth showing."""

Key = TypeVar("Key")


_UNGREETED = Ready(scorer="", version="")


@dataclass(kw_only=True, slots=True)
class _Worker(Generic[Key]):
    process: subprocess.Popen[bytes]
    connection: Connection
    stderr: IO[bytes]
    ready: Ready = _UNGREETED
    """What it answered to the greeting."""
    tasks: deque[tuple[Key, Task]] = field(default_factory=deque)
    """What it was given and has not answered: it is at the first, the next ones wait in its socket."""
    due: float = 0.0
    """When it must have answered the first."""
    idle_since: float = field(default_factory=time.monotonic)
    """When it answered the last one, if it has none."""

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

    def __init__(self, settings: Config, size: int) -> None:
        self._settings = settings
        self._size = size
        self._workers: list[_Worker[Key]] = []
        self._waiting: deque[tuple[Key, Task]] = deque()
        """Tasks that no worker has: it died before it came to them, or could not be started."""
        self._start_again = 0.0
        self._trouble = ""
        self._scorer: Ready | None = None

    def __enter__(self) -> Pool[Key]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def scorer(self) -> Ready:
        """Return the name and version of the scorer, starting a worker to ask.

        Raise UserError if it can't be built, TransientError if the system has no room for a worker now.
        """
        if self._scorer is None:
            try:
                return self._another().ready
            except PermanentError as error:
                raise UserError(str(error)) from error
        return self._scorer

    @property
    def free(self) -> int:
        """How many tasks can be submitted now."""
        return self._size * DEPTH - len(self._waiting) - sum(len(worker.tasks) for worker in self._workers)

    def submit(self, key: Key, task: Task) -> None:
        """Give a task to the worker with the fewest, starting one rather than let it wait. Ask `free` first.

        If the system has no room for a worker, the task waits here. Raise PermanentError if workers can't do any more
        what the first one could.
        """
        if self.free < 1:
            raise RuntimeError("every worker has all the tasks that it may have")
        self._waiting.append((key, task))
        self._place()

    def wait(self, timeout: float, also: Sequence[int] = ()) -> list[tuple[Key, Outcome]]:
        """Return the outcomes that are there within `timeout` seconds; sooner if a descriptor in `also` is readable.

        Raise TransientError if there are tasks, but no worker can be started for them now; PermanentError as `submit`.
        """
        self._place()
        busy = [worker for worker in self._workers if worker.tasks]
        if busy:
            timeout = min(timeout, min(worker.due for worker in busy) - time.monotonic())
        if self._waiting:
            if not busy:
                raise TransientError(self._trouble)
            timeout = min(timeout, self._start_again - time.monotonic())
        readable = wait([*(worker.connection for worker in busy), *also], max(0.0, timeout))
        outcomes: list[tuple[Key, Outcome]] = []
        for worker in busy:
            if worker.connection in readable:
                outcomes.append(self._receive(worker))
            elif time.monotonic() >= worker.due:
                seconds = self._settings.media.seconds_per_file
                late = Refused(kind=RefusalKind.TOO_LARGE, message=f"took longer than {seconds} s")
                outcomes.append((self._give_up(worker, 0.0)[0], late))
        return outcomes

    def rest(self, idle_s: float) -> None:
        """End the workers that have had nothing to do for `idle_s` seconds; the next task starts new ones."""
        now = time.monotonic()
        for worker in [one for one in self._workers if not one.tasks and now - one.idle_since >= idle_s]:
            self._bury(worker, LEAVE_SECONDS)

    def close(self) -> None:
        """End all workers; tasks under way are dropped."""
        for worker in self._workers:
            # An idle worker leaves as soon as the socket closes; one at work would only notice afterwards.
            worker.end(0.0 if worker.tasks else LEAVE_SECONDS)
        self._workers.clear()
        self._waiting.clear()

    def _deadline(self) -> float:
        return time.monotonic() + self._settings.media.seconds_per_file

    def _receive(self, worker: _Worker[Key]) -> tuple[Key, Outcome]:
        try:
            outcome: Outcome = worker.connection.recv()
        except (EOFError, OSError):
            words = worker.last_words()
            key, status = self._give_up(worker, LEAVE_SECONDS)
            how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            return key, Crashed(message=f"the worker ended with {how}" + (f": {words}" if words else ""))
        if isinstance(outcome, Failed) and outcome.leaving:
            return self._give_up(worker, LEAVE_SECONDS)[0], outcome
        key, _ = worker.tasks.popleft()
        worker.due = self._deadline()
        worker.idle_since = time.monotonic()
        return key, outcome

    def _give_up(self, worker: _Worker[Key], patience_s: float) -> tuple[Key, int]:
        """End a worker; return the key of the task that it was at and its exit status. Others take the next ones."""
        (key, _), *following = worker.tasks
        self._waiting += following
        return key, self._bury(worker, patience_s)

    def _bury(self, worker: _Worker[Key], patience_s: float) -> int:
        self._workers.remove(worker)
        return worker.end(patience_s)

    def _place(self) -> None:
        """Hand the waiting tasks to workers as long as there is room."""
        while self._waiting and (worker := self._roomiest()) is not None:
            key, task = self._waiting[0]
            try:
                worker.connection.send(task)
            except OSError:
                if not worker.tasks:  # it died with nothing to do
                    self._bury(worker, LEAVE_SECONDS)
                    continue
                # It died at its first task: `wait` will see that, and give this one to another worker.
            if not worker.tasks:
                worker.due = self._deadline()
            worker.tasks.append((key, task))
            self._waiting.popleft()

    def _roomiest(self) -> _Worker[Key] | None:
        """Return the worker with the fewest tasks, a new one if all are at work; None if nobody has room."""
        best = min(self._workers, key=lambda one: len(one.tasks), default=None)
        full_house = len(self._workers) >= self._size or time.monotonic() < self._start_again
        if (best is None or best.tasks) and not full_house:
            try:
                best = self._another()
            except TransientError as error:
                self._trouble = str(error)
                self._start_again = time.monotonic() + START_PAUSE_SECONDS
        return None if best is None or len(best.tasks) >= DEPTH else best

    def _another(self) -> _Worker[Key]:
        """Start one more worker."""
        worker = self._start()
        self._scorer = self._scorer or worker.ready
        if worker.ready != self._scorer:
            worker.end(LEAVE_SECONDS)
            raise PermanentError(
                f"the scorer became another one ({worker.ready.scorer} {worker.ready.version}) while the agent runs; "
                "start it again"
            )
        self._workers.append(worker)
        return worker

    def _start(self) -> _Worker[Key]:
        """Start a process and greet it; TransientError if it can't come up now, PermanentError if it says why not."""
        with ExitStack() as undo:
            try:
                ours, theirs = map(undo.enter_context, socket.socketpair())
                # A worker's libraries chatter on stderr; it is kept aside and shown only if the worker dies.
                stderr = undo.enter_context(tempfile.TemporaryFile())
                process = self._launch(theirs.fileno(), stderr)
            except OSError as error:
                raise TransientError(f"a worker can't start: {error}") from error
            undo.pop_all()
        theirs.close()
        worker: _Worker[Key] = _Worker(process=process, connection=Connection(ours.detach()), stderr=stderr)
        greeting, trouble = None, "it does not answer"
        try:
            worker.connection.send(self._settings)
            greeting = worker.connection.recv() if worker.connection.poll(START_SECONDS) else None
        except (EOFError, OSError):
            trouble = "it ended at once"
        if isinstance(greeting, Ready):
            worker.ready = greeting
            return worker
        words = worker.last_words()
        worker.end(0.0)
        why = greeting.message if isinstance(greeting, Unfit) else trouble
        kind = PermanentError if isinstance(greeting, Unfit) and not greeting.transient else TransientError
        raise kind(f"a worker can't start: {why}" + (f"\n{words}" if words else ""))

    def _launch(self, descriptor: int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # -P: a numpy.py in the folder that the user stands in must not be imported.
            [sys.executable, "-P", "-m", "realqa_agent.worker.child", str(descriptor)],
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            env={**os.environ, **_ENVIRONMENT},
        )


_ENVIRONMENT = {
    # One worker a core: threads of BLAS inside each would only fight over the same cores.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # From 1.29 on, onnxruntime's builds send telemetry and keep a device number in ~/.cache unless told not to before
    # they are imported. pyproject.toml asks for an older one; this is for whoever lifts that.
    "ORT_DISABLE_TELEMETRY": "1",
}
