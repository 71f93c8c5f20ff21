"""What a model's answers tell beside its scores: how they fit the labels digit by digit, and how many were none.

NCM and NCM* are RealQA's: means over the digits at each place of a number, read after the label's own digits before it,
NCM* without what the label's digits have. So they follow a training, and are neither scores nor comparable with them.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from realqa_agent.assessment import HIGHEST, LOWEST
from realqa_agent.evaluation.record import Diagnosis, Fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from realqa_agent.evaluation.record import Prediction, Rated, Scale

UNREAD = "answers_unread"


def label_of(rated: Rated, scale: Scale) -> float:
    """Return what people said, 1 to 10, as models are told of it."""
    return LOWEST + (HIGHEST - LOWEST) * _share(rated.score, scale)


def diagnose(
    rated: Sequence[Rated],
    predictions: Sequence[Prediction | None],
    *,
    against: str,
    scale: Scale,
    unanswered: int,
) -> Diagnosis:
    """Return what the measures of the scored pictures tell of the score that is compared, in the order of `rated`."""
    measures = [prediction.measures if prediction is not None else {} for prediction in predictions]
    unread = [each[UNREAD] for each in measures if UNREAD in each]
    return Diagnosis(
        unanswered=unanswered,
        unread=round(sum(unread)) if unread else None,
        fit=_fit(rated, measures, against=against, scale=scale),
    )


def _fit(rated: Sequence[Rated], measures: Sequence[Mapping[str, float]], *, against: str, scale: Scale) -> Fit | None:
    names = (f"raw_{against}_low", f"raw_{against}_high", f"ncm_{against}", f"ncm_star_{against}")
    found = [
        (_share(one.score, scale), *(each[name] for name in names))
        for one, each in zip(rated, measures, strict=True)
        if all(name in each for name in names)
    ]
    if not found:
        return None
    # With the two decimals that the model was held against.
    labels = [round(low + share * (high - low), 2) for share, low, high, _, _ in found]
    _, low, high, _, _ = found[0]
    return Fit(
        pictures=len(found),
        scale=(low, high),
        ncm=fmean((ncm - label) ** 2 for label, (*_, ncm, _) in zip(labels, found, strict=True)),
        ncm_star=fmean((star - label) ** 2 for label, (*_, star) in zip(labels, found, strict=True)),
    )


def _share(score: float, scale: Scale) -> float:
    return (score - scale[0]) / (scale[1] - scale[0])
