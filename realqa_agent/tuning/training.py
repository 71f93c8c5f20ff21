"""Trains an adapter from a recipe, and leaves in the run's folder all that comes of it."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

# Before transformers: it sees to it that nothing asks the hub.
from realqa_agent.scoring.mllm import loading  # isort: skip

import torch
import transformers
from transformers.trainer_callback import PrinterCallback

from realqa_agent.errors import AwayError, PermanentError, UserError
from realqa_agent.scoring.mllm.checkpoint import Precision
from realqa_agent.scoring.mllm.frames import realqa_view
from realqa_agent.scoring.mllm.trouble import DeviceLostError, device_lost, out_of_memory
from realqa_agent.tuning import card, curves, trainer
from realqa_agent.tuning.exam import Marks, examine
from realqa_agent.tuning.lora import adapted
from realqa_agent.tuning.order import order
from realqa_agent.tuning.rows import Optics, Rows, collate

if TYPE_CHECKING:
    from collections.abc import Callable

    from realqa_agent.config import Media
    from realqa_agent.scoring.mllm.checkpoint import Base
    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.questions import Question
    from realqa_agent.tuning.lessons import Course
    from realqa_agent.tuning.recipe import Recipe
    from realqa_agent.tuning.run import Run

MADE_WITH = ("realqa-agent", "torch", "transformers", "peft", "accelerate")


class Progress(Protocol):
    """Who is told how far a training is."""

    def begin(self, step: int, steps: int) -> None:
        """Hear that so many of all steps are done."""

    def step(self, step: int, loss: float) -> None:
        """Hear of a step that was done."""

    def examined(self, step: int, marks: Marks) -> None:
        """Hear how the model fared on the dev photos."""

    def kept(self, step: int) -> None:
        """Hear of a whole checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One training, with all that it needs."""

    run: Run
    recipe: Recipe
    course: Course
    base: Base
    base_name: str
    question: Question | None
    """What the dev photos are asked; None if they aren't."""
    limits: Media
    cpu: bool
    """Not to use a graphics card, though there may be one."""
    keep: int
    """How many checkpoints stay, the newest."""
    loaders: int
    """Processes that open photos; 0: the training's own."""


def train(task: Task, progress: Progress, *, resume: bool) -> None:
    """Train an adapter, from the start or from the last whole checkpoint; the run's folder holds all that comes of it.

    With several cards, each process that accelerate has started calls this. Raise UserError if the run can't be begun
    or gone on with, AwayError or PermanentError if it had to end.
    """
    try:
        with warnings.catch_warnings():
            # What the libraries advise those who call them, and each other.
            warnings.simplefilter("ignore", FutureWarning)
            # The adapter names its base as people do, so peft finds no folder to look whether words were added.
            warnings.filterwarnings("ignore", "Could not find a config file in", UserWarning)
            _train(task, progress, resume=resume)
    except PermanentError as error:
        # From a process that opens photos it comes with that one's whole traceback before it.
        raise PermanentError(str(error).rpartition("PermanentError: ")[2].strip()) from error
    except OSError as error:
        raise AwayError(f"{task.run.folder}: {error.strerror or error}; --resume goes on once it is mended") from error
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise AwayError(
                "too little memory: take a smaller --batch with a larger --accumulation, or --precision 4bit, or end "
                "what else uses the card; --resume goes on from the last checkpoint if neither is changed"
            ) from error
        if device_lost(error):
            raise DeviceLostError(f"the graphics card is gone: {error}; --resume goes on later") from error
        raise


def precision_for(name: str, *, cpu: bool) -> Precision:
    """Return the precision by this name; `auto` is the one for the device, whether or not the model fits it.

    Raise UserError for four bits without a card: on a processor bitsandbytes packs weights so that they can't be
    trained through (0.50, where it has AVX-512 BF16).
    """
    on_card = torch.cuda.is_available() and not cpu
    if name == "auto":
        return Precision.BF16 if on_card else Precision.FP32
    if name == Precision.FOUR_BIT and not on_card:
        raise UserError("four bits can be trained through on a graphics card alone: take another --precision")
    return Precision(name)


def milestones(steps: int, count: int) -> frozenset[int]:
    """Return at which steps a checkpoint is written: so many, evenly spread, the last at the end."""
    return frozenset(math.ceil(steps * number / count) for number in range(1, count + 1))


def _train(task: Task, progress: Progress, *, resume: bool) -> None:
    recipe, run = task.recipe, task.run
    transformers.logging.set_verbosity_error()
    steps = trainer.steps_of(len(task.course.train), recipe)
    arguments = trainer.arguments(recipe, steps, out=run.unfinished, cpu=task.cpu, loaders=task.loaders)
    if arguments.process_index == 0:
        run.start(recipe, task.course.about, resume=resume)
    arguments.distributed_state.wait_for_everyone()
    checkpoint = run.checkpoints()[-1][1] if run.checkpoints() else None

    loaded = loading.load(task.base, {}, device=str(arguments.device), precision=recipe.precision)
    # Its matrices begin at random.
    transformers.set_seed(recipe.seed)
    network = adapted(loaded.network, recipe, task.base_name)
    view = realqa_view(loaded.spec.stride, official=recipe.preprocess == "official")
    optics = Optics(loaded.chat, loaded.spec, view, task.limits)
    rows = Rows(task.course.train, loaded.chat, optics)
    coach = trainer.Trainer(
        model=network,
        args=arguments,
        train_dataset=rows,
        data_collator=collate,
        taken=order(rows.sizes, batch=recipe.batch, epochs=recipe.epochs, seed=recipe.seed),
        exam=_exam(task, loaded, optics),
        callbacks=[_Watch(task, progress, milestones(steps, recipe.checkpoints))],
    )
    coach.remove_callback(PrinterCallback)
    coach.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    coach.save_model(str(run.unfinished / "adapter"))
    arguments.distributed_state.wait_for_everyone()
    if arguments.process_index == 0:
        run.keep_adapter(_card(task, loaded, network))


def _exam(task: Task, loaded: Loaded, optics: Optics) -> Callable[[Any], Marks] | None:
    """Return what asks a network about the dev photos; None if there are none, or nothing to ask."""
    question, labelled = task.question, task.course.labelled(task.recipe.dev_pictures)
    if question is None or not labelled:
        return None
    return lambda network: examine(replace(loaded, network=network), labelled, question, optics.pixels)


class _Watch(transformers.TrainerCallback):  # type: ignore[misc]  # it is untyped to us
    """Says when there is to be a checkpoint, keeps log and picture, and tells of the progress."""

    def __init__(self, task: Task, progress: Progress, milestones: frozenset[int]) -> None:
        self._run, self._keep, self._epochs = task.run, task.keep, task.recipe.epochs
        self._progress = progress
        self._milestones = milestones
        self._title = f"{task.base_name} on {task.course.name}"
        self._since = time.perf_counter()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - the library's
        """Begin to count."""
        if state.is_world_process_zero:
            self._progress.begin(state.global_step, state.max_steps)
        self._since = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002 - as above
        """Ask for a checkpoint where one is due."""
        control.should_evaluate = control.should_save = state.global_step in self._milestones
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:  # noqa: ARG002
        """Note a step."""
        if "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise PermanentError(
                f"step {state.global_step}: the loss is no number any more: take a smaller --learning-rate; the "
                f"checkpoints until then are in {self._run.folder}"
            )
        if state.is_world_process_zero:
            now = time.perf_counter()
            self._run.note(
                {
                    "step": state.global_step,
                    "epoch": round(state.epoch * self._epochs, 4),
                    "loss": logs["loss"],
                    "gradient": logs["grad_norm"],
                    "learning_rate": logs["learning_rate"],
                    "seconds": round(now - self._since, 3),
                }
            )
            self._progress.step(state.global_step, logs["loss"])
            self._since = now

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, Any], **_: Any) -> None:  # noqa: ARG002
        """Note how the model fared."""
        if state.is_world_process_zero:
            self._run.note({"step": state.global_step, "dev": metrics})
            self._progress.examined(state.global_step, Marks(**metrics))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - as above
        """Let the checkpoint that was written count."""
        args.distributed_state.wait_for_everyone()
        if state.is_world_process_zero:
            self._run.keep_checkpoint(state.global_step, self._keep)
            curves.draw(self._run.curves, self._run.log(), title=self._title)
            self._progress.kept(state.global_step)
        self._since = time.perf_counter()


def _card(task: Task, loaded: Loaded, network: Any) -> str:
    return card.write(
        card.Facts(
            course=task.course,
            recipe=task.recipe,
            base=task.base_name,
            architecture=loaded.family.architecture,
            parameters=network.get_nb_trainable_parameters()[0],
            device=loaded.about,
            versions={name: version(name) for name in MADE_WITH},
            log=task.run.log(),
        )
    )
