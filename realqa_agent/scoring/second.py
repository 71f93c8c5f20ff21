"""What a second look is: a model that is asked about pictures which the first look has opened and sized."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.assessment import Assessment
    from realqa_agent.config import Config
    from realqa_agent.scoring.view import Shown, Silence, View

GROUP = "realqa.models"
"""The entry point group; each entry is a callable that takes the settings and returns a SecondLook."""


class SecondLook(Protocol):
    """Judges many pictures at once. Built once, in a process of its own, then used from one thread."""

    name: str
    version: str
    view: View
    at_once: int
    """Photos that are worth asking about together."""
    about: str
    """Where it runs and how, for people."""

    def assess_many(self, shown: Sequence[Shown]) -> list[Assessment | Silence]:
        """Return what the model makes of each photo or clip.

        Raise AwayError if the model can't be asked now, BrokenWorkerError if not in this process any more.
        """
        ...


def names() -> list[str]:
    """Return the names of the installed models, sorted; imports none of them."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def is_model(name: str) -> bool:
    """Tell whether a scorer is a model that follows the first look."""
    return name in names()


def create(settings: Config) -> SecondLook:
    """Return the model that the settings name; raise UserError if it isn't installed or can't be used as it is."""
    for entry in entry_points(group=GROUP):
        if entry.name == settings.scoring.scorer:
            model: SecondLook = entry.load()(settings)
            return model
    raise UserError(f"there is no model {settings.scoring.scorer!r}; installed: {', '.join(names())}")
