"""Whose assessments count: the first look's, and the model's where one follows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realqa_agent.config import Config
    from realqa_agent.index.records import Voice
    from realqa_agent.index.store import Index
    from realqa_agent.worker.messages import Ready

MODEL = "model"
"""The word that is left in the index of the model that spoke last."""


class Voices:
    """The two, as far as they are known. The model comes up only when it has work, so what it was last time counts."""

    def __init__(self, index: Index, config: Config, first: Ready, *, follows: bool) -> None:
        self._index = index
        self._settings = _mark(config)
        self.first: Voice = (first.scorer, first.version)
        self.second: Voice | None = None
        """The model; without a version as long as nobody knows it."""
        if follows:
            left = index.left(MODEL)
            known = left is not None and left["settings"] == self._settings
            self.second = (config.scoring.scorer, left["version"] if left is not None and known else None)

    def best_first(self) -> list[Voice]:
        """Return whose word counts, the last word first."""
        return [self.first] if self.second is None else [self.second, self.first]

    def heard(self, model: Ready) -> bool:
        """Take in what the model says it is; tell whether that is news."""
        second: Voice = (model.scorer, model.version)
        if second == self.second:
            return False
        self.second = second
        self._index.leave(MODEL, {"settings": self._settings, "scorer": model.scorer, "version": model.version})
        return True


def _mark(config: Config) -> str:
    """Return a mark of the settings that the model's version may depend on."""
    settings: dict[str, Any] = config.model_dump(mode="json", include={"scoring", "mllm", "server"})
    return hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()
