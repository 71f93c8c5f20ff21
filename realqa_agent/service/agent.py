"""The agent's loop: changes into the queue, jobs to the workers, answers to the errands, a rest where manners ask.

One thread does it all and sleeps in one place, `Crew.wait`, which a file event, a finished task, a signal or the
next due time ends. A signal only asks the loop to stop; what is under way then goes back to the queue, its try
unspent. What can't be had for the moment (an index that is locked, or whose disk is full; memory for a worker) makes
the loop wait and costs nothing.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from realqa_agent.errors import TransientError
from realqa_agent.hosts import desktop, digikam
from realqa_agent.index.codec import rfc3339
from realqa_agent.index.reading import resting_on
from realqa_agent.queue import following
from realqa_agent.queue.intake import take_in
from realqa_agent.queue.records import Priority
from realqa_agent.queue.steering import Steering
from realqa_agent.service.errands import Errands, Tally
from realqa_agent.service.imports import Imports
from realqa_agent.service.lock import LIVE
from realqa_agent.service.publishing import Publisher
from realqa_agent.service.record import Recorder
from realqa_agent.service.voices import Voices
from realqa_agent.service.writing import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realqa_agent.config import Config
    from realqa_agent.files import Change
    from realqa_agent.index.store import Index
    from realqa_agent.metadata.journal import Journal
    from realqa_agent.queue.jobs import Job, Queue
    from realqa_agent.service.manners import Manners
    from realqa_agent.watch.folders import Folders
    from realqa_agent.worker.crew import Crew
    from realqa_agent.worker.messages import Outcome

log = logging.getLogger(__name__)

LONGEST_SLEEP_SECONDS = 10.0
"""Leases are renewed, `realqa queue resume` is heard, and the service manager hears from us at least this often."""

RETRY_SECONDS = 5.0
"""Pause before an index that could not be used is tried again."""


class Agent:
    """Ties the rooms together and holds no logic of theirs. Without manners it works at any time."""

    def __init__(
        self,
        config: Config,
        *,
        index: Index,
        queue: Queue,
        folders: Folders,
        crew: Crew[int],
        journal: Journal,
        manners: Manners | None,
    ) -> None:
        self._config = config
        self._queue = queue
        self._folders = folders
        self._crew = crew
        self._index = index
        self._journal = journal
        self._manners = manners
        self._steering = Steering(index)
        self._voices = Voices(index, config, crew.first(), follows=crew.follows)
        self._errands = Errands(
            index,
            queue,
            crew,
            Recorder(index, config, self._voices),
            Publisher(index, config, journal, apply=config.culling.apply),
            self._to_be_followed,
        )
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._changes: Sequence[Change] = ()
        """What the watch room told and the index doesn't know yet."""
        self._answers: deque[tuple[int, Outcome]] = deque()
        """What the workers said and no errand took in yet."""
        self._imports = Imports()
        self._resting: list[str] = []
        self._trouble: str | None = None
        self._told: dict[str, Any] | None = None
        self._renewed = time.monotonic()
        self._stopping = False
        self._tidying = False
        self._unheard = False
        """The model has to come up to say which version it is, since results of some version are in force."""
        self._ranked = -1
        """How many first looks there were when the leaders of the folders were last looked for."""
        self._wake_reader, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def close(self) -> None:
        """Give the descriptors back; nobody may wake it any more."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def stop(self) -> None:
        """Ask the loop to end; safe in a signal handler and from any thread."""
        self._stopping = True
        self.wake()

    def tidy(self) -> None:
        """Ask the loop to tidy up when it comes to it; safe as `stop` is."""
        self._tidying = True
        self.wake()

    def wake(self) -> None:
        """End the loop's sleep; safe as `stop` is."""
        with suppress(BlockingIOError):  # it has been woken more often than a pipe can hold
            os.write(self._wake_writer, b".")

    def left(self) -> int:
        """Count the files that wait or are under way."""
        counts = self._queue.counts()
        return counts.queued + counts.running

    def run(self, *, once: bool, beat: Callable[[Tally], None]) -> Tally:
        """Work until stopped, or with `once` until the folders are settled and no job is due.

        `beat` is called once the folders are watched and after each round, at least every `LONGEST_SLEEP_SECONDS`
        unless the index is in trouble.
        """
        self._queue.take_over()
        self._queue.retry_mendable()
        self._queue.enqueue_unscored(self._voices.best_first())
        self._queue.forget_followed()
        if self._crew.follows:
            self._queue.enqueue_followed(following.wanted(self._config.mllm.follow, self._voices.first))
            self._unheard = self._has_an_unknown_models_word()
            self._rank()
        self._folders.start()
        try:
            self._tell()
            beat(self._errands.tally)
            while not self._stopping:
                try:
                    done = self._round(once=once)
                except TransientError as error:
                    self._wait_out(error)
                    done = False
                else:
                    self._recover()
                beat(self._errands.tally)
                if done:
                    break
        finally:
            self._folders.stop()
            self._give_back()
        return self._errands.tally

    def _round(self, *, once: bool) -> bool:
        """Do what is due, then sleep until more is; tell whether a run of `once` is over."""
        self._settle()
        self._take_in()
        self._resting = self._reasons_to_rest()
        if not self._resting:
            self._hand_out()
            self._hand_on()
        self._tell()
        if once and not self._errands and self._folders.settled() and not self._model_is_due():
            return True
        self._collect()
        self._renew()
        self._crew.rest(0.0 if self._resting else self._config.manners.idle_minutes * 60)
        if not once:
            self._sum_up()
            self._tidy()
        return False

    def _take_in(self) -> None:
        self._changes = self._changes or self._folders.poll()
        if self._changes:
            take_in(self._index, self._changes)
            self._changes = ()

    def _reasons_to_rest(self) -> list[str]:
        if self._manners is None:
            return []
        paused = ["paused by `realqa queue pause`"] if self._steering.paused_since() else []
        return [*paused, *self._manners.reasons()]

    def _hand_out(self) -> None:
        for job in self._queue.claim(self._owner, self._crew.free):
            if job.priority is Priority.IMPORT:
                self._imports.arrived(time.monotonic(), rfc3339(self._index.clock()))
            self._errands.begin(job)

    def _hand_on(self) -> None:
        """Let the model judge what has its first look, with what room that leaves."""
        if not self._crew.follows:
            return
        if self._crew.second is not None and self._voices.heard(self._crew.second):
            self._queue.enqueue_followed(following.outdated((self._crew.second.scorer, self._crew.second.version)))
            self._queue.retry_unanswered()
        if not self._errands.looking and self._folders.settled():
            self._rank()
        if self._model_is_due():
            self._crew.summon()
        for job in self._queue.claim(self._owner, self._crew.free_to_follow, follow=True):
            self._errands.begin(job)

    def _rank(self) -> None:
        """Look for the leaders of the folders, if that is wanted and there may be others than the last time."""
        tally = self._errands.tally
        looked_at = tally.scored + tally.known
        if self._config.mllm.follow == "leaders" and looked_at != self._ranked:
            self._ranked = looked_at
            self._queue.enqueue_followed(following.leading(self._config.mllm.leaders, self._voices.first))

    def _model_is_due(self) -> bool:
        """Tell whether the model is wanted, and not away."""
        if not self._crew.follows or self._crew.away:
            return False
        if self._unheard and self._crew.second is None:
            return True
        due = self._queue.next_due(follow=True)
        return due is not None and due <= self._index.clock()

    def _has_an_unknown_models_word(self) -> bool:
        second = self._voices.second
        if second is None or second[1] is not None:
            return False
        return self._index.any_fits(resting_on([second])) or self._queue.counts().unanswered > 0

    def _to_be_followed(self, job: Job) -> bool:
        return self._crew.follows and self._index.fits(
            job.file_id, following.wanted(self._config.mllm.follow, self._voices.first)
        )

    def _collect(self) -> None:
        """Sleep until something happens, then settle what the workers answered."""
        self._answers += self._crew.wait(self._patience(), (self._wake_reader, self._folders.fileno()))
        self._forget_wakes()
        self._settle()

    def _settle(self) -> None:
        """Let the errands take in what the workers said, before others take the room in the pool that they need."""
        while self._answers:
            self._errands.settle(*self._answers[0])
            self._answers.popleft()

    def _renew(self) -> None:
        """Extend our leases while at least three quarters of their time are left."""
        if time.monotonic() - self._renewed >= self._config.queue.lease_seconds / 4:
            self._queue.renew(self._owner)
            self._renewed = time.monotonic()

    def _patience(self) -> float:
        """How long the loop may sleep, seconds."""
        due = []
        if self._crew.free and not self._resting:
            due.append(self._queue.next_due())
        if self._crew.free_to_follow and not self._resting:
            due.append(self._queue.next_due(follow=True))
        queue_s = min((at - self._index.clock() for at in due if at is not None), default=LONGEST_SLEEP_SECONDS)
        return max(0.0, min(LONGEST_SLEEP_SECONDS, queue_s, self._folders.next_due()))

    def _tell(self) -> None:
        """Leave in the index how the agent fares, if that is other than it was."""
        told = {
            "process": os.getpid(),
            "resting": self._resting,
            "problems": self._folders.problems(),
            "watched_folders": self._folders.watched(),
            "model": self._model(),
        }
        if told != self._told:
            self._index.leave(LIVE, {**told, "at": rfc3339(self._index.clock())})
            for reason in self._resting:
                if self._told is None or reason not in self._told["resting"]:
                    log.info("resting: %s", reason)
            trouble = self._crew.trouble
            if trouble is not None and (self._told is None or told["model"] != self._told["model"]):
                log.warning("the model is away, and the first look goes on: %s", trouble)
            self._told = told

    def _model(self) -> dict[str, str | None] | None:
        """Return what there is to say of the model; None without one."""
        if not self._crew.follows:
            return None
        ready = self._crew.second
        return {
            "version": None if ready is None else ready.version,
            "about": None if ready is None else ready.about,
            "trouble": self._crew.trouble,
        }

    def _sum_up(self) -> None:
        """After an import say on the desktop what came of it, and tell digiKam, each if that is wanted."""
        if self._errands.looking or not self._folders.settled():
            return
        since = self._imports.ended(time.monotonic())
        if since is None:
            return
        if self._config.desktop.notify:
            summary = desktop.summary_of(self._index.decisions_since(since))
            if summary is not None:
                desktop.say(*summary)
        if self._config.digikam.refresh:
            digikam.refresh_after_import()

    def _tidy(self) -> None:
        if self._tidying:
            self._tidying = False
            tidy(self._index, self._journal)

    def _wait_out(self, error: TransientError) -> None:
        """Let some time go by after an error that may pass; all that is under way is kept as it is."""
        if str(error) != self._trouble:
            log.warning("%s; all waits for it", error)
        self._trouble = str(error)
        select.select([self._wake_reader], [], [], RETRY_SECONDS)
        self._forget_wakes()

    def _recover(self) -> None:
        if self._trouble is not None:
            log.warning("work goes on")
            self._trouble = None

    def _forget_wakes(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _give_back(self) -> None:
        try:
            self._queue.give_back(self._owner)
        except TransientError as error:
            log.warning("%s; what was under way is taken over at the next start", error)
