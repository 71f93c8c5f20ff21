"""What the authors of other systems report for theirs, by set: `data/published.toml`.

To stand beside what is measured here, as theirs. The published figures of RealQA itself are not known to us.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PART = "test"
"""What a set's name may end in: the part of it that figures are published of."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Published(_Table):
    """What its authors report of one system on one set."""

    system: str
    srcc: float = Field(ge=-1, le=1)
    plcc: float | None = Field(None, ge=-1, le=1)


class PublishedSet(_Table):
    """All that is known of a set. Splits and training data differ, so its rows are no ranking."""

    name: str
    also: tuple[str, ...] = ()
    trained: tuple[Published, ...] = ()
    """Of systems that were trained on the set's own training part."""
    unseen: tuple[Published, ...] = ()
    """Of systems that were not."""

    def is_called(self, name: str) -> bool:
        """Tell whether people mean this set by a name such as `koniq10k_test`."""
        called = {_plain(each) for each in (self.name, *self.also)}
        return not called.isdisjoint({_plain(name), _plain(name).removesuffix(PART)})


class _File(_Table):
    sources: dict[str, str]
    sets: tuple[PublishedSet, ...]

    @model_validator(mode="after")
    def _every_figure_has_a_source(self) -> Self:
        systems = {one.system for each in self.sets for one in (*each.trained, *each.unseen)}
        if systems != self.sources.keys():
            raise ValueError(f"sources and figures are not of the same systems: {systems ^ self.sources.keys()}")
        return self


def published(name: str) -> PublishedSet | None:
    """Return what is published of the set by this name; None if it is none of those known."""
    return next((one for one in _file().sets if one.is_called(name)), None)


def source_of(system: str) -> str:
    """Return where the figures of a system are from."""
    return _file().sources[system]


@cache
def _file() -> _File:
    text = (resources.files(__package__) / "data" / "published.toml").read_text(encoding="utf-8")
    return _File.model_validate(tomllib.loads(text))


def _plain(name: str) -> str:
    """Return the letters and digits of a name, which is how `KonIQ-10k` and `koniq_10k` are the same."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
