"""An evaluation as the JSON object of the command line's contract, and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realqa_agent.evaluation.record import Diagnosis, Evaluation, Figure

FEWEST_GROUPS = 20
"""Under this many independent pictures a percentile interval is too narrow: three in the right order would prove it."""


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return counts and figures; a figure is `{"value", "ci"}`, None where it is not defined."""
    return {
        "n": evaluation.pictures,
        "failed": evaluation.failed,
        **_figures(evaluation.figures),
        "scored_only": {"n": evaluation.pictures - evaluation.failed, **_figures(evaluation.scored_only)},
        "independent": evaluation.groups,
        "scale": list(evaluation.scale),
        "plcc_fit": "none",
    }


def diagnosis_as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return how many pictures had no answer, and of a model what its answers tell."""
    found: dict[str, Any] = {"unanswered": diagnosis.unanswered}
    if diagnosis.unread is not None:
        found["answers_unread"] = diagnosis.unread
    if diagnosis.fit is not None:
        found["ncm"] = {
            "n": diagnosis.fit.pictures,
            "scale": list(diagnosis.fit.scale),
            "mse": _rounded(diagnosis.fit.ncm),
            "mse_star": _rounded(diagnosis.fit.ncm_star),
        }
    return found


def diagnosis_in_words(diagnosis: Diagnosis) -> dict[str, str]:
    """Return the same for people, words to figure, without what is nothing to speak of."""
    found: dict[str, str] = {}
    if diagnosis.unanswered:
        found["failed: the model gave no number"] = str(diagnosis.unanswered)
    if diagnosis.unread is not None:
        found["answers about attributes that could not be read"] = str(diagnosis.unread)
    if (fit := diagnosis.fit) is not None:
        over = f"mean squared error over {fit.pictures}, scale {fit.scale[0]:g} to {fit.scale[1]:g}"
        found |= {f"NCM, {over}": f"{fit.ncm:.3f}", f"NCM*, {over}": f"{fit.ncm_star:.3f}"}
    return found


def _figures(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: {"value": _rounded(figure.value), "ci": _interval(figure)} for name, figure in figures.items()}


def _interval(figure: Figure) -> list[float | None] | None:
    return None if figure.ci is None else [_rounded(limit) for limit in figure.ci]


def _rounded(value: float | None) -> float | None:
    """Return six decimals: more are noise of the arithmetic, which would put 1.0 outside its own interval."""
    return None if value is None else round(value, 6)


def better_than_chance(evaluation: Evaluation) -> bool | None:
    """Tell whether the scorer orders the pictures as the person does: True, False (the other way), None: can't tell."""
    srcc = evaluation.figures["srcc"]
    if srcc.ci is None or evaluation.groups < FEWEST_GROUPS:
        return None
    low, high = srcc.ci
    return True if low > 0 else False if high < 0 else None


def sentence(evaluation: Evaluation, scorer: str) -> str:
    """Say whether the scorer agrees with the person whose stars these are."""
    srcc = evaluation.figures["srcc"]
    over = f"{evaluation.pictures} rated file{'s' * (evaluation.pictures > 1)}"
    if srcc.value is None:
        return f"Whether {scorer} agrees with this person can't be told: over {over} no rank correlation is defined."
    figure = f"SRCC {srcc.value:.2f}"
    if srcc.ci is not None:
        figure += f", 95 % interval {srcc.ci[0]:.2f} to {srcc.ci[1]:.2f}"
    figure += f", over {over}"
    if evaluation.groups < FEWEST_GROUPS:
        return (
            f"Whether {scorer} agrees with this person can't be told from fewer than {FEWEST_GROUPS} shots: {figure}."
        )
    match better_than_chance(evaluation):
        case True:
            return f"{scorer} agrees with this person better than chance: {figure}."
        case False:
            return f"{scorer} orders the pictures against this person, worse than chance: {figure}."
        case None:
            return f"Whether {scorer} agrees with this person better than chance can't be told: {figure}."
