"""`realqa status`: what waits, how fast it goes, what failed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli.main import settings_of
from realqa_agent.index.store import Index
from realqa_agent.queue.jobs import Queue
from realqa_agent.service.lock import holder

if TYPE_CHECKING:
    from realqa_agent.config import Config

RATE_WINDOW_SECONDS = 600.0
"""The rate is that of the last ten minutes, or since the first file in them."""

FAILURES_SHOWN = 10


@click.command(short_help="Show the queue, the rate and the last failures.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Show the queue by state, the rate and time left, the last failures, and which scorer is used.

    \b
    realqa status
    """
    status = _status(settings_of(ctx))
    if as_json:
        click.echo(json.dumps(status))
    else:
        _print(status)


def _status(config: Config) -> dict[str, Any]:
    with Index.read(config.index.file) as index:
        queue = Queue(index, config.queue)
        counts, totals = queue.counts(), index.totals()
        rate = index.scoring_rate(time.time(), RATE_WINDOW_SECONDS)
        failures = queue.failures(FAILURES_SHOWN)
    left = counts.queued + counts.running
    return {
        "agent": holder(config.index.file),
        "scorer": config.scoring.scorer,
        "index": str(config.index.file),
        "queue": {
            "queued": counts.queued,
            "waiting": counts.waiting,
            "running": counts.running,
            "dead": counts.dead,
        },
        "files": {
            "present": totals.files,
            "scored": totals.scored,
            "refused": totals.refused,
            "missing": totals.missing,
            "verdicts": dict(totals.by_decision),
        },
        "files_per_second": round(rate, 3),
        "eta_seconds": round(left / rate) if left and rate else None,
        "failures": [{"path": str(failure.path), "error": failure.error} for failure in failures],
    }


def _print(status: dict[str, Any]) -> None:
    agent = status["agent"]
    click.echo(f"agent    {'runs, process ' + str(agent) if agent else 'does not run'}; scorer {status['scorer']}")
    queue, files = status["queue"], status["files"]
    click.echo(
        f"queue    {queue['queued']} queued, {queue['running']} running, "
        f"{queue['waiting']} to be tried again later, {queue['dead']} set aside"
    )
    verdicts = ", ".join(f"{count} {name}" for name, count in files["verdicts"].items())
    click.echo(
        f"files    {files['scored']} scored ({verdicts or 'none'}), {files['refused']} refused, {files['missing']} gone"
    )
    eta = status["eta_seconds"]
    left = f"; {_duration(eta)} left" if eta is not None else ""
    click.echo(f"rate     {status['files_per_second']:.2f} files/s lately{left}")
    click.echo(f"index    {status['index']}")
    for failure in status["failures"]:
        click.echo(f"failed   {failure['path']}: {failure['error'].splitlines()[-1] if failure['error'] else ''}")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
