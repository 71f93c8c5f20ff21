"""All workers together: those of the first look, and the model's process where the settings name a model.

Photos are opened by the first look's workers alone; the model gets the small pictures that they make of them. So its
process never meets a hostile file, and the graphics card works while the next photos are decoded.

The first look goes on whatever becomes of the model. While that is away, what waits for it comes back as failed, no try
spent, and after a pause it is tried again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from realqa_agent.errors import RealQAError, RefusalKind, TransientError
from realqa_agent.scoring.second import is_model
from realqa_agent.scoring.view import Shown
from realqa_agent.worker.messages import (
    Assess,
    Assessed,
    Crashed,
    Failed,
    Follow,
    Judge,
    Judged,
    Prepare,
    Prepared,
    Refused,
)
from realqa_agent.worker.pool import MODEL, Pool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.config import Config
    from realqa_agent.scoring.view import Trial
    from realqa_agent.worker.messages import Answer, Outcome, Ready, Task

AWAY_SECONDS, BROKEN_SECONDS = 30.0, 600.0
"""Pause before a model is tried again: the first one, twice as long each time, up to the longest; that at once if
somebody has to mend something. A model that never fits the card would be loaded all day otherwise."""

Key = TypeVar("Key")


@dataclass(kw_only=True, slots=True)
class _Following:
    """A file on its way to the model."""

    label: float | None
    trial: Trial | None
    prepared: Prepared | None = None
    """All that the first half found, without the pictures."""


class Crew(Generic[Key]):
    """Takes tasks, each with a key of its own, and gives their outcomes back, in any order."""

    def __init__(self, settings: Config, size: int) -> None:
        self._looks = Pool[Key](settings, size)
        self._model = Pool[Key](settings, 1, MODEL) if is_model(settings.scoring.scorer) else None
        self._following: dict[Key, _Following] = {}
        self._try_again = 0.0
        self._pause_s = AWAY_SECONDS
        """The next pause of a model that is away."""
        self.trouble: str | None = None
        """Why the model was away when it was last wanted; None if it was there, or nobody has asked."""

    def __enter__(self) -> Crew[Key]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def follows(self) -> bool:
        """Whether a model follows the first look."""
        return self._model is not None

    def first(self) -> Ready:
        """Return who makes the first look; UserError if nobody can, TransientError if there is no room for them."""
        return self._looks.scorer()

    def last(self) -> Ready:
        """Return whose word is the last, waiting for the model if there is one; raises as `first`."""
        return self._looks.scorer() if self._model is None else self._model.scorer()

    @property
    def second(self) -> Ready | None:
        """The model, once it has said what it is; None without one."""
        return None if self._model is None else self._model.ready

    @property
    def away(self) -> bool:
        """Whether the model is not to be asked for a while."""
        return time.monotonic() < self._try_again

    def summon(self) -> None:
        """Let the model come up, unless it is there or away."""
        if self._model is not None and not self.away:
            try:
                self._model.summon()
            except TransientError as error:
                self._let_rest(error)

    def assess(self, path: Path, *, label: float | None = None, trial: Trial | None = None) -> Assess | Follow:
        """Return the task that leads to the last word on a file; label and trial are for a model, if there is one."""
        return Assess(path=path) if self._model is None else Follow(path=path, label=label, trial=trial)

    @property
    def free(self) -> int:
        """How many tasks can be submitted now that take no model."""
        return self._looks.free

    @property
    def free_to_follow(self) -> int:
        """How many `Follow` can be submitted now; none before the model is there, or while it is away."""
        if self._model is None or self._model.ready is None or self.away:
            return 0
        return min(self._looks.free, self._model.room - len(self._following))

    def submit(self, key: Key, task: Task) -> None:
        """Give a task to whoever has the most room. Ask `free` or `free_to_follow` first."""
        if not isinstance(task, Follow):
            self._looks.submit(key, task)
            return
        if self.second is None or self.second.view is None:
            raise RuntimeError("there is no model yet that could follow")
        self.summon()  # it comes up while the photo is opened
        self._following[key] = _Following(label=task.label, trial=task.trial)
        self._looks.submit(key, Prepare(path=task.path, view=self.second.view, seen=task.seen))

    def wait(self, timeout: float, also: Sequence[int] = ()) -> list[tuple[Key, Outcome]]:
        """Return the outcomes that are there within `timeout` seconds; sooner if a descriptor in `also` is readable.

        Raise TransientError if there are tasks, but no worker of the first look can be started for them now;
        PermanentError if those can't do any more what the first one could.
        """
        if self._model is not None:
            also = (*also, *(connection.fileno() for connection in self._model.connections()))
            timeout = min(timeout, self._model.patience())
        outcomes: list[tuple[Key, Outcome]] = []
        for key, answer in self._looks.wait(timeout, also):
            outcomes += self._after_first(key, answer)
        return outcomes + self._from_model()

    def rest(self, idle_s: float) -> None:
        """End the workers that have had nothing to do for `idle_s` seconds; the next task starts new ones."""
        self._looks.rest(idle_s)
        if self._model is not None:
            self._model.rest(idle_s)

    def close(self) -> None:
        """End all workers; tasks under way are dropped."""
        self._looks.close()
        if self._model is not None:
            self._model.close()
        self._following.clear()

    def _after_first(self, key: Key, answer: Answer | Crashed) -> list[tuple[Key, Outcome]]:
        """Take in what a worker of the first look answered."""
        following = self._following.get(key)
        if isinstance(answer, Prepared) and following is not None and self._model is not None:
            if self.away:
                del self._following[key]
                return [(key, Failed(message=self.trouble or "", transient=True, away=True))]
            following.prepared = replace(answer, frames=())
            shown = Shown(frames=answer.frames, label=following.label, trial=following.trial)
            self._model.submit(key, Judge(shown=shown))
            return []
        self._following.pop(key, None)
        if isinstance(answer, Prepared | Judged):
            raise TypeError(f"nobody asked for {answer}")
        return [(key, answer)]

    def _from_model(self) -> list[tuple[Key, Outcome]]:
        """Return what the model's process said."""
        if self._model is None:
            return []
        was_up = self._model.up
        try:
            outcomes = [self._judged(key, answer) for key, answer in self._model.wait(0.0)]
        except RealQAError as error:
            self._let_rest(error)
            return self._given_up(str(error))
        away = [outcome.message for _, outcome in outcomes if isinstance(outcome, Failed) and outcome.away]
        if self._model.trouble is not None:
            away.append(self._model.trouble)
            self._model.trouble = None
            outcomes += self._given_up(away[-1])
        if away:
            self._let_rest(TransientError(away[-1]))
        elif (self._model.up and not was_up) or any(isinstance(outcome, Assessed) for _, outcome in outcomes):
            self.trouble, self._pause_s = None, AWAY_SECONDS
        return outcomes

    def _judged(self, key: Key, answer: Answer | Crashed) -> tuple[Key, Outcome]:
        following = self._following.pop(key)
        prepared = following.prepared
        match answer:
            case Judged(assessment=assessment, elapsed_ms=elapsed_ms) if prepared is not None:
                return key, Assessed(
                    stat=prepared.stat,
                    kind=prepared.kind,
                    width=prepared.width,
                    height=prepared.height,
                    duration_s=prepared.duration_s,
                    facts=prepared.facts,
                    assessment=assessment,
                    elapsed_ms=round(prepared.elapsed_ms + elapsed_ms, 1),
                    examined=prepared.examined,
                )
            case Refused(kind=RefusalKind.UNANSWERED) | Failed():
                return key, answer
            case Crashed(message=message) | Refused(message=message):
                # Whatever ends the model's process or makes it late, it is hardly the picture, which is small and ours.
                return key, Failed(message=f"the model's process: {message}", transient=True)
        raise TypeError(f"the model answered {answer}")

    def _given_up(self, why: str) -> list[tuple[Key, Outcome]]:
        """Take back what the model has; it comes back as failed, no try spent."""
        keys = [] if self._model is None else self._model.withdraw()
        for key in keys:
            del self._following[key]
        return [(key, Failed(message=why, transient=True, away=True)) for key in keys]

    def _let_rest(self, error: RealQAError) -> None:
        self.trouble = str(error)
        pause_s = self._pause_s if isinstance(error, TransientError) else BROKEN_SECONDS
        self._try_again = time.monotonic() + pause_s
        self._pause_s = min(2 * self._pause_s, BROKEN_SECONDS)
