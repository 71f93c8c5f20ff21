"""LIVE In the Wild Image Quality Challenge (LIVE-C): technical quality, 0 to 100; no published split."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from realqa_agent.dataset.layouts.layout import first_of, needed, places
from realqa_agent.dataset.record import Labelled, RatedSet
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.dataset.layouts.layout import Source

NAME = "livec"
SCORES, NAMES = "AllMOS_release", "AllImages_release"
LOOKS = f"Data/{SCORES}.mat"
SCALE = (0.0, 100.0)

SHOWN_FIRST = re.compile(r"t[0-9]+\.\w+")
"""The seven pictures by which raters learned what to do; all papers leave them out."""


def fits(path: Path) -> bool:
    """Tell whether a folder has the file with the scores."""
    return first_of(path, LOOKS, f"{SCORES}.mat") is not None


def read(source: Source) -> RatedSet:
    """Return the set; the pictures are in `Images`."""
    scores, names = (needed(source.path, f"Data/{name}.mat", f"{name}.mat") for name in (SCORES, NAMES))
    numbers = [float(number) for number in _array(scores, SCORES)]
    pictures = [str(name[0]) for name in _array(names, NAMES)]
    if len(numbers) != len(pictures):
        raise UserError(f"{scores} has {len(numbers)} scores, {names} has {len(pictures)} names")
    where = places(source, source.path, "Images")
    images = tuple(
        Labelled(name=name, path=where.find(name), score=number)
        for name, number in zip(pictures, numbers, strict=True)
        if not SHOWN_FIRST.fullmatch(name)
    )
    return RatedSet(
        layout=NAME, name=NAME, folder=source.path, labels=(scores, names), role="quality", scale=SCALE, images=images
    )


def _array(file: Path, name: str) -> Any:
    """Return a variable of a MATLAB file, one entry after another."""
    try:
        from scipy.io import loadmat  # noqa: PLC0415 - an extra
    except ImportError:
        raise UserError(f"{file}: reading .mat needs scipy: pip install 'realqa-agent[datasets]'") from None
    try:
        return loadmat(file)[name].ravel()
    # It raises whatever a damaged file makes of it.
    except Exception as error:
        raise UserError(f"{file}: can't be read as a MATLAB file with {name}: {error}") from error
