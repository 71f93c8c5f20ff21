"""The folder with fetched models: what is in it, and where each came from."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from realqa_agent import paths

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = ".origin"
"""Tells, as JSON, where a folder's files came from. Without a suffix, so that a merged model doesn't inherit it."""

SHOWN = 12
"""Digits of a commit in a folder's name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a model came from."""

    name: str
    repo: str
    asked: str
    """The revision as it was asked for."""
    commit: str
    """Which one that was."""
    licence: str
    size: int
    """Bytes of all files, so that a folder can tell how much it lacks."""

    @property
    def folder(self) -> Path:
        """Where it is kept once it is whole."""
        return paths.models_folder() / f"{self.name.replace('/', '--')}@{self.commit[:SHOWN]}"

    @property
    def unfinished(self) -> Path:
        """Where it is kept until then: hidden, so that nobody takes it for a model."""
        return self.folder.with_name(f".{self.folder.name}")

    def begin(self) -> None:
        """Make the hidden folder, if it isn't there, and note where its files come from."""
        self.unfinished.mkdir(parents=True, exist_ok=True)
        (self.unfinished / ORIGIN).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def finish(self) -> None:
        """Give the folder its name, now that all is in it."""
        self.unfinished.rename(self.folder)

    @classmethod
    def of(cls, folder: Path) -> Self | None:
        """Return where the files of a folder came from; None if nobody noted it."""
        try:
            return cls(**json.loads((folder / ORIGIN).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def folders() -> list[Path]:
    """Return all models here, those half there last."""
    shelf = paths.models_folder()
    found = [folder for folder in shelf.iterdir() if folder.is_dir()] if shelf.is_dir() else []
    return sorted(found, key=lambda folder: (is_unfinished(folder), folder.name))


def is_unfinished(folder: Path) -> bool:
    """Return whether a folder of ours is still being filled, or was given up."""
    return folder.name.startswith(".")


def bytes_of(folder: Path) -> int:
    """Return what the files of a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def free_bytes(folder: Path) -> int:
    """Return what is free on the disk of a folder, which need not be there yet."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free
