"""What the camera noted about one exposure. Pure data, standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A rectangle in the upright picture; all four are fractions (0 to 1) of its width or height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureFacts:
    """Camera settings of one picture or clip; None where the file doesn't say."""

    camera: str | None = None
    lens: str | None = None
    taken_at: str | None = None
    """ISO 8601, local time as the camera had it, without a zone unless the file names one."""
    shutter_s: float | None = None
    aperture: float | None = None
    """The f-number."""
    iso: int | None = None
    focal_length_mm: float | None = None
    focal_length_35mm: float | None = None
    """Equivalent on 24x36 mm film, where the file says so."""
    exposure_bias_ev: float | None = None
    flash: bool | None = None
    focus_regions: tuple[Region, ...] = ()
    """The AF points that the camera used, where its maker notes are understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """The metadata inside a file that a new sidecar must carry on, since a sidecar shadows them.

    The texts are those of IPTC and Exif. The packet has its own, which come first.
    """

    packet: bytes | None = None
    """The XMP packet as it stands in the file."""
    rating: int | None = None
    """`Exif.Image.Rating`; 0 and -1 are values, None is absence."""
    title: str | None = None
    description: str | None = None
    """May have several lines."""
    creators: tuple[str, ...] = ()
    rights: str | None = None
    keywords: tuple[str, ...] = ()
    problem: str | None = None
    """Why the metadata could not be read, for people; then nothing else is set."""
