"""What a step of training costs, beside plain peft and Trainer with the same settings, for several batch sizes.

The plain way is what one writes with these libraries: rows in random order, padded at their end, logits of all places,
positions by the library. Ours takes rows of like size together and makes logits of the answers' places alone. Both get
the same rows, ready in memory, and the same adapter, and begin with the same weights; they take turns.

Without a graphics card it trains a tiny model, which tells whether all is as it should be and nothing of a real one's
speed. With one it trains a Qwen2-VL of 7B's size with random weights; no download is needed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table
from transformers.trainer_callback import PrinterCallback

from benchmarks.mllm import full_size, tiny
from realqa_agent.scoring.mllm import prompts
from realqa_agent.scoring.mllm.checkpoint import Precision
from realqa_agent.scoring.mllm.frames import realqa_view, sized
from realqa_agent.scoring.mllm.questions import Question, Scale
from realqa_agent.scoring.mllm.sights import of_picture
from realqa_agent.tuning import trainer
from realqa_agent.tuning.lora import adapted
from realqa_agent.tuning.order import order, padding
from realqa_agent.tuning.recipe import Recipe
from realqa_agent.tuning.rows import UNLEARNED, Row, collate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realqa_agent.scoring.mllm.loading import Loaded

warnings.filterwarnings("ignore")

SCALE = Scale(low=0.0, high=9.99)

PROPORTIONS = ((3, 2), (2, 3), (4, 3), (16, 9), (1, 1), (5, 4))

REASONING_WORDS = (40, 120)
"""Fewest and most words of a reasoning answer; RealQA's are about as long."""

STEPS_BEFORE = 2
"""Not counted: they compile, and fill caches."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What one way does with one batch size."""

    way: str
    batch: int
    photos_per_s: float
    """Of answers of whatever length; the two ways take other ones, so that tokens tell which is faster."""
    tokens_per_s: float
    """Those of the rows themselves, without padding."""
    padding: float
    """Part of all that was reckoned, 0 to 1."""
    peak_memory_mb: int | None
    """Of the card; None without one."""


class Ticking(transformers.TrainerCallback):  # type: ignore[misc]  # it is untyped to us
    """Takes the time from the end of the steps that aren't counted."""

    def __init__(self) -> None:
        self.began = 0.0
        self.seconds = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - the library's
        """Count."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if state.global_step == STEPS_BEFORE:
            self.began = now
        self.seconds = now - self.began


def main() -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--batches", type=int, nargs="+", help="batch sizes; 1 2 4 without a card, 2 4 8 16 with one")
    parser.add_argument("--steps", type=int, help="steps that are counted; 4 without a card, 10 with one")
    parser.add_argument("--no-gradient-checkpointing", action="store_true", help="keep all, reckon nothing twice")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    on_card = torch.cuda.is_available()
    loaded, name = full_size() if on_card else tiny()
    steps = options.steps or (10 if on_card else 4)
    recipe = Recipe(
        dataset="",
        base="",
        prompts="",
        precision=Precision.BF16 if on_card else Precision.FP32,
        accumulation=1,
        gradient_checkpointing=not options.no_gradient_checkpointing,
    )
    network = adapted(loaded.network, recipe, "benchmark")
    begun = {key: value.detach().clone() for key, value in network.named_parameters() if value.requires_grad}
    paces = []
    for batch in options.batches or ([2, 4, 8, 16] if on_card else [1, 2, 4]):
        rows = _rows(loaded, batch * (steps + STEPS_BEFORE))
        for way in (_ours, _plain):
            _put_back(network, begun)
            paces.append(_pace(way, network, rows, recipe.model_copy(update={"batch": batch}), steps))
    report = {
        "device": torch.cuda.get_device_name() if on_card else "cpu",
        "model": name,
        "precision": recipe.precision.value,
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "steps": steps,
        "rows": [asdict(one) for one in paces],
        "ratio": {
            str(ours.batch): round(ours.tokens_per_s / plain.tokens_per_s, 2)
            for ours, plain in zip(paces[::2], paces[1::2], strict=True)
        },
    }
    if options.json:
        print(json.dumps(report))
    else:
        _print(report, paces)
    return 0


@dataclass(frozen=True)
class Way:
    """How the rows are taken."""

    name: str
    taken: list[int]
    collate: Callable[[Sequence[Row]], dict[str, Any]]


def _ours(sizes: Sequence[int], batch: int) -> Way:
    return Way("ours", order(sizes, batch=batch, epochs=1, seed=0), collate)


def _plain(sizes: Sequence[int], batch: int) -> Way:
    del batch
    return Way("plain", random.Random(0).sample(range(len(sizes)), len(sizes)), _padded_at_the_end)  # noqa: S311


def _pace(
    way_of: Callable[[Sequence[int], int], Way], network: Any, rows: Sequence[Row], recipe: Recipe, steps: int
) -> Pace:
    sizes = [len(row.tokens) for row in rows]
    way = way_of(sizes, recipe.batch)
    ticking = Ticking()
    on_card = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        made = trainer.arguments(recipe, len(rows) // recipe.batch, out=Path(folder), cpu=not on_card, loaders=0)
        coach = trainer.Trainer(
            model=network,
            args=made,
            train_dataset=rows,
            data_collator=way.collate,
            taken=way.taken,
            exam=None,
            callbacks=[ticking],
        )
        coach.remove_callback(PrinterCallback)
        if on_card:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        coach.train()
    counted = way.taken[STEPS_BEFORE * recipe.batch :]
    return Pace(
        way=way.name,
        batch=recipe.batch,
        photos_per_s=round(steps * recipe.batch / ticking.seconds, 3),
        tokens_per_s=round(sum(sizes[number] for number in counted) / ticking.seconds, 1),
        padding=round(padding(sizes, counted, recipe.batch), 4),
        peak_memory_mb=round(torch.cuda.max_memory_allocated() / 1e6) if on_card else None,
    )


def _rows(loaded: Loaded, count: int) -> list[Row]:
    """Return rows of photos of several proportions, half of them with a score alone and half with reasons."""
    draw = random.Random(0)  # noqa: S311 - no secret
    wording = prompts.load()
    (direct, natural) = wording.questions(["overall", prompts.NATURAL], scale=SCALE)
    return [_row(loaded, direct if number % 2 else natural, draw) for number in range(count)]


def _row(loaded: Loaded, question: Question, draw: random.Random) -> Row:
    width, height = draw.choice(PROPORTIONS)
    coarse = np.frombuffer(draw.randbytes(width * height * 3), np.uint8).reshape(height, width, 3)
    pixels = sized(coarse.repeat(100, 0).repeat(100, 1), realqa_view(loaded.spec.stride))
    answer = f"{question.start}{draw.uniform(0, 9.99):.2f}."
    if not question.start:
        answer = "A word " * draw.randint(*REASONING_WORDS) + f"The final score is <{draw.uniform(0, 9.99):.2f}>."
    return Row(
        sight=of_picture(pixels, loaded.chat, loaded.spec),
        question=loaded.chat.suffix(question),
        answer=loaded.chat.tokens(answer),
    )


def _padded_at_the_end(rows: Sequence[Row]) -> dict[str, Any]:
    longest = max(len(row.tokens) for row in rows)
    tokens = torch.zeros((len(rows), longest), dtype=torch.long)
    real = torch.zeros_like(tokens)
    labels = torch.full_like(tokens, UNLEARNED)
    for index, row in enumerate(rows):
        length = len(row.tokens)
        tokens[index, :length] = torch.tensor(row.tokens)
        real[index, :length] = 1
        labels[index, length - len(row.answer) : length] = torch.tensor(row.answer)
    return {
        "input_ids": tokens,
        "attention_mask": real,
        "mm_token_type_ids": (tokens == rows[0].sight.seen).int(),
        "pixel_values": torch.cat([torch.from_numpy(row.sight.patches) for row in rows]),
        "image_grid_thw": torch.tensor([row.sight.grid for row in rows]),
        "labels": labels,
        "use_cache": False,
    }


def _put_back(network: Any, begun: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in begun:
                parameter.copy_(begun[name])


def _print(report: dict[str, Any], paces: Sequence[Pace]) -> None:
    how = "with" if report["gradient_checkpointing"] else "without"
    title = f"{report['model']} on {report['device']}, {report['precision']}, {report['steps']} steps"
    table = Table(title=f"{title}, {how} gradient checkpointing")
    for heading in ("batch", "way", "photos/s", "tokens/s", "padding", "peak memory, MB"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for one in paces:
        memory = "" if one.peak_memory_mb is None else f"{one.peak_memory_mb:,}"
        table.add_row(
            str(one.batch), one.way, f"{one.photos_per_s:.2f}", f"{one.tokens_per_s:,.0f}", f"{one.padding:.1%}", memory
        )
    Console().print(table)
    ratios = ", ".join(f"{ratio:.2f} at batch {batch}" for batch, ratio in report["ratio"].items())
    Console().print(f"ours over plain, tokens/s: {ratios}")


if __name__ == "__main__":
    sys.exit(main())
