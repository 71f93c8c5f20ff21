"""Which sets an evaluation holds before whom, and how each is asked.

As it stands in the settings a scorer is asked all that the agent would ask, so its verdicts count too. On trial, with
an adapter of its own or another way of answering, a model is asked for the compared score and nothing else: an adapter
that was trained on technical quality is not asked for taste.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.errors import UserError
from realqa_agent.evaluation.sets import facts_in
from realqa_agent.scoring.mllm.checkpoint import ADAPTER_SETTINGS
from realqa_agent.scoring.mllm.inventory import looked_over
from realqa_agent.scoring.view import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Literal

    from realqa_agent.config import Config, Role
    from realqa_agent.evaluation.record import RatedSet
    from realqa_agent.evaluation.sets import Facts
    from realqa_agent.scoring.view import Decimals, Form

WITH_ADAPTERS = "realqa"
"""The scorer that takes adapters."""

WRITES_NUMBERS = (WITH_ADAPTERS, "openai")
"""Those that can be asked in other ways."""

ANY_SCORE: Role = "overall"
"""The role in which an adapter may be asked for whatever score."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a model is asked; None where that is as the settings have it."""

    answer: Form | None = None
    decimals: Decimals | None = None
    decode: Literal["expectation", "greedy"] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """A set, and who is asked about it."""

    rated: RatedSet
    config: Config
    against: Role
    """The score that is compared."""
    adapter: Path | None
    """None for the scorer as it stands in the settings."""
    trial: Trial | None

    @property
    def decode(self) -> str | None:
        """How a number is read of the digits that a model believes in; None if it is read in a text."""
        return None if self.trial is not None and self.trial.answer != "score" else self.config.mllm.decode


def adapters_in(folder: Path) -> list[Path]:
    """Return an adapter's folder, or the adapters of a training, its checkpoints in their order."""
    if (folder / ADAPTER_SETTINGS).exists():
        return [folder]
    found = [file.parent for file in folder.glob(f"*/{ADAPTER_SETTINGS}") if not file.parent.name.startswith(".")]
    if not found:
        raise UserError(f"{folder} is no adapter, and none lies in it: there is no {ADAPTER_SETTINGS}")
    return sorted(found, key=_step)


def _step(folder: Path) -> tuple[float, str]:
    """Return what adapters of one training are sorted by: one without a number is the finished one."""
    number = folder.name.rpartition("-")[2]
    return (float(number) if number.isdecimal() else float("inf")), folder.name


def pairings(
    sets: Sequence[RatedSet], adapters: Sequence[Path], config: Config, against: Role | None, way: Way
) -> list[Pairing]:
    """Return each set with each adapter, or with the scorer of the settings; those of one adapter come together.

    The score that is compared is `against`, else what the adapter was trained on, else what the set's scores are of,
    else quality. Raise UserError if the scorer can't be asked so.
    """
    config = _asked_so(config, adapters, way)
    judges: Sequence[Path | None] = adapters or [None]
    return [pair for adapter in judges for pair in _with(adapter, sets, config, against, way)]


def _with(
    adapter: Path | None, sets: Sequence[RatedSet], config: Config, against: Role | None, way: Way
) -> Iterator[Pairing]:
    taught = None if adapter is None else facts_in(adapter) or facts_in(adapter.parent)
    tried = adapter is not None or way.answer is not None or way.decimals is not None
    for rated in sets:
        score = against or (taught.role if taught else None) or rated.score or "quality"
        if tried and adapter is None:
            _check_answers(config, score)
        yield Pairing(
            rated=rated,
            config=config if adapter is None else _adapted(config, adapter, score, taught),
            against=score,
            adapter=adapter,
            trial=Trial(score=score, answer=way.answer or "score", decimals=2 if way.decimals is None else way.decimals)
            if tried
            else None,
        )


def _check_answers(config: Config, score: Role) -> None:
    adapters = config.mllm.adapters
    if config.scoring.scorer == WITH_ADAPTERS and adapters and not adapters.keys() & {score, ANY_SCORE}:
        raise UserError(f"no adapter in [mllm] answers for {score}: choose one by --adapter, or a score by --against")


def _asked_so(config: Config, adapters: Sequence[Path], way: Way) -> Config:
    """Return the settings with the scorer and the way of decoding; UserError if they can't be had."""
    scorer = config.scoring.scorer
    if adapters and scorer != WITH_ADAPTERS:
        raise UserError(f"adapters are for the scorer {WITH_ADAPTERS}, not for {scorer}: give --scorer {WITH_ADAPTERS}")
    if way != Way() and scorer not in WRITES_NUMBERS:
        raise UserError(
            f"{scorer} does not write numbers: --answer, --decimals and --decode are for {' and '.join(WRITES_NUMBERS)}"
        )
    if way.answer in {"natural", "regular"} and way.decode is not None:
        raise UserError("--decode is for --answer score: a text has but the digits that stand there")
    if adapters:
        if config.mllm.model is None:
            raise UserError("an adapter needs the model that it was trained on: set `model` in [mllm]")
        looked_over(config.mllm.model, {str(folder): folder for folder in adapters})
    if way.decode is None:
        return config
    return config.model_copy(update={"mllm": config.mllm.model_copy(update={"decode": way.decode})})


def _adapted(config: Config, adapter: Path, score: Role, taught: Facts | None) -> Config:
    """Return the settings with this adapter alone, and with the scale of its numbers."""
    scale = config.mllm.scales.get(score) if taught is None else taught.scale
    if scale is None:
        raise UserError(f"`scales` in [mllm] doesn't tell the range of {score}, which {adapter} is asked for")
    mllm = config.mllm.model_copy(update={"adapters": {ANY_SCORE: adapter}, "scales": {ANY_SCORE: scale}})
    return config.model_copy(update={"mllm": mllm})
