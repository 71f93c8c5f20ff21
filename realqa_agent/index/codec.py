"""Between the shared words and the columns that hold them. Pure functions."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realqa_agent.assessment import Assessment, ClipSummary, Decision, Judgement, Taste, Uncertainty, Verdict
from realqa_agent.capture import CaptureFacts, Region
from realqa_agent.errors import RefusalKind
from realqa_agent.index.records import Row, Stored

if TYPE_CHECKING:
    from realqa_agent.files import FileStat

_UNSIGNED = (1 << 64) - 1


def rfc3339(seconds: float) -> str:
    """Given seconds since the epoch, return the time in UTC, whole seconds: texts sort as the times do."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def epoch(timestamp: str) -> float:
    """Return the seconds since the epoch that `rfc3339` was given, whole."""
    return datetime.fromisoformat(timestamp).timestamp()


def split(path: Path) -> tuple[bytes, bytes]:
    """Return the folder and the name of a path as bytes."""
    return os.path.split(os.fsencode(path))


def join(folder: bytes, name: bytes) -> Path:
    """Return the path of a name in a folder."""
    return Path(os.fsdecode(folder), os.fsdecode(name))


def signed(inode: int) -> int:
    """Return an unsigned 64-bit number as the signed one with the same bits."""
    return inode if inode < 1 << 63 else inode - (1 << 64)


def unsigned(inode: int) -> int:
    """Undo `signed`."""
    return inode & _UNSIGNED


def stat_columns(stat: FileStat) -> dict[str, int]:
    """Return the columns of a file that say how it looks."""
    return {"size": stat.size, "mtime_ns": stat.mtime_ns, "inode": signed(stat.inode)}


def asset_columns(stored: Stored) -> dict[str, Any]:
    """Return the columns of an asset that scoring finds out."""
    return {
        "kind": stored.kind,
        "width": stored.width,
        "height": stored.height,
        "duration_s": stored.duration_s,
        "facts": {name: value for name, value in asdict(stored.facts).items() if value not in (None, ())},
    }


def assessment_columns(stored: Stored) -> dict[str, Any]:
    """Return the columns of an assessment, all but the keys."""
    assessment = stored.assessment
    return {
        "scorer": assessment.scorer,
        "version": assessment.version,
        "quality": assessment.quality,
        "aesthetic": assessment.aesthetic,
        "attributes": {
            name: {"value": judgement.value, "score": judgement.score, "reason": judgement.reason}
            for name, judgement in assessment.attributes.items()
        },
        "measures": dict(assessment.measures),
        "clip": None if assessment.clip is None else asdict(assessment.clip),
        "uncertainty": None if assessment.uncertainty is None else asdict(assessment.uncertainty),
        **taste_columns(assessment),
        "elapsed_ms": stored.elapsed_ms,
        "scored_at": stored.scored_at,
    }


def taste_columns(assessment: Assessment) -> dict[str, Any]:
    """Return the columns of an assessment that the photographer's taste changes."""
    return {
        "overall": assessment.overall,
        "taste": None if assessment.taste is None else asdict(assessment.taste),
    }


def assessment_of(row: Any) -> Assessment:
    """Given a row with the columns of an assessment, return it."""
    return Assessment(
        scorer=row.scorer,
        version=row.version,
        quality=row.quality,
        aesthetic=row.aesthetic,
        overall=row.overall,
        attributes={name: Judgement(**judgement) for name, judgement in row.attributes.items()},
        measures=row.measures,
        clip=None if row.clip is None else ClipSummary(**row.clip),
        uncertainty=None if row.uncertainty is None else Uncertainty(**row.uncertainty),
        taste=None if row.taste is None else Taste(without=row.taste["without"], because=tuple(row.taste["because"])),
    )


def stored_of(row: Any) -> Stored:
    """Given a row with the columns of an assessment and its asset, return what they say."""
    facts = row.facts
    regions = tuple(Region(**region) for region in facts.get("focus_regions", ()))
    return Stored(
        assessment=assessment_of(row),
        facts=CaptureFacts(**{**facts, "focus_regions": regions}),
        kind=row.kind,
        width=row.width,
        height=row.height,
        duration_s=row.duration_s,
        elapsed_ms=row.elapsed_ms,
        scored_at=row.scored_at,
    )


def verdict_of(row: Any) -> Verdict | None:
    """Given a row with the columns of a verdict, return it; None if there is none."""
    if row.decision is None:
        return None
    return Verdict(decision=Decision(row.decision), reasons=tuple(row.reasons))


def row_of(row: Any) -> Row:
    """Given a row with the columns of a file and all that hangs on it, return what they say."""
    return Row(
        file_id=row.file_id,
        path=join(row.folder, row.name),
        kind=row.kind,
        sha256=row.sha256,
        stored=None if row.scorer is None else stored_of(row),
        verdict=verdict_of(row),
        refusal=None if row.refusal_kind is None else (RefusalKind(row.refusal_kind), row.refusal_message),
        missing=row.missing_since is not None,
    )
