"""What the index hands out: plain data that holds no connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realqa_agent.assessment import Assessment, Decision, Verdict
    from realqa_agent.capture import CaptureFacts
    from realqa_agent.errors import RefusalKind
    from realqa_agent.files import FileStat


Voice = tuple[str, str | None]
"""A scorer and its version; None stands for any version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFile:
    """A present file, and how it looked when last seen."""

    file_id: int
    stat: FileStat


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """An assessment with what is known of the asset that it belongs to."""

    assessment: Assessment
    facts: CaptureFacts
    kind: str
    """`photo` or `clip`."""
    width: int
    height: int
    """Pixels of the upright picture."""
    duration_s: float | None
    elapsed_ms: float
    """What the scoring took."""
    scored_at: str
    """RFC 3339, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file of a shot."""

    file_id: int
    path: Path
    stored: Stored
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A file with all that is known of it."""

    file_id: int
    path: Path
    kind: str | None
    """`photo` or `clip`; None until it is scored."""
    sha256: str | None
    """The hash of the content that was scored; None until then."""
    stored: Stored | None
    """The assessment in force."""
    verdict: Verdict | None
    refusal: tuple[RefusalKind, str] | None
    missing: bool
    """It was seen once and is not there any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A line of a file's history."""

    at: str
    """RFC 3339, UTC."""
    event: str
    detail: str
    who: str
    """`agent`, `cull`, `undo` or `human`."""
    run: str | None
    """In which run of that program a file of the user's was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """Counts over the whole index."""

    files: int
    """Present files; the next two and the verdicts count among them."""
    scored: int
    refused: int
    missing: int
    """Files that are not there any more."""
    assets: int
    """Different contents ever scored."""
    by_decision: Mapping[Decision, int]
    """How many present files have which verdict; all three are there."""
