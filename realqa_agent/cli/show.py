"""`realqa show`: all that is known of one file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.assessment import ATTRIBUTES
from realqa_agent.cli import lines
from realqa_agent.cli.list import as_line
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.index.store import Index

if TYPE_CHECKING:
    from realqa_agent.index.store import Event, Row


@click.command(short_help="Show all that is known of one file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Show one file: scores, the ten attributes with reasons, verdict, camera settings, history.

    \b
    realqa show ~/Pictures/IMG_0042.CR2
    """
    with Index.read(settings_of(ctx).index.file) as index:
        row = index.lookup(file.absolute())
        if row is None:
            raise UserError(
                f"{file}: not in the index; `realqa score` looks at it now, `realqa run --once` takes it in"
            )
        history = index.history(row.file_id)
    line = as_line(row)
    if as_json:
        click.echo(lines.dump({**(line or {"path": str(row.path), "ok": None}), **_details(row, history)}))
    else:
        _print(row, line, history)


def _details(row: Row, history: list[Event]) -> dict[str, Any]:
    details: dict[str, Any] = {
        "missing": row.missing,
        "history": [{"at": event.at, "event": event.event, "detail": event.detail} for event in history],
    }
    if row.stored is not None:
        details["width"], details["height"] = row.stored.width, row.stored.height
        details["duration_s"] = row.stored.duration_s
        details["facts"] = {name: value for name, value in asdict(row.stored.facts).items() if value not in (None, ())}
        details["scored_at"] = row.stored.scored_at
    return details


def _print(row: Row, line: dict[str, Any] | None, history: list[Event]) -> None:
    from rich.table import Table  # noqa: PLC0415 - --json must not pay for it
    from rich.text import Text  # noqa: PLC0415 - the same

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    console = tables.console()
    console.print(Text(tables.printable(str(row.path)), style="bold"))
    if row.missing:
        console.print("the file is not there any more")
    if line is None:
        console.print("waits to be scored")
    elif not line["ok"]:
        console.print(f"refused, {line['error']['kind']}: {line['error']['message']}")
    else:
        scores = "   ".join(f"{name} {line[name]:.2f}" for name in ("overall", "quality", "aesthetic"))
        console.print(f"{scores}   (1 to 10; {line['scorer']} {line['scorer_version']})")
        if line["taste"] is not None:
            console.print(line["taste"]["reason"])
        console.print(f"verdict: {line['verdict']['decision']}")
        for reason in line["verdict"]["reasons"]:
            console.print(f"  {reason}")
        shown = Table(show_edge=False, pad_edge=False)
        for heading in ("level", "attribute", "score", "value", "why"):
            shown.add_column(heading, justify="right" if heading == "score" else "left")
        for name, attribute in line["attributes"].items():
            score = "" if attribute["score"] is None else f"{attribute['score']:.2f}"
            shown.add_row(ATTRIBUTES[name], tables.words(name), score, attribute["value"], attribute["reason"])
        console.print(shown)
    for name, value in _details(row, history).get("facts", {}).items():
        console.print(f"{tables.words(name)}: {value}")
    for event in history:
        console.print(f"{event.at}  {event.event}  {event.detail}")
