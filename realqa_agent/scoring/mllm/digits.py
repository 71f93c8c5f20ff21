"""From what a model believes of the digits to a number and how sure it is of it.

A model's text has one number, its belief has a whole distribution: the mean over it ranks pictures more finely than
the likeliest digits, and doesn't break where a belief lies across 6.00, as digit-wise means along one prefix do (about
5.5 there).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from realqa_agent.scoring.mllm.questions import DigitBelief

LIKELY = 1e-4
MOST_UNITS = 3
"""Unit digits worth following up: those with this share, and no more than so many."""

UNREAD = 0.045
"""The mean of the second decimal, which isn't read."""

SURE_OF_DIGITS = 0.5
"""With less than this on the ten digits together, the model did not want to say a number."""

WRITTEN = re.compile(r"[0-9]\.[0-9]{2}")
LABEL = re.compile(r"[0-9]\.[0-9]{1,2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """The mean over unit and first decimal."""

    read: float
    """Of the two digits that were read."""
    spread: float
    """Standard deviation over the two."""

    @property
    def value(self) -> float:
        """The mean, the unread second decimal included."""
        return self.read + UNREAD


def followed(units: Mapping[int, float]) -> list[int]:
    """Return the unit digits whose first decimals are worth reading, likeliest first."""
    likely = sorted(units, key=lambda unit: (-units[unit], unit))
    return [unit for unit in likely[:MOST_UNITS] if units[unit] >= LIKELY]


def expectation(belief: DigitBelief) -> Expectation:
    """Return the mean over the unit digits that were followed up, each with its own first decimals."""
    cells = list(_cells(belief))
    total = math.fsum(share for _, share in cells)
    mean = math.fsum(value * share for value, share in cells) / total
    variance = math.fsum((value - mean) ** 2 * share for value, share in cells) / total
    return Expectation(read=mean, spread=math.sqrt(variance))


def shortened(number: float, decimals: int) -> float:
    """Return what stands of a number with two decimals if it ends sooner: 6.5 of 6.59, and 6 with no decimal at all."""
    written = f"{number:.2f}"
    return float(written[: len(written) - 2 + decimals])


def expected_to(belief: DigitBelief, decimals: int) -> float:
    """Return the mean over the numbers with so many decimals, 0 to 2; of the second decimal its own mean is taken."""
    if decimals == 0:
        likely = {unit: belief.units[unit] for unit in followed(belief.units)}
        return math.fsum(unit * share for unit, share in likely.items()) / math.fsum(likely.values())
    return expectation(belief).value if decimals == 2 else expectation(belief).read


def _cells(belief: DigitBelief) -> Iterator[tuple[float, float]]:
    """Yield (number, share) for each unit and first decimal."""
    for unit in followed(belief.units):
        decimals = belief.first_decimals.get(unit, {})
        total = math.fsum(decimals.values())
        for decimal, share in decimals.items():
            if share > 0:
                yield unit + decimal / 10, belief.units[unit] * share / total


def why_unsure(belief: DigitBelief) -> str | None:
    """Return why a belief gives no number, None if it does."""
    if not belief.mass >= SURE_OF_DIGITS:
        return f"the model gave the digits together only {belief.mass:.0%}: it did not want to say a number"
    if not WRITTEN.fullmatch(belief.greedy):
        return f"{belief.greedy!r} is no number with two decimals"
    if not any(_cells(belief)):
        return "no first decimal was read for any likely unit"
    return None


def beginnings(label: str) -> list[str]:
    """Return what stands before each digit of a label: nothing, `3.` and `3.4` for `3.47`.

    Raise ValueError for a label that isn't one digit, a dot and one or two digits: 10 can't be written so.
    """
    if not LABEL.fullmatch(label):
        raise ValueError(f"{label!r} is not one digit, a dot and one or two digits")
    return [label[:place] for place, sign in enumerate(label) if sign != "."]


def ncm(places: Sequence[Sequence[float]]) -> float | None:
    """Return RealQA's NCM: given ten shares a place, the digits' means weighted 1, 0.1, 0.01. For evaluation alone.

    Each place is read along the label's own digits, so the number is no mean of a distribution. A label with one
    decimal has two places. None if at some place no digit has any share.
    """
    return _weighted(places, [None] * len(places))


def ncm_star(places: Sequence[Sequence[float]], label: str) -> float | None:
    """Return RealQA's NCM*: NCM without what the label's own digits give, so what lies on wrong ones."""
    return _weighted(places, [int(digit) for digit in label if digit != "."])


def _weighted(places: Sequence[Sequence[float]], without: Sequence[int | None]) -> float | None:
    if not all(map(any, places)):
        return None
    return math.fsum(
        digit * share / 10**power
        for power, (place, right) in enumerate(zip(places, without, strict=True))
        for digit, share in enumerate(place)
        if digit != right
    )
