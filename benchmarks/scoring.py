"""What scoring one photo costs, decoding excluded, on one core, beside BRISQUE and a NIMA on the same pixels.

Give JPEG files or folders to measure your own photos; they are only read. Without any, photos of 24 megapixels are
made from the sample photos, enlarged and with a sensor's grain.

The contestants take turns, photo by photo, so that a machine that slows down slows them all; a ratio is the median
of the laps' ratios. Processor time is what counts on a busy machine. For the row of NIMA: pip install onnx
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks import brisque
from benchmarks.memory import MEGABYTE, children, resident
from benchmarks.nima import Nima, can_be_built
from benchmarks.photos import jpegs_in, make_photos
from realqa_agent.config import Config, Media
from realqa_agent.media.facts import read_facts
from realqa_agent.media.picture import Picture
from realqa_agent.media.still import turn_of
from realqa_agent.scoring.firstlook.heads import WEIGHTS, Heads
from realqa_agent.scoring.firstlook.look import OVERVIEW_SIDE, look_at
from realqa_agent.scoring.firstlook.measures import measure
from realqa_agent.scoring.firstlook.scorer import FirstLook, judgements, raw_numbers
from realqa_agent.worker.messages import Assess, Assessed
from realqa_agent.worker.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT_MS, AIM_MS = 150, 80
WEIGHTS_LIMIT_MB = 12
MEMORY_LIMIT_MB = 600

MADE_PHOTOS = 8
ONE_MEGAPIXEL = 1e6

FIRSTLOOK = "firstlook"
BRISQUE, SMALL_BRISQUE, NIMA = "BRISQUE, native size", "BRISQUE, 1 megapixel", "NIMA, MobileNet v1, 224 pixels"

OVERVIEW, LOOK, MEASURES = "overview", "saliency, tiles and views", "measures"
QUALITY, SOUNDNESS, BEAUTY = "quality network, view and glance", "soundness network, native tiles", "beauty network"
WORDS = "attributes and reasons"

NOTES = """\
BRISQUE: its 36 features; the regression over them costs next to nothing and is left out.
NIMA: time only, its weights are drawn at random. Reducing the photo to 224 pixels or to 1 megapixel counts.
"""

WITHOUT_NIMA = "NIMA is left out: writing its network takes the package onnx (pip install onnx)."

DIGIKAM = """\
digiKam's Image Quality Sorter, NOT measured here, but once with digiKam's own library on one slow core:
130 to 570 ms at 0.2 to 0.5 megapixels, 3.4 to 4.4 s at 12 megapixels, some 2 s to start.
digiKam hands it a preview of 1024 pixels; its result is a pick label, the score is not kept.
"""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""As the agent starts its workers."""

T = TypeVar("T")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTOS", help="JPEG files or folders of them")
    parser.add_argument("--megapixels", type=float, default=24.0, help="of the made photos (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is scored (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="realqa-scoring-") as scratch:
        if arguments.photos:
            photos = jpegs_in(arguments.photos)
        else:
            photos = make_photos(Path(scratch), MADE_PHOTOS, arguments.megapixels, len(os.sched_getaffinity(0)))
        if not photos:
            raise SystemExit("there is no JPEG file among these")
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        # In a process of its own: BLAS asks for the number of its threads while it is loaded.
        os.environ.update(ONE_THREAD)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            laps = process.submit(run_laps, photos, arguments.rounds).result()
        show_contest(photos, laps)
        show_parts(laps)
        show_sizes(photos * arguments.rounds)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one piece of work took."""

    wall_s: float
    processor_s: float
    """Of all threads, so that hidden ones would show."""


class Lap:
    """What each contestant and each part took for one photo."""

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = {}

    def take(self, name: str, work: Callable[[], T]) -> T:
        """Do the work; return what it returns."""
        processor, wall = time.process_time(), time.perf_counter()
        done = work()
        self.costs[name] = Cost(wall_s=time.perf_counter() - wall, processor_s=time.process_time() - processor)
        return done


def run_laps(photos: Sequence[Path], rounds: int) -> list[Lap]:
    """Return a lap for each photo in each round."""
    scorer, heads = FirstLook(Config()), Heads(WEIGHTS)
    nima = Nima() if can_be_built() else None

    def lap_with(file: Path) -> Lap:
        decoded = Decoded.read(file)
        lap = Lap()
        lap.take(FIRSTLOOK, partial(scorer.assess, decoded.picture()))
        lap.take(BRISQUE, partial(brisque_features, decoded.pixels))
        lap.take(SMALL_BRISQUE, partial(brisque_features, decoded.pixels, ONE_MEGAPIXEL))
        if nima:
            lap.take(NIMA, partial(nima.score, decoded.pixels))
        take_parts(lap, heads, decoded.picture())
        return lap

    lap_with(photos[0])  # the first one pays for what is set up once
    return [lap_with(file) for _ in range(rounds) for file in photos]


def take_parts(lap: Lap, heads: Heads, picture: Picture) -> None:
    """Do what the scorer does, part by part."""
    lap.take(OVERVIEW, partial(picture.overview, OVERVIEW_SIDE))
    look = lap.take(LOOK, partial(look_at, picture))
    measures = lap.take(MEASURES, partial(measure, look))
    lap.take(QUALITY, partial(heads.raw_quality, replace(look, details=())))
    lap.take(SOUNDNESS, partial(heads.soundness, look))
    lap.take(BEAUTY, partial(heads.raw_beauty, look))
    lap.take(WORDS, lambda: (judgements(measures), raw_numbers(measures)))


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A photo whose pixels are all there."""

    file: Path
    pixels: Image.Image

    @classmethod
    def read(cls, file: Path) -> Decoded:
        """Decode a photo whole."""
        with Image.open(file) as opened:
            opened.load()
            return cls(file=file, pixels=opened if opened.mode == "RGB" else opened.convert("RGB"))

    def picture(self) -> Picture:
        """Return it as the scorer gets it; each time anew, since a picture keeps its overviews."""
        return Picture(
            self.pixels,
            turn=turn_of(self.pixels),
            profile=self.pixels.info.get("icc_profile"),
            facts=read_facts(self.file),
        )


def brisque_features(pixels: Image.Image, area: float | None = None) -> None:
    """Work out BRISQUE's features, of all pixels or reduced to an area."""
    luma = pixels.convert("L")
    if area is not None and area < luma.width * luma.height:
        scale = (area / (luma.width * luma.height)) ** 0.5
        size = round(luma.width * scale), round(luma.height * scale)
        luma = luma.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.0)
    brisque.features(luma)


def show_contest(photos: Sequence[Path], laps: Sequence[Lap]) -> None:
    """Print the table of contestants, and what is known of digiKam."""
    with Image.open(photos[0]) as first:
        size = first.size
    title = f"{len(photos)} photos, the first {size[0]} x {size[1]}, {len(laps)} laps; decoding excluded, one core"
    table = Table("", "ms a photo", "processor ms", "ratio", "limit ms", "aim ms", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in (FIRSTLOOK, BRISQUE, SMALL_BRISQUE, NIMA):
        if name in laps[0].costs:
            bounds = (f"{LIMIT_MS}", f"{AIM_MS}") if name == FIRSTLOOK else ("", "")
            table.add_row(name, *milliseconds(laps, name), ratio(laps, name), *bounds)
    console = Console(width=120, highlight=False)
    console.print(table)
    console.print(NOTES if NIMA in laps[0].costs else f"{NOTES}{WITHOUT_NIMA}\n")
    console.print(DIGIKAM)


def show_parts(laps: Sequence[Lap]) -> None:
    """Print what the parts of the scorer take."""
    table = Table("", "ms a photo", "processor ms", "ratio", title="The parts of firstlook")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in (OVERVIEW, LOOK, MEASURES, QUALITY, SOUNDNESS, BEAUTY, WORDS):
        table.add_row(name, *milliseconds(laps, name), ratio(laps, name))
    Console(width=100).print(table)


def milliseconds(laps: Sequence[Lap], name: str) -> tuple[str, str]:
    """Return the medians of wall and of processor time."""
    costs = [lap.costs[name] for lap in laps]
    wall = statistics.median(cost.wall_s for cost in costs)
    return f"{wall * 1000:.1f}", f"{statistics.median(cost.processor_s for cost in costs) * 1000:.1f}"


def ratio(laps: Sequence[Lap], name: str) -> str:
    """Return how many times as long as the scorer it took."""
    return f"{statistics.median(lap.costs[name].wall_s / lap.costs[FIRSTLOOK].wall_s for lap in laps):.2f}"


def show_sizes(photos: Sequence[Path]) -> None:
    """Print the size of the shipped weights, and the peak memory of a worker that scores the photos."""
    table = Table("", "MB", "limit MB", title="Sizes")
    for column in table.columns[1:]:
        column.justify = "right"
    weights = {file.name: file.stat().st_size for file in sorted(WEIGHTS.glob("*.onnx"))}
    for name, size in weights.items():
        table.add_row(name, f"{size / MEGABYTE:.2f}", "")
    table.add_row("all weights", f"{sum(weights.values()) / MEGABYTE:.2f}", f"{WEIGHTS_LIMIT_MB}")
    peak = f"{peak_memory(photos) / MEGABYTE:.0f}"
    table.add_row(f"peak memory of a worker, {len(photos)} photos, decoding included", peak, f"{MEMORY_LIMIT_MB}")
    Console(width=100).print(table)


def peak_memory(photos: Sequence[Path]) -> int:
    """Return the most bytes that a worker of the agent's held while it scored the photos one by one."""
    with Pool[Path](Config(), 1) as pool:
        for file in photos:
            pool.submit(file, Assess(path=file))
            for _, outcome in pool.wait(Media().seconds_per_file):
                if not isinstance(outcome, Assessed):
                    raise SystemExit(f"{file}: {outcome}")
        return max(resident(child)[1] for child in children(os.getpid()))


if __name__ == "__main__":
    main()
