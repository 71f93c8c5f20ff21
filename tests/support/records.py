"""Assessments, stats and a clock for tests of the index and the queue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, Judgement, Uncertainty
from realqa_agent.capture import CaptureFacts
from realqa_agent.files import Appeared, FileStat
from realqa_agent.index.store import Stored
from realqa_agent.queue.intake import take_in

if TYPE_CHECKING:
    from realqa_agent.index.store import Index

PHOTOS = Path("/photos")


class Clock:
    """Time that moves only when told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def stat(inode: int, *, size: int = 1000, mtime_ns: int = 1) -> FileStat:
    return FileStat(size=size, mtime_ns=mtime_ns, inode=inode)


def sha(content: str) -> str:
    """A stand-in for the hash of a content."""
    return content.encode().hex().zfill(64)


def stored(
    *,
    scorer: str = "firstlook",
    version: str = "1",
    quality: float = 5.0,
    aesthetic: float = 5.0,
    overall: float = 5.0,
    scored_at: str = "2027-01-15T08:00:00Z",
) -> Stored:
    judgements = {name: Judgement(value="good", score=7.0, reason=f"{name} is good") for name in ATTRIBUTES}
    judgements["level_shot"] = Judgement(value=UNKNOWN, score=None, reason="no straight line in sight")
    return Stored(
        assessment=Assessment(
            scorer=scorer,
            version=version,
            quality=quality,
            aesthetic=aesthetic,
            overall=overall,
            attributes=judgements,
            measures={"sharpness": 0.25},
            uncertainty=Uncertainty(quality=0.6, aesthetic=1.1),
        ),
        facts=CaptureFacts(camera="Canon EOS R5", iso=200),
        kind="photo",
        width=6000,
        height=4000,
        duration_s=None,
        elapsed_ms=87.5,
        scored_at=scored_at,
    )


def add(index: Index, path: Path, inode: int) -> int:
    """Take one new file in; return its id."""
    take_in(index, [Appeared(path=path, stat=stat(inode))], exists=lambda _: True)
    row = index.lookup(path)
    assert row is not None
    return row.file_id
