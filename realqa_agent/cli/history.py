"""`realqa history`: who wrote what when, for one file or run by run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realqa_agent.cli import lines
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.moments import shown
from realqa_agent.errors import UserError
from realqa_agent.index.store import Index
from realqa_agent.metadata.journal import Journal, Run
from realqa_agent.metadata.record import Who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.index.store import Event

RUNS_SHOWN = 20


@click.command(short_help="Show who wrote what when.")
@click.argument("photo", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option("--limit", type=click.IntRange(1), default=RUNS_SHOWN, show_default=True, help="Runs to list.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, photo: Path | None, *, limit: int, as_json: bool) -> None:
    """Show what happened to a photo or clip and who did it: the agent, `cull`, `undo`, or a human elsewhere.

    Without FILE: the runs that wrote something, as `realqa undo --run` takes them.

    \b
    realqa history ~/Pictures/IMG_0042.CR2
    realqa history
    """
    config = settings_of(ctx)
    with Index.read(config.index.file) as index:
        if photo is None:
            runs = Journal(index, config.metadata, who=Who.HUMAN, run="").runs(limit)
            _print_runs(runs, as_json=as_json)
            return
        row = index.lookup(photo.absolute())
        if row is None:
            raise UserError(f"{photo}: not in the index; `realqa run --once` takes it in")
        _print_events(index.history(row.file_id), as_json=as_json)


def _print_runs(runs: list[Run], *, as_json: bool) -> None:
    if as_json:
        for run in runs:
            click.echo(lines.dump(asdict(run)))
        return
    if not runs:
        click.echo("nothing was ever written, or all of it is older than `undo_days`", err=True)
        return
    rows = [
        (run.run, run.who, shown(run.began), shown(run.ended), str(run.files), str(run.writes), str(run.undone))
        for run in runs
    ]
    _print_table(("run", "who", "first write", "last write", "files", "writes", "taken back"), rows)


def _print_events(events: list[Event], *, as_json: bool) -> None:
    if as_json:
        for event in events:
            click.echo(lines.dump(asdict(event)))
        return
    rows = [(event.at, event.who, event.event, event.detail.replace("; ", "\n"), event.run or "") for event in events]
    _print_table(("when", "who", "did", "what", "run"), rows)


def _print_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - --json must not pay for it

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    table = Table(show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading != "what", overflow="fold")
    for row in rows:
        table.add_row(*map(tables.printable_lines, row))
    tables.console().print(table)
