"""The two models that were fitted to human ratings: ridge regressions on standardised, bent measures.

`training/firstlook/fit_measures.py` writes the table that is read here, and documents data and figures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

TABLE = "fitted.json"

REACH = 3.0
"""Measures count up to this many standard deviations from the training photos' mean; beyond, nothing was learned."""


KNEE = 0.7
"""Standard deviations from the mean at which a measure may begin to count more, less or the other way round."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ridge:
    """One model: a weighted sum of standardised measures, each bent at a knee on either side."""

    names: tuple[str, ...]
    means: Floats
    spreads: Floats
    weights: Floats
    """Shape (3, measures): points on the 1 to 10 scale for one standard deviation, and what is added to them
    above the upper and below the lower knee."""
    average: float
    """The score of a picture whose measures are all average."""
    uncertainty: float
    """Root mean square error of its scores on photos that it was not fitted on, points of the 1 to 10 scale."""

    def score(self, features: Mapping[str, float]) -> float:
        """Return the score, not yet kept within 1 to 10; a measure that is missing counts as average."""
        values = np.array([features.get(name, np.nan) for name in self.names])
        return float((bent(standardised(values, self.means, self.spreads)) * self.weights).sum()) + self.average


def standardised(values: Floats, means: Floats, spreads: Floats) -> Floats:
    """Return how many standard deviations values lie from the mean; 0 where missing, at most `REACH`."""
    return np.clip(np.nan_to_num((values - means) / spreads, nan=0.0), -REACH, REACH)


def bent(values: Floats) -> Floats:
    """Return standardised values, what of them is above the upper knee, and what below the lower; stacked first."""
    return np.stack([values, np.maximum(values - KNEE, 0), np.maximum(-KNEE - values, 0)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """What was fitted, with the mark that tells one fit from another."""

    quality: Ridge
    aesthetic: Ridge
    mark: str


@cache
def load() -> Fitted:
    """Read the table that ships with the package."""
    content = files(__package__).joinpath(TABLE).read_bytes()
    table = json.loads(content)
    return Fitted(
        quality=_ridge(table["quality"]), aesthetic=_ridge(table["aesthetic"]), mark=sha256(content).hexdigest()[:8]
    )


def _ridge(table: Mapping[str, object]) -> Ridge:
    measures: Mapping[str, Mapping[str, float]] = table["measures"]  # type: ignore[assignment]  # our own file
    rows = measures.values()
    return Ridge(
        names=tuple(measures),
        means=np.array([row["mean"] for row in rows]),
        spreads=np.array([row["spread"] for row in rows]),
        weights=np.array([[row[part] for row in rows] for part in ("weight", "above", "below")]),
        average=float(table["average"]),  # type: ignore[arg-type]  # our own file
        uncertainty=float(table["uncertainty"]),  # type: ignore[arg-type]  # our own file
    )
