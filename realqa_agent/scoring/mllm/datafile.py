"""Reads the package's data files, or a user's own in their place, and checks them."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path


class Origin(StrEnum):
    """Whose a wording is."""

    PAPER = "paper"
    PROJECT = "project"


class Entry(BaseModel):
    """A table of a data file: immutable, and strict about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Content = TypeVar("Content", bound=Entry)


def read(shape: type[Content], name: str, path: Path | None) -> Content:
    """Return what the file at `path` holds, or that of the package by this name.

    Raise UserError that names the file and each entry at fault.
    """
    file = path or shipped(name)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{file}: can't be read: {error}") from error
    try:
        return shape.model_validate(table)
    except ValidationError as error:
        faults = "\n".join(f"  {_explain(fault['loc'], fault['msg'])}" for fault in error.errors())
        raise UserError(f"{file}: not as {name} has to be:\n{faults}") from error


def shipped(name: str) -> Traversable:
    """Return the package's own file by this name."""
    return resources.files(__package__) / "data" / name


def _explain(where: tuple[int | str, ...], what: str) -> str:
    return ": ".join(part for part in (".".join(map(str, where)), what.removeprefix("Value error, ")) if part)
