"""All that decides what comes out of a training: the same recipe on the same machine gives the same weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm.checkpoint import Precision  # noqa: TC001 - pydantic needs it at run time

if TYPE_CHECKING:
    from pathlib import Path


class Recipe(BaseModel):
    """The settings of a run; the defaults are RealQA's published ones where these are known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    """SHA-256 of its lessons."""
    base: str
    """The mark of the model, see `checkpoint.Base`."""
    prompts: str
    """Version of the prompts that the dev photos are asked by."""
    processes: int = Field(1, ge=1)
    """One for each graphics card."""
    precision: Precision
    preprocess: Literal["default", "official"] = "default"
    rank: int = Field(128, ge=1)
    alpha: int = Field(256, ge=1)
    dropout: float = Field(0.05, ge=0, lt=1)
    epochs: int = Field(2, ge=1)
    batch: int = Field(2, ge=1)
    """Lessons that a card takes at once."""
    accumulation: int = Field(8, ge=1)
    """Batches before each step."""
    learning_rate: float = Field(1e-4, gt=0)
    warm_up: float = Field(0.1, ge=0, lt=1)
    """Part of the steps in which the learning rate rises; then it falls along a cosine."""
    gradient_checkpointing: bool = True
    checkpoints: int = Field(10, ge=1)
    """How many the run writes, evenly spread; the dev photos are asked at each."""
    dev_pictures: int = Field(200, ge=0)
    seed: int = 0

    def check_same(self, begun: Recipe, file: Path) -> None:
        """Raise UserError, naming each difference, unless a run that was begun can be gone on with."""
        ours, theirs = self.model_dump(), begun.model_dump()
        if differing := [f"{name} is {ours[name]}, was {theirs[name]}" for name in ours if ours[name] != theirs[name]]:
            raise UserError(
                f"this is not the run of {file}: {'; '.join(differing)}. Give what it was begun with, or another --out"
            )
