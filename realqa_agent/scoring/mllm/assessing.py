"""From all that a model answered about one picture to an assessment.

Each score is rescaled from the scale of the adapter that gave it; the raw one stays in the measures, with its scale.
Nothing is clamped: a number off its scale is no answer, and a picture without a quality or an aesthetic score has no
assessment. Adapters are asked by role (`who_answers`): one that was trained on composite scores answers for quality
and aesthetic too where these have none of their own, but one trained on technical quality is never asked for taste.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from realqa_agent.assessment import ATTRIBUTES, HIGHEST, LOWEST, Assessment, Judgement, Uncertainty
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import answers, digits
from realqa_agent.scoring.mllm.answers import Unanswered
from realqa_agent.scoring.mllm.prompts import NUMBERS
from realqa_agent.scoring.mllm.questions import DigitBelief
from realqa_agent.scoring.mllm.vocabulary import quoted, unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from realqa_agent.scoring.mllm.answers import Told
    from realqa_agent.scoring.mllm.questions import Answer, Scale

Decode = Literal["expectation", "greedy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The answer to a score question, and the scale of the adapter that gave it."""

    answer: DigitBelief | Answer
    """A text has to begin with the forced start, and tells of no spread."""
    scale: Scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A picture that the model gave no score: counted and shown, never a number."""

    unanswered: Mapping[str, Unanswered]
    """The questions without an answer, by name."""

    @property
    def reason(self) -> str:
        """What failed, in one line for people."""
        return "; ".join(f"{name}: {one.why} ({quoted(one.raw)})" for name, one in self.unanswered.items())


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
    told: Iterable[Told],
    decode: Decode = "expectation",
) -> Assessment | Failure:
    """Return the assessment of one picture.

    `numbers` are the answers to the score questions asked; those to `quality` and `aesthetic` are needed. Without
    `overall`, the plain mean of the two is what albums are sorted by, and no `raw_overall` says that it was composed.
    `told` is what texts say of the attributes, the most trusted first.
    """
    read = {name: _read(numbers[name], decode) for name in NUMBERS if name in numbers}
    if failed := {name: one for name, one in read.items() if isinstance(one, Unanswered)}:
        return Failure(unanswered=failed)
    scores = {name: one for name, one in read.items() if isinstance(one, _Score)}
    quality, aesthetic = scores["quality"], scores["aesthetic"]
    return Assessment(
        scorer=scorer,
        version=version,
        quality=quality.score,
        aesthetic=aesthetic.score,
        overall=scores["overall"].score if "overall" in scores else (quality.score + aesthetic.score) / 2,
        attributes=judgements(told),
        measures=_measures(scores),
        uncertainty=None
        if quality.uncertainty is None or aesthetic.uncertainty is None
        else Uncertainty(quality=quality.uncertainty, aesthetic=aesthetic.uncertainty),
    )


def judgements(told: Iterable[Told]) -> dict[str, Judgement]:
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


def _read(given: Given, decode: Decode) -> _Score | Unanswered:
    answer, scale = given.answer, given.scale
    if not isinstance(answer, DigitBelief):
        raw = answers.number(answer, scale)
        return raw if isinstance(raw, Unanswered) else _Score(raw=raw, scale=scale, spread=None, mass=None)
    if why := digits.why_unsure(answer):
        return Unanswered(raw=answer.greedy, why=why)
    expected = digits.expectation(answer)
    said = expected.read if decode == "expectation" else float(answer.greedy)
    if not scale.low <= said <= scale.high:
        return Unanswered(raw=answer.greedy, why=f"{said:.2f} is not on the scale from {scale.low:g} to {scale.high:g}")
    # What isn't read is our guess: it can't carry a number past the end of the scale that the model kept to.
    raw = min(expected.value, scale.high) if decode == "expectation" else said
    return _Score(raw=raw, scale=scale, spread=expected.spread, mass=answer.mass)


def _measures(scores: Mapping[str, _Score]) -> dict[str, float]:
    measures: dict[str, float] = {}
    for name, one in scores.items():
        measures |= {f"raw_{name}": one.raw, f"raw_{name}_low": one.scale.low, f"raw_{name}_high": one.scale.high}
        if one.mass is not None:
            measures[f"digit_mass_{name}"] = one.mass
    return measures
