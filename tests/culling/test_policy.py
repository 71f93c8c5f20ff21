from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, ClipSummary, Decision, Judgement, Verdict
from realqa_agent.capture import CaptureFacts
from realqa_agent.config import Culling, Profile
from realqa_agent.culling.policy import judge

SEVERITY = {Decision.KEEP: 0, Decision.REVIEW: 1, Decision.REJECT: 2}
PROFILES = Culling().profiles
CAREFUL, STRICT = PROFILES["careful"], PROFILES["strict"]
NO_FACTS = CaptureFacts()
DAYLIGHT = CaptureFacts(shutter_s=1 / 500, aperture=8, iso=100)
EVIDENCE = ("image_clarity", "exposure")

WORDS = {"image_clarity": "very blurry", "exposure": "underexposed"}
NOT_LOOKED_AT = Judgement(value=UNKNOWN, score=None, reason="no edges to judge by")


def assessed(
    scores: Mapping[str, float | None] = MappingProxyType({}),
    *,
    quality: float = 8,
    measures: Mapping[str, float] | None = None,
    clip: ClipSummary | None = None,
    words: Mapping[str, str] = WORDS,
) -> Assessment:
    """All attributes good, but for those named."""

    def judgement(name: str) -> Judgement:
        score = scores.get(name, 9.0)
        if score is None:
            return NOT_LOOKED_AT
        return Judgement(value=words.get(name, "some word"), score=score, reason=f"what was measured of {name}")

    return Assessment(
        scorer="test",
        version="1",
        quality=quality,
        aesthetic=5,
        overall=5,
        attributes={name: judgement(name) for name in ATTRIBUTES},
        measures=measures or {},
        clip=clip,
    )


def decision(assessment: Assessment, facts: CaptureFacts = NO_FACTS, profile: Profile = CAREFUL) -> Decision:
    return judge(assessment, facts, profile).decision


def test_a_good_photo_is_kept_without_a_word() -> None:
    assert judge(assessed(), DAYLIGHT, CAREFUL) == Verdict(decision=Decision.KEEP)


@pytest.mark.parametrize("name", EVIDENCE)
def test_a_spoilt_photo_is_rejected_with_attribute_word_and_evidence(name: str) -> None:
    verdict = judge(assessed({name: 1.4}), DAYLIGHT, CAREFUL)
    assert verdict.decision is Decision.REJECT
    (reason,) = verdict.reasons
    for part in (name.replace("_", " "), WORDS[name], "1.4", f"what was measured of {name}"):
        assert part in reason


@pytest.mark.parametrize("name", EVIDENCE)
@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (CAREFUL.reject_below - 0.01, Decision.REJECT),
        (CAREFUL.reject_below, Decision.REVIEW),
        (CAREFUL.review_below - 0.01, Decision.REVIEW),
        (CAREFUL.review_below, Decision.KEEP),
    ],
)
def test_a_threshold_is_the_first_score_that_passes(name: str, score: float, expected: Decision) -> None:
    assert decision(assessed({name: score}), DAYLIGHT) is expected


@pytest.mark.parametrize("name", EVIDENCE)
def test_what_is_unknown_is_looked_at_by_a_person(name: str) -> None:
    verdict = judge(assessed({name: None}), DAYLIGHT, CAREFUL)
    assert verdict.decision is Decision.REVIEW
    (reason,) = verdict.reasons
    assert NOT_LOOKED_AT.reason in reason


def test_poor_quality_alone_asks_for_a_look_and_no_more() -> None:
    verdict = judge(assessed(quality=1), DAYLIGHT, STRICT)
    assert verdict.decision is Decision.REVIEW
    assert "quality" in verdict.reasons[0]


@pytest.mark.parametrize("name", [name for name in ATTRIBUTES if name not in EVIDENCE])
def test_taste_is_no_ground(name: str) -> None:
    assert decision(assessed({name: 1.0}), DAYLIGHT, STRICT) is Decision.KEEP
    assert decision(assessed({name: None}), DAYLIGHT, STRICT) is Decision.KEEP


def test_a_reject_gives_its_doubts_as_well() -> None:
    verdict = judge(assessed({"image_clarity": 1.2, "exposure": 4}, quality=2), DAYLIGHT, CAREFUL)
    assert verdict.decision is Decision.REJECT
    assert [reason.split()[0] for reason in verdict.reasons] == ["image", "exposure", "quality"]


def test_the_strict_profile_asks_and_rejects_sooner() -> None:
    for score in (3.0, 5.0):
        assessment = assessed({"exposure": score})
        assert SEVERITY[decision(assessment, DAYLIGHT, STRICT)] == SEVERITY[decision(assessment, DAYLIGHT)] + 1


@pytest.mark.parametrize("key", Profile.model_fields)
def test_every_threshold_changes_an_outcome(key: str) -> None:
    threshold = getattr(CAREFUL, key)
    raised = CAREFUL.model_copy(update={key: threshold + 0.01})
    for name in EVIDENCE:
        at_the_edge = assessed({name: threshold})
        assert SEVERITY[decision(at_the_edge, DAYLIGHT, raised)] == SEVERITY[decision(at_the_edge, DAYLIGHT)] + 1


BLOWN = {"exposure": "overexposed"}
STRANGE = {"exposure": "odd"}
BRIGHTER = CaptureFacts(exposure_bias_ev=2.0)
DARKER = CaptureFacts(exposure_bias_ev=-2.0)


@pytest.mark.parametrize(
    ("assessment", "facts"),
    [
        (assessed({"image_clarity": 1.5}), CaptureFacts(shutter_s=2.0)),
        (assessed({"exposure": 1.5}), CaptureFacts(shutter_s=8.0, aperture=2.8, iso=3200)),
        (assessed({"exposure": 1.5}), DARKER),
        (assessed({"exposure": 1.5}, words=BLOWN), BRIGHTER),
        (assessed({"exposure": 1.5}, words=STRANGE), BRIGHTER),
        (assessed({"exposure": 1.5}, words=STRANGE), DARKER),
        (assessed({"exposure": 1.5}, words=BLOWN, measures={"clipped_high": 0.0}), NO_FACTS),
        (assessed({"exposure": 1.5}, measures={"monochrome": 1.0, "contrast": 80.0}), NO_FACTS),
    ],
)
def test_what_may_be_wanted_is_left_to_a_person(assessment: Assessment, facts: CaptureFacts) -> None:
    verdict = judge(assessment, facts, CAREFUL)
    assert verdict.decision is Decision.REVIEW
    (reason,) = verdict.reasons
    assert "Against a reject" in reason
    assert decision(assessed({"exposure": 1.5, "image_clarity": 1.5}), DAYLIGHT) is Decision.REJECT


def test_an_intention_counts_for_its_own_fault_only() -> None:
    assert decision(assessed({"exposure": 1.5}, words=BLOWN), DARKER) is Decision.REJECT
    assert decision(assessed({"exposure": 1.5}), BRIGHTER) is Decision.REJECT
    assert decision(assessed({"image_clarity": 1.5}), BRIGHTER) is Decision.REJECT
    both = judge(assessed({"image_clarity": 1.5, "exposure": 1.5}), DARKER, CAREFUL)
    assert both.decision is Decision.REJECT
    assert both.reasons[0].startswith("image clarity")
    assert "Against a reject" in both.reasons[1]


CLIP = ClipSummary(frames=8, mean=5, lowest=1, spread=2, best_at_s=3)


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        ({"best_image_clarity": 2.0}, Decision.REJECT),
        ({"best_image_clarity": 6.0}, Decision.REVIEW),
        ({}, Decision.REVIEW),
    ],
)
def test_a_clip_is_rejected_only_if_its_best_part_fails(best: dict[str, float], expected: Decision) -> None:
    assert decision(assessed({"image_clarity": 1.5}, clip=CLIP, measures=best)) is expected


def test_the_worst_frame_of_a_clip_does_not_count() -> None:
    assert decision(assessed(clip=CLIP)) is Decision.KEEP


SCORES = st.one_of(st.none(), st.floats(1, 10))
FACTS = st.builds(
    CaptureFacts,
    shutter_s=st.one_of(st.none(), st.floats(1 / 8000, 60)),
    aperture=st.one_of(st.none(), st.floats(0.95, 64)),
    iso=st.one_of(st.none(), st.integers(25, 409600)),
    exposure_bias_ev=st.one_of(st.none(), st.floats(-5, 5)),
)
NAMES = ["motion_strength", "sharpness", "sharp_fraction", "contrast", "dark_luma", "median_luma", "top_luma"]
NAMES += ["clipped_high", "colourfulness", "monochrome", "best_image_clarity", "another"]
MEASURES = st.dictionaries(st.sampled_from(NAMES), st.floats(0, 300))


@given(
    one=st.floats(1, 10),
    other=st.floats(1, 10),
    changing=st.sampled_from(EVIDENCE),
    fixed=SCORES,
    facts=FACTS,
    measures=MEASURES,
    profile=st.sampled_from([CAREFUL, STRICT]),
)
def test_a_lower_score_never_makes_a_verdict_milder(
    one: float,
    other: float,
    changing: str,
    fixed: float | None,
    facts: CaptureFacts,
    measures: dict[str, float],
    profile: Profile,
) -> None:
    rest: dict[str, float | None] = dict.fromkeys(EVIDENCE, fixed)
    lower, higher = (
        decision(assessed(rest | {changing: score}, measures=measures), facts, profile)
        for score in sorted((one, other))
    )
    assert SEVERITY[lower] >= SEVERITY[higher]


@given(qualities=st.tuples(st.floats(1, 10), st.floats(1, 10)).map(sorted), clarity=SCORES, exposure=SCORES)
def test_lower_quality_never_makes_a_verdict_milder(
    qualities: list[float], clarity: float | None, exposure: float | None
) -> None:
    scores = {"image_clarity": clarity, "exposure": exposure}
    lower, higher = (decision(assessed(scores, quality=quality), DAYLIGHT) for quality in qualities)
    assert SEVERITY[lower] >= SEVERITY[higher]


@given(known=st.floats(3.5, 10), quality=st.floats(1, 10), facts=FACTS, name=st.sampled_from(EVIDENCE))
def test_the_unknown_never_rejects(known: float, quality: float, facts: CaptureFacts, name: str) -> None:
    scores: dict[str, float | None] = dict.fromkeys(EVIDENCE, known)
    scores[name] = None
    assert decision(assessed(scores, quality=quality), facts, STRICT) is Decision.REVIEW


@given(clarity=SCORES, exposure=SCORES, quality=st.floats(1, 10), facts=FACTS, measures=MEASURES)
def test_whatever_is_not_kept_says_why(
    clarity: float | None, exposure: float | None, quality: float, facts: CaptureFacts, measures: dict[str, float]
) -> None:
    verdict = judge(
        assessed({"image_clarity": clarity, "exposure": exposure}, quality=quality, measures=measures), facts, CAREFUL
    )
    assert bool(verdict.reasons) == (verdict.decision is not Decision.KEEP)
    assert all(reason and "None" not in reason for reason in verdict.reasons)
