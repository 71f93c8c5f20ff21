"""`realqa status`: whether the agent works, what waits, how fast it goes, what failed."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli.lines import last_line
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.moments import duration
from realqa_agent.index.care import DAMAGE
from realqa_agent.index.codec import epoch, rfc3339
from realqa_agent.index.store import Index
from realqa_agent.mounts import watch_limit
from realqa_agent.queue.jobs import Queue
from realqa_agent.queue.steering import Steering
from realqa_agent.service.lock import LIVE, holder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from realqa_agent.config import Config

RATE_WINDOW_SECONDS = 600.0
"""The rate is that of the last ten minutes, or since the first file in them."""

FAILURES_SHOWN = 10

LITTLE_GB = 1.0
"""With less room on the index's disk people should know."""

REFRESH_SECONDS = 2.0


@click.command(short_help="Show the queue, the rate and the last failures.")
@click.option("--watch", is_flag=True, help="Stay, and show it anew every two seconds; Ctrl-C ends it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --watch one a line.")
@click.pass_context
def command(ctx: click.Context, *, watch: bool, as_json: bool) -> None:
    """Show whether the agent works or why it rests, the queue by state, the rate and time left, and what failed.

    \b
    realqa status
    realqa status --watch
    """
    config = settings_of(ctx)
    if as_json:
        click.echo(json.dumps(_status(config)))
        while watch:
            time.sleep(REFRESH_SECONDS)
            click.echo(json.dumps(_status(config)))
    elif watch:
        _watch(config)
    else:
        from realqa_agent.cli import tables  # noqa: PLC0415 - 60 ms that --json saves

        tables.console().print(_shown(_status(config)))


def _watch(config: Config) -> None:
    from rich.live import Live  # noqa: PLC0415 - as above

    from realqa_agent.cli import tables  # noqa: PLC0415 - as above

    with Live(_shown(_status(config)), console=tables.console(), auto_refresh=False) as live:
        try:
            while True:
                time.sleep(REFRESH_SECONDS)
                live.update(_shown(_status(config)), refresh=True)
        except KeyboardInterrupt:
            return


def _status(config: Config) -> dict[str, Any]:
    file = config.index.file
    agent = holder(file)
    with Index.read(file) as index:
        queue, steering = Queue(index, config.queue), Steering(index)
        counts, totals = queue.counts(), index.totals()
        rate = index.scoring_rate(time.time(), RATE_WINDOW_SECONDS)
        since, paused = steering.waiting_since(), steering.paused_since()
        failures = steering.failures(FAILURES_SHOWN)
        live = index.left(LIVE) if agent else None
        damage = index.left(DAMAGE)
    live = live if live is not None and live["process"] == agent else {}
    left = counts.queued + counts.running
    return {
        "agent": agent,
        "paused_since": paused,
        "resting": live.get("resting", []),
        "problems": live.get("problems", []),
        "scorer": config.scoring.scorer,
        "model": live.get("model"),
        "queue": {
            "queued": counts.queued - counts.following,
            "following": counts.following,
            "waiting": counts.waiting,
            "running": counts.running,
            "dead": counts.dead,
            "unanswered": counts.unanswered,
            "dropped": counts.dropped,
            "oldest_queued_at": None if since is None else rfc3339(since),
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
        "index": str(file),
        "index_bytes": file.stat().st_size,
        "disk_free_bytes": shutil.disk_usage(file.parent).free,
        "damage": damage,
        "watches": {"used": live.get("watched_folders"), "limit": watch_limit()},
        "failures": [
            {"path": str(failure.path), "error": failure.error, "failed_at": rfc3339(failure.failed_at or 0)}
            for failure in failures
        ],
    }


def _shown(status: dict[str, Any]) -> RenderableType:
    """Return the status as people look at it."""
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - 60 ms that --json saves
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text, style in _lines(status):
        grid.add_row(name, Text(tables.printable(text), style=style))
    queue = status["queue"]
    done, left = status["files"]["scored"], queue["queued"] + queue["following"] + queue["running"]
    if left:
        grid.add_row("", ProgressBar(total=done + left, completed=done, width=60))
    return grid


def _lines(status: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, sentence and colour of each line."""
    yield "agent", *_agent(status)
    if status["model"] is not None:
        yield "model", *_model(status)
    queue, files = status["queue"], status["files"]
    since = queue["oldest_queued_at"]
    waits = f", the oldest for {duration(time.time() - epoch(since))}" if since else ""
    dropped = f", {queue['dropped']} dropped" if queue["dropped"] else ""
    later = f"{queue['waiting']} to be tried again later, {queue['dead']} set aside{dropped}"
    yield "queue", f"{queue['queued']} queued{waits}, {queue['running']} running, {later}", ""
    verdicts = ", ".join(f"{count} {name}" for name, count in files["verdicts"].items())
    scored = f"{files['scored']} scored ({verdicts or 'none'})"
    yield "files", f"{scored}, {files['refused']} refused, {files['missing']} gone", ""
    eta = status["eta_seconds"]
    left = "" if eta is None else f"; {duration(eta)} left"
    yield "rate", f"{status['files_per_second']:.2f} files/s lately{left}", ""
    size, free = status["index_bytes"] / 1e6, status["disk_free_bytes"] / 1e9
    yield "index", f"{status['index']}, {size:.1f} MB; {free:.1f} GB free there", "red" if free < LITTLE_GB else ""
    used, limit = status["watches"]["used"], status["watches"]["limit"]
    if used is not None:
        yield "watches", f"{used} of the {limit} that this user may have, one a folder", ""
    if status["damage"] is not None:
        damage = status["damage"]
        yield (
            "damage",
            f"{damage['at']}: the index was damaged and made anew; the old one is {damage['kept']}",
            "yellow",
        )
    for problem in status["problems"]:
        yield "note", problem, "yellow"
    for failure in status["failures"]:
        yield "failed", f"{failure['path']}: {last_line(failure['error'])}", "red"


def _model(status: dict[str, Any]) -> tuple[str, str]:
    """Return how the model fares that follows the first look, and the colour of it."""
    model, queue = status["model"], status["queue"]
    waits = f"{queue['following']} wait for it"
    if queue["unanswered"]:
        waits += f", {queue['unanswered']} it gave no number for (`realqa queue list --state aside`)"
    if model["trouble"] is not None:
        return f"away: {last_line(model['trouble'])}; {waits}", "red"
    name = "comes up when there is work" if model["version"] is None else f"{model['version']} on {model['about']}"
    return f"{name}; {waits}", ""


def _agent(status: dict[str, Any]) -> tuple[str, str]:
    """Return what the agent does now, and the colour of it."""
    scorer = f"scorer {status['scorer']}"
    if status["agent"] is None:
        paused = f"; the queue is paused since {status['paused_since']}" if status["paused_since"] else ""
        return f"does not run; {scorer}{paused}", "yellow"
    if status["resting"]:
        return f"rests ({', '.join(status['resting'])}), process {status['agent']}; {scorer}", "yellow"
    return f"runs, process {status['agent']}; {scorer}", "green"
