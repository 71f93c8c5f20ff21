"""Many frames' assessments pooled to one for the clip."""

from __future__ import annotations

from collections import Counter
from statistics import fmean, median_low, pstdev
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, ClipSummary, Judgement, Uncertainty

if TYPE_CHECKING:
    from collections.abc import Sequence


def pool(frames: Sequence[tuple[float, Assessment]]) -> Assessment:
    """Given (seconds from the start, assessment) of frames scored as pictures, return the clip's assessment.

    Scores are means. An attribute is told by the frame whose score is nearest to its mean, so that value and score
    agree; it is unknown if it is so in more than half of the frames. Measures are medians, since a mean of angles
    means nothing, and `best_image_clarity` and so on are added. Raise ValueError without frames, or if they come
    from different scorers.
    """
    if not frames:
        raise ValueError("a clip without frames can't be pooled")
    assessments = [assessment for _, assessment in frames]
    if len({(one.scorer, one.version) for one in assessments}) > 1:
        raise ValueError("the frames of a clip were scored by different scorers")
    first = assessments[0]
    overall = [one.overall for one in assessments]
    names = sorted({name for one in assessments for name in one.measures})
    measures = {name: median_low(one.measures[name] for one in assessments if name in one.measures) for name in names}
    return Assessment(
        scorer=first.scorer,
        version=first.version,
        quality=fmean(one.quality for one in assessments),
        aesthetic=fmean(one.aesthetic for one in assessments),
        overall=fmean(overall),
        attributes={name: _pooled([(at, one.attributes[name]) for at, one in frames]) for name in ATTRIBUTES},
        measures=measures | _best(assessments),
        uncertainty=_usual(assessments),
        clip=ClipSummary(
            frames=len(frames),
            mean=round(fmean(overall), 2),
            lowest=min(overall),
            spread=round(pstdev(overall), 2),
            best_at_s=round(max(frames, key=lambda frame: frame[1].overall)[0], 2),
        ),
    )


def pooled(frames: Sequence[tuple[float | None, Assessment]]) -> Assessment:
    """Return the assessment of a photo, which is one frame without a time, or of a clip."""
    timed = [(at_s, assessment) for at_s, assessment in frames if at_s is not None]
    return pool(timed) if timed else frames[0][1]


def _usual(assessments: Sequence[Assessment]) -> Uncertainty | None:
    """Return the frames' mean uncertainty: their errors are much the same, so more frames don't make it smaller."""
    known = [one.uncertainty for one in assessments if one.uncertainty is not None]
    if len(known) < len(assessments):
        return None
    return Uncertainty(quality=fmean(one.quality for one in known), aesthetic=fmean(one.aesthetic for one in known))


def _best(assessments: Sequence[Assessment]) -> dict[str, float]:
    """Return `best_ATTRIBUTE`, its highest score in any frame: a clip is spoilt only if its best part is."""
    scores: dict[str, float] = {}
    for assessment in assessments:
        for name, judgement in assessment.attributes.items():
            if judgement.score is not None:
                scores[f"best_{name}"] = max(judgement.score, scores.get(f"best_{name}", 0.0))
    return scores


def _pooled(judged: Sequence[tuple[float, Judgement]]) -> Judgement:
    """Pool one attribute over the frames."""
    known = [(at, judgement, judgement.score) for at, judgement in judged if judgement.score is not None]
    if 2 * len(known) < len(judged):
        reasons = Counter(judgement.reason for _, judgement in judged if judgement.score is None)
        return Judgement(
            value=UNKNOWN,
            score=None,
            reason=f"unknown in {len(judged) - len(known)} of {len(judged)} frames: {reasons.most_common(1)[0][0]}",
        )
    mean = fmean(score for _, _, score in known)
    at, typical, score = min(known, key=lambda frame: abs(frame[2] - mean))
    lowest = min(score for _, _, score in known)
    over = f"over {len(judged)} frames" if len(known) == len(judged) else f"over {len(known)} of {len(judged)} frames"
    return Judgement(
        value=typical.value,
        score=score,
        reason=f"{over}, mean {mean:.1f}, lowest {lowest:.1f}; typical at {at:.1f} s: {typical.reason}",
    )
