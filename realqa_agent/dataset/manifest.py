"""`dataset.json`: what a data set that we wrote is made of, and how."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from realqa_agent.config import Role  # noqa: TC001 - pydantic needs them at run time
from realqa_agent.dataset.record import Form, Scale, Split  # noqa: TC001 - as above
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "dataset.json"
DECIMALS = 2


class Part(BaseModel):
    """An entry of the manifest: immutable, and strict about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(Part):
    """One source."""

    layout: str
    name: str
    folder: str
    sha256: str
    """Of the bytes of all files with scores, in their order; empty if these were in the photos themselves."""
    scale: Scale
    mapping: tuple[Scale, Scale] | None
    """From the source's scale to that of the data set, linearly; None if they are the same."""
    images: int
    """Those that could be used."""
    left_out: dict[str, int]
    """Fault to the number of pictures that have it."""


class Manifest(Part):
    """All of it."""

    version: Literal[1] = 1
    name: str
    """Those of the sources, joined by a plus."""
    role: Role
    scale: Scale
    """Of the scores, and of the numbers in the conversations."""
    decimals: int = DECIMALS
    seed: int
    group: str
    """What is never cut by a split: `series`, `folder` or `name`."""
    splits: dict[Split, int]
    """Pictures in each."""
    forms: tuple[Form, ...]
    conversations: dict[Form, int]
    """Those of each form; fewer than pictures where nothing is known to reason with."""
    prompts: str
    vocabulary: str
    """Versions of the data files."""
    sources: tuple[Origin, ...]


def read(folder: Path) -> Manifest:
    """Return the manifest of a data set; UserError if it has none, or a damaged one."""
    file = folder / FILE
    try:
        return Manifest.model_validate(json.loads(file.read_bytes()))
    except OSError as error:
        raise UserError(f"{file}: can't be read: {error.strerror}; `realqa dataset build` makes one") from error
    except ValueError as error:
        raise UserError(f"{file} is not as `realqa dataset build` writes it: {error}") from error


def labels_of(split: Split) -> str:
    """Return the name of the file with a split's scores, as `realqa eval` takes it."""
    return f"labels.{split}.csv"


def conversations_of(split: Split) -> str:
    """Return the name of the file with a split's conversations."""
    return f"{split}.json"
