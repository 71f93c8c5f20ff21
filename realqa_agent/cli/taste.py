"""`realqa taste`: learn a photographer's taste from their ratings, say what it is worth, turn it off."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli import lines
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import RealQAError, UserError
from realqa_agent.index.store import Index
from realqa_agent.queue.jobs import Queue
from realqa_agent.service import tasting
from realqa_agent.service.record import now
from realqa_agent.taste.findings import LEAST_SHOOTS
from realqa_agent.taste.shoots import shoots_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realqa_agent.config import Config
    from realqa_agent.service.gathering import Gathered
    from realqa_agent.taste.findings import Findings

NOT_SIGNIFICANT = 1
"""The exit status if no taste came in force."""

SHOWN_PROBLEMS = 10


@click.group("taste", short_help="Learn your taste from your ratings, see what it is worth, turn it off.")
def command() -> None:
    """Learn your taste from the stars and picks that you gave, and have overall scores follow it.

    No graphics card is needed, and no photo is scored again. Off until it puts more of your photos in your order than
    the first look alone does, on shoots that it has not seen. It changes `overall` and nothing else, by 1.5 points at
    most, and says so where the score is explained.

    \b
    realqa taste fit
    realqa taste report --plot taste.png
    realqa taste off
    """


@command.command(short_help="Learn from the ratings; in force if that helps.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="[DIR…]")
@click.pass_context
def fit(ctx: click.Context, folders: tuple[Path, ...]) -> None:
    """Learn from the ratings of the scored photos in DIR, without DIR of all; the taste holds for all photos.

    Photos are compared inside a shoot: a folder on a day. Only what a human gave counts: stars, rejects, pick labels.
    If the taste helps, and its 95 % interval says so, scores follow it from now on, those of old photos too, and the
    agent writes their sidecars. Else taste is off. Exit status: 0, or 1 if no taste is in force.

    \b
    realqa taste fit
    realqa taste fit ~/Pictures/2026
    """
    config = settings_of(ctx)
    with _open(config) as index:
        gathered = _gather(index, config, [folder.absolute() for folder in folders])
        shoots = shoots_of(gathered.rated)
        if len(shoots) < LEAST_SHOOTS:
            raise RealQAError(
                f"{len(gathered.rated)} rated photos, and {len(shoots)} shoots with photos that are rated differently; "
                f"a taste needs {LEAST_SHOOTS} such shoots at least, so nothing changed"
            )
        from realqa_agent.taste.proof import prove  # noqa: PLC0415 - it imports numpy, for 0.1 s

        proven = prove(shoots, at=now())
        helps = proven.findings.significant
        before = tasting.in_force(index)
        changed = tasting.put_in_force(
            index, Queue(index, config.queue), proven.head if helps else None, proven.findings
        )
    _print(proven.findings)
    if helps:
        click.echo(f"in force: {_scores(changed)} changed; the agent writes the sidecars as it comes to them")
        return
    click.echo("taste is off: the interval of its gain does not lie above 0")
    click.echo(_what_may_help(proven.findings))
    if before is not None:
        click.echo(f"the one that was in force is taken back: {_scores(changed)} changed")
    ctx.exit(NOT_SIGNIFICANT)


@command.command(short_help="Say what the taste likes and what it is worth.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.png", help="Draw a picture too.")
@click.pass_context
def report(ctx: click.Context, *, as_json: bool, plot: Path | None) -> None:
    """Say what the last fit found: the gain with its 95 % interval, what weighs most, and whether it is in force.

    \b
    realqa taste report
    realqa taste report --plot taste.png
    """
    if plot is not None and plot.suffix.lower() != ".png":
        raise UserError(f"{plot}: the plot is a PNG file, so its name must end in .png")
    with Index.read(settings_of(ctx).index.file) as index:
        findings, head = tasting.found(index), tasting.in_force(index)
        following, scored = tasting.following(index), index.totals().scored
    if findings is None:
        raise UserError("no taste was learned yet; `realqa taste fit` does it")
    if plot is not None:
        from realqa_agent.taste.plot import draw  # noqa: PLC0415 - matplotlib

        draw(plot, findings, _worth(findings))
    if as_json:
        about = {"in_force": head is not None, "following": following, "scored": scored}
        click.echo(lines.dump(about | _object(findings)))
        return
    _print(findings)
    if head is None:
        click.echo("taste is off" + ("" if findings.significant else f": {_what_may_help(findings)}"))
    else:
        click.echo(f"in force for the overall scores of {following} of {scored} scored files; learned {findings.at}")


@command.command(short_help="Take the taste out of all scores.")
@click.pass_context
def off(ctx: click.Context) -> None:
    """Take the taste out of all scores: each is what the first look gave again. `realqa taste fit` brings it back."""
    config = settings_of(ctx)
    with _open(config) as index:
        was_on = tasting.in_force(index) is not None
        changed = tasting.put_in_force(index, Queue(index, config.queue), None)
    if was_on:
        click.echo(f"taste is off: {_scores(changed)} changed back; the agent writes the sidecars as it comes to them")
    else:
        click.echo("taste was off already")


@contextmanager
def _open(config: Config) -> Iterator[Index]:
    """Give an index that exists already, for writing; UserError for an earlier version's: it may be in use."""
    Index.read(config.index.file).close()
    with Index.open(config.index.file) as index:
        yield index


def _gather(index: Index, config: Config, folders: Sequence[Path]) -> Gathered:
    from realqa_agent.cli import tables  # noqa: PLC0415 - rich costs 60 ms that `off` doesn't need
    from realqa_agent.service.gathering import gather  # noqa: PLC0415 - the same, for the workers
    from realqa_agent.service.scoring import processes  # noqa: PLC0415 - the same
    from realqa_agent.worker.crew import Crew  # noqa: PLC0415 - the same

    bar = tables.console(stderr=True)
    with Crew[tuple[int, Path]](config, processes(config.scoring)) as crew, bar.status("reading your ratings"):
        gathered = gather(index, crew, config, folders)
    for problem in gathered.problems[:SHOWN_PROBLEMS]:
        click.echo(f"left out: {tables.printable(problem)}", err=True)
    if len(gathered.problems) > SHOWN_PROBLEMS:
        click.echo(f"left out: {len(gathered.problems) - SHOWN_PROBLEMS} more", err=True)
    if gathered.unseen:
        click.echo(
            f"left out: {gathered.unseen} rated photos without a first look of this version; `realqa run` makes it",
            err=True,
        )
    return gathered


def _print(findings: Findings) -> None:
    from rich.table import Table  # noqa: PLC0415 - --json must not pay for it

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    click.echo(f"{len(findings.results)} shoots, {findings.photos} rated photos; each shoot by a taste of the others:")
    click.echo(_worth(findings))
    if findings.likes:
        shown = Table(show_edge=False, pad_edge=False)
        shown.add_column("what it likes")
        shown.add_column("points for one standard deviation more than usual", justify="right")
        for words, points in findings.likes:
            shown.add_row(words, f"{points:+.2f}")
        tables.console().print(shown)


def _worth(findings: Findings) -> str:
    return (
        f"{findings.without:.1%} of the pairs in your order by the first look, {findings.with_taste:.1%} with taste: "
        f"{findings.gain:+.1%} (95 % interval {findings.low:+.1%} to {findings.high:+.1%})"
    )


def _what_may_help(findings: Findings) -> str:
    more = findings.more_shoots
    if more is None:
        return "these ratings show no gain, so nothing tells how many more would"
    return f"if the gain stays, {more} more rated shoots may be needed to be sure of it"


def _scores(count: int) -> str:
    return "1 score" if count == 1 else f"{count} scores"


def _object(findings: Findings) -> dict[str, Any]:
    kept = findings.as_json()
    return {
        **{name: kept[name] for name in ("at", "without", "with_taste")},
        "gain": {"value": findings.gain, "ci": [findings.low, findings.high]},
        "significant": findings.significant,
        "more_shoots": findings.more_shoots,
        "photos": findings.photos,
        "likes": [{"what": words, "points": points} for words, points in findings.likes],
        "shoots": kept["results"],
    }
