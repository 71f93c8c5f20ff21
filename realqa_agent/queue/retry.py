"""When a failed job is tried again, and when it is set aside. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realqa_agent.config import Queue

CRASHES_ALLOWED = 1
"""A file that ends its worker a second time is set aside: chance doesn't strike the same file twice."""


LONGEST_SHARE = 1.2
"""What jitter makes of a pause at most."""


class FailureKind(StrEnum):
    """How the last try of a job ended."""

    TRANSIENT = "transient"
    """It may work later."""
    PERMANENT = "permanent"
    """It won't until the file or the machine changes."""
    CRASH = "crash"
    """The worker process ended in the middle of it."""
    UNANSWERED = "unanswered"
    """The model gave no number, and would give none another time."""
    ABANDONED = "abandoned"
    """The agent ended in the middle of it, and its lease ran out."""


def pause_seconds(kind: FailureKind, *, attempts: int, crashes: int, settings: Queue, jitter: float) -> float | None:
    """Given how a try ended, return the pause before the next one, None for never again.

    `attempts` and `crashes` include this try. The pause grows fourfold with each attempt; `jitter` (0 to 1)
    spreads it by a fifth either way, so that what failed together doesn't come back together.
    """
    if (
        kind in {FailureKind.PERMANENT, FailureKind.UNANSWERED}
        or attempts >= settings.attempts
        or crashes > CRASHES_ALLOWED
    ):
        return None
    if kind is FailureKind.ABANDONED:
        return 0.0
    return settings.backoff_seconds * 4.0 ** (attempts - 1) * (LONGEST_SHARE - 0.4 * (1 - jitter))
