"""`realqa doctor`: what is missing on this machine, and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import click

from realqa_agent import __version__, config
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import RealQAError
from realqa_agent.mounts import filesystem_of, is_network, watch_limit
from realqa_agent.paths import packaged
from realqa_agent.scoring import scorer
from realqa_agent.scoring.mllm.errands import Errand, Kind
from realqa_agent.worker.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDED = {
    "numpy": "pixels",
    "PIL": "JPEG, PNG, TIFF, WebP, AVIF",
    "pillow_heif": "HEIC",
    "rawpy": "RAW",
    "av": "clips",
    "pyexiv2": "EXIF and XMP",
    "matplotlib": "the plot of `realqa eval`",
}
"""Module to what it is needed for. Looked up, not imported: this process stays light."""

MULTIMODAL = {"realqa", "qrealign"}
"""Scorers that hold a model in this machine's memory."""

WATCHES_WANTED = 65536
"""inotify watches, one a folder; fewer are soon eaten by file managers and editors beside us."""


class Health(StrEnum):
    """How a finding stands."""

    GOOD = "ok"
    HINT = "hint"
    """Works, but something could be better or is not used."""
    BROKEN = "broken"
    """The agent can't do its work like this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    health: Health
    subject: str
    text: str
    """What was found and, unless good, what to do."""


@click.command(short_help="Say what is missing on this machine and how to mend it.")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at this machine and say what is missing and how to mend it; exit status 1 if something is broken.

    \b
    realqa doctor
    """
    broken = False
    for finding in _examine(ctx):
        broken |= finding.health is Health.BROKEN
        colour = {Health.GOOD: "green", Health.HINT: "yellow", Health.BROKEN: "red"}[finding.health]
        click.echo(f"{click.style(f'{finding.health:6}', fg=colour)} {finding.subject}: {finding.text}")
    ctx.exit(1 if broken else 0)


def _examine(ctx: click.Context) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(health=Health.GOOD, subject="program", text=f"realqa {__version__} on Python {version}")
    yield from _libraries()
    try:
        settings = settings_of(ctx)
    except RealQAError as error:
        yield Finding(health=Health.BROKEN, subject="settings", text=str(error))
        return
    file = config.chosen_file(ctx.obj)
    yield Finding(
        health=Health.GOOD,
        subject="settings",
        text=str(file) if file.exists() else f"defaults; {file} does not exist",
    )
    yield from _multimodal(settings)
    yield _scorer(settings)
    yield _index(settings.index.file)
    yield from _open_to_others(file, settings.index.file)
    yield from _folders(settings)
    yield _watches()
    yield from _programs()


def _libraries() -> Iterator[Finding]:
    for module, purpose in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            yield Finding(
                health=Health.BROKEN,
                subject=module,
                text=f"missing, needed for {purpose}; install realqa-agent again",
            )
    try:
        packaged("migrations")
    except FileNotFoundError as error:
        yield Finding(health=Health.BROKEN, subject="installation", text=str(error))


def _scorer(settings: config.Config) -> Finding:
    installed = ", ".join(scorer.names())
    try:
        with Crew[int](settings, 1) as crew:
            first, last = crew.first(), crew.last()
    except RealQAError as error:
        return Finding(health=Health.BROKEN, subject="scorer", text=f"{error} (installed: {installed})")
    found = f"{first.scorer} {first.version} starts"
    if last != first:
        found += f", and {last.scorer} {last.version} on {last.about} follows"
    return Finding(health=Health.GOOD, subject="scorer", text=f"{found}; installed: {installed}")


def _multimodal(settings: config.Config) -> Iterator[Finding]:
    mllm, chosen = settings.mllm, settings.scoring.scorer in MULTIMODAL
    if not chosen and mllm.model is None:
        return
    unfit = Health.BROKEN if chosen else Health.HINT
    try:
        found = Errand.about(Kind.LOOK, mllm).answer()
    except RealQAError as error:
        yield Finding(health=unfit, subject="model", text=str(error))
        return
    memory = f"{found['free'] / 1e9:.1f} of {found['total'] / 1e9:.1f} GB free"
    if found["card"] is None:
        text = f"{found['torch']} finds no graphics card: a model works on the processor, far slower; {memory}"
        yield Finding(health=Health.HINT, subject="torch", text=text)
    else:
        yield Finding(health=Health.GOOD, subject="torch", text=f"{found['torch']} on {found['card']}, {memory}")
    if "trouble" in found:
        yield Finding(health=unfit, subject="model", text=found["trouble"])
    elif "needs" in found:
        fits = found["needs"] <= found["free"]
        yield Finding(
            health=Health.GOOD if fits else unfit,
            subject="model",
            text=f"{mllm.model} would be taken in {found['precision']} and needs {found['needs'] / 1e9:.1f} GB"
            + ("" if fits else ": more than is free; end other programs, or take a smaller model"),
        )


def _index(file: Path) -> Finding:
    folder = next(place for place in file.parents if place.exists())
    kind = filesystem_of(folder)
    if is_network(kind):
        return Finding(
            health=Health.BROKEN,
            subject="index",
            text=f"{file} is on {kind}, where SQLite's journal does not work; set `path` in [index] to a local disk",
        )
    if not os.access(folder, os.W_OK):
        return Finding(
            health=Health.BROKEN,
            subject="index",
            text=f"{folder} can't be written; mend its permissions or set `path` in [index]",
        )
    free_gb = shutil.disk_usage(folder).free / 1e9
    state = "exists" if file.exists() else "will be made at the first run"
    health = Health.GOOD if free_gb > 1 else Health.HINT
    return Finding(health=health, subject="index", text=f"{file} {state}; {free_gb:.1f} GB free there")


def _open_to_others(*files: Path) -> Iterator[Finding]:
    for file in files:
        if file.exists() and file.stat().st_mode & 0o077:
            yield Finding(
                health=Health.HINT,
                subject="privacy",
                text=f"others can read where you keep which photos; chmod 600 {file}",
            )


def _folders(settings: config.Config) -> Iterator[Finding]:
    if not settings.folders.watch:
        yield Finding(
            health=Health.HINT,
            subject="folders",
            text="none set; give `realqa run` a folder, or set `watch` in [folders]",
        )
    for folder in settings.folders.watch:
        if not folder.is_dir():
            yield Finding(
                health=Health.HINT,
                subject="folder",
                text=f"{folder} is not there now; it is looked at when it is",
            )
        elif not os.access(folder, os.W_OK):
            yield Finding(
                health=Health.HINT,
                subject="folder",
                text=f"{folder} can't be written: results go into the index only",
            )
        elif is_network(kind := filesystem_of(folder)):
            yield Finding(
                health=Health.GOOD,
                subject="folder",
                text=f"{folder} is on {kind}: walked regularly, since changes are not reported",
            )
        else:
            yield Finding(health=Health.GOOD, subject="folder", text=f"{folder} on {kind}")


def _watches() -> Finding:
    limit = watch_limit()
    if limit >= WATCHES_WANTED:
        return Finding(health=Health.GOOD, subject="inotify", text=f"{limit} folders can be watched")
    return Finding(
        health=Health.HINT,
        subject="inotify",
        text=f"only {limit} folders can be watched, the others are walked; "
        f"for more: sysctl fs.inotify.max_user_watches={WATCHES_WANTED}",
    )


def _programs() -> Iterator[Finding]:
    for program in ("darktable", "digikam"):
        found = shutil.which(program)
        text = found or "not installed; only needed to look at the results there"
        yield Finding(health=Health.GOOD if found else Health.HINT, subject=program, text=text)
