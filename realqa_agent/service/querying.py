"""What plugins of other programs ask: what is to be set for some photos, whose the values there are, who is at work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from realqa_agent.culling.stars import stars
from realqa_agent.metadata.keywords import entries, keywords_for
from realqa_agent.metadata.ownership import number
from realqa_agent.metadata.packet import PICKS
from realqa_agent.metadata.record import Field, Owner, memory_in
from realqa_agent.metadata.sidecar import shown
from realqa_agent.queue import records as queue
from realqa_agent.queue.jobs import Queue
from realqa_agent.queue.steering import Steering
from realqa_agent.service.lock import LIVE, holder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.config import Config
    from realqa_agent.index.store import Index, Row
    from realqa_agent.metadata.record import Memory, Remembered
    from realqa_agent.queue.records import Standing

RATE_WINDOW_SECONDS = 600.0
"""The rate is that of the last ten minutes, or since the first file in them."""


class State(StrEnum):
    """How far the agent is with a photo."""

    SCORED = "scored"
    QUEUED = "queued"
    """A result is still to come."""
    REFUSED = "refused"
    """There is none, and none will come until somebody does something about it."""
    GONE = "gone"
    """The file is no longer there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What there is to say of one photo."""

    row: Row
    state: State
    reasons: tuple[str, ...]
    """Of the verdict, and what taste did to the score; or why there is no result."""
    stars: int | None
    """What the agent suggests: -1 (reject), 1 to 5; None if there is no result."""
    stars_written: int | None
    """What the agent, or a plugin on its behalf, wrote last and still owns."""
    stars_unread: bool
    """They stand in the sidecar as the agent wrote them: a program that imported the photo before never read them."""
    human: bool
    """A human owns the stars."""
    pick: int | None
    """The pick label that goes with the stars: 1 rejected, 2 pending, 3 accepted."""
    pick_written: int | None
    """As `stars_written`."""
    keywords: tuple[str, ...]
    keywords_written: tuple[str, ...]
    """What was written last and not taken back; one of them that is not on the photo was removed by a human."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """How the agent fares."""

    agent: str
    """`runs`, `rests` or `stopped`."""
    why: str
    """Why it rests or is stopped, for people."""
    left: int
    """Files that wait or are under way."""
    eta_seconds: int | None
    """None if nothing tells how fast it goes."""


def answers(index: Index, config: Config, paths: Sequence[Path]) -> dict[Path, Answer]:
    """Return what there is to say of photos; those that the index never saw are left out."""
    # In this order: a job that ends in between leaves its result.
    standings = Steering(index).standing_at(paths)
    memories = index.memories(paths)
    return {
        row.path: _answer(row, standings.get(row.path), memory_in(memories.get(row.file_id, {})), config)
        for row in index.several(paths)
    }


def pulse(index: Index, config: Config) -> Pulse:
    """Return how the agent of an index fares."""
    process = holder(index.database.file)
    live = index.left(LIVE) if process else None
    resting = live["resting"] if live is not None and live["process"] == process else []
    paused = Steering(index).paused_since()
    counts = Queue(index, config.queue).counts()
    left = counts.queued + counts.running
    rate = index.scoring_rate(index.clock(), RATE_WINDOW_SECONDS)
    word = "stopped" if process is None else "rests" if resting or paused else "runs"
    why = [*resting, *([f"the queue is paused since {paused}"] if paused and not resting else [])]
    if process is None:
        why.insert(0, "no agent runs")
    return Pulse(agent=word, why="; ".join(why), left=left, eta_seconds=round(left / rate) if left and rate else None)


def _answer(row: Row, standing: Standing | None, memory: Memory, config: Config) -> Answer:
    state = _state(row, standing)
    rating, keywords = memory.get(Field.RATING), memory.get(Field.KEYWORDS)
    suggested: int | None = None
    pick: int | None = None
    wanted: tuple[str, ...] = ()
    if state is State.SCORED and row.stored is not None and row.verdict is not None:
        suggested = stars(row.stored.assessment, row.verdict, config.culling.stars_from)
        pick = PICKS[row.verdict.decision]
        wanted = keywords_for(row.stored.assessment, row.verdict) if config.metadata.keywords else ()
    return Answer(
        row=row,
        state=state,
        reasons=_reasons(row, state, standing),
        stars=suggested,
        stars_written=_number_of(rating),
        stars_unread=_unread(row.path, rating),
        human=rating is not None and rating.owner is Owner.HUMAN,
        pick=pick,
        pick_written=_number_of(memory.get(Field.PICK)),
        keywords=wanted,
        keywords_written=_keywords_of(keywords),
    )


def _number_of(kept: Remembered | None) -> int | None:
    """Return the stars or the pick label that are the agent's, as far as the index remembers."""
    value = number(kept.value) if kept is not None and kept.owner in {Owner.AGENT, Owner.PLUGIN} else None
    return None if value is None else int(value)


def _unread(photo: Path, kept: Remembered | None) -> bool:
    """Tell whether the agent's stars are still in the sidecar as it wrote them."""
    there = shown(photo) if kept is not None and kept.owner is Owner.AGENT else None
    rating = None if there is None else number(there.rating)
    return rating is not None and kept is not None and rating == number(kept.value)


def _keywords_of(kept: Remembered | None) -> tuple[str, ...]:
    """Return the agent's keywords; the leaf words that go with them in some sidecars have no `|`."""
    return () if kept is None else tuple(sorted(entry for entry in entries(kept.value) if "|" in entry))


def _state(row: Row, standing: Standing | None) -> State:
    if row.missing:
        return State.GONE
    if row.stored is not None and row.verdict is not None:
        return State.SCORED
    if standing is None:
        return State.QUEUED if row.refusal is None else State.REFUSED
    return State.QUEUED if standing.state in {queue.State.QUEUED, queue.State.RUNNING} else State.REFUSED


def _reasons(row: Row, state: State, standing: Standing | None) -> tuple[str, ...]:
    if state is State.SCORED and row.stored is not None and row.verdict is not None:
        taste = row.stored.assessment.taste_told
        return row.verdict.reasons if taste is None else (*row.verdict.reasons, taste)
    if row.refusal is not None:
        kind, message = row.refusal
        return (f"{kind}: {message}",)
    if standing is None:
        return ()
    if standing.state is queue.State.DROPPED:
        return ("it was taken out of the queue; `realqa queue retry PATH` brings it back",)
    return (standing.error,) if standing.error else ()
