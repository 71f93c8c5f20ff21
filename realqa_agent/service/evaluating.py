"""Asking about the pictures of a set that people rated, and holding what is said against what they gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.assessment import Decision
from realqa_agent.culling.policy import judge_shot
from realqa_agent.culling.shots import shot_of
from realqa_agent.errors import RefusalKind
from realqa_agent.evaluation.diagnosis import diagnose, label_of
from realqa_agent.evaluation.record import Prediction
from realqa_agent.service.scoring import refusal, score, shots_of
from realqa_agent.worker.messages import Assessed, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from realqa_agent.evaluation.record import Diagnosis, Evaluation
    from realqa_agent.service.pairing import Pairing
    from realqa_agent.worker.crew import Crew
    from realqa_agent.worker.messages import Ready

Said = Prediction | Refused
"""What came of a picture: a score, or why there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What came of a set with one scorer."""

    pairing: Pairing
    ready: Ready
    """Who was asked."""
    said: Mapping[Path, Said]
    evaluation: Evaluation
    diagnosis: Diagnosis
    files_per_second: float

    @property
    def failures(self) -> list[tuple[Path, Refused]]:
        """The pictures that have no score, with the reason."""
        return [(path, one) for path, one in self.said.items() if isinstance(one, Refused)]


def ask(pairing: Pairing, crew: Crew[tuple[int, Path]], *, labelled: bool) -> Iterator[tuple[Path, Said]]:
    """Score all pictures of a set; verdicts are those that the agent would give, with a RAW and its JPEG as one shot.

    `labelled`: the model is told what people gave, and its digits are held against that.
    """
    rated = pairing.rated
    labels = {one.path: label_of(one, rated.scale) for one in rated.rated} if labelled else {}
    shots = shots_of(one.path for one in rated.rated)
    tasks = score(shots, crew, lambda path: crew.assess(path, label=labels.get(path), trial=pairing.trial))
    for outcomes in tasks:
        seen = {path.name: one for path, one in outcomes.items() if isinstance(one, Assessed)}
        verdicts = judge_shot(
            {name: (one.assessment, one.facts) for name, one in seen.items()}, pairing.config.culling.thresholds
        )
        for path, outcome in outcomes.items():
            if not isinstance(outcome, Assessed):
                yield path, refusal(outcome)
                continue
            yield (
                path,
                Prediction(
                    score=getattr(outcome.assessment, pairing.against),
                    rejected=verdicts[path.name].decision == Decision.REJECT,
                    measures=outcome.assessment.measures,
                ),
            )


def compare(pairing: Pairing, ready: Ready, said: Mapping[Path, Said], seconds: float) -> Comparison:
    """Return how well what was said, in so many seconds, agrees with what people gave."""
    from realqa_agent.evaluation.figures import evaluate  # noqa: PLC0415 - numpy, which --help does not need

    rated, scale = pairing.rated.rated, pairing.rated.scale
    predictions = [one if isinstance(one := said[each.path], Prediction) else None for each in rated]
    unanswered = sum(isinstance(one, Refused) and one.kind is RefusalKind.UNANSWERED for one in said.values())
    return Comparison(
        pairing=pairing,
        ready=ready,
        said=said,
        evaluation=evaluate(
            rated,
            predictions,
            [one.series or (one.path.parent, shot_of(one.path)) for one in rated],
            scale,
            verdicts=pairing.trial is None,
        ),
        diagnosis=diagnose(rated, predictions, against=pairing.against, scale=scale, unanswered=unanswered),
        files_per_second=len(rated) / max(seconds, 1e-9),
    )
