"""Exposure: how the tones lie between black and white, and what is clipped at either end."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook import vocabulary
from realqa_agent.scoring.firstlook.vocabulary import along

if TYPE_CHECKING:
    from realqa_agent.assessment import Judgement
    from realqa_agent.capture import CaptureFacts
    from realqa_agent.scoring.firstlook.look import Look

WHITE, BLACK = 250, 4
"""Luma from which a pixel holds no more detail, either way (JPEG blurs the last levels)."""

LOW_KEY_LIGHT = 180
"""A dark picture that holds light this bright somewhere is dark on purpose, or a night."""

BACKDROP_LIGHT = 100
BLACK_BACKDROP = 0.5
"""With this share of pure black, less light will do: a silhouette, or a thing before black cloth."""

WHITE_BACKDROP = 0.4
"""Share of the frame's border that is burnt out where a thing stands before white paper ..."""
BACKDROP_TONES = 130
"""... and the luma that its darker parts stay under. In burnt-out scenes these lie above."""

NIGHT_EV = 4.0
"""Scene brightness, EV at ISO 100, below which it is night or a dim room, and a dark picture is true to it."""

INTENDED = 4.6
"""The floor for what looks intended: slightly wrong at worst, so that nobody is told to throw it away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tones:
    """Percentiles of luma (0 to 255) and clipped shares (0 to 1) of the frame."""

    p1: float
    p5: float
    p50: float
    p95: float
    top: float
    """The 99.7th percentile: a lamp or the moon is small."""
    unburnt: float
    """The 10th percentile of what isn't burnt out."""
    clipped_high: float
    clipped_border: float
    """Share of the frame's outermost pixels that are burnt out."""
    clipped_low: float
    spread: float
    """Standard deviation."""


def tones_of(look: Look) -> Tones:
    """Measure the tones of the overview."""
    luma = look.luma
    points = np.percentile(luma[::2, ::2], [1, 5, 50, 95, 99.7])
    p1, p5, p50, p95, top = (float(point) for point in points)
    white = luma >= WHITE
    border = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]])
    return Tones(
        p1=p1,
        p5=p5,
        p50=p50,
        p95=p95,
        top=top,
        unburnt=float(np.percentile(luma[~white], 10)) if not white.all() else 255.0,
        clipped_high=float(white.mean()),
        clipped_border=float(border.mean()),
        clipped_low=float((luma <= BLACK).mean()),
        spread=float(luma.std()),
    )


def judge(tones: Tones, facts: CaptureFacts) -> Judgement:
    """Say how well the picture is exposed and by which evidence."""
    if tones.top - tones.p1 < 3 and BLACK < tones.p50 < WHITE:
        return vocabulary.unknown(f"one flat tone at luma {tones.p50:.0f}: nothing to judge exposure by")
    under, dim_reason = _under(tones, facts)
    over, backdrop = _over(tones)
    if under <= over:
        reason = f"median luma {tones.p50:.0f}, 95 % of the frame below {tones.p95:.0f} of 255"
        if tones.clipped_low > 0.01:
            reason += f"; {100 * tones.clipped_low:.0f} % black"
        return vocabulary.on_scale(vocabulary.UNDEREXPOSED, under, reason + dim_reason)
    reason = f"median luma {tones.p50:.0f} of 255, {_percent(tones.clipped_high)} of the frame burnt out"
    if tones.p50 > 180 and tones.clipped_high < 0.05:
        reason += "; bright tones with detail in them: high key"
    elif tones.clipped_high > 0.05 and tones.unburnt > BACKDROP_TONES:
        reason += f"; no dark tones left (90 % of the rest above {tones.unburnt:.0f})"
    return vocabulary.on_scale(vocabulary.OVEREXPOSED, over, reason + backdrop)


def _under(tones: Tones, facts: CaptureFacts) -> tuple[float, str]:
    """Return the score for darkness, and what speaks for intention."""
    score = 0.6 * along(tones.p95, ((15, 1), (55, 2.5), (100, 4.5), (140, 6.5), (190, 9), (220, 10)))
    score += 0.4 * along(tones.p50, ((4, 1), (20, 2.5), (40, 4.5), (60, 6.8), (95, 9.3), (120, 10)))
    score -= along(tones.clipped_low, ((0.02, 0), (0.2, 0.5), (0.5, 1.5)))
    if score >= INTENDED:
        return score, ""
    if tones.top >= LOW_KEY_LIGHT:
        return INTENDED, f"; lights up to {tones.top:.0f}: low key or night"
    if tones.top >= BACKDROP_LIGHT and tones.clipped_low >= BLACK_BACKDROP:
        return INTENDED, f"; lit parts up to {tones.top:.0f} before pure black: low key"
    brightness = scene_ev(facts)
    if brightness is not None and brightness < NIGHT_EV and tones.top > 60:
        return INTENDED, f"; a scene of EV {brightness:.1f}: night or a dim room"
    return score, ""


def _over(tones: Tones) -> tuple[float, str]:
    """Return the score for brightness, and what speaks for intention."""
    burnt = along(
        tones.clipped_high,
        ((0.002, 10), (0.03, 9), (0.1, 7.5), (0.25, 5.8), (0.4, 4), (0.6, 2.8), (0.9, 1)),
    )
    washed = along(tones.unburnt, ((60, 10), (110, 8), (145, 5.5), (180, 3.5), (220, 2)))
    score = 0.6 * burnt + 0.4 * washed
    if score < INTENDED and tones.unburnt < BACKDROP_TONES and tones.clipped_border > WHITE_BACKDROP:
        return INTENDED, f"; the rest has its dark tones (a tenth below {tones.unburnt:.0f}): a white backdrop"
    return score, ""


def scene_ev(facts: CaptureFacts) -> float | None:
    """Return how bright the scene was, EV at ISO 100 (15 is sunlight, 0 a dark street), None without the facts."""
    if not (facts.aperture and facts.shutter_s and facts.iso):
        return None
    if min(facts.aperture, facts.shutter_s, facts.iso) <= 0:
        return None
    return log2(facts.aperture**2 / facts.shutter_s) - log2(facts.iso / 100) - (facts.exposure_bias_ev or 0)


def _percent(share: float) -> str:
    if share < 0.0005:
        return "nothing"
    return f"{100 * share:.1f} %" if share < 0.095 else f"{100 * share:.0f} %"
