"""`realqa cull`: what the suggestions would change in a folder, and applying them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import track
from rich.text import Text

from realqa_agent.assessment import Decision
from realqa_agent.cli import lines, tables
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.index.store import Index
from realqa_agent.metadata.record import Who, spoken
from realqa_agent.service.culling import Culled, cull, shots_in
from realqa_agent.service.scoring import processes
from realqa_agent.service.writing import begin
from realqa_agent.worker.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realqa_agent.config import Config
    from realqa_agent.metadata.journal import Journal


@click.command(short_help="Show, and with --apply write, stars, rejects and pick labels.")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR…"
)
@click.option("--dry-run", is_flag=True, help="Only show what would change; this is also what happens without --apply.")
@click.option("--apply", "apply", is_flag=True, help="Write it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, folders: tuple[Path, ...], *, dry_run: bool, apply: bool, as_json: bool) -> None:
    """Show what the suggestions for a folder would change, file by file and field by field; --apply writes it.

    Only files that the agent has scored, and only where no human has decided. Nothing is deleted or moved, and
    `realqa undo` takes it back. Verdicts follow the thresholds that are in the settings now. Exit status: 0, or 1 if
    something could not be read or written.

    \b
    realqa cull ~/Pictures/wedding
    realqa cull ~/Pictures/wedding --apply
    realqa undo
    """
    if dry_run and apply:
        raise click.UsageError("choose one of --dry-run and --apply")
    config = settings_of(ctx)
    if not config.metadata.sidecars:
        raise UserError("`sidecars` in [metadata] is off, so nothing may be written beside the photos")
    roots = [folder.absolute() for folder in folders]
    with Index.open(config.index.file) if apply else Index.read(config.index.file) as index:
        shots = shots_in(index, roots)
        if not shots:
            named = " ".join(tables.printable(str(folder)) for folder in folders)
            raise UserError(f"{named}: nothing there is scored yet; `realqa run --once {named}` does it")
        journal = begin(index, config, Who.CULL) if apply else None
        found = _culled(shots, index, config, journal)
        count = _print_json(found) if as_json else _print_table(found, sum(map(len, shots)), applied=apply)
    _summarise(count, journal)
    ctx.exit(1 if count["failed"] else 0)


def _culled(shots: Sequence[Sequence[Path]], index: Index, config: Config, journal: Journal | None) -> Iterator[Culled]:
    with Crew[tuple[int, Path]](config, processes(config.scoring)) as crew:
        yield from cull(shots, index, crew, config, journal)


def _print_json(found: Iterator[Culled]) -> Counter[str]:
    count: Counter[str] = Counter()
    for one in found:
        count += _counted(one)
        line: dict[str, Any] = {
            "path": str(one.path),
            "ok": one.problem is None,
            "verdict": {"decision": one.verdict.decision.value, "reasons": list(one.verdict.reasons)},
        }
        if one.problem is not None:
            line["error"] = one.problem
        else:
            line["file"] = str(one.file)
            line["changed"] = one.changed
            line["changes"] = [asdict(change) for change in one.changes]
            line["notes"] = list(one.notes)
        click.echo(lines.dump(line))
    return count


def _print_table(found: Iterator[Culled], total: int, *, applied: bool) -> Counter[str]:
    bar = tables.console(stderr=True)
    culled = list(track(found, "culling", total, console=bar, transient=True, disable=not bar.is_terminal))
    told = [one for one in culled if one.problem is not None or one.changed or one.notes]
    shown, folder = tables.of_files(str(one.path) for one in told)
    shown.add_column("verdict", no_wrap=True)
    shown.add_column("changed" if applied else "would change", overflow="fold", ratio=4)
    shown.add_column("left alone, and other notes", overflow="fold", ratio=4)
    for one in told:
        decision = one.verdict.decision.value
        row = [tables.relative(str(one.path), folder), Text(decision, style=tables.COLOURS[decision])]
        if one.problem is not None:
            shown.add_row(*row, "", Text(tables.printable(one.problem), style="magenta"))
        else:
            changes = "\n".join(map(spoken, one.changes))
            shown.add_row(*row, tables.printable_lines(changes), tables.printable_lines("\n".join(one.notes)))
    if told:
        tables.console().print(shown)
    return sum(map(_counted, culled), Counter())


def _counted(one: Culled) -> Counter[str]:
    if one.problem is not None:
        return Counter(failed=1)
    return Counter({"files": 1, one.verdict.decision.value: 1, "changed": int(one.changed)})


def _summarise(count: Counter[str], journal: Journal | None) -> None:
    decisions = ", ".join(f"{count[decision.value]} {decision}" for decision in Decision)
    failed = f", {count['failed']} failed" if count["failed"] else ""
    click.echo(f"{count['files']} files: {decisions}{failed}", err=True)
    if journal is None:
        click.echo(f"{count['changed']} files would change; nothing was written, --apply does it", err=True)
    else:
        click.echo(f"{count['changed']} files changed; undo with: realqa undo --run {journal.run}", err=True)
