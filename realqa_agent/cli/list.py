"""`realqa list`: scored and refused files from the index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.assessment import Decision
from realqa_agent.cli import lines, tsv
from realqa_agent.cli.main import settings_of
from realqa_agent.index.store import Index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realqa_agent.index.reading import Sort
    from realqa_agent.index.store import Row


@click.command(short_help="List scored files from the index.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[DIR…]")
@click.option(
    "--sort",
    type=click.Choice(["path", "aesthetic", "quality", "overall"]),
    default="path",
    show_default=True,
    help="Order; scores put the best first.",
)
@click.option("--verdict", type=click.Choice([each.value for each in Decision]), help="Only files with this verdict.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object a line, with the fields of `realqa score --json`.",
)
@click.option(
    "--tsv",
    "as_tsv",
    is_flag=True,
    help="Tab-separated lines for plugins: " + ", ".join(lines.TSV_COLUMNS) + ".",
)
@click.pass_context
def command(
    ctx: click.Context,
    folders: tuple[Path, ...],
    *,
    sort: Sort,
    verdict: str | None,
    as_json: bool,
    as_tsv: bool,
) -> None:
    """List the files that the agent has scored or refused, from the index.

    Without DIR: all of them. The table shows the reason for each low attribute.

    \b
    realqa list ~/Pictures/wedding --sort aesthetic
    realqa list --verdict reject --json | jq -r .path
    """
    if as_json and as_tsv:
        raise click.UsageError("choose one of --json and --tsv")
    with Index.read(settings_of(ctx).index.file) as index:
        rows = index.listing(
            [folder.absolute() for folder in folders],
            sort=sort,
            decision=Decision(verdict) if verdict else None,
        )
        found = (line for row in rows if (line := as_line(row)) is not None)
        if as_json:
            for line in found:
                click.echo(lines.dump(line))
        elif as_tsv:
            _print_tsv(found)
        else:
            _print_table(found)


def as_line(row: Row) -> dict[str, Any] | None:
    """Given a row of the index, return its line; None while the file still waits."""
    if row.refusal is not None:
        return lines.refused(row.path, *row.refusal)
    if row.stored is None or row.verdict is None:
        return None
    return lines.scored(row.path, row.stored.kind, row.stored.assessment, row.verdict, row.stored.elapsed_ms)


def _print_tsv(found: Iterator[dict[str, Any]]) -> None:
    click.echo(tsv.HEAD)
    click.echo(tsv.line(lines.TSV_COLUMNS))
    for line in found:
        click.echo(tsv.encoded(f"{lines.tsv(line)}\n"), nl=False)


def _print_table(found: Iterator[dict[str, Any]]) -> None:
    from realqa_agent.cli import tables  # noqa: PLC0415 - rich costs 60 ms that the other forms don't need

    tables.console().print(tables.table(found))
