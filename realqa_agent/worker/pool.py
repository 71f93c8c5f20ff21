"""The parent's side: worker processes, a deadline for each task, and a replacement when one dies.

One thread owns a pool. A worker is a program of its own (`worker/child.py` or `worker/model.py`) behind a socket pair.
It is started when there is work for it, and nobody waits for it to come up: a model takes minutes. If it ends in the
middle of a task, that task's outcome is `Crashed`; if it is over the deadline it is killed and the outcome is a
refusal. Either way the next task gets a new process.
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
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import IO, TYPE_CHECKING, Generic, TypeVar

from realqa_agent.errors import PermanentError, RefusalKind, TransientError, UserError
from realqa_agent.worker.messages import Crashed, Failed, Ready, Refused, Unfit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.config import Config
    from realqa_agent.worker.messages import Answer, Judge, Order

START_SECONDS = 120.0
"""A worker that has not built its scorer by then is broken; a cold disk needs several seconds for the imports."""

MODEL_START_SECONDS = 900.0
"""The same for a model: 17 GB from a hard disk take three minutes, and as long again to be merged and packed."""

DEPTH = 3
"""Tasks that a worker may have: it must not stand idle while the parent writes the last result, some 10 ms."""

FIRST_LOOK, MODEL = "realqa_agent.worker.child", "realqa_agent.worker.model"
"""The programs."""

START_PAUSE_SECONDS = 1.0
"""After a worker could not be started, because memory is short or somebody killed it, the others go on alone."""

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
    due: float
    """When it must have said something: what it is, or an answer if it has a task."""
    ready: Ready | None = None
    """What it answered to the greeting; None while it starts."""
    tasks: deque[tuple[Key, Order | Judge]] = field(default_factory=deque)
    """What it was given and has not answered: it is at the first, or at the first few, the next ones wait."""
    idle_since: float = field(default_factory=time.monotonic)
    """When it answered the last one, if it has none."""

    @property
    def expected(self) -> bool:
        """Whether it has something to say."""
        return self.ready is None or bool(self.tasks)

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

    def __init__(self, settings: Config, size: int, program: str = FIRST_LOOK) -> None:
        self._settings = settings
        self._size = size
        self._program = program
        self._workers: list[_Worker[Key]] = []
        self._waiting: deque[tuple[Key, Order | Judge]] = deque()
        """Tasks that no worker has: it died before it came to them, or could not be started."""
        self._start_again = 0.0
        self.trouble: str | None = None
        """Why no worker could be started the last time; None if one could."""
        self.ready: Ready | None = None
        """What its workers are, once one has said it."""

    def __enter__(self) -> Pool[Key]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def scorer(self) -> Ready:
        """Return the name and version of the scorer, waiting for a worker to tell.

        Raise UserError if it can't be built, TransientError if the system has no room for a worker now.
        """
        try:
            while self.ready is None:
                self._greet(self._workers[0] if self._workers else self._start())
        except PermanentError as error:
            raise UserError(str(error)) from error
        return self.ready

    def summon(self) -> None:
        """Let a worker come up, if there is none; `wait` hears what it says. Raise TransientError if it can't start."""
        if not self._workers and time.monotonic() >= self._start_again:
            self._start()

    @property
    def up(self) -> bool:
        """Whether a worker is there that has said what it is."""
        return any(worker.ready is not None for worker in self._workers)

    @property
    def room(self) -> int:
        """How many tasks its workers may have in all; known once one is ready."""
        return self._size * self._depth

    @property
    def free(self) -> int:
        """How many tasks can be submitted now."""
        return self.room - len(self._waiting) - sum(len(worker.tasks) for worker in self._workers)

    def submit(self, key: Key, task: Order | Judge) -> None:
        """Give a task to the worker with the fewest, starting one rather than let it wait.

        Ask `free` first, unless it goes on with what was begun. If there is no room for it, the task waits here.
        """
        self._waiting.append((key, task))
        self._place()

    def wait(self, timeout: float, also: Sequence[int] = ()) -> list[tuple[Key, Answer | Crashed]]:
        """Return the outcomes that are there within `timeout` seconds; sooner if a descriptor in `also` is readable.

        Raise TransientError if there are tasks, but no worker can be started for them now; PermanentError if workers
        can't do, or can't do any more, what they are for.
        """
        self._place()
        expected = [worker for worker in self._workers if worker.expected]
        if self._waiting and not expected:
            raise TransientError(self.trouble or "no worker could be started")
        readable = wait([*self.connections(), *also], max(0.0, min(timeout, self.patience())))
        outcomes: list[tuple[Key, Answer | Crashed]] = []
        for worker in expected:
            late = time.monotonic() >= worker.due
            if worker.connection not in readable and not late:
                continue
            if worker.ready is None:
                self._welcome(worker)
            elif worker.connection in readable:
                outcomes += self._receive(worker)
            else:
                seconds = self._settings.media.seconds_per_file
                refused = Refused(kind=RefusalKind.TOO_LARGE, message=f"took longer than {seconds} s")
                outcomes += [(key, refused) for key in self._give_up(worker, 0.0)[0]]
        return outcomes

    def connections(self) -> list[Connection]:
        """Return what `wait` listens to, for who waits for several pools."""
        return [worker.connection for worker in self._workers if worker.expected]

    def patience(self) -> float:
        """How long nothing needs to be done if nobody says anything, seconds."""
        due = [worker.due for worker in self._workers if worker.expected]
        if self._waiting and len(self._workers) < self._size:
            due.append(self._start_again)
        return max(0.0, min(due, default=float("inf")) - time.monotonic())

    def withdraw(self) -> list[Key]:
        """Take all tasks back, killing whoever is at one; return their keys."""
        keys = [key for worker in self._workers for key, _ in worker.tasks] + [key for key, _ in self._waiting]
        self.close()
        return keys

    def rest(self, idle_s: float) -> None:
        """End the workers that have had nothing to do for `idle_s` seconds; the next task starts new ones."""
        now = time.monotonic()
        for worker in [one for one in self._workers if not one.expected and now - one.idle_since >= idle_s]:
            self._bury(worker, LEAVE_SECONDS)

    def close(self) -> None:
        """End all workers; tasks under way are dropped."""
        for worker in self._workers:
            # An idle worker leaves as soon as the socket closes; one at work would only notice afterwards.
            worker.end(0.0 if worker.expected else LEAVE_SECONDS)
        self._workers.clear()
        self._waiting.clear()

    @property
    def _depth(self) -> int:
        """Tasks that one worker may have: while it does some together, the next ones must be there."""
        at_once = 1 if self.ready is None else self.ready.at_once
        return max(DEPTH, 2 * at_once)

    def _deadline(self) -> float:
        at_once = 1 if self.ready is None else self.ready.at_once
        return time.monotonic() + self._settings.media.seconds_per_file * at_once

    def _receive(self, worker: _Worker[Key]) -> list[tuple[Key, Answer | Crashed]]:
        try:
            answer: Answer = worker.connection.recv()
        except (EOFError, OSError):
            words = worker.last_words()
            keys, status = self._give_up(worker, LEAVE_SECONDS)
            how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            crashed = Crashed(message=f"the worker ended with {how}" + (f": {words}" if words else ""))
            return [(key, crashed) for key in keys]
        if isinstance(answer, Failed) and answer.leaving:
            return [(key, answer) for key in self._give_up(worker, LEAVE_SECONDS)[0]]
        key, _ = worker.tasks.popleft()
        worker.due = self._deadline()
        worker.idle_since = time.monotonic()
        return [(key, answer)]

    def _give_up(self, worker: _Worker[Key], patience_s: float) -> tuple[list[Key], int]:
        """End a worker; return the keys of the tasks that it was at and its exit status. Others take the next ones."""
        tasks = list(worker.tasks)
        at_once = 1 if worker.ready is None else worker.ready.at_once
        self._waiting.extendleft(reversed(tasks[at_once:]))
        worker.tasks.clear()
        return [key for key, _ in tasks[:at_once]], self._bury(worker, patience_s)

    def _bury(self, worker: _Worker[Key], patience_s: float) -> int:
        self._workers.remove(worker)
        self._waiting.extendleft(reversed(worker.tasks))
        return worker.end(patience_s)

    def _place(self) -> None:
        """Hand the waiting tasks to workers as long as there is room."""
        while self._waiting and (worker := self._roomiest()) is not None:
            key, task = self._waiting[0]
            try:
                worker.connection.send(task)
            except OSError:
                if not worker.expected:  # it died with nothing to do
                    self._bury(worker, LEAVE_SECONDS)
                    continue
                # It died at its start or at its first task: `wait` will see that, and give this one to another worker.
            if worker.ready is not None and not worker.tasks:
                worker.due = self._deadline()
            worker.tasks.append((key, task))
            self._waiting.popleft()

    def _roomiest(self) -> _Worker[Key] | None:
        """Return the worker with the fewest tasks, a new one if all are at work; None if nobody has room."""
        best = min(self._workers, key=lambda one: len(one.tasks), default=None)
        full_house = len(self._workers) >= self._size or time.monotonic() < self._start_again
        if (best is None or best.tasks) and not full_house:
            try:
                best = self._start()
            except TransientError as error:
                self._not_now(error)
        return None if best is None or len(best.tasks) >= self._depth else best

    def _not_now(self, error: TransientError) -> None:
        self.trouble = str(error)
        self._start_again = time.monotonic() + START_PAUSE_SECONDS

    def _start(self) -> _Worker[Key]:
        """Start one more worker and send it the settings; TransientError if there is no room for a process."""
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
        patience_s = MODEL_START_SECONDS if self._program == MODEL else START_SECONDS
        worker: _Worker[Key] = _Worker(
            process=process,
            connection=Connection(ours.detach()),
            stderr=stderr,
            due=time.monotonic() + patience_s,
        )
        with suppress(OSError):  # it is dead already, which its greeting will tell
            worker.connection.send(self._settings)
        self._workers.append(worker)
        return worker

    def _welcome(self, worker: _Worker[Key]) -> None:
        """Hear a worker out that has something to say of its start, or is late with it."""
        try:
            self._greet(worker)
        except TransientError as error:
            self._not_now(error)

    def _greet(self, worker: _Worker[Key]) -> None:
        """Wait until a worker says what it is; TransientError if it can't come up now, PermanentError if not at all."""
        greeting, trouble = None, "it does not answer"
        try:
            if worker.connection.poll(max(0.0, worker.due - time.monotonic())):
                greeting = worker.connection.recv()
        except (EOFError, OSError):
            trouble = "it ended at once"
        if not isinstance(greeting, Ready):
            words = worker.last_words()
            self._bury(worker, 0.0)
            why = greeting.message if isinstance(greeting, Unfit) else trouble
            kind = PermanentError if isinstance(greeting, Unfit) and not greeting.transient else TransientError
            raise kind(f"a worker can't start: {why}" + (f"\n{words}" if words else ""))
        self.ready = self.ready or greeting
        if (greeting.scorer, greeting.version) != (self.ready.scorer, self.ready.version):
            self._bury(worker, 0.0)
            raise PermanentError(
                f"the scorer became another one ({greeting.scorer} {greeting.version}) while the agent runs; "
                "start it again"
            )
        self.trouble = None
        worker.ready = greeting
        worker.due = self._deadline()
        worker.idle_since = time.monotonic()

    def _launch(self, descriptor: int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # -P: a numpy.py in the folder that the user stands in must not be imported.
            [sys.executable, "-P", "-m", self._program, str(descriptor)],
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            env={**os.environ, **_ENVIRONMENT, **({} if self._program == MODEL else _ONE_THREAD)},
        )


_ONE_THREAD = {
    # One worker a core: threads of BLAS inside each would only fight over the same cores.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

_ENVIRONMENT = {
    # From 1.29 on, onnxruntime's builds send telemetry and keep a device number in ~/.cache unless told not to before
    # they are imported. pyproject.toml asks for an older one; this is for whoever lifts that.
    "ORT_DISABLE_TELEMETRY": "1",
}
