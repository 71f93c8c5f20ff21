"""From an assessment to a verdict.

Only clarity and exposure can reject, since only they tell of a frame that is spoilt for every purpose. An
attribute that is unknown never rejects; that it is unknown is a reason to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.assessment import Decision, Verdict
from realqa_agent.culling import intentions
from realqa_agent.culling.shots import agree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realqa_agent.assessment import Assessment, Judgement
    from realqa_agent.capture import CaptureFacts
    from realqa_agent.config import Profile

EVIDENCE = ("image_clarity", "exposure")
"""The attributes that a verdict hangs on."""


def judge_shot(looks: Mapping[str, tuple[Assessment, CaptureFacts]], profile: Profile) -> dict[str, Verdict]:
    """Given what was seen in the files of one shot, by file name, return the verdicts that hold for them together."""
    return agree({name: judge(assessment, facts, profile) for name, (assessment, facts) in looks.items()})


def judge(assessment: Assessment, facts: CaptureFacts, profile: Profile) -> Verdict:
    """Return keep, review or reject, with a sentence for each ground.

    Reject: clarity or exposure under `reject_below`, and nothing that speaks for intention; in a clip, its best
    part must be under it too. Review: clarity, exposure or quality under `review_below`, or unknown.
    """
    rejecting: list[str] = []
    doubts: list[str] = []
    for name in EVIDENCE:
        judgement = assessment.attributes[name]
        said = _sentence(name, judgement)
        if judgement.score is None:
            doubts.append(said)
        elif judgement.score < profile.reject_below:
            defence = "; ".join(_defence(name, assessment, facts, profile))
            if defence:
                doubts.append(f"{said}. Against a reject: {defence}")
            else:
                rejecting.append(said)
        elif judgement.score < profile.review_below:
            doubts.append(said)
    if assessment.quality < profile.review_below:
        doubts.append(f"quality {assessment.quality:.1f}, under {profile.review_below:.1f}")
    if rejecting:
        return Verdict(decision=Decision.REJECT, reasons=(*rejecting, *doubts))
    if doubts:
        return Verdict(decision=Decision.REVIEW, reasons=tuple(doubts))
    return Verdict(decision=Decision.KEEP)


def _sentence(name: str, judgement: Judgement) -> str:
    words = name.replace("_", " ")
    score = "" if judgement.score is None else f" {judgement.score:.1f}"
    return f"{words}{score} ({judgement.value}): {judgement.reason}"


def _defence(name: str, assessment: Assessment, facts: CaptureFacts, profile: Profile) -> Iterator[str]:
    """Yield what speaks against rejecting for one attribute that is scored under `reject_below`."""
    measures = assessment.measures
    if assessment.clip is not None:
        best = measures.get(f"best_{name}")
        if best is None:
            yield "how the clip's best part scores is not known"
        elif best >= profile.reject_below:
            yield f"the clip's best part scores {best:.1f}"
    if name == "image_clarity":
        yield from intentions.for_soft(facts, measures)
        return
    value = assessment.attributes[name].value
    # A word that says neither is defended on both sides.
    if not value.endswith("overexposed"):
        yield from intentions.for_dark(facts, measures)
    if not value.endswith("underexposed"):
        yield from intentions.for_bright(facts, measures)
    yield from intentions.for_hard_contrast(measures)
