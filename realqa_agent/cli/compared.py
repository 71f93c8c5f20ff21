"""What came of `realqa eval`, as programs and people see it: JSON, tables, pictures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from realqa_agent.cli import tables
from realqa_agent.evaluation import report
from realqa_agent.evaluation.published import published, source_of
from realqa_agent.evaluation.record import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.evaluation.published import Published
    from realqa_agent.service.evaluating import Comparison

SHOWN_FAILURES = 10

NOT_OURS = "Published by their authors, not measured here. Splits and training data differ: this is no ranking."
COUNTED = "intervals of 95 %; what failed counts with the mean prediction; PLCC of raw scores without a fit"


def as_json(one: Comparison, *, stars: bool) -> dict[str, Any]:
    """Return the object of one set with one scorer; `stars`: a person gave them, with whom it may agree by chance."""
    pairing = one.pairing
    found = {
        **report.as_json(one.evaluation),
        "set": pairing.rated.name,
        "scorer": one.ready.scorer,
        "scorer_version": one.ready.version,
        "against": pairing.against,
        **pairing.rated.source,
        **report.diagnosis_as_json(one.diagnosis),
        "files_per_second": round(one.files_per_second, 2),
    }
    if pairing.adapter is not None:
        found["adapter"] = str(pairing.adapter)
    if pairing.trial is not None:
        found |= {"answer": pairing.trial.answer, "decimals": pairing.trial.decimals, "decode": pairing.decode}
    if stars:
        found["better_than_chance"] = report.better_than_chance(one.evaluation)
    if (known := published(pairing.rated.name)) is not None:
        found["published_by_others"] = {
            "trained": [_published_as_json(each) for each in known.trained],
            "unseen": [_published_as_json(each) for each in known.unseen],
        }
    failures = [{"path": str(path), "kind": why.kind.value, "message": why.message} for path, why in one.failures]
    return {**found, "failures": failures}


def _published_as_json(one: Published) -> dict[str, Any]:
    return {"system": one.system, "srcc": one.srcc, "plcc": one.plcc, "source": source_of(one.system)}


def show_one(one: Comparison, *, stars: bool) -> None:
    """Print all figures of one set with one scorer."""
    words = report.diagnosis_in_words(one.diagnosis)
    tables.console().print(tables.figures(one.evaluation, _title([one]), words))
    _show_published([one])
    if stars:
        click.echo(report.sentence(one.evaluation, one.ready.scorer))


def show_several(comparisons: Sequence[Comparison]) -> None:
    """Print a row for each set with each adapter."""
    tables.console().print(_rows(comparisons))
    _show_published(comparisons)


def tell_failures(one: Comparison) -> None:
    """Name the files that failed, those that come first, on stderr."""
    for path, why in one.failures[:SHOWN_FAILURES]:
        click.echo(f"failed: {tables.printable(str(path))}: {why.message}", err=True)
    if len(one.failures) > SHOWN_FAILURES:
        click.echo(f"failed: {len(one.failures) - SHOWN_FAILURES} more; --json lists them", err=True)


def tell(one: Comparison) -> None:
    """Say on stderr that a set is done: with several, the last one may be hours away, or never come."""
    pairing, srcc = one.pairing, one.evaluation.figures["srcc"].value
    judge = one.ready.scorer if pairing.adapter is None else pairing.adapter.name
    score = "undefined" if srcc is None else f"{srcc:.3f}"
    counts = f"{one.evaluation.pictures} files, {one.evaluation.failed} failed; {one.files_per_second:.1f} files/s"
    click.echo(tables.printable(f"{judge}, {pairing.rated.name}: SRCC {score}; {counts}"), err=True)


def draw(file: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw the pictures of one set, or how several sets fare with one adapter after the other."""
    title = tables.printable(_title(comparisons))
    if len(comparisons) == 1:
        _draw_pictures(file, comparisons[0], title)
    else:
        _draw_curves(file, comparisons, title)


def _draw_pictures(file: Path, one: Comparison, title: str) -> None:
    from realqa_agent.evaluation.plot import draw  # noqa: PLC0415 - matplotlib takes half a second

    rated = one.pairing.rated.rated
    scored = [(each.score, said.score) for each in rated if isinstance(said := one.said[each.path], Prediction)]
    human, predicted = [given for given, _ in scored], [score for _, score in scored]
    draw(file, human, predicted, title=title, axis=f"{one.pairing.against}, 1 to 10")


def _draw_curves(file: Path, comparisons: Sequence[Comparison], title: str) -> None:
    from realqa_agent.evaluation.curves import Curve, draw  # noqa: PLC0415 - as above

    # All sets with the first adapter come first, then all with the second.
    sets = sum(one.pairing.adapter == comparisons[0].pairing.adapter for one in comparisons)
    by_set = [comparisons[place::sets] for place in range(sets)]
    curves = [
        Curve(
            name=tables.printable(some[0].pairing.rated.name),
            evaluations=[one.evaluation for one in some],
            diagnoses=[one.diagnosis for one in some],
        )
        for some in by_set
    ]
    draw(file, _judges(comparisons)[::sets], curves, title=title)


def _title(comparisons: Sequence[Comparison]) -> str:
    """Return who was asked, and how, as far as that is the same for all."""
    first = comparisons[0]
    pairing, trial = first.pairing, first.pairing.trial
    words = [first.ready.scorer]
    if len(comparisons) == 1:
        adapter = "" if pairing.adapter is None else f" with {pairing.adapter.name}"
        words = [f"{first.ready.scorer} {first.ready.version}{adapter}: {pairing.against} against {pairing.rated.name}"]
    if trial is not None:
        words += [f"answer {trial.answer}", f"decimals {trial.decimals}"]
        words += [f"decode {pairing.decode}"] if pairing.decode is not None else []
    return ", ".join(words)


def _judges(comparisons: Sequence[Comparison]) -> list[str]:
    """Return who was asked each time: the adapter's folder, below the one that all share; the scorer without one."""
    adapters = [one.pairing.adapter for one in comparisons]
    parents = [adapter.parent for adapter in adapters if adapter is not None]
    shared = os.path.commonpath(parents) if parents else ""
    return [
        one.ready.scorer if adapter is None else tables.printable(os.path.relpath(adapter, shared))
        for one, adapter in zip(comparisons, adapters, strict=True)
    ]


def _rows(comparisons: Sequence[Comparison]) -> Table:
    shown = _table(_title(comparisons), ["judge", "set", "score"])
    fitted = any(one.diagnosis.fit is not None for one in comparisons)
    numbers = ["files", "SRCC", "interval", "PLCC", "interval", "failed", "no number", *(["NCM", "NCM*"] * fitted)]
    for name in numbers:
        shown.add_column(name, justify="right")
    for judge, one in zip(_judges(comparisons), comparisons, strict=True):
        figures, fit = one.evaluation.figures, one.diagnosis.fit
        cells = [*tables.cells_of(figures["srcc"]), *tables.cells_of(figures["plcc"])]
        cells += [str(one.evaluation.failed), str(one.diagnosis.unanswered)]
        if fitted:
            cells += ["", ""] if fit is None else [f"{fit.ncm:.3f}", f"{fit.ncm_star:.3f}"]
        name = tables.printable(one.pairing.rated.name)
        shown.add_row(Text(judge), Text(name), one.pairing.against, str(one.evaluation.pictures), *cells)
    shown.caption = Text(COUNTED, style="dim")
    return shown


def _show_published(comparisons: Sequence[Comparison]) -> None:
    """Print what others report on these sets, if anything is known; never as if it were ours."""
    found = {known.name: known for one in comparisons if (known := published(one.pairing.rated.name)) is not None}
    if not found:
        return
    shown = _table(NOT_OURS, ["set", "system", "trained on it"])
    for name in ("SRCC", "PLCC"):
        shown.add_column(name, justify="right")
    shown.add_column("source")
    for known in found.values():
        for trained, systems in (("yes", known.trained), ("no", known.unseen)):
            for one in systems:
                plcc = "" if one.plcc is None else f"{one.plcc:.3f}"
                shown.add_row(known.name, one.system, trained, f"{one.srcc:.3f}", plcc, source_of(one.system))
    click.echo()
    tables.console().print(shown)


def _table(title: str, columns: Sequence[str]) -> Table:
    words = Text(tables.printable(title), style="dim")
    shown = Table(title=words, title_justify="left", caption_justify="left", show_edge=False, pad_edge=False)
    for name in columns:
        shown.add_column(name)
    return shown
