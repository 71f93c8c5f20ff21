"""Take a result out of a sidecar, when the index knows nothing of a photo: it was lost, or is another computer's.

A sidecar may come from anybody, so nothing in it is taken over unless it is about exactly these bytes and this version
of the scorer, and all of it is what the agent could have written. Else the photo is scored as any other.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from realqa_agent.assessment import (
    ATTRIBUTES,
    Assessment,
    ClipSummary,
    Decision,
    Judgement,
    Uncertainty,
    Verdict,
    check_score,
)
from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.packet import check_schema, model_of
from realqa_agent.metadata.record import Content
from realqa_agent.metadata.sidecar import sidecar_of
from realqa_agent.metadata.snapshot import snapshot
from realqa_agent.metadata.xmp import LARGEST_BYTES, Packet, PacketError, TangledError, speakable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

LONGEST_TEXT = 4000
"""Characters of an explanation; ours have some hundred, and a hostile sidecar would bring megabytes into the index."""

MOST_MEASURES = 500

_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?(e[+-]?[0-9]{1,3})?")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""No text of ours has these; some steer a terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled:
    """What a sidecar says of the file beside it."""

    assessment: Assessment
    scored_at: str
    """RFC 3339, UTC."""
    content: Content
    verdict: Verdict
    """What was suggested then. Settings and the other files of the shot may say otherwise now."""

    def suggests(self, verdict: Verdict) -> bool:
        """Tell whether this is the verdict in the sidecar."""
        return self.verdict == Verdict(decision=verdict.decision, reasons=tuple(map(speakable, verdict.reasons)))


def recall(photo: Path, sha256: str, scorer: str, version: str | None) -> Recalled | None:
    """Return what the photo's own sidecar says of these bytes, by this version of a scorer; None if it says nothing.

    Without a version: by any one of that scorer's.

    A sidecar that can't be read is no error here: whoever writes the results meets it again, and says so.
    """
    try:
        there = snapshot(sidecar_of(photo), LARGEST_BYTES + 1)
        return None if there is None else recalled(there.data, sha256, scorer, version)
    except (OSError, PermanentError, TransientError) as error:
        log.debug("%s: nothing is taken from its sidecar: %s", photo, error)
        return None


def recalled(data: bytes, sha256: str, scorer: str, version: str | None) -> Recalled | None:
    """Given a sidecar, return what it says of this content by this version of a scorer, None if it says nothing.

    PacketError if it isn't XMP, or says it in a way that the agent would not.
    """
    packet = Packet(data)
    check_schema(packet)
    try:
        if packet.text(names.CONTENT_HASH) != sha256:
            return None
        spoke = packet.text(names.MODEL) or ""
        if version is None:
            # Written by us, since the hash is: name and version with a space between them, and no name has one.
            version = _line(spoke.partition(" ")[2])
        if spoke != model_of(scorer, version):
            return None
        return _recalled(packet, sha256, scorer, version)
    except (TangledError, ValueError) as error:
        raise PacketError(f"its results are not as the agent writes them: {error}") from error
    except KeyError as error:
        raise PacketError(f"its results lack {error}") from error


def _recalled(packet: Packet, sha256: str, scorer: str, version: str) -> Recalled:
    details = packet.nested(names.DETAILS)
    clip, uncertainty = details.get(names.CLIP), details.get(names.UNCERTAINTY)
    content = _content(details[names.PICTURE], sha256)
    if (content.kind == "clip") != (clip is not None):
        raise ValueError(f"a {content.kind} with the figures of something else")
    assessment = Assessment(
        scorer=scorer,
        version=version,
        quality=_number(_text(packet, names.QUALITY)),
        aesthetic=_number(_text(packet, names.AESTHETIC)),
        # Taste is the photographer's on this computer: the one in force now is put in again later.
        overall=_number(packet.text(names.OVERALL_WITHOUT_TASTE) or _text(packet, names.OVERALL)),
        attributes=_attributes(packet.nested(names.ATTRIBUTES)),
        measures=_measures(packet.array(names.MEASURES)),
        clip=None if clip is None else _clip(clip),
        uncertainty=None
        if uncertainty is None
        else Uncertainty(quality=_number(uncertainty[names.QUALITY]), aesthetic=_number(uncertainty[names.AESTHETIC])),
    )
    reasons = tuple(packet.array(names.VERDICT_REASONS))
    return Recalled(
        assessment=assessment,
        scored_at=_time(_text(packet, names.SCORED_AT)),
        content=content,
        verdict=Verdict(decision=Decision(_text(packet, names.VERDICT)), reasons=reasons),
    )


def _content(fields: Mapping[str, str], sha256: str) -> Content:
    if fields[names.KIND] not in {"photo", "clip"}:
        raise ValueError(f"{fields[names.KIND]!r} is neither photo nor clip")
    duration = fields.get(names.DURATION)
    return Content(
        sha256=sha256,
        kind=fields[names.KIND],
        width=_count(fields[names.WIDTH]),
        height=_count(fields[names.HEIGHT]),
        duration_s=None if duration is None else _positive(duration),
        elapsed_ms=_positive(fields[names.ELAPSED]),
    )


def _attributes(structs: Mapping[str, Mapping[str, str]]) -> dict[str, Judgement]:
    found = {}
    for name in ATTRIBUTES:
        fields = structs[names.own(name)]
        score = fields.get(names.SCORE)
        found[name] = Judgement(
            value=_line(fields[names.VALUE]),
            score=None if score is None else _number(score),
            reason=_line(fields[names.EXPLANATION]),
        )
    return found


def _measures(texts: list[str]) -> dict[str, float]:
    parts = [_line(text).rpartition(" ") for text in texts]
    measures = {name: _number(figure) for name, _, figure in parts}
    if len(measures) < len(texts) or len(texts) > MOST_MEASURES:
        raise ValueError("measures that are too many, or say two things")
    return measures


def _clip(fields: Mapping[str, str]) -> ClipSummary:
    return ClipSummary(
        frames=_count(fields[names.FRAMES]),
        mean=_score(fields[names.MEAN]),
        lowest=_score(fields[names.LOWEST]),
        spread=_positive(fields[names.SPREAD]),
        best_at_s=_positive(fields[names.BEST_AT]),
    )


# Texts that are as we write them


def _text(packet: Packet, name: str) -> str:
    text = packet.text(name)
    if text is None:
        raise KeyError(name)
    return text


def _line(text: str) -> str:
    if len(text) > LONGEST_TEXT or _CONTROL.search(text):
        raise ValueError("a text that is too long, or has control characters")
    return text


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number")
    return float(text)


def _positive(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 1e12:
        raise ValueError(f"{text} is out of range")
    return value


def _score(text: str) -> float:
    value = _number(text)
    check_score("a frame's score", value)
    return value


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a count")
    return int(text)


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a time in UTC")
    datetime.fromisoformat(text)
    return text
