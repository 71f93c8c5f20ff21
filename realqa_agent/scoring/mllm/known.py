"""The models that can be fetched by a short name: `data/models.toml`."""

from __future__ import annotations

from pydantic import Field

from realqa_agent.scoring.mllm.datafile import Entry, read


class Known(Entry):
    """One model that we know of."""

    repo: str
    """Its name at the hub."""
    revision: str | None = Field(None, pattern=r"[0-9a-f]{40}")
    """The commit that is fetched; None if whoever fetches has to say which."""
    licence: str
    note: str = ""
    gigabytes: float | None = None
    purpose: str


class Catalogue(Entry):
    """All of them, by short name."""

    models: dict[str, Known]

    def find(self, name: str) -> tuple[str, Known | None]:
        """Given a short name or an `owner/name`, return the short name and what is known of it.

        What is not known keeps its name and comes with None.
        """
        if name in self.models:
            return name, self.models[name]
        return next(((short, one) for short, one in self.models.items() if one.repo == name), (name, None))


def catalogue() -> Catalogue:
    """Return the package's list."""
    return read(Catalogue, "models.toml", None)
