"""`realqa eval`: compare a scorer with human scores."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

import click
from rich.progress import track

from realqa_agent.cli import compared, lines, tables
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.stars import read_ratings
from realqa_agent.config import Role
from realqa_agent.errors import UserError
from realqa_agent.evaluation.record import Rated, RatedSet
from realqa_agent.evaluation.sets import read_set
from realqa_agent.scoring.view import Form
from realqa_agent.service.evaluating import ask, compare
from realqa_agent.service.pairing import WITH_ADAPTERS, Way, adapters_in, pairings
from realqa_agent.service.scoring import processes
from realqa_agent.worker.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realqa_agent.config import Config
    from realqa_agent.evaluation.record import Scale
    from realqa_agent.scoring.mllm.assessing import Decode
    from realqa_agent.scoring.view import Decimals
    from realqa_agent.service.evaluating import Comparison
    from realqa_agent.service.pairing import Pairing

Item = TypeVar("Item")

STARS: Scale = (0.0, 5.0)
"""A rejected file counts as no star."""

TOLERATED_FAILURES = 0.01
"""Share of a set's files that may fail before the exit status says so."""


@click.command(short_help="Compare a scorer with human scores.")
@click.argument("sets", nargs=-1, type=click.Path(path_type=Path), metavar="[SET]...")
@click.option(
    "--from-ratings",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Take the stars that a human gave to the photos there, instead of a set.",
)
@click.option(
    "--against",
    type=click.Choice(get_args(Role)),
    help="The score that is compared; default: what the adapter was trained on, else what the set's scores are of, "
    "else quality; with --from-ratings overall.",
)
@click.option(
    "--scale",
    type=(float, float),
    metavar="LOW HIGH",
    help="The worst and the best score that there can be in labels files; default: 0 to 1 if all lie there, else the "
    "lowest and the highest that there are. A dataset folder has its own.",
)
@click.option("--scorer", metavar="NAME", help="Scorer to use instead of the one in the settings.")
@click.option(
    "--adapter",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Adapter for the scorer realqa, instead of those in the settings; or a training, for all its checkpoints. May "
    "be given several times: each set is scored with each.",
)
@click.option(
    "--answer",
    type=click.Choice(get_args(Form)),
    help="What a model's number is read from: the question for it alone, or the end of a text that reasons.",
)
@click.option(
    "--decimals", type=click.IntRange(0, 2), help="How many decimals of a model's number are read; default: 2."
)
@click.option(
    "--decode",
    type=click.Choice(["greedy", "expectation"]),
    help="How it is read: the likeliest digits, or the mean over all likely ones; default: as in the settings.",
)
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
    sets: tuple[Path, ...],
    folder: Path | None,
    *,
    against: Role | None,
    scale: Scale | None,
    scorer: str | None,
    folders: tuple[Path, ...],
    answer: Form | None,
    decimals: Decimals | None,
    decode: Decode | None,
    jobs: int | None,
    ncm: bool,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Compare a scorer with human scores: correlations, rejects, series, each with its 95 % interval.

    A SET is a labels file, or a folder made by `realqa dataset build`, of which the test part counts. Labels have the
    header filename,score[,series]; names are relative to the file's folder, higher scores are better, and frames of
    one scene share a series. Or take the stars of your own photos. SRCC has average ranks for ties, PLCC no logistic
    fit, KRCC is tau-b; intervals are bootstrapped over series. On the scale of the scores a cull is under 30 %, a
    keeper over 50 %; frames closer than 10 % make no pair, and 5 % under the best of a series is as good. A file that
    fails counts with the mean prediction; those for which a model gave no number are told apart. Clips may be labelled
    too: their frames are scored.

    With --adapter, --answer or --decimals a model is asked for the compared score alone, so there are no verdicts.
    What others published of a set stands beside it, as theirs. Exit status: 0, 1 if more than 1 % of a set failed, 2
    wrong usage or wrong labels.

    \b
    realqa eval labels.csv --against quality --plot quality.png
    realqa eval labels.csv --json | jq .srcc.value
    realqa eval koniq.csv --scale 1 5 --ncm
    realqa eval --from-ratings ~/Pictures/2026
    realqa eval sets/koniq sets/spaq --adapter runs/koniq/adapter
    realqa eval sets/koniq --adapter runs/koniq --ncm --plot curves.png
    realqa eval sets/koniq --answer natural
    """
    if bool(sets) == (folder is not None):
        raise click.UsageError("name either a labels file or --from-ratings DIR; it may be several labels files")
    if folder is not None and scale is not None:
        raise click.UsageError("--scale is for a labels file: stars have their own")
    if ncm and answer in {"natural", "regular"}:
        raise click.UsageError("--ncm goes with --answer score: in a text nobody knows where the number will stand")
    _check(plot, scale)
    adapters = list(dict.fromkeys(one for each in folders for one in adapters_in(each.absolute())))
    config = settings_of(ctx).scored_by(scorer or (WITH_ADAPTERS if adapters else None))
    rated = [read_set(one, scale, needed=ncm) for one in sets]
    if folder is not None:
        rated = [_starred(folder, config, jobs)]
    way = Way(answer=answer, decimals=decimals, decode=decode)
    comparisons = list(_compared(pairings(rated, adapters, config, against, way), jobs, ncm=ncm))
    if plot is not None:
        compared.draw(plot, comparisons)
    if as_json:
        found = [compared.as_json(one, stars=folder is not None) for one in comparisons]
        click.echo(lines.dump(found[0] if len(found) == 1 else {"sets": found}))
    else:
        _show(comparisons, stars=folder is not None)
    worst = max(one.evaluation.failed / one.evaluation.pictures for one in comparisons)
    ctx.exit(1 if worst > TOLERATED_FAILURES else 0)


def _check(plot: Path | None, scale: Scale | None) -> None:
    """Refuse what can't be done, before an hour goes into scoring."""
    if scale is not None and not scale[0] < scale[1]:
        raise UserError(f"--scale: {scale[0]:g} is not less than {scale[1]:g}")
    if plot is None:
        return
    if plot.suffix.lower() != ".png":
        raise UserError(f"{plot}: the plot is a PNG file, so its name must end in .png")
    if not plot.absolute().parent.is_dir():
        raise UserError(f"{plot}: there is no folder {plot.parent} for the plot")


def _starred(folder: Path, config: Config, jobs: int | None) -> RatedSet:
    """Return the stars that a human gave to the photos of a folder."""
    ratings = [one for shot in read_ratings(folder, config, jobs) for one in shot]
    rated = [Rated(path=one.path, score=float(max(0, one.stars))) for one in ratings if one.stars is not None]
    if not rated:
        raise UserError(f"{folder}: a human's stars are on none of its {len(ratings)} photos and clips")
    place = folder.absolute()
    source = {"ratings": str(place), "unreadable": sum(one.problem is not None for one in ratings)}
    return RatedSet(name=place.name, rated=rated, scale=STARS, score="overall", source=source)


def _compared(pairs: Sequence[Pairing], jobs: int | None, *, ncm: bool) -> Iterator[Comparison]:
    """Ask about set after set; those who are asked alike share the processes, so a model is loaded once."""
    for config, alike in groupby(pairs, key=lambda pair: pair.config):
        with Crew[tuple[int, Path]](config, jobs or processes(config.scoring)) as crew:
            ready = crew.last()
            for pair in alike:
                began = time.monotonic()
                said = dict(_progress(ask(pair, crew, labelled=ncm), "scoring", len(pair.rated.rated)))
                comparison = compare(pair, ready, said, time.monotonic() - began)
                if ncm and comparison.diagnosis.fit is None:
                    click.echo(f"{ready.scorer} has no digits to hold against the scores: no NCM", err=True)
                compared.tell(comparison)
                yield comparison


def _show(comparisons: Sequence[Comparison], *, stars: bool) -> None:
    if len(comparisons) == 1:
        compared.show_one(comparisons[0], stars=stars)
    else:
        compared.show_several(comparisons)
    for one in comparisons:
        compared.tell_failures(one)


def _progress(found: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    bar = tables.console(stderr=True)
    yield from track(found, what, total, console=bar, transient=True, disable=not bar.is_terminal)
