"""`realqa run`: the agent in the foreground, for a terminal or for systemd."""

from __future__ import annotations

import logging
import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realqa_agent.cli import logs
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.service.notify import notify
from realqa_agent.service.running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from realqa_agent.service.agent import Agent, Tally

    Report = Callable[[int, int], None]
    """Takes the number of files finished, and of those left."""

log = logging.getLogger(__name__)

REPORT_SECONDS = 1.0
"""Counting the queue of 100,000 photos takes 14 ms, too long to do it after each photo."""


@click.command(short_help="Watch folders, score what is new, write results.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, file_okay=False), metavar="[DIR…]")
@click.option("--once", is_flag=True, help="Stop when everything that is there now is done.")
@click.option("-v", "--verbose", is_flag=True, help="Say more than what went wrong.")
@click.pass_context
def command(ctx: click.Context, folders: tuple[Path, ...], *, once: bool, verbose: bool) -> None:
    """Watch folders, score what is new, and write results into the index and the sidecars.

    Without DIR: the folders of the settings. Stops cleanly on Ctrl-C and SIGTERM, and goes on where it was at the
    next start. Stars and rejects are only written with `apply = true` in `[culling]`.

    \b
    realqa run --once ~/Pictures
    realqa run
    """
    logs.set_up(verbose=verbose)
    config = settings_of(ctx)
    roots = folders or config.folders.watch
    if not roots:
        raise UserError("no folder to watch: name one, or set `watch` in [folders] (`realqa config init`)")
    with ExitStack() as stack:
        agent = stack.enter_context(running(config, roots, once=once))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.stop())
        report = stack.enter_context(_bar() if once and sys.stderr.isatty() else _service())
        tally = agent.run(once=once, beat=_now_and_then(agent, report))
    click.echo(
        f"{tally.scored} scored, {tally.known} known already, {tally.refused} refused, {tally.failed} failed tries",
        err=True,
    )


def _now_and_then(agent: Agent, report: Report) -> Callable[[Tally], None]:
    reported = -REPORT_SECONDS

    def beat(tally: Tally) -> None:
        nonlocal reported
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            report(tally.finished, agent.left())

    return beat


@contextmanager
def _bar() -> Iterator[Report]:
    """Show a progress bar; its total grows while the walk finds more."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - 60 ms

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=tables.console(stderr=True), transient=True) as progress:
        bar = progress.add_task("scoring", total=None)
        yield lambda finished, left: progress.update(bar, completed=finished, total=finished + left)


@contextmanager
def _service() -> Iterator[Report]:
    """Tell systemd that the agent is up and alive; does nothing where no service manager listens."""

    def report(finished: int, left: int) -> None:
        try:
            # READY again and again does no harm (sd_notify(3)), and saves remembering.
            notify("READY=1", "WATCHDOG=1", f"STATUS={finished} files done, {left} left")
        except OSError as error:
            log.warning("the service manager can't be told that all is well: %s", error)

    yield report
