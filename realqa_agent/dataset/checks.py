"""What is wrong with the pictures of a set: which ones can't be used, and why."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.dataset.record import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from realqa_agent.dataset.record import Fault, Labelled, Scale

KEPT_FIRST = ("test", "dev")
"""Of a picture that is there twice, the copy in these splits stays: a published test is to stay whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """The pictures of a set, sorted out."""

    sound: tuple[Labelled, ...]
    findings: tuple[Finding, ...]
    """One for each of the others, in their order."""

    @property
    def counts(self) -> Mapping[Fault, int]:
        """Fault to how many pictures have it, the most frequent first."""
        return dict(Counter(finding.fault for finding in self.findings).most_common())


def check(images: Sequence[Labelled], scale: Scale | None) -> Checked:
    """Look at each picture's file and score; one with several faults is listed with the first.

    Files of the same size are read to the end, to find those that are the same picture under two names.
    """
    sizes = [_size(image.path) for image in images]
    found: dict[int, Finding] = {}
    places: dict[Path, int] = {}
    for place, (image, size) in enumerate(zip(images, sizes, strict=True)):
        first = places.setdefault(image.path, place)
        if (finding := _finding(image, size, images[first] if first < place else None, scale)) is not None:
            found[place] = finding
    sound = [place for place in range(len(images)) if place not in found]
    for place, twin in _twins(sound, images, sizes):
        found[place] = Finding(
            fault="duplicate", name=images[place].name, what=f"the same picture as {images[twin].name}"
        )
    return Checked(
        sound=tuple(image for place, image in enumerate(images) if place not in found),
        findings=tuple(found[place] for place in sorted(found)),
    )


def _finding(image: Labelled, size: int | None, earlier: Labelled | None, scale: Scale | None) -> Finding | None:
    def finding(fault: Fault, what: str) -> Finding:
        return Finding(fault=fault, name=image.name, what=what)

    if size is None:
        return finding("missing", f"there is no {image.path}")
    if size == 0:
        return finding("empty", f"{image.path} has no content")
    if math.isnan(image.score):
        return finding("no number", "it has no score that is a number")
    if earlier is not None:
        other = ", with another score" * (image.score != earlier.score)
        return finding("duplicate", f"it is in the labels before{other}")
    if scale is not None and not scale[0] <= image.score <= scale[1]:
        return finding("out of range", f"{image.score:g} is not within {scale[0]:g} to {scale[1]:g}")
    return None


def _twins(places: Iterable[int], images: Sequence[Labelled], sizes: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    """Yield (place, place of the one that stays) for each picture that is the same as another."""
    by_size: dict[int | None, list[int]] = {}
    for place in places:
        by_size.setdefault(sizes[place], []).append(place)
    for alike in by_size.values():
        if len(alike) == 1:
            continue
        by_content: dict[bytes, list[int]] = {}
        for place in alike:
            by_content.setdefault(_sha256(images[place].path), []).append(place)
        for same in by_content.values():
            stays = min(same, key=lambda place: (images[place].split not in KEPT_FIRST, place))
            yield from ((place, stays) for place in same if place != stays)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):  # a name that no system allows
        return None


def _sha256(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
