"""One file, one name: another program may have come to a watched folder by another way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def as_watched(given: Iterable[str], roots: Sequence[Path]) -> Mapping[str, Path]:
    """Return absolute paths, each by the name under which the agent knows it if it watches these roots.

    `~/Pictures` may be a symlink to another disk: whoever has the way through the one must find, and not add a second
    time, what the agent knows by the other. A path outside all roots is its own name.
    """
    absolute = [Path(os.path.abspath(root)) for root in roots]  # noqa: PTH100 - resolve() follows symlinks
    real_roots = {Path(os.path.realpath(root)): root for root in absolute}
    ways: dict[Path, Path] = {}
    found = {}
    for text in given:
        path = Path(os.path.abspath(text))  # noqa: PTH100 - the same
        if path.parent not in ways:
            ways[path.parent] = _watched(path.parent, absolute, real_roots)
        found[text] = ways[path.parent] / path.name
    return found


def _watched(folder: Path, roots: Sequence[Path], real_roots: Mapping[Path, Path]) -> Path:
    if not any(folder.is_relative_to(root) for root in roots):
        real = Path(os.path.realpath(folder))
        for real_root, root in real_roots.items():
            if real.is_relative_to(real_root):
                return root / real.relative_to(real_root)
    return folder
