"""The first-look scorer: looks, judges by what was learned, explains by what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, Assessment, Uncertainty
from realqa_agent.scoring.firstlook import arrangement, clarity, exposure, level, saturation, vocabulary
from realqa_agent.scoring.firstlook.heads import WEIGHTS, Heads
from realqa_agent.scoring.firstlook.look import look_at
from realqa_agent.scoring.firstlook.measures import measure
from realqa_agent.scoring.firstlook.vocabulary import clamped

if TYPE_CHECKING:
    from pathlib import Path

    from realqa_agent.assessment import Judgement
    from realqa_agent.config import Config
    from realqa_agent.media.picture import Picture
    from realqa_agent.scoring.firstlook.measures import Measures

FORMULAE = "2"
"""Goes up with every change of what is measured or how it is judged; a test compares scores to notice."""


class FirstLook:
    """Scores with small networks that ship with the package, on one core and without a GPU."""

    name = "firstlook"

    def __init__(self, settings: Config, weights: Path = WEIGHTS) -> None:
        """Load the networks; the settings hold nothing that this scorer needs."""
        del settings
        self._heads = Heads(weights)
        self.version = f"{FORMULAE}-{self._heads.mark}"

    def assess(self, picture: Picture) -> Assessment:
        """Score and explain one upright picture."""
        look = look_at(picture)
        measures = measure(look)
        seen, beauty = self._heads.quality(look), self._heads.beauty(look)
        quality = clamped(seen.score)
        aesthetic = clamped(beauty.score)
        return Assessment(
            scorer=self.name,
            version=self.version,
            quality=quality,
            aesthetic=aesthetic,
            overall=overall(quality, aesthetic),
            attributes=judgements(measures),
            measures=raw_numbers(measures),
            uncertainty=Uncertainty(quality=seen.uncertainty, aesthetic=beauty.uncertainty),
        )


def overall(quality: float, aesthetic: float) -> float:
    """Return the plain mean: nobody knows a better weighting for all photographers, and this one can be explained."""
    return (quality + aesthetic) / 2


def judgements(measures: Measures) -> dict[str, Judgement]:
    """Return all ten attributes, in their order."""
    placed = measures.arrangement
    found = {
        "composition": arrangement.judge_composition(placed),
        "eye_catching": arrangement.judge_eye_catching(placed, measures.colours.colourfulness),
        "subject_and_background": vocabulary.unknown(
            "naming things takes a scorer that knows things; this one measures"
        ),
        "subject_integrity": arrangement.judge_integrity(placed),
        "subject_clutter": arrangement.judge_subject_clutter(placed),
        "background_clutter": arrangement.judge_background_clutter(placed),
        "level_shot": level.judge(measures.tilt),
        "image_clarity": clarity.judge(measures.focus, measures.look),
        "exposure": exposure.judge(measures.tones, measures.look.facts),
        "saturation": saturation.judge(measures.colours),
    }
    return {name: found[name] for name in ATTRIBUTES}


def raw_numbers(measures: Measures) -> dict[str, float]:
    """Return the measurements that the culling policy and later questions may look at.

    Focus is missing where it can't be told, `motion_angle` (degrees anticlockwise from horizontal) where there is no
    motion, `scene_ev` without capture facts.
    """
    tones, focus = measures.tones, measures.focus
    numbers = {
        "camera_pixels": float(measures.look.camera_pixels),
        "median_luma": tones.p50,
        "dark_luma": tones.p5,
        "bright_luma": tones.p95,
        "top_luma": tones.top,
        "contrast": tones.spread,
        "clipped_high": tones.clipped_high,
        "clipped_low": tones.clipped_low,
        "colourfulness": measures.colours.colourfulness,
        "monochrome": float(measures.colours.monochrome),
        "salience_spread": measures.arrangement.spread,
    }
    brightness = exposure.scene_ev(measures.look.facts)
    if brightness is not None:
        numbers["scene_ev"] = brightness
    if focus is not None:
        numbers |= {
            "noise": focus.noise,
            "edge_width_px": focus.expected * 2 ** clarity.edge_octaves(focus),
            "sharpness": 2 ** -clarity.edge_octaves(focus),
            "sharp_fraction": focus.sharp_fraction,
            "motion_strength": focus.motion.strength if focus.motion else 0.0,
        }
        if focus.subject_width is not None:
            numbers["subject_sharpness"] = 2**-focus.subject_width
        if focus.motion is not None:
            numbers["motion_angle"] = focus.motion.angle
    return numbers
