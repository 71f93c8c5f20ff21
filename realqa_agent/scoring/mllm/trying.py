"""Asking a model for one score alone, in one way: what an evaluation wants of it, and nothing that the agent does.

Only that score may fail or count then: an adapter that was trained on technical quality is not asked for taste. A clip
is judged by its frames, each as a picture. A text is held to no form, since a number that the model fails to write is
one of the things that are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from realqa_agent.scoring.mllm import assessing
from realqa_agent.scoring.mllm.assessing import Given
from realqa_agent.scoring.mllm.frames import pixels_of
from realqa_agent.scoring.mllm.prompts import NATURAL, REGULAR
from realqa_agent.scoring.mllm.questions import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.assessment import Assessment
    from realqa_agent.scoring.mllm.assessing import Decode
    from realqa_agent.scoring.mllm.engine import Engine
    from realqa_agent.scoring.mllm.prompts import Prompts
    from realqa_agent.scoring.mllm.questions import Answer, DigitBelief, Question, Scale
    from realqa_agent.scoring.view import Frame, Shown, Silence, Trial

TEXTS = {"natural": NATURAL, "regular": REGULAR}
"""Way of answering to the question for it."""

TEXT_TOKENS = 1024
"""Longest text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trying:
    """A model on trial, with the adapter that it uses now."""

    engine: Engine[Any]
    prompts: Prompts
    scale: Scale
    """Of the numbers that it gives."""
    decode: Decode
    scorer: str
    version: str

    def judged(self, shown: Sequence[Shown], trial: Trial, at_once: int) -> list[Assessment | Silence]:
        """Return the first look at each photo or clip, with the one score of the model's in the place of its own."""
        frames = [(frame, item.label) for item in shown for frame in item.frames]
        judged = iter(
            [
                one
                for start in range(0, len(frames), at_once)
                for one in self._pictures(frames[start : start + at_once], trial)
            ]
        )
        return [assessing.pooled(item.frames, [next(judged) for _ in item.frames]) for item in shown]

    def _pictures(self, frames: Sequence[tuple[Frame, float | None]], trial: Trial) -> list[Assessment | Silence]:
        (question,) = self.prompts.questions([TEXTS.get(trial.answer, trial.score)], scale=self.scale)
        looks = self.engine.look([pixels_of(frame) for frame, _ in frames])
        answers: list[DigitBelief | Answer]
        if question.kind is Kind.NUMBER:
            answers = [one for (one,) in self.engine.numbers(looks, [question])]
            fits = self._fits(looks, question, [label for _, label in frames])
        else:
            answers = [one for (one,) in self.engine.texts(looks, [question], limit=TEXT_TOKENS)]
            fits = [{} for _ in frames]
        return [
            assessing.on_trial(
                trial,
                Given(answer=answer, scale=self.scale),
                replace(frame.first, measures={**frame.first.measures, **fit}),
                scorer=self.scorer,
                version=self.version,
                decode=self.decode,
            )
            for (frame, _), answer, fit in zip(frames, answers, fits, strict=True)
        ]

    def _fits(self, looks: Sequence[Any], question: Question, labels: Sequence[float | None]) -> list[dict[str, float]]:
        """Return how each answer fits what people gave, as measures; none where that is untold or can't be written."""
        written = [None if label is None else assessing.written(label, self.scale) for label in labels]
        known = [(look, text) for look, text in zip(looks, written, strict=True) if text is not None]
        if not known:
            return [{} for _ in looks]
        along = iter(self.engine.along([look for look, _ in known], question, [text for _, text in known]))
        return [{} if text is None else assessing.against(question.name, text, next(along)) for text in written]
