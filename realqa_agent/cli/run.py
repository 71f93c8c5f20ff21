"""`realqa run`: the agent in the foreground."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realqa_agent.cli import logs
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.service.running import running

if TYPE_CHECKING:
    from realqa_agent.config import Config

log = logging.getLogger(__name__)


@click.command(short_help="Watch folders, score what is new, write results.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="[DIR…]")
@click.option("--once", is_flag=True, help="Stop when everything that is there now is done.")
@click.option("-v", "--verbose", is_flag=True, help="Say every file, not only what went wrong.")
@click.pass_context
def command(ctx: click.Context, folders: tuple[Path, ...], *, once: bool, verbose: bool) -> None:
    r"""Watch folders, score what is new, and write results into the index and the sidecars.

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
    _run(config, [root.absolute() for root in roots], once=once)


def _run(config: Config, roots: list[Path], *, once: bool) -> None:
    with running(config, roots, once=once) as agent:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.stop())
        tally = agent.run(once=once, beat=lambda _: None)
    click.echo(
        f"{tally.scored} scored, {tally.known} known already, {tally.refused} refused, {tally.failed} failed tries",
        err=True,
    )
