"""From all that a model answered about one picture to an assessment.

Each score is rescaled from the scale of the adapter that gave it; the raw one stays in the measures, with its scale.
Nothing is clamped: a number off its scale is no answer, and a picture without a quality or an aesthetic score has no
assessment. Adapters are asked by role (`who_answers`): one that was trained on composite scores answers for quality
and aesthetic too where these have none of their own, but one trained on technical quality is never asked for taste.

What could not be read is counted in the measures: `answers_unread` of the attributes that were asked for,
`frames_unanswered` of a clip's frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from realqa_agent.assessment import ATTRIBUTES, HIGHEST, LOWEST, Assessment, Judgement, Uncertainty
from realqa_agent.errors import UserError
from realqa_agent.scoring import clips
from realqa_agent.scoring.mllm import answers, digits
from realqa_agent.scoring.mllm.answers import Unanswered
from realqa_agent.scoring.mllm.prompts import NUMBERS
from realqa_agent.scoring.mllm.questions import DigitBelief
from realqa_agent.scoring.mllm.vocabulary import quoted, unknown
from realqa_agent.scoring.view import Silence

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from realqa_agent.scoring.mllm.answers import Told
    from realqa_agent.scoring.mllm.questions import Answer, Scale
    from realqa_agent.scoring.view import Decimals, Frame, Trial

Decode = Literal["expectation", "greedy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The answer to a score question, and the scale of the adapter that gave it."""

    answer: DigitBelief | Answer
    """A text has to begin with the forced start, and tells of no spread."""
    scale: Scale


@dataclass(frozen=True, kw_only=True, slots=True)
class _Score:
    """One score as it was given."""

    raw: float
    scale: Scale
    spread: float | None
    mass: float | None

    @property
    def score(self) -> float:
        return LOWEST + (self.raw - self.scale.low) * self._stretch

    @property
    def uncertainty(self) -> float | None:
        return None if self.spread is None else self.spread * self._stretch

    @property
    def _stretch(self) -> float:
        return (HIGHEST - LOWEST) / (self.scale.high - self.scale.low)


def who_answers(roles: Collection[str]) -> dict[str, str]:
    """Given the adapters' roles (of `NUMBERS`), return which of them answers each score question.

    Raise UserError if none can answer for quality or for aesthetic.
    """
    chosen = {"overall": "overall"} if "overall" in roles else {}
    for name in ("quality", "aesthetic"):
        role = next((role for role in (name, "overall") if role in roles), None)
        if role is None:
            raise UserError(f"no adapter answers for {name}: name one for `{name}` or one for `overall`")
        chosen[name] = role
    return chosen


def assess(
    *,
    scorer: str,
    version: str,
    numbers: Mapping[str, Given],
    told: Sequence[Told],
    decode: Decode = "expectation",
) -> Assessment | Silence:
    """Return the assessment of one picture.

    `numbers` are the answers to the score questions asked; those to `quality` and `aesthetic` are needed. Without
    `overall`, the plain mean of the two is what albums are sorted by, and no `raw_overall` says that it was composed.
    `told` is what texts say of the attributes, the most trusted first.
    """
    read = {name: _read(numbers[name], decode) for name in NUMBERS if name in numbers}
    if failed := {name: one for name, one in read.items() if isinstance(one, Unanswered)}:
        return Silence(reason="; ".join(f"{name}: {one.why} ({quoted(one.raw)})" for name, one in failed.items()))
    scores = {name: one for name, one in read.items() if isinstance(one, _Score)}
    quality, aesthetic = scores["quality"], scores["aesthetic"]
    return Assessment(
        scorer=scorer,
        version=version,
        quality=quality.score,
        aesthetic=aesthetic.score,
        overall=scores["overall"].score if "overall" in scores else (quality.score + aesthetic.score) / 2,
        attributes=judgements(told),
        measures=_measures(scores) | _unread(told),
        uncertainty=None
        if quality.uncertainty is None or aesthetic.uncertainty is None
        else Uncertainty(quality=quality.uncertainty, aesthetic=aesthetic.uncertainty),
    )


def on_trial(
    trial: Trial, given: Given, first: Assessment, *, scorer: str, version: str, decode: Decode
) -> Assessment | Silence:
    """Return the first look's assessment with one score of the model's in the place of its own; for evaluation alone.

    What the model was not asked for stays the first look's, and says nothing of the model.
    """
    read = _read(given, decode, trial.decimals)
    if isinstance(read, Unanswered):
        return Silence(reason=f"{trial.score}: {read.why} ({quoted(read.raw)})")
    return replace(
        first,
        scorer=scorer,
        version=version,
        quality=read.score if trial.score == "quality" else first.quality,
        aesthetic=read.score if trial.score == "aesthetic" else first.aesthetic,
        overall=read.score if trial.score == "overall" else first.overall,
        measures={**first.measures, **_measures({trial.score: read})},
        uncertainty=None,
    )


def pooled(frames: Sequence[Frame], judged: Sequence[Assessment | Silence]) -> Assessment | Silence:
    """Return what was made of a photo, or of a clip's frames together, of which half have to have a score."""
    if frames[0].at_s is None:
        return judged[0]
    silent = [one for one in judged if isinstance(one, Silence)]
    if 2 * len(silent) > len(frames):
        return Silence(reason=f"{len(silent)} of {len(frames)} frames have no score; the first: {silent[0].reason}")
    whole = clips.pooled(
        [(frame.at_s, one) for frame, one in zip(frames, judged, strict=True) if isinstance(one, Assessment)]
    )
    return replace(whole, measures={**whole.measures, "frames_unanswered": float(len(silent))})


def written(label: float, scale: Scale) -> str | None:
    """Return what people gave, 1 to 10, as a model with this scale would write it; None for what has no such form."""
    text = f"{scale.low + (label - LOWEST) * (scale.high - scale.low) / (HIGHEST - LOWEST):.2f}"
    return text if digits.WRITTEN.fullmatch(text) else None


def against(name: str, label: str, places: Sequence[Sequence[float]]) -> dict[str, float]:
    """Return how the answer to a score question fits a label, as measures on the scale of who gave it.

    `places` are the shares of the ten digits at each digit of the label. They are for evaluation, and no scores.
    """
    found = {f"ncm_{name}": digits.ncm(places), f"ncm_star_{name}": digits.ncm_star(places, label)}
    return {measure: value for measure, value in found.items() if value is not None}


def judgements(told: Sequence[Told]) -> dict[str, Judgement]:
    """Return all ten attributes: of several texts, the first with a value counts."""
    found: dict[str, Judgement] = {}
    things: dict[str, str] = {}
    for one in told:
        things |= {what: name for what, name in one.things.items() if what not in things}
        for name, judgement in one.judgements.items():
            if name not in found or (found[name].score is None and judgement.score is not None):
                found[name] = judgement
    if things:
        found["subject_and_background"] = _names(things)
    silent = unknown("the model said nothing of it")
    return {name: found.get(name, silent) for name in ATTRIBUTES}


def _names(things: Mapping[str, str]) -> Judgement:
    """Return the judgement that keeps the names of things, which can't be ranked."""
    said = ", ".join(f"{what} {quoted(name)}" for what, name in things.items())
    return unknown(f"{said}: a name has no rank")


def _read(given: Given, decode: Decode, decimals: Decimals = 2) -> _Score | Unanswered:
    answer, scale = given.answer, given.scale
    if not isinstance(answer, DigitBelief):
        told = answers.number(answer, scale)
        if isinstance(told, Unanswered):
            return told
        return _Score(raw=max(scale.low, digits.shortened(told, decimals)), scale=scale, spread=None, mass=None)
    if why := digits.why_unsure(answer):
        return Unanswered(raw=answer.greedy, why=why)
    expected = digits.expectation(answer)
    said = expected.read if decode == "expectation" else float(answer.greedy)
    if not scale.low <= said <= scale.high:
        return Unanswered(raw=answer.greedy, why=f"{said:.2f} is not on the scale from {scale.low:g} to {scale.high:g}")
    raw = digits.expected_to(answer, decimals) if decode == "expectation" else digits.shortened(said, decimals)
    # What isn't read is our guess: it can't carry a number past the ends of the scale that the model kept to.
    raw = min(max(scale.low, raw), scale.high)
    return _Score(raw=raw, scale=scale, spread=expected.spread, mass=answer.mass)


def _unread(told: Sequence[Told]) -> dict[str, float]:
    """Return the measure that counts attributes whose answers could not be read; none if nothing was asked."""
    return {"answers_unread": float(len({name for one in told for name in one.unread}))} if told else {}


def _measures(scores: Mapping[str, _Score]) -> dict[str, float]:
    measures: dict[str, float] = {}
    for name, one in scores.items():
        measures |= {f"raw_{name}": one.raw, f"raw_{name}_low": one.scale.low, f"raw_{name}_high": one.scale.high}
        if one.mass is not None:
            measures[f"digit_mass_{name}"] = one.mass
    return measures
