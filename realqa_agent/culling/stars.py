"""Overall score to stars."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from realqa_agent.assessment import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.assessment import Assessment, Verdict

REJECTED = -1
"""What `xmp:Rating` holds for a rejected photo."""


def stars(assessment: Assessment, verdict: Verdict, stars_from: Sequence[float]) -> int:
    """Return 1 to 5 stars by the overall score, or `REJECTED`.

    `stars_from` holds the scores from which there are 2, 3, 4 and 5 stars, in rising order.
    """
    if verdict.decision is Decision.REJECT:
        return REJECTED
    return 1 + bisect_right(stars_from, assessment.overall)
