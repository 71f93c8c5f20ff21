"""The folder of a run: its recipe, its log, its checkpoints, and in the end the adapter.

A checkpoint is written to a hidden folder and gets its name once all of it is on the disk. So one that has a name is
whole, whenever the process is killed.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from realqa_agent.dataset.manifest import FILE
from realqa_agent.errors import UserError
from realqa_agent.files import made_whole
from realqa_agent.scoring.mllm.checkpoint import ADAPTER_SETTINGS, ADAPTER_WEIGHTS
from realqa_agent.tuning.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realqa_agent.dataset.manifest import Manifest

CHECKPOINT = "checkpoint-"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run's folder."""

    folder: Path

    @property
    def adapter(self) -> Path:
        """Where the finished adapter is."""
        return self.folder / "adapter"

    @property
    def unfinished(self) -> Path:
        """Where a checkpoint, or the adapter, is before it is whole."""
        return self.folder / ".unfinished"

    @property
    def curves(self) -> Path:
        """The picture of the log."""
        return self.folder / "curves.png"

    @property
    def recipe_file(self) -> Path:
        """What decides the outcome."""
        return self.folder / "recipe.json"

    @property
    def log_file(self) -> Path:
        """A JSON object for each step and each look at the dev photos."""
        return self.folder / "log.jsonl"

    def check(self, *, resume: bool) -> None:
        """Raise UserError unless a run can be begun here, or gone on with."""
        if resume:
            self._begun_with()
        elif self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise UserError(f"{self.folder} is there already: go on with it by --resume, or give another --out")

    def start(self, recipe: Recipe, about: Manifest, *, resume: bool) -> None:
        """Make the folder, or bring it back to its last whole checkpoint.

        `about`, what the lessons are, is kept beside it: `realqa eval` knows by that what an adapter was taught.
        Raise UserError if it can't be made, or holds another run than the one that is to be gone on with.
        """
        self.check(resume=resume)
        if resume:
            recipe.check_same(self._begun_with(), self.recipe_file)
            self._rewind()
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for file, content in ((self.folder / FILE, about), (self.recipe_file, recipe)):
                file.write_text(content.model_dump_json(indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{self.folder}: can't write there: {error.strerror}") from error

    def checkpoints(self) -> list[tuple[int, Path]]:
        """Return the whole checkpoints with their steps, oldest first."""
        found = [path for path in self.folder.glob(f"{CHECKPOINT}*") if path.name.removeprefix(CHECKPOINT).isdecimal()]
        return sorted((int(path.name.removeprefix(CHECKPOINT)), path) for path in found)

    def keep_checkpoint(self, step: int, keep: int) -> None:
        """Give the checkpoint that was written its name; of all that there are, only so many stay, the newest."""
        folder = self.unfinished / f"{CHECKPOINT}{step}"
        _put_in_place(folder, self.folder / folder.name)
        for _, old in self.checkpoints()[:-keep]:
            # Renamed first: a folder that is half removed must not look like a checkpoint.
            shutil.rmtree(old.rename(self.unfinished / old.name))

    def keep_adapter(self, card: str) -> None:
        """Take the adapter out of what was saved, put its card beside it, and give it its name."""
        folder = self.unfinished / "adapter"
        for file in folder.iterdir():
            if file.name not in {ADAPTER_SETTINGS, ADAPTER_WEIGHTS}:
                file.unlink()
        (folder / "README.md").write_text(card, encoding="utf-8")
        _put_in_place(folder, self.adapter)
        shutil.rmtree(self.unfinished)

    def note(self, line: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line)) + "\n")

    def log(self) -> list[Line]:
        """Return the lines of the log; one that a killed process left half written is no line."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def _begun_with(self) -> Recipe:
        try:
            return Recipe.model_validate_json(self.recipe_file.read_bytes())
        except OSError as error:
            raise UserError(f"{self.folder} holds no run to go on with: {self.recipe_file}: {error.strerror}") from None
        except ValidationError as error:
            raise UserError(f"{self.recipe_file} is not a recipe of this version: {error}") from None

    def _rewind(self) -> None:
        shutil.rmtree(self.unfinished, ignore_errors=True)
        last = max((step for step, _ in self.checkpoints()), default=0)
        kept = "".join(json.dumps(line) + "\n" for line in self.log() if line["step"] <= last)
        with made_whole(self.log_file, replace=True) as partial:
            partial.write_text(kept, encoding="utf-8")


def _put_in_place(folder: Path, target: Path) -> None:
    for file in (*folder.rglob("*"), folder):
        _sync(file)
    folder.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    """Have the content of a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
