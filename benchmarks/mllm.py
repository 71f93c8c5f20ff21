"""What the multimodal model costs a picture, beside the plain way of asking it.

The plain way is that of the published code: one picture and one question at a time, each with a whole prompt and a
`generate` of its own. Ours looks once and asks everything of that look, pictures and questions in batches. Both write
the same number of tokens, since a model of random weights seldom ends by itself.

Without a graphics card it runs a tiny model, which tells whether all is as it should be and nothing of a real one's
speed. With one it runs a Qwen2-VL of 7B's size with random weights; no download is needed.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
# The libraries' advice on how to call them is for who writes the product, and the tests hear it.
warnings.filterwarnings("ignore")

import torch  # noqa: E402 - as above
import transformers  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from support import tiny_mllm  # noqa: E402 - the tiny model is the tests'

from realqa_agent.scoring.mllm import loading, prompts  # noqa: E402
from realqa_agent.scoring.mllm.chat import Chat  # noqa: E402
from realqa_agent.scoring.mllm.checkpoint import FAMILIES, Precision, read_base  # noqa: E402
from realqa_agent.scoring.mllm.frames import realqa_view, sized  # noqa: E402
from realqa_agent.scoring.mllm.looking import Model  # noqa: E402
from realqa_agent.scoring.mllm.packing import VisionSpec, pack  # noqa: E402
from realqa_agent.scoring.mllm.questions import Kind, Question, Scale  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from realqa_agent.scoring.mllm.loading import Loaded

    Pixels = npt.NDArray[np.uint8]

SCALE = Scale(low=0.0, high=9.99)

SIZE = (4000, 3000)

RUNS = 2

BF16_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense arithmetic a second, as the makers state it."""

BYTES_A_SECOND = {"H100": 3.35e12, "H200": 4.8e12, "A100": 2.0e12}
"""What the memory of the SXM cards (A100: 80 GB) hands over, as the makers state it."""

QWEN2_VL_7B: dict[str, Any] = {
    "text_config": {
        "vocab_size": 152064,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
    },
    "vision_config": {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "num_heads": 16, "mlp_ratio": 4},
}
"""Sizes of the published base."""


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One kind of work, both ways."""

    name: str
    numbers: Sequence[Question]
    texts: Sequence[Question]
    limit: int


def main() -> int:
    """Run all modes and print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--pictures", type=int, help="pictures a mode; 8 without a graphics card, 64 with one")
    parser.add_argument("--tokens", type=int, default=48, help="tokens of each text")
    options = parser.parse_args()
    transformers.logging.disable_progress_bar()
    on_card = torch.cuda.is_available()
    count = options.pictures or (64 if on_card else 8)
    loaded, name = full_size() if on_card else tiny()
    pictures = _pictures(count, loaded.spec)
    rows = [_measured(loaded, mode, pictures, on_card=on_card) for mode in _modes(options.tokens)]
    report = {
        "device": torch.cuda.get_device_name() if on_card else "cpu",
        "model": name,
        "precision": loaded.precision.value,
        "pictures": count,
        "images_per_s": {row.mode: round(row.ours, 2) for row in rows},
        "plain_images_per_s": {row.mode: round(row.plain, 2) for row in rows},
        "ratio_score_attributes": round(next(row.ratio for row in rows if row.mode == "score + attributes"), 2),
        "share_of_bf16_limit": {row.mode: row.arithmetic for row in rows},
        "share_of_memory_limit": {row.mode: row.memory for row in rows},
        "peak_memory_mb": _peak_mb(on_card=on_card),
    }
    if options.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        _print(report, rows)
    return 0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One mode's figures, in pictures a second."""

    mode: str
    ours: float
    plain: float
    arithmetic: float | None
    """Of what the card can reckon, the part that the prompt's tokens alone take; None for a card that isn't listed."""
    memory: float | None
    """Of what its memory can hand over, the part that reading all weights once a pass takes."""

    @property
    def ratio(self) -> float:
        """How many times the plain way."""
        return self.ours / self.plain


def _modes(tokens: int) -> list[Mode]:
    wording = prompts.load()
    overall = wording.questions(["overall"], scale=SCALE)
    return [
        Mode(name="score", numbers=overall, texts=[], limit=0),
        Mode(
            name="score + attributes",
            numbers=overall,
            texts=wording.questions(prompts.ABOUT, scale=SCALE),
            limit=tokens,
        ),
        Mode(
            name="full reasoning",
            numbers=[],
            texts=wording.questions([prompts.NATURAL], scale=SCALE),
            limit=4 * tokens,
        ),
    ]


def _measured(loaded: Loaded, mode: Mode, pictures: Sequence[Pixels], *, on_card: bool) -> Row:
    model = Model(loaded)
    # The plain way is slow: a part of the pictures tells its pace as well.
    few = pictures[: max(2, len(pictures) // 8)]

    def ours() -> None:
        looks = model.look(pictures)
        if mode.numbers:
            model.numbers(looks, mode.numbers)
        if mode.texts:
            model.texts(looks, mode.texts, limit=mode.limit)

    def plain() -> None:
        for picture in few:
            for question in mode.numbers:
                _generate(loaded, picture, question, 4)
            for question in mode.texts:
                _generate(loaded, picture, question, mode.limit)

    passes = 0

    def count(*_: object) -> None:
        nonlocal passes
        passes += 1

    with loaded.network.register_forward_pre_hook(count):
        seconds = _seconds(ours, on_card=on_card)
    weights = list(loaded.network.parameters())
    places = loaded.spec.places(pack(pictures[0], loaded.spec)[1])
    reckoned = 2 * sum(one.numel() for one in weights) * places * len(pictures) / seconds
    read = sum(one.nbytes for one in weights) * passes / RUNS / seconds
    return Row(
        mode=mode.name,
        ours=len(pictures) / seconds,
        plain=len(few) / _seconds(plain, on_card=on_card),
        arithmetic=_share(reckoned, BF16_FLOPS, on_card=on_card),
        memory=_share(read, BYTES_A_SECOND, on_card=on_card),
    )


def _share(done: float, limits: Mapping[str, float], *, on_card: bool) -> float | None:
    """Return which part of the card's limit was reached; None without one that is listed."""
    card = torch.cuda.get_device_name() if on_card else ""
    return next((round(done / limit, 3) for name, limit in limits.items() if name in card), None)


def _seconds(work: Callable[[], None], *, on_card: bool) -> float:
    """Return the time of the last run: the first one compiles and fills caches."""
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        if on_card:
            torch.cuda.synchronize()
        taken = time.perf_counter() - began
    return taken


def _generate(loaded: Loaded, picture: Pixels, question: Question, tokens: int) -> None:
    rows, grid = pack(picture, loaded.spec)
    suffix = loaded.chat.forced_suffix(question) if question.kind is Kind.NUMBER else loaded.chat.suffix(question)
    ids = torch.tensor([[*loaded.chat.head(loaded.spec.places(grid)), *suffix]], device=loaded.device)
    with torch.inference_mode():
        loaded.network.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            mm_token_type_ids=(ids == loaded.chat.picture).int(),
            pixel_values=torch.from_numpy(rows).to(loaded.device),
            image_grid_thw=torch.tensor([grid], device=loaded.device),
            do_sample=False,
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            pad_token_id=0,
        )


def _pictures(count: int, spec: VisionSpec) -> list[Pixels]:
    draw = np.random.default_rng(0)
    coarse = draw.integers(0, 255, (count, 30, 40, 3), np.uint8)
    width, height = SIZE
    return [sized(one.repeat(height // 30, 0).repeat(width // 40, 1), realqa_view(spec.stride)) for one in coarse]


def tiny() -> tuple[Loaded, str]:
    """Build the tests' model on the processor."""
    folder = Path(tempfile.mkdtemp(prefix="realqa-tiny-")) / "model"
    base = read_base(tiny_mllm.save_base(folder, "qwen2_vl"))
    return loading.load(base, {}, device="cpu"), "tiny Qwen2-VL, random weights"


def full_size() -> tuple[Loaded, str]:
    """Build the real sizes on the card; the words are the tiny model's, which are fewer."""
    ids = tiny_mllm.config("qwen2_vl")
    settings = transformers.Qwen2VLConfig(
        **QWEN2_VL_7B,
        **{
            name: getattr(ids, name)
            for name in ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
        },
    )
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        network = transformers.Qwen2VLForConditionalGeneration(settings).eval().requires_grad_(requires_grad=False)
    torch.set_default_dtype(torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(settings.to_json_string())
        (Path(folder) / "preprocessor_config.json").write_text(json.dumps(tiny_mllm.preprocessor("qwen2_vl")))
        chat = Chat(
            tiny_mllm.tokenizer(tiny_mllm.WITH_SYSTEM),
            Path(folder),
            system="You are a helpful assistant.",
            ends=frozenset(),
        )
        spec = VisionSpec.read(Path(folder))
    loaded = loading.Loaded(
        network=network,
        family=FAMILIES[type(network).__name__],
        chat=chat,
        spec=spec,
        device=torch.device("cuda"),
        precision=Precision.BF16,
        adapters=(),
    )
    return loaded, "Qwen2-VL-7B sizes, random weights"


def _peak_mb(*, on_card: bool) -> int:
    if on_card:
        allocated: int = torch.cuda.max_memory_allocated()
        return round(allocated / 1e6)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def _print(report: dict[str, Any], rows: Sequence[Row]) -> None:
    title = f"{report['model']} on {report['device']}, {report['pictures']} pictures of {SIZE[0]} x {SIZE[1]}"
    table = Table(title=title)
    for heading in ("mode", "ours, pictures/s", "plain, pictures/s", "ratio", "of the arithmetic", "of the memory"):
        table.add_column(heading, justify="left" if heading == "mode" else "right")
    for row in rows:
        shares = ["" if share is None else f"{share:.0%}" for share in (row.arithmetic, row.memory)]
        table.add_row(row.mode, f"{row.ours:.2f}", f"{row.plain:.2f}", f"{row.ratio:.1f}", *shares)
    Console().print(table)
    Console().print(f"peak memory {report['peak_memory_mb']} MB")


if __name__ == "__main__":
    sys.exit(main())
