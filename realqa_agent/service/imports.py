"""When an import is over: new photos came, were scored, and no more have come for a while. Pure."""

from __future__ import annotations

QUIET_SECONDS = 30.0
"""A card reader pauses between folders, a photographer between two cards."""


class Imports:
    """Follows one import after the other. `now` comes from a clock that never runs backwards."""

    def __init__(self) -> None:
        self._since: str | None = None
        self._last = 0.0

    def arrived(self, now: float, at: str) -> None:
        """Note that work on a new photo begins, and the time of day."""
        self._since = self._since or at
        self._last = now

    def ended(self, now: float) -> str | None:
        """Return, once, the time of day at which the import began that is over by now; None if there is none."""
        if self._since is None or now < self._last + QUIET_SECONDS:
            return None
        since, self._since = self._since, None
        return since
