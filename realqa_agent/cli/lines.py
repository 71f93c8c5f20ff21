"""A scored or refused file as the JSON object and the TSV line of the command line's contract."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from realqa_agent.cli.tsv import line as tsv_line

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.assessment import Assessment, Verdict
    from realqa_agent.errors import RefusalKind

TSV_COLUMNS = ("path", "overall", "quality", "aesthetic", "decision", "reason")


def scored(path: Path, kind: str, assessment: Assessment, verdict: Verdict, elapsed_ms: float) -> dict[str, Any]:
    """Return the object of a scored file."""
    line: dict[str, Any] = {
        "path": str(path),
        "ok": True,
        "kind": kind,
        "scorer": assessment.scorer,
        "scorer_version": assessment.version,
        "quality": assessment.quality,
        "aesthetic": assessment.aesthetic,
        "overall": assessment.overall,
        "uncertainty": None if assessment.uncertainty is None else asdict(assessment.uncertainty),
        "taste": None
        if assessment.taste is None
        else {**asdict(assessment.taste), "shift": assessment.taste_shift, "reason": assessment.taste_told},
        "attributes": {
            name: {"value": judgement.value, "score": judgement.score, "reason": judgement.reason}
            for name, judgement in assessment.attributes.items()
        },
        "verdict": {"decision": verdict.decision.value, "reasons": list(verdict.reasons)},
        "elapsed_ms": elapsed_ms,
    }
    if assessment.clip is not None:
        line["clip"] = asdict(assessment.clip)
    return line


def refused(path: Path, kind: RefusalKind, message: str) -> dict[str, Any]:
    """Return the object of a refused file."""
    return {"path": str(path), "ok": False, "error": {"kind": kind.value, "message": message}}


def dump(line: dict[str, Any]) -> str:
    """Return one line of JSON. ASCII only, so that a file name of any bytes survives any pipe."""
    return json.dumps(line, allow_nan=False)


def tsv(line: dict[str, Any]) -> str:
    """Return one line of TSV with the columns `TSV_COLUMNS`."""
    if line["ok"]:
        told = [] if line["taste"] is None else [line["taste"]["reason"]]
        reasons = "; ".join([*line["verdict"]["reasons"], *told])
        cells = [f"{line[name]:.2f}" for name in ("overall", "quality", "aesthetic")]
        cells += [line["verdict"]["decision"], reasons]
    else:
        cells = ["", "", "", "", f"{line['error']['kind']}: {line['error']['message']}"]
    return tsv_line([line["path"], *cells])


def last_line(error: str | None) -> str:
    """Return what of an error fits into a line; of a traceback, the exception."""
    return (error or "").rstrip().rpartition("\n")[2]
