"""`realqa queue`: what waits, and a person's word on it."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from realqa_agent.cli import tsv
from realqa_agent.cli.lines import last_line
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.moments import duration
from realqa_agent.index.codec import rfc3339
from realqa_agent.index.store import Index
from realqa_agent.queue.records import State
from realqa_agent.queue.steering import Steering
from realqa_agent.service.handover import hand_over
from realqa_agent.service.lock import holder
from realqa_agent.service.naming import as_watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realqa_agent.config import Config
    from realqa_agent.queue.records import Standing

SHOWN = 50

WORDS = {State.RUNNING: "running", State.QUEUED: "queued", State.DEAD: "aside", State.DROPPED: "dropped"}
"""What people call the states."""

STATES = {word: state for state, word in WORDS.items()}

PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")


@click.group("queue", short_help="Show and steer what waits to be scored.")
def command() -> None:
    """Show and steer what waits to be scored, while the agent runs or not.

    \b
    realqa queue list
    realqa queue add ~/Pictures/card
    realqa queue retry ~/Pictures/card
    realqa queue pause
    """


@command.command("list", short_help="List the jobs in their turn.")
@PATHS
@click.option("--state", type=click.Choice(list(STATES)), help="Only jobs that stand so.")
@click.option("--limit", default=SHOWN, show_default=True, type=click.IntRange(min=1), help="Most that are shown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, without a limit unless one is given.")
@click.pass_context
def listing(ctx: click.Context, paths: tuple[Path, ...], state: str | None, limit: int, *, as_json: bool) -> None:
    """List the jobs in their turn, with the error of each last try; those set aside come last.

    \b
    realqa queue list --state aside
    """
    with Index.read(settings_of(ctx).index.file) as index:
        found = Steering(index).listing(state=None if state is None else STATES[state], paths=_absolute(paths))
        if as_json:
            given = ctx.get_parameter_source("limit") is not click.core.ParameterSource.DEFAULT
            for standing in islice(found, limit if given else None):
                click.echo(json.dumps(_line(standing)))
            return
        _print(found, limit)


def _print(found: Iterator[Standing], limit: int) -> None:
    from realqa_agent.cli import tables  # noqa: PLC0415 - 60 ms that --json saves

    shown = list(islice(found, limit + 1))
    if not shown:
        click.echo("nothing waits")
        return
    table, common = tables.of_files([str(standing.path) for standing in shown[:limit]])
    for name in ("state", "tries", "waits"):
        table.add_column(name, no_wrap=True)
    table.add_column("last error", overflow="fold", ratio=5)
    for standing in shown[:limit]:
        table.add_row(
            tables.relative(str(standing.path), common),
            WORDS[standing.state],
            str(standing.attempts),
            _wait(standing),
            tables.printable(last_line(standing.error)),
        )
    tables.console().print(table)
    if len(shown) > limit:
        click.echo("and more; --limit shows them, `realqa status` counts them", err=True)


def _wait(standing: Standing) -> str:
    now = time.time()
    if standing.state is State.QUEUED and standing.next_try_at > now:
        return f"{duration(standing.next_try_at - now)} more"
    return duration(now - standing.queued_at)


@command.command(short_help="Hand files to the agent.")
@PATHS
@click.option(
    "--paths-from",
    "listed",
    type=click.File("rb"),
    metavar="FILE",
    help="File with absolute paths, one a line, as for `realqa query`. `-` reads from the pipe.",
)
@click.pass_context
def add(ctx: click.Context, paths: tuple[Path, ...], *, listed: BinaryIO | None) -> None:
    """Hand files to the agent as an import, whether it watches their folder or not, and whether it runs or not.

    Of a folder, all photos and clips below it. What the agent knows as it is gets no job: to have such a file tried
    again, `realqa queue retry`.

    \b
    realqa queue add /media/card/DCIM
    """
    if not paths and listed is None:
        raise click.UsageError("name a file or folder, or give a list of them with --paths-from")
    given = [*map(str, _absolute(paths)), *(tsv.read_paths(listed) if listed is not None else ())]
    config = settings_of(ctx)
    known_as = as_watched(given, config.folders.watch)
    with _opened(config) as index:
        done = hand_over(index, known_as.values(), config.folders.ignore)
    told = {"known already": done.known, "no photos or clips, or ignored": done.ignored, "not there": done.absent}
    hastened = f", {_files(done.hastened)} put before the backlog" if done.hastened else ""
    others = "".join(f", {count} {what}" for what, count in told.items() if count)
    without_agent = _without_agent(ctx) if done.queued or done.hastened else ""
    click.echo(f"{_files(done.queued)} queued{hastened}{others}{without_agent}", err=True)


@command.command(short_help="Try again, at once, what failed or waits.")
@PATHS
@click.pass_context
def retry(ctx: click.Context, paths: tuple[Path, ...]) -> None:
    """Try again, at once and before all others, what failed or waits for its next try; of all files, or at PATH.

    Files that were dropped come back only if PATH names them or a folder above them.

    \b
    realqa queue retry
    realqa queue retry ~/Pictures/card/IMG_0042.CR2
    """
    with _steering(ctx) as steering:
        count = steering.retry(_absolute(paths))
    click.echo(f"{_files(count)} to be tried again{_without_agent(ctx)}", err=True)


@command.command(short_help="Take files out of the queue, unscored.")
@PATHS
@click.option("--aside", is_flag=True, help="Only files that were set aside; needed where no PATH is given.")
@click.pass_context
def drop(ctx: click.Context, paths: tuple[Path, ...], *, aside: bool) -> None:
    """Take files out of the queue, unscored, until they change or `realqa queue retry PATH` names them.

    \b
    realqa queue drop ~/Pictures/scans
    realqa queue drop --aside
    """
    if not paths and not aside:
        raise click.UsageError("name a file or folder, or give --aside for all that was set aside")
    with _steering(ctx) as steering:
        count = steering.drop(_absolute(paths), state=State.DEAD if aside else None)
    click.echo(f"{_files(count)} dropped", err=True)


@command.command(short_help="Let no new work begin.")
@click.pass_context
def pause(ctx: click.Context) -> None:
    """Let no new work begin until `realqa queue resume`, also over a restart; what is under way is finished.

    \b
    realqa queue pause
    """
    with _steering(ctx) as steering:
        changed = steering.pause()
    click.echo("paused; `realqa queue resume` goes on" if changed else "it is paused already", err=True)


@command.command(short_help="Let work go on.")
@click.pass_context
def resume(ctx: click.Context) -> None:
    """Let work go on after `realqa queue pause`.

    \b
    realqa queue resume
    """
    with _steering(ctx) as steering:
        changed = steering.resume()
    click.echo(f"work goes on{_without_agent(ctx)}" if changed else "it was not paused", err=True)


def _opened(config: Config) -> Index:
    """Open the index for writing, a new one if there is none; UserError for an earlier version's: it may be in use."""
    file = config.index.file
    if file.exists():
        Index.read(file).close()
    return Index.open(file)


@contextmanager
def _steering(ctx: click.Context) -> Iterator[Steering]:
    """Give the queue of an index that exists already, for writing."""
    file = settings_of(ctx).index.file
    Index.read(file).close()
    with Index.open(file) as index:
        yield Steering(index)


def _without_agent(ctx: click.Context) -> str:
    """Return what to add where no agent runs that would do it."""
    return "" if holder(settings_of(ctx).index.file) else "; no agent runs: `realqa run`"


def _absolute(paths: Sequence[Path]) -> list[Path]:
    return [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - resolve() follows symlinks


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _line(standing: Standing) -> dict[str, Any]:
    """Return the JSON object of a job."""
    return {
        "path": str(standing.path),
        "state": WORDS[standing.state],
        "priority": standing.priority.name.lower(),
        "tries": standing.attempts,
        "queued_at": rfc3339(standing.queued_at),
        "next_try_at": rfc3339(standing.next_try_at) if standing.state is State.QUEUED else None,
        "failed_at": None if standing.failed_at is None else rfc3339(standing.failed_at),
        "error": standing.error,
    }
