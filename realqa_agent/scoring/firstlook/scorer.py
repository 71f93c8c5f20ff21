"""The first-look scorer: looks, measures, judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, Assessment, Uncertainty
from realqa_agent.scoring.firstlook import arrangement, clarity, exposure, fitted, level, saturation, vocabulary
from realqa_agent.scoring.firstlook.look import look_at
from realqa_agent.scoring.firstlook.measures import aesthetic_features, measure, quality_features
from realqa_agent.scoring.firstlook.vocabulary import along, clamped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realqa_agent.assessment import Judgement
    from realqa_agent.config import Scoring
    from realqa_agent.media.picture import Picture
    from realqa_agent.scoring.firstlook.measures import Measures

FORMULAE = "1"
"""Goes up with every change of what is measured or how it is judged; a test compares scores to notice."""

BLOCKINESS = ((1.2, 0), (2, 1), (3, 2))
BLURRED = ((1, 1.5), (4.5, 0))
BURNT = ((0.25, 0), (0.5, 0.8), (0.8, 1.8))


class FirstLook:
    """Scores by measures alone: no network, no weights but a small table of coefficients."""

    name = "firstlook"

    def __init__(self, settings: Scoring) -> None:
        """Read the coefficients; the settings hold nothing that this scorer needs."""
        del settings
        self._fitted = fitted.load()
        self.version = f"{FORMULAE}-{self._fitted.mark}"

    def assess(self, picture: Picture) -> Assessment:
        """Score and explain one upright picture."""
        measures = measure(look_at(picture))
        features = quality_features(measures)
        quality = clamped(self._fitted.quality.score(features) - damage(measures, features))
        aesthetic = clamped(self._fitted.aesthetic.score(aesthetic_features(measures)))
        return Assessment(
            scorer=self.name,
            version=self.version,
            quality=quality,
            aesthetic=aesthetic,
            overall=overall(quality, aesthetic),
            attributes=judgements(measures),
            measures=raw_numbers(measures),
            uncertainty=Uncertainty(
                quality=self._fitted.quality.uncertainty, aesthetic=self._fitted.aesthetic.uncertainty
            ),
        )


def overall(quality: float, aesthetic: float) -> float:
    """Return the plain mean: nobody knows a better weighting for all photographers, and this one can be explained."""
    return (quality + aesthetic) / 2


def damage(measures: Measures, features: Mapping[str, float]) -> float:
    """Return the points off for damage that the training photos hardly show, or that their raters forgave.

    Of them, 99 % have no visible noise, few are compressed hard, burnt-out frames were often liked, and a frame of
    which nothing can be made out lies beyond what was learned.
    """
    off = along(measures.tones.clipped_high, BURNT)
    if measures.focus is not None:
        off += along(measures.focus.grain, clarity.GRAIN)
        off += along(features["blockiness"], BLOCKINESS) + along(features["clarity"], BLURRED)
    return off


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
