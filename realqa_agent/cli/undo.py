"""`realqa undo`: put back, byte for byte, what was there before writes of ours."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from realqa_agent.cli import lines, tables
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.moments import moment, shown
from realqa_agent.errors import UserError
from realqa_agent.index.store import Index
from realqa_agent.metadata.record import Who, spoken
from realqa_agent.metadata.undo import Fate
from realqa_agent.service.undoing import TakenBack, files_of, take_back
from realqa_agent.service.writing import begin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realqa_agent.metadata.journal import Journal, Write

LEFT = {Fate.CHANGED, Fate.GONE, Fate.PARTLY}
"""Files that are not as they were before us."""

ADVICE = {
    Fate.CHANGED: "somebody changed it after us: left alone; --surgical takes out what is still ours",
    Fate.PARTLY: "somebody changed it between our writes: back to their version",
    Fate.GONE: "it is not there any more",
    Fate.UNCHANGED: "it is as before already",
}


@click.command(short_help="Put back what was there before the agent wrote.")
@click.option(
    "--file",
    "photo",
    type=click.Path(path_type=Path),
    help="All writes for one photo or clip, back to before the first.",
)
@click.option("--run", metavar="ID", help="The writes of one run; `realqa history` lists them.")
@click.option(
    "--since", type=moment, metavar="TIME", help="The writes since then: 1h, 90min, 3d, 2026-11-01, 2026-11-01T18:30."
)
@click.option("--surgical", is_flag=True, help="In files that somebody changed after us, take out what is still ours.")
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(
    ctx: click.Context,
    photo: Path | None,
    run: str | None,
    since: float | None,
    *,
    surgical: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put back exactly what was there before the agent or `realqa cull` wrote: byte for byte.

    Without --file, --run or --since: the last run. A sidecar that we made is removed again. A file that somebody
    changed after us is not touched but listed. An undo is a run like any other, and `realqa undo --run` takes it
    back. Exit status: 0, or 1 if a file is not as it was before us.

    \b
    realqa undo --dry-run
    realqa undo --since 1h
    realqa undo --file ~/Pictures/IMG_0042.CR2
    """
    config = settings_of(ctx)
    if not config.index.file.exists():
        raise UserError(f"{config.index.file}: there is no index, so nothing was ever written with it")
    with Index.open(config.index.file) as index:
        journal = begin(index, config, Who.UNDO)
        ask = photo is None and run is None and since is None
        if ask:
            run = _last(journal)
        writes = journal.writes(run=run, file_ids=None if photo is None else [_known(photo, index)], since=since)
        if not writes:
            raise UserError("there is nothing to undo; `realqa history` lists the runs that wrote something")
        files = files_of(writes, index)
        if ask and not dry_run and sys.stdin.isatty():
            _confirm(writes, len(files))
        found = take_back(files, index, journal, surgical=surgical, dry_run=dry_run)
        count = _print_json(found) if as_json else _print_table(found)
    _summarise(count, journal, dry_run=dry_run)
    ctx.exit(1 if any(count[fate] for fate in LEFT) or count["failed"] else 0)


def _last(journal: Journal) -> str | None:
    """Return the last run that wrote and was not taken back, None if there is none."""
    return next((one.run for one in journal.runs(100) if one.who is not Who.UNDO and one.undone < one.writes), None)


def _known(photo: Path, index: Index) -> int:
    path = photo.absolute()
    # Whoever names the sidecar means the photo's.
    row = index.lookup(path) or (index.lookup(path.with_suffix("")) if path.suffix == ".xmp" else None)
    if row is None:
        raise UserError(f"{photo}: not in the index, so nothing was written for it")
    return row.file_id


def _confirm(writes: list[Write], files: int) -> None:
    last = writes[-1]
    click.confirm(f"Take back run {last.run} ({last.who}, until {shown(last.at)}) in {files} files?", abort=True)


def _print_json(found: Iterator[TakenBack]) -> Counter[str]:
    count: Counter[str] = Counter()
    for one in found:
        if one.undone is None:
            count["failed"] += 1
            click.echo(lines.dump({"path": str(one.path), "ok": False, "error": one.problem}))
            continue
        count[one.undone.fate] += 1
        changes = [asdict(change) for change in one.undone.changes]
        line = {"path": str(one.path), "ok": one.undone.fate not in LEFT, "fate": one.undone.fate, "changes": changes}
        click.echo(lines.dump(line))
    return count


def _print_table(found: Iterator[TakenBack]) -> Counter[str]:
    undone = list(found)
    table, folder = tables.of_files(str(one.path) for one in undone)
    table.add_column("", no_wrap=True)
    table.add_column("changes", overflow="fold", ratio=5)
    count: Counter[str] = Counter()
    for one in undone:
        name = tables.relative(str(one.path), folder)
        fate = "failed" if one.undone is None else one.undone.fate
        count[fate] += 1
        if one.undone is None:
            table.add_row(name, Text(fate, style="magenta"), tables.printable(one.problem or ""))
            continue
        told = [*map(spoken, one.undone.changes), *([ADVICE[one.undone.fate]] if fate in ADVICE else [])]
        colour = "yellow" if fate in LEFT else "green"
        table.add_row(name, Text(fate, style=colour), tables.printable_lines("\n".join(told)))
    tables.console().print(table)
    return count


def _summarise(count: Counter[str], journal: Journal, *, dry_run: bool) -> None:
    counts = ", ".join(f"{number} {fate}" for fate, number in count.items())
    done = "nothing was written" if dry_run else f"take this back with: realqa undo --run {journal.run}"
    click.echo(f"{count.total()} files: {counts}; {done}", err=True)
