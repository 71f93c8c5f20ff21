"""`realqa score`: score files or folders now and write nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli import lines
from realqa_agent.cli.main import settings_of
from realqa_agent.culling.policy import judge_shot
from realqa_agent.service.scoring import batches, processes, refusal, score
from realqa_agent.worker.crew import Crew
from realqa_agent.worker.messages import Assessed, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realqa_agent.config import Config, Profile


@click.command(short_help="Score files or folders now; writes nothing.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout, nothing else there.")
@click.option("--scorer", metavar="NAME", help="Scorer to use instead of the one in the settings.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Worker processes; default: one a core, 4 at most.",
)
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], *, as_json: bool, scorer: str | None, jobs: int | None
) -> None:
    """Score files or folders now and write nothing.

    Shows a table with the reason for each low attribute. A RAW and its JPEG are judged as one shot. Exit status:
    0 all scored, 1 some refused, 2 wrong usage.

    \b
    realqa score IMG_0042.CR2
    realqa score ~/Pictures/wedding --json | jq 'select(.verdict.decision == "reject").path'
    """
    config = settings_of(ctx).scored_by(scorer)
    shots = list(batches(paths, config.folders.ignore))
    if not shots:
        click.echo("nothing to score: no photo or clip there", err=True)
        return
    with Crew[tuple[int, Path]](config, jobs or processes(config.scoring)) as crew:
        crew.last()
        results = _results(shots, crew, config)
        refused = _print_json(results) if as_json else _print_table(results, sum(map(len, shots)))
    ctx.exit(1 if refused else 0)


def _results(shots: Sequence[Sequence[Path]], crew: Crew[tuple[int, Path]], config: Config) -> Iterator[dict[str, Any]]:
    for outcomes in score(shots, crew, crew.assess):
        yield from _judged(outcomes, config.culling.thresholds)


def _judged(outcomes: dict[Path, Outcome], thresholds: Profile) -> Iterator[dict[str, Any]]:
    """Given the outcomes of one shot's files, yield their lines."""
    looks = {
        path.name: (outcome.assessment, outcome.facts)
        for path, outcome in outcomes.items()
        if isinstance(outcome, Assessed)
    }
    verdicts = judge_shot(looks, thresholds)
    for path, outcome in outcomes.items():
        if isinstance(outcome, Assessed):
            verdict = verdicts[path.name]
            yield lines.scored(path, outcome.kind, outcome.assessment, verdict, outcome.elapsed_ms)
        else:
            refused = refusal(outcome)
            yield lines.refused(path, refused.kind, refused.message)


def _print_json(results: Iterator[dict[str, Any]]) -> int:
    """Print a line as soon as a shot is done; return the number of refused files."""
    refused = 0
    for line in results:
        click.echo(lines.dump(line))
        refused += not line["ok"]
    return refused


def _print_table(results: Iterator[dict[str, Any]], total: int) -> int:
    """Print the table at the end, a progress bar meanwhile; return the number of refused files."""
    from rich.progress import track  # noqa: PLC0415 - --json must not pay for it

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    began = time.monotonic()
    bar = tables.console(stderr=True)
    found = list(track(results, "scoring", total, console=bar, transient=True, disable=not bar.is_terminal))
    tables.console().print(tables.table(found))
    refused = sum(not line["ok"] for line in found)
    decisions = [line["verdict"]["decision"] for line in found if line["ok"]]
    counts = ", ".join(f"{decisions.count(name)} {name}" for name in ("keep", "review", "reject"))
    rate = len(found) / max(time.monotonic() - began, 1e-9)
    click.echo(f"{len(found)} files: {counts}, {refused} refused; {rate:.1f} files/s; nothing was written", err=True)
    return refused
