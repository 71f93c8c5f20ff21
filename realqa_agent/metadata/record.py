"""The words of this room: what is to be written about a file, and who owns a field. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realqa_agent.assessment import Assessment, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What was assessed: the bytes of a file, and the picture or clip in them."""

    sha256: str
    """64 hexadecimal digits, lower case."""
    kind: str
    """`photo` or `clip`."""
    width: int
    height: int
    """Pixels of the upright picture."""
    duration_s: float | None
    """Of a clip."""
    elapsed_ms: float
    """What the scoring took."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What the agent has to say about one file."""

    assessment: Assessment
    verdict: Verdict
    stars: int | None
    """-1 (rejected) to 5; None: rating and pick label are none of our business."""
    scored_at: str
    """RFC 3339, UTC."""
    content: Content | None = None
    """None: what is written must not, or can't, say of which bytes it tells."""


class Field(StrEnum):
    """What agent, humans and other programs share in a sidecar."""

    RATING = "rating"
    PICK = "pick"
    KEYWORDS = "keywords"


class Who(StrEnum):
    """Who did something to a file."""

    AGENT = "agent"
    CULL = "cull"
    """A person, by `realqa cull --apply`."""
    UNDO = "undo"
    """A person, by `realqa undo`."""
    PLUGIN = "plugin"
    """The agent's plugin in another program: by itself, or because a person clicked there."""
    HUMAN = "human"
    """A person, in another program; seen by us, later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a write does to one field, for people."""

    field: str
    before: str | None
    """None: the field is not there. Of a list, the entries that go."""
    after: str | None
    """Of a list, the entries that come."""


def spoken(change: Change) -> str:
    """Return a change as people read it."""
    return f"{change.field} {change.before or 'none'} \N{RIGHTWARDS ARROW} {change.after or 'none'}"


class Owner(StrEnum):
    """Whose a field is, as far as the index remembers."""

    AGENT = "agent"
    """The agent wrote the value and may change it as long as the sidecar still says the same."""
    PLUGIN = "plugin"
    """The agent's plugin set the value inside another program, which keeps no mark of the agent's beside it."""
    HUMAN = "human"
    """A human gave the value, or changed what the agent had written: left alone for ever."""
    NOBODY = "nobody"
    """darktable gave the value at import; true as long as the sidecar has the hash that is remembered with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """The index's copy of one field: a number as text ("" for none), our keywords joined by `;`, or a hash."""

    owner: Owner
    value: str


Memory = Mapping[Field, Remembered]
"""What the index remembers of one file; a field that nobody owns is absent."""


def columns_of(memory: Memory) -> dict[str, tuple[str, str]]:
    """Return a memory as the index keeps it: field → (owner, value)."""
    return {field.value: (kept.owner.value, kept.value) for field, kept in memory.items()}


def memory_in(columns: Mapping[str, Sequence[str]]) -> Memory:
    """Undo `columns_of`."""
    return {Field(field): Remembered(owner=Owner(owner), value=value) for field, (owner, value) in columns.items()}
