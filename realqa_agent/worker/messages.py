"""What the parent and its workers say to each other: plain data, so that the parent needs no decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.assessment import Assessment
    from realqa_agent.capture import CaptureFacts, Embedded
    from realqa_agent.errors import RefusalKind
    from realqa_agent.files import FileStat
    from realqa_agent.media.identity import Identity
    from realqa_agent.scoring.view import Frame, Shown, Trial, View


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A worker's answer to the settings, which it is sent first: the scorer that it built."""

    scorer: str
    version: str
    view: View | None = None
    """How pictures are to be shown to it, if it is a model."""
    at_once: int = 1
    """Tasks that it does together."""
    about: str = ""
    """Where a model runs and how, for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfit:
    """A worker's answer to the settings if it can't score at all; it ends after saying so."""

    message: str
    transient: bool = False
    """It may be able to later: somebody else holds the graphics card's memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examine:
    """Read what is known of a file without judging its pixels."""

    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """Answer to `Examine`."""

    identity: Identity
    embedded: Embedded


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspect:
    """Read the metadata inside a file and nothing else: many files are looked at for the few that a human rated."""

    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspected:
    """Answer to `Inspect`."""

    embedded: Embedded


@dataclass(frozen=True, kw_only=True, slots=True)
class Assess:
    """Open a file and score it."""

    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """What is told of a file whose pictures were looked at."""

    stat: FileStat
    """How the file looked before it was opened."""
    kind: str
    """`photo` or `clip`."""
    width: int
    height: int
    """Pixels of the upright picture that was looked at."""
    duration_s: float | None
    facts: CaptureFacts
    elapsed_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed(_Opened):
    """Answer to `Assess`, and what a `Follow` comes to."""

    assessment: Assessment
    examined: Examined | None = None
    """What else is known of the file, from a `Follow`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The first look at a photo, which need not be made again."""

    sha256: str
    """Of the content that it is of."""
    first: Assessment


@dataclass(frozen=True, kw_only=True, slots=True)
class Follow:
    """Open a file and let the model judge it; two workers do it, one after the other."""

    path: Path
    seen: Seen | None = None
    label: float | None = None
    """What people gave it, 1 to 10, if the model is to be held against that."""
    trial: Trial | None = None
    """What an evaluation wants of the model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepare:
    """Examine a file, open it, and bring its pictures to the size that the model takes."""

    path: Path
    view: View
    seen: Seen | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared(_Opened):
    """Answer to `Prepare`."""

    examined: Examined
    frames: tuple[Frame, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Ask the model about a photo or a clip."""

    shown: Shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Answer to `Judge`."""

    assessment: Assessment
    elapsed_ms: float
    """Its share of the time that the model took for all that it judged together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadFacts:
    """Read what the camera noted of a file whose assessment is known, but not to the index."""

    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class FactsRead:
    """Answer to `ReadFacts`."""

    stat: FileStat
    """How the file looked before it was read."""
    facts: CaptureFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Embed:
    """Make a copy of a photo with this XMP packet inside; the photo itself is not touched."""

    path: Path
    packet: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedCopy:
    """Answer to `Embed`."""

    stat: FileStat
    """How the photo looked while it was read."""
    data: bytes
    """The verified copy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The file can't be scored; trying again won't help until it changes."""

    kind: RefusalKind
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """It didn't work this time."""

    message: str
    transient: bool
    """False for a defect of ours: the message then holds the traceback."""
    leaving: bool = False
    """The worker ends after this answer, and what else it was given goes to another one."""
    away: bool = False
    """What scores can't be asked now: no fault of the file, whose try is not spent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crashed:
    """The worker ended in the middle of this file; said by the pool in the worker's place."""

    message: str


Task = Examine | Inspect | Assess | ReadFacts | Embed | Follow
"""What a crew can be asked for."""

Order = Examine | Inspect | Assess | ReadFacts | Embed | Prepare
"""What one worker of the first look does."""

Answer = Examined | Inspected | Assessed | FactsRead | EmbeddedCopy | Prepared | Judged | Refused | Failed
Outcome = Examined | Inspected | Assessed | FactsRead | EmbeddedCopy | Refused | Failed | Crashed
"""What a task comes to."""
