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
from realqa_agent.errors import TransientError, UserError
from realqa_agent.service.manners import take_a_back_seat
from realqa_agent.service.notify import notify
from realqa_agent.service.running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from realqa_agent.config import Config
    from realqa_agent.service.agent import Agent
    from realqa_agent.service.errands import Tally

    Report = Callable[[int, int | None], None]
    """Takes the number of files finished, and of those left, None if that can't be told now."""

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
    next start; SIGHUP makes it read the settings anew. Stars and rejects are only written with `apply = true` in
    `[culling]`. It runs with the lowest priority, and rests when `[manners]` says so; with --once it does neither.

    \b
    realqa run --once ~/Pictures
    realqa run
    realqa service install
    """
    logs.set_up(verbose=verbose)
    config, before = settings_of(ctx), None
    if not once:
        take_a_back_seat()
    signals = _Signals(reloads=not once and not sys.stderr.isatty())
    while True:
        try:
            tally = _work(config, _roots(folders, config), signals, once=once)
        except UserError as error:
            if before is None:
                raise
            log.warning("%s; the settings stay as they were", error)
            config, before = before, None
            continue
        _say(tally)
        if not signals.reload:
            return
        signals.reload = False  # first, so that a signal while they are read makes them be read again
        config, before = _anew(ctx, config), config


class _Signals:
    """What signals ask for. The end of a terminal is no wish for other settings: with one, SIGHUP ends the agent."""

    def __init__(self, *, reloads: bool) -> None:
        self.agent: Agent | None = None
        self.end = self.reload = False
        self._reloads = reloads
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._obey)

    def forget(self) -> None:
        """Have no agent to stop any more."""
        self.agent = None

    def _obey(self, number: int, _: object) -> None:
        if number == signal.SIGHUP and self._reloads:
            self.reload = True
        else:
            self.end = True
        if self.agent is not None:
            self.agent.stop()


def _work(config: Config, roots: Sequence[Path], signals: _Signals, *, once: bool) -> Tally:
    """Run an agent until it is done, or a signal asks for something else."""
    with ExitStack() as stack:
        agent = stack.enter_context(running(config, roots, once=once))
        signals.agent = agent
        # Before the agent is taken apart: a signal may come in the middle of that.
        stack.callback(signals.forget)
        if signals.end or signals.reload:
            agent.stop()
        report = stack.enter_context(_bar()) if once and sys.stderr.isatty() else _to_manager
        tally = agent.run(once=once, beat=_now_and_then(agent, report))
        signals.reload &= not signals.end
        _tell_manager(*_reloading() if signals.reload else ["STOPPING=1"])
    return tally


def _roots(named: Sequence[Path], config: Config) -> Sequence[Path]:
    roots = named or config.folders.watch
    if not roots:
        raise UserError("no folder to watch: name one, or set `watch` in [folders] (`realqa config init`)")
    return roots


def _anew(ctx: click.Context, before: Config) -> Config:
    """Return the settings as they are now, or those before if they can't be read."""
    try:
        config = settings_of(ctx)
    except UserError as error:
        log.warning("%s; the settings stay as they were", error)
        return before
    log.info("the settings were read anew")
    return config


def _reloading() -> list[str]:
    return ["RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"]


def _say(tally: Tally) -> None:
    click.echo(
        f"{tally.scored} scored, {tally.known} known already, {tally.refused} refused, {tally.failed} failed tries"
        + (f"; {tally.followed} judged by the model" if tally.followed else "")
        + (f"; {tally.unanswered} that the model gave no number for" if tally.unanswered else ""),
        err=True,
    )


def _now_and_then(agent: Agent, report: Report) -> Callable[[Tally], None]:
    reported = -REPORT_SECONDS

    def beat(tally: Tally) -> None:
        nonlocal reported
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            try:
                left = agent.left()
            except TransientError as error:
                log.debug("%s", error)
                left = None
            report(tally.finished, left)

    return beat


@contextmanager
def _bar() -> Iterator[Report]:
    """Show a progress bar; its total grows while the walk finds more."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - 60 ms

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=tables.console(stderr=True), transient=True) as progress:
        bar = progress.add_task("scoring", total=None)
        yield lambda finished, left: progress.update(bar, completed=finished, total=left and finished + left)


def _to_manager(finished: int, left: int | None) -> None:
    """Tell systemd that the agent is up and alive."""
    # READY again and again does no harm (sd_notify(3)), and saves remembering.
    count = "" if left is None else f", {left} left"
    _tell_manager("READY=1", "WATCHDOG=1", f"STATUS={finished} files done{count}")


def _tell_manager(*states: str) -> None:
    """Speak to the service manager; does nothing where none listens."""
    try:
        notify(*states)
    except OSError as error:
        log.warning("the service manager can't be told how the agent fares: %s", error)
