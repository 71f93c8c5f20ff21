"""What speaks for a look that the photographer wanted: sentences, each with its evidence.

A measure or fact that is absent is no evidence. Whatever is found here turns a reject into a review, so the
limits are wide: a false alarm costs a look, a missed intention costs a picture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realqa_agent.capture import CaptureFacts

LONG_EXPOSURE_S = 0.4
"""Nobody holds a camera this long by mistake: tripod, light trails, water, fireworks, or moved on purpose."""

PANNING_S = 1 / 125
"""Slower than this, a camera that follows its subject draws the rest into lines."""

DIRECTED_MOTION = 0.5
"""`motion_strength`, octaves, from which blur has one direction."""

SHARP_SOMEWHERE = 0.6
"""`sharpness`, share of the expected one, from which the focus is right for some part of the frame."""

WIDE_OPEN = 2.8
"""f-number up to which depth of field is a means of style."""

SMALL_PART = 0.15
"""`sharp_fraction` up to which focus lies on a small part of the frame; in a frame that is all blurred it is large."""

FOG_CONTRAST, FOG_DARKEST = 30.0, 50.0
"""`contrast` under which, and `dark_luma` (both of 255) over which fog, haze or snow may hide every edge."""

DARK_SCENE_EV = 4.0
"""Exposure value at ISO 100 of a floodlit building at night; darker scenes are meant to look dark."""

LIT, LIT_CONTRAST = 60.0, 6.0
"""`top_luma` (of 255) and its multiple of `median_luma` from which a dark frame shows something that is lit: a lamp, a
stage, fireworks, a face. Of nine dark photos that their raters liked, among 1,100, eight have it; of 57 dark and
spoilt ones, eleven."""

COLOURED_LIGHT = 110.0
"""`colourfulness` from which a dark frame is lit by neon or a stage. Luma hardly counts red and blue light."""

HELD_HIGHLIGHTS = 0.05
"""`clipped_high` up to which a bright picture keeps its drawing: high key, fog, snow."""

WANTED_BIAS_EV = 1.0
"""Exposure compensation from which the photographer asked for another brightness than the meter's."""

HARD_CONTRAST = 50.0
"""`contrast` from which black and white looks graphic. A frame that is merely black has no colour either."""


def for_soft(facts: CaptureFacts, measures: Mapping[str, float]) -> Iterator[str]:
    """Yield what speaks for wanted softness."""
    shutter_s = facts.shutter_s
    if shutter_s is not None and shutter_s >= LONG_EXPOSURE_S:
        yield f"exposed for {shutter_s:g} s, as from a tripod or moved on purpose"
    elif shutter_s is not None and shutter_s > PANNING_S and measures.get("motion_strength", 0.0) >= DIRECTED_MOTION:
        yield f"blurred along one direction at 1/{round(1 / shutter_s)} s, as in panning"
    sharpness = measures.get("sharpness", 0.0)
    if sharpness >= SHARP_SOMEWHERE:
        yield f"the sharpest part is at {sharpness:.0%} of the expected sharpness, as in a shallow depth of field"
    elif (
        facts.aperture is not None and facts.aperture <= WIDE_OPEN and _at_most(measures, "sharp_fraction", SMALL_PART)
    ):
        yield f"focus lies on {measures['sharp_fraction']:.0%} of the frame at f/{facts.aperture:g}"
    if _at_most(measures, "contrast", FOG_CONTRAST) and measures.get("dark_luma", 0.0) >= FOG_DARKEST:
        yield "so little contrast that fog, haze or snow may hide every edge"


def for_dark(facts: CaptureFacts, measures: Mapping[str, float]) -> Iterator[str]:
    """Yield what speaks for wanted darkness."""
    scene_ev = scene_brightness_ev(facts)
    if scene_ev is not None and scene_ev <= DARK_SCENE_EV:
        yield f"the scene itself was dark (EV {scene_ev:.0f} at ISO 100), as at night"
    if facts.exposure_bias_ev is not None and facts.exposure_bias_ev <= -WANTED_BIAS_EV:
        yield f"the camera was told to expose by {facts.exposure_bias_ev:+.1f} EV"
    if measures.get("top_luma", 0.0) >= max(LIT, LIT_CONTRAST * measures.get("median_luma", math.inf)):
        yield "something is lit in the dark, as in low key, at night or with fireworks"
    elif measures.get("colourfulness", 0.0) >= COLOURED_LIGHT:
        yield "lit by coloured light, as on a stage"


def for_bright(facts: CaptureFacts, measures: Mapping[str, float]) -> Iterator[str]:
    """Yield what speaks for wanted brightness."""
    if facts.shutter_s is not None and facts.shutter_s >= LONG_EXPOSURE_S:
        yield f"exposed for {facts.shutter_s:g} s, as from a tripod"
    if facts.exposure_bias_ev is not None and facts.exposure_bias_ev >= WANTED_BIAS_EV:
        yield f"the camera was told to expose by {facts.exposure_bias_ev:+.1f} EV"
    if _at_most(measures, "clipped_high", HELD_HIGHLIGHTS):
        yield "bright, but the highlights are held, as in high key, fog or snow"


def for_hard_contrast(measures: Mapping[str, float]) -> Iterator[str]:
    """Yield what speaks for tones that are wanted at either end."""
    if measures.get("monochrome", 0.0) >= 0.5 and measures.get("contrast", 0.0) >= HARD_CONTRAST:
        yield "black and white in hard contrast is a style"


def _at_most(measures: Mapping[str, float], name: str, limit: float) -> bool:
    return name in measures and measures[name] <= limit


def scene_brightness_ev(facts: CaptureFacts) -> float | None:
    """Return the exposure value at ISO 100 that the camera's settings stand for; None if one of the three is missing.

    log2(N²/t) - log2(ISO/100): about 15 in sunshine, 5 to 7 in a lit room, under 4 at night.
    """
    if not (facts.shutter_s and facts.aperture and facts.iso):
        return None
    return math.log2(facts.aperture**2 / facts.shutter_s) - math.log2(facts.iso / 100)
