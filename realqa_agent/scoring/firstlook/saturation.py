"""Saturation: colourfulness after Hasler and Suesstrunk (SPIE 5007, 2003), made independent of brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook import vocabulary
from realqa_agent.scoring.firstlook.colour import opponents
from realqa_agent.scoring.firstlook.vocabulary import along

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.firstlook.look import Look

MONOCHROME_RESIDUE = 1.9
"""Colour, levels, that luma can't explain. Below it the picture is black and white, or toned in one hue (sepia)."""


UNDER = ((2, 1.5), (6, 4.5), (13, 6.5), (27, 8.5), (50, 10))
"""Colourfulness to score. Snow, stone and keyboards are grey by nature (6 to 12), so it has to be low to be a fault."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Colours:
    """What is measured of colour."""

    colourfulness: float
    """About 20 for muted photos, 50 for the usual one, over 120 for garish ones; whatever the exposure."""
    pure: float
    """Share of pixels, not dark, whose weakest channel is all but 0: what oversaturation drives them to."""
    monochrome: bool


def colours_of(look: Look) -> Colours:
    """Measure colour on every third pixel of the overview, both ways."""
    rgb = look.overview[::3, ::3].astype(np.float32)
    luma = look.luma[::3, ::3]
    red_green, yellow_blue = opponents(rgb)
    residue = np.hypot(_residue(red_green, luma), _residue(yellow_blue, luma))
    even = np.float32(128) / (luma + 16)
    red_green, yellow_blue = red_green * even, yellow_blue * even
    shift = np.hypot(red_green.mean(), yellow_blue.mean())
    highest = rgb.max(axis=2)
    return Colours(
        colourfulness=float(np.hypot(red_green.std(), yellow_blue.std()) + 0.3 * shift),
        pure=float(((highest > 60) & (rgb.min(axis=2) < 0.05 * highest)).mean()),
        monochrome=bool(residue < MONOCHROME_RESIDUE),
    )


def judge(colours: Colours) -> Judgement:
    """Say how saturated the picture is and by which evidence."""
    if colours.monochrome:
        return vocabulary.unknown("black and white, or toned in one hue: saturation has no rank")
    amount = colours.colourfulness
    under = along(amount, UNDER)
    garish = along(amount, ((50, 10), (90, 8.3), (125, 6.5), (160, 4.5), (220, 2)))
    pure = along(colours.pure, ((0.02, 10), (0.06, 8.3), (0.15, 6.5), (0.3, 4.5), (0.7, 2)))
    over = (garish + pure) / 2
    reason = f"colourfulness {amount:.0f} (usual photos: 20 to 100)"
    if over < under:
        if colours.pure >= 0.02:
            reason += f"; {100 * colours.pure:.0f} % of the frame at the limit of pure colour"
        return vocabulary.on_scale(vocabulary.OVERSATURATED, over, reason)
    return vocabulary.on_scale(vocabulary.UNDERSATURATED, under, reason)


def _residue(opponent: npt.NDArray[np.float32], luma: npt.NDArray[np.float32]) -> float:
    """Return the root mean square of what a colour channel holds beyond its mean at each of 16 brightnesses."""
    band = np.minimum(luma.ravel() / 16, 15).astype(np.intp)
    values = opponent.ravel()
    means = np.bincount(band, values, minlength=16) / np.maximum(np.bincount(band, minlength=16), 1)
    return float(np.sqrt(np.mean((values - means[band]) ** 2)))
