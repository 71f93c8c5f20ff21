"""Reading what a human gave to the photos of a folder, for the verbs that learn from it or compare with it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import track

from realqa_agent.cli import tables
from realqa_agent.index.store import Index
from realqa_agent.service.ratings import human_ratings
from realqa_agent.service.scoring import batches, processes
from realqa_agent.worker.crew import Crew

if TYPE_CHECKING:
    from realqa_agent.config import Config
    from realqa_agent.service.ratings import Rating


def read_ratings(folder: Path, config: Config, jobs: int | None = None) -> list[list[Rating]]:
    """Return a folder's ratings shot by shot, with a progress bar; say on stderr what could not be read.

    Raise as `Crew.first` does.
    """
    shots = list(batches([folder], config.folders.ignore))
    bar = tables.console(stderr=True)
    with (
        Index.read(config.index.file) if config.index.file.exists() else nullcontext() as index,
        Crew[tuple[int, Path]](config, jobs or processes(config.scoring)) as crew,
    ):
        crew.first()
        found = human_ratings(shots, crew, config.metadata, index)
        ratings = list(
            track(found, "reading stars", len(shots), console=bar, transient=True, disable=not bar.is_terminal)
        )
    for one in (rating for shot in ratings for rating in shot):
        if one.problem is not None:
            click.echo(f"not counted: {tables.printable(one.problem)}", err=True)
    return ratings
