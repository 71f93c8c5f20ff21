"""What a sidecar says so that a result can be taken from it once the index is lost: of which bytes, and all figures.

Scores and explanations stand in fields of their own, which are there for everybody. Capture facts are not written: they
are in the photo. `metadata/recall.py` reads all of it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.metadata import namespaces as names
from realqa_agent.metadata.xmp import TangledError, speakable

if TYPE_CHECKING:
    from realqa_agent.assessment import Assessment
    from realqa_agent.metadata.record import Content, Record
    from realqa_agent.metadata.xmp import Packet


def set_details(packet: Packet, record: Record) -> None:
    """Bring the details in a packet up to date, after all else.

    A packet without them that says everything else already stays as it is: a library of an earlier version's sidecars
    would be rewritten for it, and be copied anew by whatever keeps it in sync.
    """
    content = record.content
    if content is None:
        for name in (names.CONTENT_HASH, names.DETAILS, names.MEASURES):
            packet.remove(name)
        return
    if not packet.changed and not packet.values(names.CONTENT_HASH):
        return
    packet.set_text(names.CONTENT_HASH, content.sha256)
    details, measures = details_of(content, record.assessment), measures_of(record.assessment)
    if not _says(packet, details, measures):
        packet.set_nested(names.DETAILS, details)
        packet.set_array(names.MEASURES, "Seq", measures)


def details_of(content: Content, assessment: Assessment) -> dict[str, dict[str, str]]:
    """Return a struct for each kind of figure; floats so that they read back as the very same."""
    picture = {names.KIND: content.kind, names.WIDTH: str(content.width), names.HEIGHT: str(content.height)}
    if content.duration_s is not None:
        picture[names.DURATION] = _exact(content.duration_s)
    details = {names.PICTURE: {**picture, names.ELAPSED: _exact(content.elapsed_ms)}}
    uncertainty, clip = assessment.uncertainty, assessment.clip
    if uncertainty is not None:
        details[names.UNCERTAINTY] = {
            names.QUALITY: f"{uncertainty.quality:.2f}",
            names.AESTHETIC: f"{uncertainty.aesthetic:.2f}",
        }
    if clip is not None:
        details[names.CLIP] = {
            names.FRAMES: str(clip.frames),
            names.MEAN: _exact(clip.mean),
            names.LOWEST: _exact(clip.lowest),
            names.SPREAD: _exact(clip.spread),
            names.BEST_AT: _exact(clip.best_at_s),
        }
    return details


def measures_of(assessment: Assessment) -> list[str]:
    """Return the measures as texts `name figure`: another package's scorer may give them names that XML can't hold."""
    return [speakable(f"{name} {_exact(value)}") for name, value in assessment.measures.items()]


def _exact(value: float) -> str:
    return repr(float(value))


def _says(packet: Packet, details: dict[str, dict[str, str]], measures: list[str]) -> bool:
    try:
        return packet.nested(names.DETAILS) == details and packet.array(names.MEASURES) == measures
    except TangledError:
        return False
