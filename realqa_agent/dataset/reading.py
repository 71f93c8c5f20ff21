"""From what a person names to a rated set: which layout it has, and what that layout makes of it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from realqa_agent.dataset.layouts import ava, built, koniq, livec, realqa, spaq, table, tad66k
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realqa_agent.dataset.layouts.layout import Layout, Source
    from realqa_agent.dataset.record import RatedSet

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {layout.NAME: layout for layout in (koniq, spaq, livec, ava, tad66k, built, table, realqa)}
)
"""By name, in the order in which they are tried: the last ones fit much."""


def read_set(source: Source, layout: str | None = None) -> RatedSet:
    """Return what a source holds; UserError if it has no layout that we know, or can't be read."""
    if not source.path.exists():
        raise UserError(f"{source.path}: there is no such file or folder")
    chosen = LAYOUTS[layout] if layout is not None else _recognised(source)
    found = chosen.read(source)
    if not found.images:
        raise UserError(f"{source.path}: there is no picture in its labels")
    return replace(found, role=source.role or found.role, scale=source.scale or found.scale)


def _recognised(source: Source) -> Layout:
    found = next((layout for layout in LAYOUTS.values() if layout.fits(source.path)), None)
    if found is None:
        known = "\n".join(f"  {layout.NAME}: {layout.LOOKS}" for layout in LAYOUTS.values())
        raise UserError(f"{source.path}: none of the layouts that we know:\n{known}")
    return found
