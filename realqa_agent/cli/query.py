"""`realqa query`: what plugins of other programs ask of the index, many photos at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import click

from realqa_agent import __version__
from realqa_agent.assessment import ATTRIBUTES
from realqa_agent.cli import lines, tsv
from realqa_agent.cli.lines import last_line
from realqa_agent.cli.main import settings_of
from realqa_agent.index.store import Index
from realqa_agent.service.naming import as_watched
from realqa_agent.service.querying import Answer, Pulse, answers, pulse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from realqa_agent.config import Config

COLUMNS = (
    *("path", "state", "overall", "quality", "aesthetic", "decision"),
    *("stars", "stars_written", "stars_unread", "human", "pick", "pick_written", "apply"),
    *("keywords", "keywords_written", "reason"),
    *(column for name in ATTRIBUTES for column in (name, f"{name}_score", f"{name}_reason")),
    "followed",
)
"""Empty stands for nothing."""


@click.command(short_help="Answer what plugins ask: what to set for some photos.")
@click.option(
    "--paths-from",
    "paths",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="File with the photos, one absolute path a line; \\t, \\n, \\r and \\\\ stand for tab, newline, return and "
    "backslash. `-` reads from the pipe.",
)
@click.option("--tsv", "as_json", flag_value=False, default=False, help="Tab-separated lines; the default.")
@click.option("--json", "as_json", flag_value=True, help="One JSON object.")
@click.pass_context
def command(ctx: click.Context, paths: BinaryIO, *, as_json: bool) -> None:
    """Answer what plugins of other programs ask: scores, reasons, and the stars and keywords to set for some photos.

    Reads the index only. First come lines `#agent` (runs, rests or stopped, and why), `#queue` (files left, seconds
    left) and `#program` (its version), then the names of the columns and a row for each photo that the index knows.
    `state` is scored, queued, refused or gone. `stars` is what the agent suggests, `apply` 1 if it may be set unasked.
    `stars_written` is what was set last on the agent's behalf: a rating that differs is a human's (with 1 under
    `stars_unread` only if it is no import default), as is one with 1 under `human`. docs/plugins.md has all columns.

    \b
    realqa query --paths-from roll.txt
    """
    asked = tsv.read_paths(paths)
    config = settings_of(ctx)
    fares, found = _asked(config, asked)
    photos = [_object(path, answer, config) for path, answer in found.items()]
    if as_json:
        agent, queue = {"state": fares.agent, "why": fares.why}, {"left": fares.left, "eta_seconds": fares.eta_seconds}
        click.echo(lines.dump({"program": __version__, "agent": agent, "queue": queue, "files": photos}))
        return
    # At once: each echo is a write of its own.
    click.echo(tsv.encoded("".join(f"{row}\n" for row in _rows(fares, photos))), nl=False)


def _asked(config: Config, asked: list[str]) -> tuple[Pulse, dict[str, Answer]]:
    """Return how the agent fares, and what is known of which paths, these as they were given."""
    file = config.index.file
    if not file.exists():
        return Pulse(agent="stopped", why=f"{file}: there is no index yet", left=0, eta_seconds=None), {}
    paths = as_watched(asked, config.folders.watch)
    with Index.read(file) as index:
        fares, found = pulse(index, config), answers(index, config, list(paths.values()))
    return fares, {given: found[path] for given, path in paths.items() if path in found}


def _object(path: str, answer: Answer, config: Config) -> dict[str, Any]:
    """Return the JSON object of a photo."""
    stored, verdict = answer.row.stored, answer.row.verdict
    assessment = None if stored is None else stored.assessment
    return {
        "path": path,
        "state": answer.state.value,
        "overall": None if assessment is None else assessment.overall,
        "quality": None if assessment is None else assessment.quality,
        "aesthetic": None if assessment is None else assessment.aesthetic,
        "decision": None if verdict is None else verdict.decision.value,
        "stars": answer.stars,
        "stars_written": answer.stars_written,
        "stars_unread": answer.stars_unread,
        "human": answer.human,
        "pick": answer.pick,
        "pick_written": answer.pick_written,
        "apply": config.culling.apply,
        "keywords": list(answer.keywords),
        "keywords_written": list(answer.keywords_written),
        "reasons": [last_line(reason) for reason in answer.reasons],
        "attributes": {
            name: {"value": judgement.value, "score": judgement.score, "reason": judgement.reason}
            for name, judgement in ({} if assessment is None else assessment.attributes).items()
        },
        "followed": None if assessment is None else assessment.scorer,
    }


def _rows(fares: Pulse, photos: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield tsv.HEAD
    yield tsv.line(["#agent", fares.agent, fares.why])
    yield tsv.line(["#queue", str(fares.left), _cell(fares.eta_seconds)])
    yield tsv.line(["#program", __version__])
    yield tsv.line(COLUMNS)
    for photo in photos:
        cells = {**photo, "reason": "\n".join(photo["reasons"])}
        for name, judged in photo["attributes"].items():
            cells |= {name: judged["value"], f"{name}_score": judged["score"], f"{name}_reason": judged["reason"]}
        yield tsv.line(_cell(cells.get(column)) for column in COLUMNS)


def _cell(value: Any) -> str:
    """Return a field of the JSON object as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return ";".join(value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)
