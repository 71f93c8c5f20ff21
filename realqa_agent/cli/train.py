"""`realqa train`: train an adapter for the multimodal scorer on a dataset folder."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import click

from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import prompts, shelf
from realqa_agent.scoring.mllm.checkpoint import Precision, read_base
from realqa_agent.scoring.mllm.errands import NEEDED
from realqa_agent.tuning import lessons
from realqa_agent.tuning.recipe import Recipe
from realqa_agent.tuning.run import Run

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from realqa_agent.scoring.mllm.checkpoint import Base
    from realqa_agent.tuning.exam import Marks
    from realqa_agent.tuning.lessons import Course

A_FOLDER = click.Path(path_type=Path, file_okay=False)

MOST_LOADERS = 8
"""More processes than that open photos faster than a card learns from them."""

Device = Literal["auto", "cpu"]


@click.command(short_help="Train an adapter for the multimodal scorer.")
@click.argument("dataset", type=A_FOLDER)
@click.option("--base", type=A_FOLDER, help="Folder of the model that is adapted; unset: that of the settings.")
@click.option("--out", required=True, type=A_FOLDER, help="Folder of the run, a new one.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out from its last whole checkpoint.")
@click.option("--epochs", type=click.IntRange(1), default=2, show_default=True, help="How often all lessons are taken.")
@click.option(
    "--batch", type=click.IntRange(1), default=2, show_default=True, help="Lessons that a card takes at once."
)
@click.option("--accumulation", type=click.IntRange(1), default=8, show_default=True, help="Batches before each step.")
@click.option("--rank", type=click.IntRange(1), default=128, show_default=True, help="Rank of the adapter's matrices.")
@click.option("--alpha", type=click.IntRange(1), help="What they are scaled by, over the rank; unset: twice the rank.")
@click.option(
    "--dropout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.05,
    show_default=True,
    help="Part of their input that is left out at random.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=1e-4,
    show_default=True,
    help="At its highest: after the warm-up it falls along a cosine.",
)
@click.option(
    "--warm-up",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Part of the steps in which it rises.",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", *map(str, Precision)]),
    default="auto",
    show_default=True,
    help="How the base's weights are kept; auto: bf16 on a card, fp32 without. 4bit is for small cards.",
)
@click.option(
    "--preprocess",
    type=click.Choice(["default", "official"]),
    help="How photos are shrunk, as in the settings; unset: as the settings say.",
)
@click.option(
    "--gradient-checkpointing/--no-gradient-checkpointing",
    default=True,
    show_default=True,
    help="Reckon parts twice instead of keeping them: less memory, more time.",
)
@click.option(
    "--checkpoints", type=click.IntRange(1), default=10, show_default=True, help="How many the whole run writes."
)
@click.option("--keep", type=click.IntRange(1), default=2, show_default=True, help="How many stay, the newest.")
@click.option(
    "--dev-pictures",
    type=click.IntRange(0),
    default=200,
    show_default=True,
    help="Dev photos whose scores are asked at each checkpoint; 0: none.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the order, the first weights and the dropout.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu"]),
    default="auto",
    show_default=True,
    help="cpu: leave a graphics card alone.",
)
@click.option(
    "--loaders",
    type=click.IntRange(0, 64),
    help="Processes that open photos; unset: one a core, but one less, and 8 at most.",
)
@click.pass_context
def command(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    /,
    dataset: Path,
    base: Path | None,
    out: Path,
    *,
    resume: bool,
    precision: str,
    preprocess: str | None,
    alpha: int | None,
    device: Device,
    keep: int,
    loaders: int | None,
    **settings: Any,
) -> None:
    """Train an adapter on DATASET, a folder that `realqa dataset build` wrote.

    It is LoRA on all linear layers of the language model and the vision tower; the defaults are RealQA's published
    recipe. The folder of the run gets log.jsonl, curves.png (loss, SRCC, NCM and NCM* on the dev photos), checkpoints,
    and in the end `adapter`, with a model card.

    After a kill, the same command with --resume goes on from the last whole checkpoint. On a processor the weights are
    then those of a run that was never disturbed, bit for bit. Several cards: docs/training.md.

    \b
    realqa train koniq --base ~/models/Qwen2-VL-7B-Instruct --out run
    realqa train koniq --base ~/models/Qwen2-VL-7B-Instruct --out run --resume
    realqa train mine --out run --precision 4bit --batch 1 --accumulation 16
    """
    config = settings_of(ctx)
    folder = base or config.mllm.model
    if folder is None:
        raise UserError("there is no model to adapt: give --base, or set `model` in [mllm]")
    if missing := [package for package in NEEDED if importlib.util.find_spec(package) is None]:
        raise UserError(f"{', '.join(missing)} missing: install realqa-agent with its extra `mllm`, torch first")
    model, course, asked = _base(folder), lessons.read(dataset), prompts.load(config.mllm.prompts)
    run = Run(out.absolute())
    if resume and run.adapter.exists():
        click.echo(f"{run.adapter} is there: this run has come to its end")
        return
    # With several cards, each has a process; the others may come when the first has begun the run already.
    is_first = int(os.environ.get("RANK", "0")) == 0
    if is_first:
        run.check(resume=resume)
    question = course.direct(asked)
    if question is None:
        click.echo(
            f"the lessons don't ask for {course.role} in the words of the prompts in force ({asked.version}): no dev "
            "photos are asked, and a scorer with these prompts will ask what the adapter has not learned",
            err=True,
        )
    from realqa_agent.tuning import training  # noqa: PLC0415 - torch and transformers take seconds

    recipe = Recipe(
        dataset=course.sha256,
        base=model.mark,
        prompts=asked.version,
        processes=int(os.environ.get("WORLD_SIZE", "1")),
        precision=training.precision_for(precision, cpu=device == "cpu"),
        preprocess=preprocess or config.mllm.preprocess,
        alpha=alpha or 2 * settings["rank"],
        **settings,
    )
    task = training.Task(
        run=run,
        recipe=recipe,
        course=course,
        base=model,
        base_name=_name(folder),
        question=question,
        limits=config.media,
        cpu=device == "cpu",
        keep=keep,
        loaders=min(MOST_LOADERS, (os.cpu_count() or 1) - 1) if loaders is None else loaders,
    )
    with _Shown() as progress:
        training.train(task, progress, resume=resume)
    if is_first:
        _advise(run, folder, course, recipe)


def _base(folder: Path) -> Base:
    base = read_base(folder)
    if not base.family.keeps_looks:
        raise UserError(f"{folder} is a {base.family.architecture}, which the scorer `realqa` can't ask: take another")
    return base


def _name(folder: Path) -> str:
    """Return what a model is called: as at the hub, where that is known, and never by where it lies."""
    origin = shelf.Origin.of(folder)
    return origin.repo if origin is not None else folder.absolute().name


def _advise(run: Run, base: Path, course: Course, recipe: Recipe) -> None:
    """Say where the adapter is, and what to write into the settings."""
    low, high = course.scale.low, course.scale.high
    click.echo(
        f'{run.adapter} is ready. To use it, in the settings:\n[mllm]\nmodel = "{base.absolute()}"\n'
        f'preprocess = "{recipe.preprocess}"\n[mllm.adapters]\n{course.role} = "{run.adapter}"\n'
        f"[mllm.scales]\n{course.role} = [{low:g}, {high:g}]"
    )
    if course.role != "overall":
        other = "aesthetic" if course.role == "quality" else "quality"
        click.echo(f"Beside it the scorer needs an adapter for {other}, or for overall; `realqa eval` needs none.")


class _Shown:
    """The progress on stderr: a bar with the time left on a terminal, else a line at each checkpoint."""

    def __init__(self) -> None:
        from rich.progress import (  # noqa: PLC0415 - 60 ms
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        from realqa_agent.cli import tables  # noqa: PLC0415 - rich, as above

        console = tables.console(stderr=True)
        # Of a width that leaves the time its place on 80 columns.
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self._on_terminal = console.is_terminal
        # The pace of ten minutes: a step may take one, and those on long answers take longer.
        self._bar: Bar = Progress(*columns, console=console, disable=not self._on_terminal, speed_estimate_period=600)
        self._task = self._bar.add_task("loading", total=None)
        self._steps = 0
        self._loss, self._srcc, self._silent = "", "", ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, step: int, steps: int) -> None:
        """Show that so many of all steps are done."""
        self._steps = steps
        # The time that loading took says nothing of the time that is left.
        self._bar.reset(self._task, total=steps, completed=step, description="training")

    def step(self, step: int, loss: float) -> None:
        """Show a step."""
        self._loss = f"loss {loss:.3f}"
        self._bar.update(self._task, completed=step, description=self._loss + self._srcc)

    def examined(self, step: int, marks: Marks) -> None:
        """Show how the model fared on the dev photos."""
        del step
        figure = "not defined" if marks.srcc is None else f"{marks.srcc:.3f}"
        self._srcc = f", dev SRCC {figure}"
        self._silent = f", {marks.unanswered} without a number" if marks.unanswered else ""

    def kept(self, step: int) -> None:
        """Show that there is a checkpoint."""
        if not self._on_terminal:
            click.echo(
                f"step {step} of {self._steps}: {self._loss}{self._srcc}{self._silent}; checkpoint kept", err=True
            )
