"""`realqa db`: look over, copy, shrink and export the index."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli import lines
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.files import made_whole
from realqa_agent.index import care
from realqa_agent.index.export import everything
from realqa_agent.index.migrate import revision_of
from realqa_agent.index.store import Index
from realqa_agent.service.lock import only_agent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCORES = ("quality", "aesthetic", "overall")

CAPTURE = ("camera", "lens", "taken_at", "shutter_s", "aperture", "iso", "focal_length_mm")

CSV_COLUMNS = (
    *("path", "kind", "scorer", *SCORES, "decision", "reasons", "scored_at"),
    *("sha256", "bytes", "width", "height", "duration_s", *CAPTURE),
)
"""The columns of the views `v_scores_v1` and `v_captures_v1`, with the path once."""


@click.group("db", short_help="Check, back up, shrink or export the index.")
def command() -> None:
    """Check, back up, shrink or export the index.

    \b
    realqa db check
    realqa db backup /media/stick/index.sqlite
    realqa db export --format csv photos.csv
    """


@command.command(short_help="Look the whole index over.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Look the whole index over: each page, each table against its indexes, each reference.

    Changes nothing, and works while the agent runs. Exit status: 0, or 1 if it is damaged.
    """
    file = settings_of(ctx).index.file
    found = care.check(file)
    if not found:
        _existing(ctx)
    copies = [str(path) for path in care.copies(file)]
    if as_json:
        click.echo(lines.dump({"index": str(file), "ok": not found, "findings": found, "copies": copies}))
    elif not found:
        click.echo(f"{file}: whole")
    else:
        click.echo(_advice(file, found, copies))
    ctx.exit(1 if found else 0)


def _advice(file: Path, found: list[str], copies: list[str]) -> str:
    return "\n".join(
        [
            f"{file}: damaged",
            *(f"  {finding}" for finding in found),
            "An agent that meets the damage ends with an error. Its next start sets the index aside as",
            f"`{file.name}.damaged-…` and makes a new one, into which the results come back from the sidecars.",
            f"To have that at once: stop the agent, move `{file.name}` and `{file.name}-wal` away, and start it again.",
            *(
                ["Or put a copy in their place:", *(f"  {copy}" for copy in copies)]
                if copies
                else ["There is no copy beside it; `realqa db backup` makes one of the next index."]
            ),
        ]
    )


@command.command(short_help="Copy the index into one file.")
@click.argument("target", required=False, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE]")
@click.pass_context
def backup(ctx: click.Context, target: Path | None) -> None:
    """Copy the index into one file, whole or not at all; never over an existing one. Works while the agent runs.

    Without FILE: beside the index, with today's date. To go back to a copy: stop the agent, move the index and what
    lies beside it away, and put the copy in its place.
    """
    file = _existing(ctx)
    target = target or file.with_name(f"{file.name}.backup-{time.strftime('%Y-%m-%d')}")
    care.back_up(file, target)
    click.echo(f"{target}: {_mb(target.stat().st_size)}")


@command.command(short_help="Give the room of deleted rows back.")
@click.pass_context
def vacuum(ctx: click.Context) -> None:
    """Give the room of deleted rows back to the disk; needs as much free disk as the index takes.

    Not while the agent runs: its writes would wait, and fail if it takes long. None can start meanwhile.
    """
    file = _existing(ctx)
    with only_agent(file):
        before, after = care.vacuum(file)
    click.echo(f"{file}: {_mb(before)} before, {_mb(after)} now")


@command.command(short_help="Write all that the index knows of each file.")
@click.argument("target", required=False, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="jsonl: all of it, a JSON object for each file, present or missing. "
    "csv: for each scored file the columns of the views v_scores_v1 and v_captures_v1.",
)
@click.pass_context
def export(ctx: click.Context, target: Path | None, form: str) -> None:
    """Write what the index knows of each file, to FILE or else to stdout; never over an existing file.

    All of it is one state of the index, and the agent may run meanwhile.

    \b
    realqa db export | jq -r 'select(.verdict.decision == "reject").path'
    """
    with Index.read(settings_of(ctx).index.file) as index:
        found = everything(index.database)
        exported = _as_csv(found) if form == "csv" else (f"{lines.dump(each)}\n" for each in found)
        encoded = (line.encode(errors="surrogateescape") for line in exported)
        if target is None:
            for line in encoded:
                # Bytes, since a file name may be none of the terminal's encoding.
                click.echo(line, nl=False)
        else:
            _write(encoded, target)


def _write(exported: Iterable[bytes], target: Path) -> None:
    try:
        with made_whole(target) as partial, partial.open("wb") as out:
            out.writelines(exported)
    except FileExistsError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{target}: can't write it: {error.strerror}") from error


def _as_csv(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    # A writer returns what the `write` of its file returns.
    writer = csv.writer(SimpleNamespace(write=lambda line: line), lineterminator="\n")
    yield writer.writerow(CSV_COLUMNS)
    for each in found:
        scored = next((one for one in each["assessments"] if one["in_force"]), None)
        if scored is not None and each["missing_since"] is None:
            row = {**each, **each["capture"], **scored, **_as_text(each["verdict"]), "bytes": each["size"]}
            yield writer.writerow([row.get(name) for name in CSV_COLUMNS])


def _as_text(verdict: dict[str, Any] | None) -> dict[str, str]:
    return {} if verdict is None else {"decision": verdict["decision"], "reasons": "\n".join(verdict["reasons"])}


def _existing(ctx: click.Context) -> Path:
    """Return the index's path; UserError if there is none, or it is none of ours."""
    file = settings_of(ctx).index.file
    if revision_of(file) is None:
        raise UserError(f"{file}: there is no index yet; `realqa run --once DIR` makes one")
    return file


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
