"""What a model believes of a number, made from a distribution over numbers with two decimals."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from realqa_agent.scoring.mllm import digits
from realqa_agent.scoring.mllm.questions import DigitBelief

if TYPE_CHECKING:
    from collections.abc import Mapping


def belief(numbers: Mapping[str, float], mass: float = 1.0) -> DigitBelief:
    """Given shares of numbers such as `6.59`, return what a model would say that believes just this."""
    units = _next("", numbers)
    return DigitBelief(
        units={int(unit): share for unit, share in units.items()},
        first_decimals={
            unit: {int(digit): share for digit, share in _next(f"{unit}.", numbers).items()}
            for unit in digits.followed({int(unit): share for unit, share in units.items()})
        },
        greedy=greedy(numbers),
        mass=mass,
    )


def greedy(numbers: Mapping[str, float]) -> str:
    """Return the number that is written when each place takes its likeliest digit."""
    written = ""
    for dot in (".", "", ""):
        shares = _next(written, numbers)
        written += max(shares, key=lambda digit: shares[digit]) + dot
    return written


def places_along(written: str, numbers: Mapping[str, float]) -> list[list[float]]:
    """Return the ten shares of each digit of a number, given those before it."""
    starts = (written[:0], written[:2], written[:3])
    shares = [_next(start, numbers) for start in starts]
    return [[place.get(str(digit), 0.0) for digit in range(10)] for place in shares]


def _next(start: str, numbers: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for number, share in numbers.items():
        if number.startswith(start):
            found[number[len(start)]] += share
    total = sum(found.values())
    return {digit: share / total for digit, share in found.items()}
