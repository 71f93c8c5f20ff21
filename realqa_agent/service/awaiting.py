"""Waits for the agent: until photos that were handed to it have their results in index and sidecars."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from realqa_agent.queue.records import Priority, State
from realqa_agent.queue.steering import Steering

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from realqa_agent.index.store import Index

LOOK_SECONDS = 0.5


def first_try_over(index: Index, photos: Collection[Path], *, works: Callable[[], bool], patience_s: float) -> bool:
    """Wait until each photo was tried once; False if the agent ends before that, or takes longer.

    What the model has to say later is not waited for. `works` tells whether the agent does.
    """
    steering, end = Steering(index), time.monotonic() + patience_s
    while any(
        standing.state is State.RUNNING or (standing.state is State.QUEUED and standing.attempts == 0)
        for standing in steering.standing_at(photos).values()
        if standing.priority < Priority.FOLLOW
    ):
        if time.monotonic() > end or not works():
            return False
        time.sleep(LOOK_SECONDS)
    return True
