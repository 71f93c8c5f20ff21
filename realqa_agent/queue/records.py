"""The words of the queue: plain data that holds no connection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.queue.retry import FailureKind


class Priority(IntEnum):
    """Which jobs go first: the smaller number, and among equal ones what came first."""

    IMPORT = 0
    """Came or changed a short while ago: somebody may be waiting for it."""
    BACKLOG = 5
    """Has been there for long: a library that is looked at for the first time."""
    RESCORE = 10
    """Scored already, but by another scorer or version, or its results are to be written again."""
    FOLLOW = 20
    """Has its first look, and the model is to judge it as well; claimed apart from all others."""


class State(StrEnum):
    """Where a job stands. A finished one is deleted."""

    QUEUED = "queued"
    """Waits for its turn, or for the time of its next try."""
    RUNNING = "running"
    """Claimed by an owner until its lease ends."""
    DEAD = "dead"
    """Set aside until somebody asks for it, or the file changes."""
    DROPPED = "dropped"
    """Taken out by a person until they ask for it, or the file changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A claimed job."""

    job_id: int
    file_id: int
    path: Path
    priority: Priority
    attempts: int
    """This one included."""
    crashes: int
    """How often a worker ended in the middle of it so far."""
    owner: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueCounts:
    """Jobs by state."""

    queued: int
    """Could be claimed now."""
    following: int
    """Of them, those that wait for the model."""
    waiting: int
    """To be tried again later."""
    running: int
    dead: int
    unanswered: int
    """Of the dead, those for which the model gave no number."""
    dropped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a job stands, for people. Times are seconds since the epoch."""

    path: Path
    state: State
    priority: Priority
    attempts: int
    queued_at: float
    next_try_at: float
    """When it may be claimed, if it is queued."""
    failure: FailureKind | None
    """How the last try failed; None if there was none that did."""
    error: str | None
    failed_at: float | None
