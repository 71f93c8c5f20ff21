"""transformers' Trainer, told what it wouldn't do by itself.

It steps, accumulates, resumes, and speaks to accelerate about several cards; there is no loop of our own.

- The whole training is one epoch to it, in an order that was made before. It reshuffles by epoch otherwise, and on
  resuming in a later one doesn't tell the sampler which (transformers 5.24).
- Where it would evaluate, the dev photos are asked by the scorer's own code.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from inspect import signature
from typing import TYPE_CHECKING, Any

# Before transformers: it sees to it that nothing asks the hub.
from realqa_agent.scoring.mllm import loading  # noqa: F401  # isort: skip

import torch
import transformers

from realqa_agent.scoring.mllm.checkpoint import Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realqa_agent.tuning.exam import Marks
    from realqa_agent.tuning.recipe import Recipe


def steps_of(lessons: int, recipe: Recipe) -> int:
    """Return how many steps the training of so many lessons takes."""
    batches = math.ceil(lessons * recipe.epochs / recipe.batch)
    return math.ceil(math.ceil(batches / recipe.processes) / recipe.accumulation)


def arguments(recipe: Recipe, steps: int, *, out: Path, cpu: bool, loaders: int) -> Any:
    """Return the library's settings for a recipe; checkpoints go to `out`, when a callback asks for one."""
    made = transformers.TrainingArguments(
        output_dir=str(out),
        num_train_epochs=1,  # of an order that has all epochs in it
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        **_recomputing(on=recipe.gradient_checkpointing),
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(recipe.warm_up * steps),
        bf16=recipe.precision is not Precision.FP32,
        seed=recipe.seed,
        use_cpu=cpu,
        dataloader_num_workers=loaders,
        dataloader_pin_memory=torch.cuda.is_available() and not cpu,
        logging_steps=1,
        # It would show the mean of the steps before in the place of what is no number.
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        report_to="none",
        log_level_replica="error",
        # Each lesson has a photo and words, so each matrix has its part in each.
        ddp_find_unused_parameters=False,
    )
    # Else it spreads over all cards that it sees, by a way that is no longer advised and knows nothing of our rows.
    made._n_gpu = min(1, made.n_gpu)  # noqa: SLF001 - there is no other
    return made


def _recomputing(*, on: bool) -> dict[str, Any]:
    """Return what makes the Trainer reckon parts twice, by the name that it has for it: another since 5.24."""
    known = signature(transformers.TrainingArguments).parameters
    name = next(name for name in ("activation_checkpointing", "gradient_checkpointing") if name in known)
    return {name: True, f"{name}_kwargs": {"use_reentrant": False}} if on else {}


class Trainer(transformers.Trainer):  # type: ignore[misc]  # it is untyped to us
    """Takes rows in an order of ours, and has the dev photos asked where it would evaluate."""

    def __init__(self, *, taken: Sequence[int], exam: Callable[[Any], Marks] | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.control: Any
        self._taken = taken
        self._exam = exam
        self._plain = rest["model"].get_base_model()

    def get_train_dataloader(self) -> Any:
        """Return the batches of the whole training."""
        loader = torch.utils.data.DataLoader(
            self.train_dataset,
            batch_size=self.args.per_device_train_batch_size,
            sampler=self._taken,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )
        return self.accelerator.prepare(loader)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Ask about the dev photos."""
        if self._exam is None:
            return {}
        # Where a model is spread over cards, only its wrapping knows how to gather it, and all have to take part.
        marks = asdict(self._exam(self.model if self.is_fsdp_enabled else self._plain))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, marks)
        return marks
