"""What a photographer rated, with the first looks at it, so that their taste can be learned. Nothing is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.service.culling import shots_in
from realqa_agent.service.ratings import human_ratings
from realqa_agent.taste.shoots import Opinion, Rated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.config import Config
    from realqa_agent.index.records import Voice
    from realqa_agent.index.store import Index
    from realqa_agent.service.ratings import Rating
    from realqa_agent.worker.crew import Crew


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What a human rated, and the first looks at it."""

    rated: Sequence[Rated]
    """One photo a shot."""
    unseen: int
    """Photos that a human rated and the first look has not seen, or only another version of it."""
    problems: Sequence[str]
    """Why some sidecars can't be read, for people."""


def gather(index: Index, crew: Crew[tuple[int, Path]], config: Config, folders: Sequence[Path]) -> Gathered:
    """Collect what a human said of the scored files at or below the folders, all without any.

    Raise as `Crew.first` does.
    """
    ready = crew.first()
    rated: list[Rated] = []
    problems: list[str] = []
    unseen = 0
    for shot in human_ratings(shots_in(index, folders), crew, config.metadata, index):
        problems += [rating.problem for rating in shot if rating.problem is not None]
        said = {opinion: rating.path for rating in shot if (opinion := _opinion(rating)) is not None}
        if len(said) != 1:
            continue  # Nobody rated it; or a RAW file and its JPEG, one photo, have different ratings.
        [(opinion, path)] = said.items()
        found = _rated(index, (ready.scorer, ready.version), path, opinion)
        if found is None:
            unseen += 1
        else:
            rated.append(found)
    return Gathered(rated=rated, unseen=unseen, problems=problems)


def _opinion(rating: Rating) -> Opinion | None:
    opinion = Opinion(stars=rating.stars, pick=rating.pick)
    return None if opinion == Opinion(stars=None, pick=None) else opinion


def _rated(index: Index, voice: Voice, path: Path, opinion: Opinion) -> Rated | None:
    """Return a rated photo with the first look at it, None if there is none."""
    row = index.lookup(path)
    stored = None if row is None or row.sha256 is None else index.assessment_of(row.sha256, *voice)
    if stored is None:
        return None
    day = (stored.facts.taken_at or "")[:10]
    shoot = f"{path.parent} {day}".rstrip()
    return Rated(shoot=shoot, opinion=opinion, assessment=stored.assessment.without_taste())
