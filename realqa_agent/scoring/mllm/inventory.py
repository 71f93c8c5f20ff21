"""What is in the folders of models: for `realqa model list` and `check`, from settings and headers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import shelf
from realqa_agent.scoring.mllm.checkpoint import ADAPTER_SETTINGS, Precision, check_fit, read_adapter, read_base

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from realqa_agent.scoring.mllm.checkpoint import Adapter, Base


def described(folder: Path, chosen: Collection[Path]) -> dict[str, Any]:
    """Return what is known of a folder: whose it is, what it needs, and whether one of the chosen lies in it."""
    origin = shelf.Origin.of(folder)
    line: dict[str, Any] = {
        "folder": str(folder),
        "name": origin.name if origin is not None else folder.name,
        "repo": origin and origin.repo,
        "revision": origin and origin.commit,
        "licence": origin.licence if origin is not None else "unknown",
        "bytes": shelf.bytes_of(folder) if folder.is_dir() else 0,
        "architecture": None,
        "needs": {},
        "adapters": [],
        "used": any(is_in(each, folder) for each in chosen),
        "trouble": None,
    }
    if origin is not None and shelf.is_unfinished(folder):
        there = f"{spoken_size(line['bytes'])} of {spoken_size(origin.size)}"
        line["trouble"] = f"half there, {there}: `realqa model pull` goes on with it"
        return line
    try:
        places = sorted(file.parent for file in folder.rglob(ADAPTER_SETTINGS))
        adapters = [read_adapter(place) for place in places]
        line["adapters"] = [
            {
                "folder": str(one.folder),
                "base": one.base_name,
                "rank": one.rank,
                "used": any(_same(one.folder, each) for each in chosen),
            }
            for one in adapters
        ]
        if not adapters:
            base = read_base(folder)
            line["architecture"] = base.family.architecture
            line["needs"] = needs_of(base, {})
    except UserError as error:
        line["trouble"] = str(error)
    return line


def looked_over(model: Path, adapters: Mapping[Any, Path]) -> dict[str, Any]:
    """Return what a model and its adapters are; raise UserError, with the mend, if they can't be used as they are."""
    base = read_base(model)
    read = {role: read_adapter(folder) for role, folder in adapters.items()}
    for each in read.values():
        check_fit(each, base)
    return {
        "architecture": base.family.architecture,
        "mark": base.mark,
        "needs": needs_of(base, read),
        "adapters": {
            role: {"folder": str(one.folder), "base": one.base_name, "rank": one.rank, "mark": one.mark}
            for role, one in read.items()
        },
    }


def needs_of(base: Base, adapters: Mapping[str, Adapter]) -> dict[str, int]:
    """Return the bytes that the weights take, by precision."""
    return {
        str(how): base.weight_bytes(how) + sum(adapter.weight_bytes(how) for adapter in adapters.values())
        for how in Precision
    }


def is_in(path: Path, folder: Path) -> bool:
    """Tell whether a path is a folder or lies below it, links followed."""
    return path.resolve().is_relative_to(folder.resolve())


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def spoken_size(size: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
