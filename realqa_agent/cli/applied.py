"""`realqa applied`: what a plugin has set for the agent, so that it is told apart from what a human did."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click

from realqa_agent.cli import tsv
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.index.store import Index
from realqa_agent.metadata.elsewhere import Applied
from realqa_agent.metadata.human import MOST_STARS, REJECTED
from realqa_agent.metadata.journal import Journal
from realqa_agent.metadata.keywords import ROOT, entries
from realqa_agent.metadata.packet import PICKS
from realqa_agent.metadata.record import Who
from realqa_agent.service.applying import take_in
from realqa_agent.service.naming import as_watched

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(short_help="Take in what a plugin has set for the agent.")
@click.option(
    "--paths-from",
    "table",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="Table with the photos, tab-separated as `realqa query` prints it. `-` reads from the pipe.",
)
@click.pass_context
def command(ctx: click.Context, table: BinaryIO) -> None:
    """Take in what a plugin has set inside another program for the agent; the index remembers it as the agent's.

    The table has the columns `path`, `stars` (-1 to 5; empty: none of the agent's, withdrawn), `keywords` (joined by
    `;`: all that were added for the agent and not taken back) and, if a human was seen to have changed the agent's
    stars, `human` (what they are now). A program with pick labels adds `pick` (1 rejected, 2 pending, 3 accepted; 0:
    none of the agent's). So a later score may update what is the agent's, and a human's change is told apart. What the
    index knows as a human's stays so.

    \b
    realqa applied --paths-from done.tsv
    """
    config = settings_of(ctx)
    rows = {row["path"]: _applied(row) for row in tsv.read_table(table, ("path", "stars", "keywords"))}
    known_as = as_watched(rows, config.folders.watch)
    Index.read(config.index.file).close()
    with Index.open(config.index.file) as index:
        journal = Journal(index, config.metadata, who=Who.PLUGIN, run="")
        done = take_in(index, journal, {path: rows[given] for given, path in known_as.items()})
    others = {"known already": done.same, "of them with a human's stars": done.humans, "not in the index": done.unknown}
    told = "".join(f", {count} {what}" for what, count in others.items() if count)
    click.echo(f"{done.changed} taken in{told}", err=True)


def _applied(row: Mapping[str, str]) -> Applied:
    """Return what a row says; UserError if it says what no plugin of ours would."""
    keywords = entries(row["keywords"])
    if not all(keyword.startswith(ROOT) for keyword in keywords):
        raise UserError(f"{row['path']!r}: keywords {row['keywords']!r}: only those under {ROOT} can be the agent's")
    stars, human = _stars(row, "stars"), _stars(row, "human")
    if stars == 0:
        raise UserError(f"{row['path']!r}: the agent gives no 0 stars; leave the cell empty for none of its own")
    return Applied(stars=stars, human=human, pick=_pick(row), keywords=keywords)


def _pick(row: Mapping[str, str]) -> int | None:
    text = row.get("pick", "")
    if text not in {"", *map(str, range(max(PICKS.values()) + 1))}:
        raise UserError(f"{row['path']!r}: pick {text!r} is no whole number from 0 to {max(PICKS.values())}")
    return int(text) if text else None


def _stars(row: Mapping[str, str], column: str) -> int | None:
    text = row.get(column, "")
    if not text:
        return None
    if text not in map(str, range(REJECTED, MOST_STARS + 1)):
        raise UserError(f"{row['path']!r}: {column} {text!r} is no whole number from {REJECTED} to {MOST_STARS}")
    return int(text)
