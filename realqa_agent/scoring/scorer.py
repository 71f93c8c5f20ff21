"""What a scorer is, and how one is found by name."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from realqa_agent.errors import UserError
from realqa_agent.scoring import second

if TYPE_CHECKING:
    from realqa_agent.assessment import Assessment
    from realqa_agent.config import Config
    from realqa_agent.media.picture import Picture

GROUP = "realqa.scorers"
"""The entry point group; each entry is a callable that takes the settings and returns a Scorer."""

BEFORE_MODELS = "firstlook"
"""Who makes the first look where the settings name a model."""


class Scorer(Protocol):
    """Turns one picture into one assessment. Built once in a worker process, then used from one thread."""

    name: str
    version: str

    def assess(self, picture: Picture) -> Assessment:
        """Score and explain one upright picture."""
        ...


def names() -> list[str]:
    """Return the names of the installed scorers, models included, sorted; imports none of them."""
    return sorted({*(entry.name for entry in entry_points(group=GROUP)), *second.names()})


def create(settings: Config) -> Scorer:
    """Return the scorer that the settings name, or who goes before the model that they name.

    Raise UserError if it isn't installed.
    """
    wanted = settings.scoring.scorer
    if second.is_model(wanted):
        wanted = BEFORE_MODELS
    for entry in entry_points(group=GROUP):
        if entry.name == wanted:
            scorer: Scorer = entry.load()(settings)
            return scorer
    raise UserError(f"there is no scorer {settings.scoring.scorer!r}; installed: {', '.join(names())}")
