"""From rated sets to the pictures of a data set: on one scale, in their splits, with what is said of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.dataset.manifest import Manifest, Origin
from realqa_agent.dataset.record import SPLITS
from realqa_agent.dataset.splits import assign
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import questions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from realqa_agent.config import Role
    from realqa_agent.dataset.checks import Checked
    from realqa_agent.dataset.conversing import Conversing
    from realqa_agent.dataset.record import Conversation, Form, RatedSet, Scale, Split
    from realqa_agent.dataset.splits import Group, Shares

MOST = 9.99
"""More can't be written with one digit before the dot and two after it."""

EXACT = 6
"""Decimals of the scores in the labels: as many ties as people gave, and no noise of the arithmetic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What a person wants of a data set."""

    forms: tuple[Form, ...]
    seed: int
    group: Group
    shares: Shares | None
    """Train, dev, test; None: as published, else `splits.SHARES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One picture of a data set."""

    path: Path
    """Absolute."""
    score: float
    """On the data set's scale."""
    series: str | None
    split: Split
    said: Mapping[Form, Sequence[Conversation]]


def writable(role: Role, scale: Scale) -> questions.Scale:
    """Return the scale of a model's numbers; UserError if it has some that can't be written."""
    low, high = scale
    if not 0 <= low < high <= MOST:
        raise UserError(
            f"[mllm.scales] has {role} from {low:g} to {high:g}: numbers are written with one digit before the dot, "
            f"from 0 to {MOST}"
        )
    return questions.Scale(low=low, high=high)


def role_of(sets: Sequence[RatedSet]) -> Role:
    """Return what the scores of all sets are of; UserError if that differs, or if nobody says so."""
    role = sets[0].role
    if any(one.role != role for one in sets):
        said = ", ".join(f"{one.name} {one.role or 'unknown'}" for one in sets)
        raise UserError(f"the scores are not of the same: {said}; make a data set of each, or say it with --role")
    if role is None:
        raise UserError("nobody says what the scores are of: give --role overall, quality or aesthetic")
    return role


def checked_shares(shares: Shares | None) -> Shares | None:
    """Return the shares so that they add up to 1; UserError if one is negative, or if all are 0."""
    if shares is None:
        return None
    if min(shares) < 0 or not sum(shares):
        raise UserError("--shares: none may be negative, and one has to be more than 0")
    train, dev, test = (share / sum(shares) for share in shares)
    return train, dev, test


def samples(sets: Sequence[tuple[RatedSet, Checked]], recipe: Recipe, conversing: Conversing) -> list[Sample]:
    """Return all sound pictures of all sets; UserError if one is in two sets, or if a form can't be written."""
    to = (conversing.scale.low, conversing.scale.high)
    found: dict[Path, Sample] = {}
    for one, checked in sets:
        splits = assign(checked.sound, one.folder, seed=recipe.seed, group=recipe.group, shares=recipe.shares)
        for image, split in zip(checked.sound, splits, strict=True):
            if image.path in found:
                raise UserError(f"{image.path} is in two of the sources: leave one of them out")
            if "published" in recipe.forms and image.conversations and _scale(one) != to:
                raise UserError("the numbers of published conversations stay as they are: leave --scale out")
            score = _mapped(image.score, _scale(one), to)
            found[image.path] = Sample(
                path=image.path,
                score=score,
                series=image.series,
                split=split,
                said={form: conversing.conversations(image, score, form) for form in recipe.forms},
            )
    for form in recipe.forms:
        if not any(sample.said[form] for sample in found.values()):
            raise UserError(_WITHOUT[form])
    return list(found.values())


_WITHOUT: Mapping[Form, str] = {
    "score": "none of the pictures can be used: `realqa dataset check` says why",
    "published": "only published conversations can be kept as they were published: these sources have none",
    "natural": "the sources have no answers in prose, and nothing is known to reason with: score the pictures "
    "(`realqa score --json FOLDER > told.jsonl`) and give --attributes told.jsonl",
    "regular": "the sources have no answers in the regular form, and nothing is known to reason with: score the "
    "pictures (`realqa score --json FOLDER > told.jsonl`) and give --attributes told.jsonl",
}
"""Form to what is said if there is nothing in it."""


def manifest(
    sets: Sequence[tuple[RatedSet, Checked]], recipe: Recipe, conversing: Conversing, made: Sequence[Sample]
) -> Manifest:
    """Return what `dataset.json` is to say."""
    to = (conversing.scale.low, conversing.scale.high)
    return Manifest(
        name="+".join(dict.fromkeys(one.name for one, _ in sets)),
        role=conversing.role,
        scale=to,
        seed=recipe.seed,
        group=recipe.group,
        splits={split: sum(sample.split == split for sample in made) for split in SPLITS},
        forms=recipe.forms,
        conversations={form: sum(len(sample.said[form]) for sample in made) for form in recipe.forms},
        prompts=conversing.prompts.version,
        vocabulary=conversing.vocabulary.version,
        sources=tuple(
            Origin(
                layout=one.layout,
                name=one.name,
                folder=str(one.folder),
                sha256=_sha256(one.labels),
                scale=_scale(one),
                mapping=None if _scale(one) == to else (_scale(one), to),
                images=len(checked.sound),
                left_out=dict(checked.counts),
            )
            for one, checked in sets
        ),
    )


def _scale(one: RatedSet) -> Scale:
    if one.scale is None:
        raise UserError(f"{one.name}: nobody says on which scale its scores are: give --scale LOW HIGH, such as 1 5")
    return one.scale


def _mapped(score: float, scale: Scale, to: Scale) -> float:
    """Return a score at the same share of the other scale."""
    share = (score - scale[0]) / (scale[1] - scale[0])
    return round(to[0] + share * (to[1] - to[0]), EXACT)


def _sha256(files: Sequence[Path]) -> str:
    """Return the sum over the bytes of all files, one after another; nothing if there are none."""
    sums = hashlib.sha256()
    for file in files:
        sums.update(file.read_bytes())
    return sums.hexdigest() if files else ""
