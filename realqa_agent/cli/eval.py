"""`realqa eval`: compare a scorer with human scores."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from rich.progress import track

from realqa_agent.assessment import Decision
from realqa_agent.cli import lines, tables
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.score import judged
from realqa_agent.culling.shots import shot_of
from realqa_agent.errors import RefusalKind, UserError
from realqa_agent.evaluation import report
from realqa_agent.evaluation.diagnosis import diagnose, label_of
from realqa_agent.evaluation.labels import read_labels
from realqa_agent.evaluation.record import Prediction, Rated, scale_of
from realqa_agent.index.store import Index
from realqa_agent.service.ratings import human_ratings
from realqa_agent.service.scoring import batches, processes, score, shots_of
from realqa_agent.worker.crew import Crew
from realqa_agent.worker.messages import Assessed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from realqa_agent.config import Config
    from realqa_agent.evaluation.record import Diagnosis, Evaluation, Scale

Against = Literal["quality", "aesthetic", "overall"]
Item = TypeVar("Item")

STARS: Scale = (0.0, 5.0)
"""A rejected file counts as no star."""

TOLERATED_FAILURES = 0.01
"""Share of files that may fail before the exit status says so."""

SHOWN_FAILURES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """What people said, and where that is from."""

    rated: Sequence[Rated]
    scale: Scale
    source: dict[str, Any]
    """Its part of the JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answers:
    """What the scorer said."""

    predictions: dict[Path, Prediction] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    """One for each file that could not be scored: path, kind, message."""


@click.command(short_help="Compare a scorer with human scores.")
@click.argument("labels", required=False, type=click.Path(path_type=Path), metavar="[LABELS.csv]")
@click.option(
    "--from-ratings",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Take the stars that a human gave to the photos there, instead of a labels file.",
)
@click.option(
    "--against",
    type=click.Choice(["quality", "aesthetic", "overall"]),
    help="The score that is compared; default: quality, with --from-ratings overall.",
)
@click.option(
    "--scale",
    type=(float, float),
    metavar="LOW HIGH",
    help="The worst and the best score that there can be; default: 0 to 1 if all lie there, else the lowest and the "
    "highest that there are.",
)
@click.option("--scorer", metavar="NAME", help="Scorer to use instead of the one in the settings.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Worker processes; default: one a core, 4 at most.",
)
@click.option(
    "--ncm",
    is_flag=True,
    help="Hold the model's digits against the scores: the mean squared errors of NCM and NCM* of the RealQA paper.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else there.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.png", help="Draw a picture too.")
@click.pass_context
def command(  # noqa: PLR0913 - one for each option of the contract
    ctx: click.Context,
    labels: Path | None,
    folder: Path | None,
    *,
    against: Against | None,
    scale: Scale | None,
    scorer: str | None,
    jobs: int | None,
    ncm: bool,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Compare a scorer with human scores: correlations, rejects, series, each with its 95 % interval.

    LABELS.csv has the header filename,score[,series]; names are relative to its folder, higher scores are better,
    and frames of one scene share a series. Or take the stars of your own photos. SRCC has average ranks for ties,
    PLCC no logistic fit, KRCC is tau-b; intervals are bootstrapped over series. On the scale of the scores a cull is
    under 30 %, a keeper over 50 %; frames closer than 10 % make no pair, and 5 % under the best of a series is as
    good. A file that fails counts with the mean prediction; those for which a model gave no number are told apart.
    Exit status: 0, 1 if more than 1 % failed, 2 wrong usage or wrong labels.

    \b
    realqa eval labels.csv --against quality --plot quality.png
    realqa eval labels.csv --json | jq .srcc.value
    realqa eval koniq.csv --scale 1 5 --ncm
    realqa eval --from-ratings ~/Pictures/2026
    """
    source = labels or folder
    if source is None or (labels is not None and folder is not None):
        raise click.UsageError("name either a labels file or --from-ratings DIR")
    if folder is not None and scale is not None:
        raise click.UsageError("--scale is for a labels file: stars have their own")
    _check(plot)
    config = settings_of(ctx).scored_by(scorer)
    against = against or ("quality" if folder is None else "overall")
    question = _labelled(source, scale, needed=ncm) if folder is None else None
    with Crew[tuple[int, Path]](config, jobs or processes(config.scoring)) as crew:
        ready = crew.last()
        question = question or _starred(source, crew, config)
        said = {one.path: label_of(one, question.scale) for one in question.rated} if ncm else {}
        began = time.monotonic()
        answers = _ask(question, crew, config, against, said)
        rate = len(question.rated) / max(time.monotonic() - began, 1e-9)
    evaluation, diagnosis = _evaluated(question, answers), _diagnosed(question, answers, against)
    if ncm and diagnosis.fit is None:
        click.echo(f"{ready.scorer} has no digits to hold against the scores: no NCM", err=True)
    title = f"{ready.scorer} {ready.version}: {against} against {source.name}"
    if plot is not None:
        _draw(plot, question, answers, title, f"{against}, 1 to 10")
    if as_json:
        about = {"scorer": ready.scorer, "scorer_version": ready.version, "against": against, **question.source}
        about |= {**report.diagnosis_as_json(diagnosis), "files_per_second": round(rate, 2)}
        _print_json(evaluation, answers, about, stars=folder is not None)
    else:
        _print_table(evaluation, answers, diagnosis, title)
        if folder is not None:
            click.echo(report.sentence(evaluation, ready.scorer))
        click.echo(f"{len(question.rated)} files, {evaluation.failed} failed; {rate:.1f} files/s", err=True)
    ctx.exit(1 if evaluation.failed > TOLERATED_FAILURES * evaluation.pictures else 0)


def _check(plot: Path | None) -> None:
    """Refuse a plot that could not be written, before an hour goes into scoring."""
    if plot is None:
        return
    if plot.suffix.lower() != ".png":
        raise UserError(f"{plot}: the plot is a PNG file, so its name must end in .png")
    if not plot.absolute().parent.is_dir():
        raise UserError(f"{plot}: there is no folder {plot.parent} for the plot")


def _labelled(file: Path, scale: Scale | None, *, needed: bool) -> _Question:
    """Read the labels; UserError if they aren't on the scale, or if that is needed and nobody tells it."""
    labels = read_labels(file)
    scores = [one.score for one in labels.rated]
    if scale is not None and not scale[0] < scale[1]:
        raise UserError(f"--scale: {scale[0]:g} is not less than {scale[1]:g}")
    if scale is not None and not scale[0] <= min(scores) <= max(scores) <= scale[1]:
        raise UserError(f"{file}: its scores go from {min(scores):g} to {max(scores):g}, which is not within --scale")
    # The lowest and the highest score that there happen to be aren't those that people could have given.
    if needed and scale is None and scale_of(scores) != (0.0, 1.0):
        raise UserError(f"{file}: --ncm needs to know the scale of its scores: give --scale LOW HIGH, such as 1 5")
    source = {"labels": str(file.absolute()), "labels_sha256": labels.sha256}
    return _Question(rated=labels.rated, scale=scale or scale_of(scores), source=source)


def _starred(folder: Path, crew: Crew[tuple[int, Path]], config: Config) -> _Question:
    shots = list(batches([folder], config.folders.ignore))
    rated, problems = [], []
    with Index.read(config.index.file) if config.index.file.exists() else nullcontext() as index:
        found = human_ratings(shots, crew, config.metadata, index)
        for ratings in _progress(found, "reading stars", len(shots)):
            rated += [Rated(path=one.path, score=float(max(0, one.stars))) for one in ratings if one.stars is not None]
            problems += [one.problem for one in ratings if one.problem is not None]
    for problem in problems:
        click.echo(f"not counted: {tables.printable(problem)}", err=True)
    if not rated:
        raise UserError(f"{folder}: a human's stars are on none of its {sum(map(len, shots))} photos and clips")
    source = {"ratings": str(folder.absolute()), "unreadable": len(problems)}
    return _Question(rated=rated, scale=STARS, source=source)


def _ask(
    question: _Question,
    crew: Crew[tuple[int, Path]],
    config: Config,
    against: Against,
    labels: Mapping[Path, float],
) -> _Answers:
    """Score all pictures; verdicts are those that the agent would give, with a RAW and its JPEG as one shot."""
    answers = _Answers()
    shots = shots_of(one.path for one in question.rated)
    scored = score(shots, crew, lambda path: crew.assess(path, label=labels.get(path)))
    for outcomes in _progress(scored, "scoring", len(shots)):
        for (path, outcome), line in zip(outcomes.items(), judged(outcomes, config.culling.thresholds), strict=True):
            if isinstance(outcome, Assessed):
                answers.predictions[path] = Prediction(
                    score=line[against],
                    rejected=line["verdict"]["decision"] == Decision.REJECT,
                    measures=outcome.assessment.measures,
                )
            else:
                answers.failures.append({"path": line["path"], **line["error"]})
    return answers


def _evaluated(question: _Question, answers: _Answers) -> Evaluation:
    from realqa_agent.evaluation.figures import evaluate  # noqa: PLC0415 - numpy, which --help does not need

    return evaluate(
        question.rated,
        [answers.predictions.get(one.path) for one in question.rated],
        [one.series or (one.path.parent, shot_of(one.path)) for one in question.rated],
        question.scale,
    )


def _diagnosed(question: _Question, answers: _Answers, against: Against) -> Diagnosis:
    return diagnose(
        question.rated,
        [answers.predictions.get(one.path) for one in question.rated],
        against=against,
        scale=question.scale,
        unanswered=sum(failure["kind"] == RefusalKind.UNANSWERED for failure in answers.failures),
    )


def _draw(file: Path, question: _Question, answers: _Answers, title: str, axis: str) -> None:
    from realqa_agent.evaluation.plot import draw  # noqa: PLC0415 - matplotlib takes half a second

    scored = [one for one in question.rated if one.path in answers.predictions]
    draw(
        file,
        [one.score for one in scored],
        [answers.predictions[one.path].score for one in scored],
        title=tables.printable(title),
        axis=axis,
    )


def _print_json(evaluation: Evaluation, answers: _Answers, about: dict[str, Any], *, stars: bool) -> None:
    found = {**report.as_json(evaluation), **about}
    if stars:
        found["better_than_chance"] = report.better_than_chance(evaluation)
    click.echo(lines.dump({**found, "failures": answers.failures}))


def _print_table(evaluation: Evaluation, answers: _Answers, diagnosis: Diagnosis, title: str) -> None:
    tables.console().print(tables.figures(evaluation, title, report.diagnosis_in_words(diagnosis)))
    for failure in answers.failures[:SHOWN_FAILURES]:
        click.echo(f"failed: {tables.printable(failure['path'])}: {failure['message']}", err=True)
    if len(answers.failures) > SHOWN_FAILURES:
        click.echo(f"failed: {len(answers.failures) - SHOWN_FAILURES} more; --json lists them", err=True)


def _progress(found: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    bar = tables.console(stderr=True)
    yield from track(found, what, total, console=bar, transient=True, disable=not bar.is_terminal)
