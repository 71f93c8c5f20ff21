"""What the camera noted, out of Exif or a clip's container."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from realqa_agent.capture import CaptureFacts
from realqa_agent.errors import RefusedError
from realqa_agent.media.container import opened_container
from realqa_agent.media.exif import Metadata, MetadataError, read_metadata
from realqa_agent.media.focus import focus_regions
from realqa_agent.media.formats import kind_of
from realqa_agent.media.orientation import turn_for
from realqa_agent.media.source import opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LONGEST_TEXT = 100
"""Characters of a camera's or lens's name that are kept; a hostile file may bring megabytes."""


def read_facts(path: Path) -> CaptureFacts:
    """Return the capture facts of a photo or clip, empty where the metadata can't be read.

    Raise RefusedError only if the file itself can't be opened.
    """
    with opened(path) as file:
        if kind_of(path) == "clip":
            try:
                with opened_container(file) as container:
                    return facts_of_clip(container.metadata)
            except RefusedError:
                return CaptureFacts()
        try:
            return facts_of_photo(read_metadata(file))
        except MetadataError:
            return CaptureFacts()


def facts_of_photo(metadata: Metadata) -> CaptureFacts:
    """Given a photo's metadata, return what it says of the exposure; nonsense is left out, never raised."""
    exif = metadata.exif
    orientation = _number(exif, "Exif.Image.Orientation")
    return CaptureFacts(
        camera=_camera(exif.get("Exif.Image.Make"), exif.get("Exif.Image.Model")),
        lens=_lens(exif),
        taken_at=_taken_at(exif),
        shutter_s=_positive(_number(exif, "Exif.Photo.ExposureTime"))
        or _apex(exif, "Exif.Photo.ShutterSpeedValue", -1.0),
        aperture=_positive(_number(exif, "Exif.Photo.FNumber")) or _apex(exif, "Exif.Photo.ApertureValue", 0.5),
        iso=_iso(exif),
        focal_length_mm=_positive(_number(exif, "Exif.Photo.FocalLength")),
        focal_length_35mm=_positive(_number(exif, "Exif.Photo.FocalLengthIn35mmFilm")),
        exposure_bias_ev=_number(exif, "Exif.Photo.ExposureBiasValue"),
        flash=_flash(exif),
        # HEIF and AVIF may be turned by the container alone; then nobody here knows where the sensor's top is.
        focus_regions=()
        if orientation is None and metadata.mime_type in ("image/heic", "image/heif", "image/avif")
        else focus_regions(exif, turn_for(int(orientation or 1))),
    )


def facts_of_clip(metadata: Mapping[str, str]) -> CaptureFacts:
    """Given the metadata of a clip's container, return camera and time."""
    keys = ("com.apple.quicktime.{}", "com.android.{}", "{}")
    make, model = (
        next((metadata[key.format(name)] for key in keys if key.format(name) in metadata), None)
        for name in ("make", "model")
    )
    written = metadata.get("com.apple.quicktime.creationdate") or metadata.get("creation_time", "")
    try:
        taken_at = datetime.fromisoformat(written).isoformat()
    except ValueError:
        taken_at = None
    return CaptureFacts(camera=_camera(make, model), taken_at=taken_at)


def _camera(make: str | None, model: str | None) -> str | None:
    """Join maker and model without saying the maker twice (`NIKON CORPORATION` and `NIKON D70`)."""
    maker, name = _text(make), _text(model)
    if maker and name and name.split()[0].lower() in maker.lower().split():
        return name
    return " ".join(part for part in (maker, name) if part) or None


def _lens(exif: Mapping[str, str]) -> str | None:
    named = _text(exif.get("Exif.Photo.LensModel")) or _text(exif.get("Exif.Canon.LensModel"))
    if named:
        return named
    for key in ("Exif.Photo.LensSpecification", "Exif.Nikon3.Lens"):
        numbers = [_fraction(word) for word in exif.get(key, "").split()]
        if len(numbers) == 4 and numbers[0] and numbers[1]:
            shortest, longest, *apertures = numbers
            lengths = dict.fromkeys(f"{length:g}" for length in (shortest, longest))
            stops = dict.fromkeys(f"{stop:g}" for stop in apertures if stop)
            return f"{'-'.join(lengths)} mm" + (f" f/{'-'.join(stops)}" if stops else "")
    return None


def _taken_at(exif: Mapping[str, str]) -> str | None:
    for name in ("Photo.DateTimeOriginal", "Image.DateTimeOriginal", "Photo.DateTimeDigitized"):
        try:
            moment = datetime.strptime(exif.get(f"Exif.{name}", ""), "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007 - a camera's clock has no zone
        except ValueError:
            continue
        fraction = exif.get("Exif.Photo.SubSecTimeOriginal", "").strip()
        moment += f".{fraction[:6]}" if fraction.isdecimal() and fraction.isascii() else ""
        try:
            return datetime.fromisoformat(moment + exif.get("Exif.Photo.OffsetTimeOriginal", "").strip()).isoformat()
        except ValueError:
            return moment
    return None


def _iso(exif: Mapping[str, str]) -> int | None:
    # Above 65,534 the 16-bit tag is full, and Exif 2.3 puts the figure elsewhere.
    for name in ("Photo.ISOSpeedRatings", "Image.ISOSpeedRatings", "Photo.RecommendedExposureIndex", "Photo.ISOSpeed"):
        number = _positive(_number(exif, f"Exif.{name}"))
        if number and number != 65535:
            return round(number)
    return None


def _flash(exif: Mapping[str, str]) -> bool | None:
    number = _number(exif, "Exif.Photo.Flash")
    return None if number is None else bool(int(number) & 1)


def _apex(exif: Mapping[str, str], key: str, per_step: float) -> float | None:
    """Return 2 to the power of an APEX value times `per_step` (Exif 2.32, annex C); None if it isn't one."""
    value = _number(exif, key)
    return 2 ** (value * per_step) if value is not None and abs(value) < 30 else None


def _positive(number: float | None) -> float | None:
    return number if number and number > 0 else None


def _number(exif: Mapping[str, str], key: str) -> float | None:
    """Return the first number of a value."""
    first, *_ = exif.get(key, "").split() or [""]
    return _fraction(first)


def _fraction(word: str) -> float | None:
    numerator, _, denominator = word.partition("/")
    try:
        number = float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _text(value: str | None) -> str | None:
    """Return a name fit for a database and a terminal, None if nothing is left of it."""
    printable = "".join(letter for letter in value or "" if letter.isprintable())
    return printable.strip()[:LONGEST_TEXT] or None
