"""Any pixels that Pillow reads to 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from realqa_agent.errors import RefusalKind, RefusedError

KEPT_MODES = frozenset(("L", "RGB", "CMYK"))
"""Pillow modes whose pieces can be reduced, cropped and converted one by one."""

BACKDROP = (128, 128, 128)
"""What shows through transparent pixels: middle grey counts neither as clipped light nor as blocked shadow."""

UNNOTICEABLE = 2
"""Levels of 255; profiles named sRGB differ by up to that from each other."""


def flatten(image: Image.Image) -> Image.Image:
    """Return the picture in one of `KEPT_MODES`: 8 bits, no palette, transparency laid on `BACKDROP`.

    Raise RefusedError UNSUPPORTED for floating point and Lab pixels, whose white nobody knows.
    """
    if image.mode in KEPT_MODES and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F", "LAB"):
        raise RefusedError(
            RefusalKind.UNSUPPORTED, f"pixels of the kind {image.mode!r} (floating point, Lab) are not read"
        )
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", image.size, BACKDROP)
        flat.paste(layer, mask=layer)
        return flat
    return image.convert("L" if image.mode == "1" else "RGB")


def transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Given an ICC profile and the mode of the pixels, return the transform to sRGB.

    None where there is nothing to do: the profile is sRGB, or it is damaged or made for other pixels, when all
    viewers show the numbers as they are.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode == "RGB" and _changes_nothing(transform):
            return None
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return transform


def to_srgb(piece: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> Image.Image:
    """Return a piece of a flattened picture in mode RGB, in sRGB."""
    if transform is None:
        return piece.convert("RGB")
    converted = ImageCms.applyTransform(piece, transform)
    if converted is None:
        raise RuntimeError("applyTransform worked in place, unasked")
    return converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Tell whether the transform leaves a lattice of colours where they are; spares 8 ms an overview."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    moved = np.asarray(to_srgb(Image.fromarray(lattice), transform)).astype(np.int16)
    return int(np.abs(moved - lattice).max()) <= UNNOTICEABLE
