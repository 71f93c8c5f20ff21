"""Several files of one release of the shutter get one verdict."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from realqa_agent.assessment import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MILDEST_FIRST = (Decision.KEEP, Decision.REVIEW, Decision.REJECT)


def shot_of(path: Path) -> str:
    """Return the key that the files of one shot share within their folder: the name without its suffix.

    `IMG_1.CR2`, `IMG_1.JPG` and `img_1.jpg` are one shot, `IMG_1-edit.jpg` is another. Case and Unicode form
    are folded: FAT cards and macOS change both when files are copied.
    """
    return unicodedata.normalize("NFC", path.stem.casefold())


def agree(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Given the verdicts of one shot's files by file name, return those that hold once the shot is taken as one.

    The mildest decision wins: whoever rejects a RAW because its JPEG is blown out loses the picture that the RAW
    still holds. A member whose decision changes says so first, then gives its own reasons.
    """
    if not verdicts:
        return {}
    mildest = min((verdict.decision for verdict in verdicts.values()), key=_MILDEST_FIRST.index)
    example = min(name for name, verdict in verdicts.items() if verdict.decision is mildest)
    return {name: _joined(verdict, mildest, example) for name, verdict in verdicts.items()}


def _joined(verdict: Verdict, mildest: Decision, example: str) -> Verdict:
    if verdict.decision is mildest:
        return verdict
    change = f"{mildest} as in {example}, which is the same shot; by itself it would be {verdict.decision}"
    return Verdict(decision=mildest, reasons=(change, *verdict.reasons))
