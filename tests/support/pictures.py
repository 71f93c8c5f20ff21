"""Made-up pictures, and an album of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

GOOD = ("good.jpg", "spaces & 'quotes'.jpg", "été.png", "sub/deep.webp")
BAD = {"empty.jpg": "empty", "cut.jpg": "corrupt", "text.png": "unsupported"}


def fill(folder: Path) -> None:
    """Make an album: good pictures, a blurred one, odd names, bad files, and things to pass over."""
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for seed, name in enumerate(GOOD):
        scene(seed).save(folder / name, quality=92)
    scene(50).filter(ImageFilter.GaussianBlur(8)).save(folder / "blurred.jpg", quality=92)
    scene(60).save(folder / ".hidden" / "secret.jpg")
    whole = (folder / "good.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "text.png").write_text("not a picture")
    (folder / "notes.txt").write_text("not a photo's name")
    for file in folder.rglob("*"):
        # As from a card: taken long ago, so that nothing has to settle and nothing is too young to be cut.
        os.utime(file, (1_600_000_000, 1_600_000_000))


def scene(seed: int, width: int = 480, height: int = 320) -> Image.Image:
    """Return a picture with detail on all scales: smooth shapes, hard edges, fine texture."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(40, 215, (6, 9, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    pixels = np.asarray(coarse, dtype=np.int16)
    for _ in range(60):
        left, top = int(random.integers(0, width - 30)), int(random.integers(0, height - 30))
        pixels[top : top + int(random.integers(3, 30)), left : left + int(random.integers(3, 30))] += random.integers(
            -60, 60, 3, dtype=np.int16
        )
    pixels += random.integers(-14, 14, (height, width, 1), dtype=np.int16)
    return Image.fromarray(pixels.clip(8, 247).astype(np.uint8))


def small(path: Path, inside: bytes | None = None, seed: int = 1) -> Path:
    """Make a small JPEG, with this packet inside."""
    picture = scene(seed, 96, 64)
    if inside is None:
        picture.save(path)
    else:
        picture.save(path, xmp=inside)
    return path
