"""Image clarity: how wide the sharpest edges are, against what a picture of that size and ISO should show."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook import vocabulary
from realqa_agent.scoring.firstlook.look import BLOCK
from realqa_agent.scoring.firstlook.sharpness import Blocks, Motion, measure, motion_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.firstlook.look import Look

EXPECTED_WIDTH = 1.5
"""Width of the sharpest tenth of edges in a sharp 512-pixel photo, pixels (good photos: 1.3 to 1.9)."""

REFERENCE_SIDE = 512
SIZE_EXPONENT = 1 / 3
"""Expected widths grow with the long side to this power: 3.4 px at 24 megapixels. A camera's native pixels are
softer than those of a shrunk picture, but a large file has no claim to be blurrier in proportion."""

SHARP_SHARE = 10
"""Percentage of edges that must be sharp. The rest may be background: shallow focus is not blur."""

SOFT_SUBJECT_OCTAVES = 0.7
"""How much softer than the sharpest edges the subject may be; the salient place isn't always the subject."""

BLUR = ((-0.3, 10), (0.2, 9), (0.6, 6.5), (1.0, 4.5), (1.65, 2.5), (2.6, 1))
"""Edge width against the expected one, octaves, to score. On the development photos 98 % of wanted shallow-focus
photos lie below 0.6, the median of spoilt frames at 0.95."""

GRAIN = ((1.5, 0), (5, 0.8), (12, 2.2), (25, 3))
"""Noise, luma levels at the reference size, to points off."""

GRAIN_FLOOR = 4.6
"""Noise alone never makes a picture worse than slightly blurry: film grain is wanted."""

SUBJECT_CAP = 0.95
"""A soft subject alone makes a picture slightly blurry, no worse: saliency and even focus points may be off it."""

FINENESS_WIDTH = ((-3.9, 3.4), (-3.79, 3.0), (-3.42, 2.27), (-2.66, 1.48), (-1.27, 0.57))
"""Fineness of gradient energy to the edge width that goes with it, octaves of pixels; measured on 88 sharp photos
blurred by Gaussians of 0, 1, 2 and 4 pixels."""

MIN_BLOCKS = 3


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Focus:
    """What the clarity judgement looks at; widths in octaves against the expected one."""

    pixel: float
    """Native pixels to one measured pixel; not 1 where only the overview had edges."""
    expected: float
    """Width of a sharp edge, native pixels."""
    width: float
    """Sharpest tenth of all evident edges, octaves over `expected`."""
    worst_axis: float
    """The same as `width`, of edges across x or across y alone, whichever is wider: edges along a motion stay sharp."""
    subject_width: float | None
    """The same as `width` on the subject's tiles, None where these have no edges."""
    sharp_fraction: float
    """Share of evident tiles that are about as sharp as the sharpest: small for shallow depth of field."""
    motion: Motion | None
    """Set only where the picture is soft and the loss has a direction."""
    noise: float
    """Standard deviation of the luma noise at native size, levels."""

    @property
    def grain(self) -> float:
        """Noise as seen at the reference size."""
        return self.noise / self.expected * EXPECTED_WIDTH


def focus_of(look: Look) -> Focus | None:
    """Measure focus on native tiles, or on the overview where these show no edge; None where neither does.

    A frame that is blurred by more than a block has no edges at native size, but has some in the overview.
    """
    if not len(look.tiles):
        return None
    blocks, pixel, subject = measure(look.tiles), 1.0, look.subject
    noise = blocks.noise
    if blocks.evident.sum() < MIN_BLOCKS:
        tiles = _cut(look.luma)
        if not len(tiles):
            return None
        blocks, pixel, subject = measure(tiles), look.overview_scale, np.zeros(len(tiles), np.bool_)
        if blocks.evident.sum() < MIN_BLOCKS:
            return None
    expected = EXPECTED_WIDTH * (max(look.width, look.height) / REFERENCE_SIDE) ** SIZE_EXPONENT
    by_axis = np.log2(blocks.widths * pixel / expected)
    widths, evident = by_axis.min(axis=0), blocks.evident
    width = float(np.percentile(widths[evident], SHARP_SHARE))
    worst_axis = np.percentile(by_axis[:, evident], SHARP_SHARE, axis=1).max()
    return Focus(
        pixel=pixel,
        expected=expected,
        width=width,
        worst_axis=float(worst_axis),
        subject_width=_sharpest(widths, evident & subject[:, None, None]),
        sharp_fraction=_sharp_fraction(widths, evident, width),
        motion=_clear_motion(blocks, pixel, expected, float(worst_axis)),
        noise=noise,
    )


def judge(focus: Focus | None, look: Look) -> Judgement:
    """Say how clear the picture is and by which evidence."""
    if focus is None:
        if min(look.width, look.height) < 2 * BLOCK:
            return vocabulary.unknown(f"too narrow to judge focus ({look.width} x {look.height} pixels)")
        return vocabulary.unknown("no edges to judge focus by: the picture is flat everywhere that was looked at")
    allowance = noise_reduction_allowance(look.facts.iso)
    width = blur_octaves(focus) - allowance
    score = vocabulary.along(width, BLUR)
    grain = vocabulary.along(focus.grain, GRAIN)
    score = max(score - grain, min(score, GRAIN_FLOOR))
    return vocabulary.on_scale(vocabulary.CLARITY, score, _reason(focus, look, width, allowance, grain))


def edge_octaves(focus: Focus) -> float:
    """Return the width of the sharpest edges over the expected one; of a moved picture, those across the motion."""
    if focus.motion is None:
        return focus.width
    streak = vocabulary.along(focus.motion.fineness, FINENESS_WIDTH)
    streak += focus.motion.level + log2(focus.pixel / focus.expected)
    return max(focus.width, (focus.worst_axis + streak) / 2)


def blur_octaves(focus: Focus) -> float:
    """Return the blur that counts: that of the sharpest edges, or more where the subject is softer."""
    width = edge_octaves(focus)
    if focus.subject_width is not None:
        width = max(width, min(focus.subject_width - SOFT_SUBJECT_OCTAVES, SUBJECT_CAP))
    return width


def noise_reduction_allowance(iso: int | None) -> float:
    """Return by how many octaves edges may be wider at that ISO: cameras smooth what is noisy."""
    return 0.1 * max(log2(iso / 1600), 0) if iso else 0.0


def _reason(focus: Focus, look: Look, width: float, allowance: float, grain: float) -> str:
    shown = edge_octaves(focus)
    on_subject = focus.subject_width is not None and focus.subject_width > shown + SOFT_SUBJECT_OCTAVES
    if on_subject and focus.subject_width is not None:
        shown = focus.subject_width
    sharpness = min(100 * 2 ** -(shown - allowance), 999)
    at = f"ISO {look.facts.iso}" if look.facts.iso else f"{look.width} x {look.height} pixels"
    where = "subject" if on_subject else "sharpest"
    width_px = f"edges {focus.expected * 2**shown:.1f} px wide"
    parts = [f"{where} tiles at {sharpness:.0f} % of the sharpness expected at {at} ({width_px})"]
    if focus.motion is not None:
        parts.append(f"motion along {focus.motion.angle:.0f}°")
    elif width > 0.6:
        parts.append("soft in all directions: out of focus")
    if focus.sharp_fraction < 0.35 and width <= 0.6:
        parts.append(f"{100 * focus.sharp_fraction:.0f} % of the tiles are that sharp: shallow focus")
    if grain > 0.3:
        parts.append(f"noise of {focus.noise:.1f} levels hides fine detail")
    if not look.camera_pixels:
        parts.append("judged on a reduced preview")
    return "; ".join(parts)


def _cut(luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Cut the overview into tiles of two blocks a side; what is left over at the right and bottom is not used."""
    side = 2 * BLOCK
    rows, columns = luma.shape[0] // side, luma.shape[1] // side
    inner = luma[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.ascontiguousarray(inner.transpose(0, 2, 1, 3)).reshape(rows * columns, side, side)


def _sharpest(widths: npt.NDArray[np.float32], chosen: npt.NDArray[np.bool_]) -> float | None:
    return float(np.percentile(widths[chosen], SHARP_SHARE)) if chosen.sum() >= MIN_BLOCKS else None


def _sharp_fraction(widths: npt.NDArray[np.float32], evident: npt.NDArray[np.bool_], width: float) -> float:
    tiles = np.where(evident, widths, np.inf).reshape(len(widths), -1)
    judged = np.isfinite(tiles).any(axis=1)
    return float((tiles[judged].min(axis=1) < width + 0.5).mean())


def _clear_motion(blocks: Blocks, pixel: float, expected: float, worst_axis: float) -> Motion | None:
    """Return the motion where it explains the softness; a sharp subject before a streaked background is panning."""
    if worst_axis < 0.4:
        return None
    motion = motion_of(blocks, level=int(expected / pixel > 2.4))
    if motion is None or motion.strength < 0.5 or motion.fineness > -2.9:
        return None
    return motion
