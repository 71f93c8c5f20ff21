"""The photos that the benchmarks work on: the user's own, or made ones as large as a camera's."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES = Path(__file__).parents[1] / "samples"


def photo_name(number: int) -> str:
    """Return a name as a camera gives it."""
    return f"IMG_{number:04}.JPG"


def jpegs_in(given: Sequence[Path]) -> list[Path]:
    """Return the JPEG files among these paths, and those in folders."""
    files = [file for path in given for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return [file for file in files if file.suffix.lower() in {".jpg", ".jpeg"}]


def make_photos(folder: Path, count: int, megapixels: float, jobs: int) -> list[Path]:
    """Make distinct photos in a folder with some processes; return them."""
    samples = sorted(SAMPLES.glob("*.jpg"))
    photos = [folder / photo_name(number) for number in range(count)]
    tasks = [(file, samples[number % len(samples)], number, megapixels) for number, file in enumerate(photos)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        pool.starmap(make_photo, tasks)
    return photos


def make_photo(file: Path, sample: Path, number: int, megapixels: float) -> None:
    """Write a sample photo enlarged, turned over and with grain of its own, 3:2."""
    width = round((megapixels * 1e6 * 1.5) ** 0.5)
    size = width, round(width / 1.5)
    with Image.open(sample) as opened:
        photo = opened.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    if number % 2:
        photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    grain = Image.effect_noise(size, 7)
    photo = ImageChops.add(photo, Image.merge("RGB", (grain, grain, grain)), 1, -128)
    exif = Image.Exif()
    exif[0x0112] = 6 if number % 4 == 3 else 1  # every fourth was taken with the camera on its side
    photo.save(file, "JPEG", quality=92, exif=exif)
