"""What an evaluation is held against: a labels file, or a folder that `realqa dataset build` made.

Such a folder says in `dataset.json` what its scores are of and on which scale they are, so nobody has to say it again.
The same file in the folder of a training says what its adapters were taught.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from realqa_agent.config import Range, Role  # noqa: TC001 - pydantic reads them
from realqa_agent.errors import UserError
from realqa_agent.evaluation.labels import read_labels
from realqa_agent.evaluation.record import RatedSet, scale_of

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.evaluation.record import Scale

FACTS = "dataset.json"
TEST = "test"
"""The part that a folder stands for."""


class Facts(BaseModel):
    """What a dataset folder says of itself; it says more, which is of no matter here."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    """What its scores are of."""
    scale: Range
    """Of its labels, and of the numbers in its answers."""


def facts_in(folder: Path) -> Facts | None:
    """Return what a folder says of itself, None if it says nothing; UserError if that can't be read."""
    file = folder / FACTS
    try:
        return Facts.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{file}: can't be read: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise UserError(f"{file}: this is not what `realqa dataset build` writes: {faults}") from error


def read_set(source: Path, scale: Scale | None, *, needed: bool) -> RatedSet:
    """Read a labels file, or the test part of a dataset folder.

    `scale` is for labels of which nobody has said theirs; `needed`: it may not be guessed. Raise UserError if the
    labels can't be used, or don't lie on their scale.
    """
    file, facts, part = _labels_of(source)
    labels = read_labels(file)
    scores = [one.score for one in labels.rated]
    told = scale if facts is None else facts.scale
    if told is not None and not told[0] <= min(scores) <= max(scores) <= told[1]:
        where = "--scale" if facts is None else f"the scale in {FACTS}"
        raise UserError(f"{file}: its scores go from {min(scores):g} to {max(scores):g}, which is not within {where}")
    # The lowest and the highest score that there happen to be aren't those that people could have given.
    if needed and told is None and scale_of(scores) != (0.0, 1.0):
        raise UserError(f"{file}: --ncm needs to know the scale of its scores: give --scale LOW HIGH, such as 1 5")
    return RatedSet(
        name=_name(file) if facts is None else f"{facts.name} {part}".removesuffix(f" {TEST}"),
        rated=labels.rated,
        scale=told or scale_of(scores),
        score=None if facts is None else facts.role,
        source={"labels": str(file.absolute()), "labels_sha256": labels.sha256},
    )


def _labels_of(source: Path) -> tuple[Path, Facts | None, str]:
    """Return the labels file, what is known of it, and the part of the set that it is."""
    if source.is_dir():
        if (facts := facts_in(source)) is None:
            raise UserError(f"{source} is no dataset folder: it has no {FACTS}; name the labels file in it")
        return source / f"labels.{TEST}.csv", facts, TEST
    stem, _, part = source.stem.partition(".")
    facts = facts_in(source.parent) if stem == "labels" and part else None
    return source, facts, part


def _name(file: Path) -> str:
    """Return what a labels file is called, or its folder, if it is called `labels` like all of them."""
    return file.absolute().parent.name if file.stem == "labels" else file.stem
