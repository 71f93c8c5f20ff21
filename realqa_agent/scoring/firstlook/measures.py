"""Everything that is measured on one picture, and the numbers that the fitted models see of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook import arrangement, clarity, exposure, level, saturation
from realqa_agent.scoring.firstlook.clarity import EXPECTED_WIDTH
from realqa_agent.scoring.firstlook.scene import scene_features
from realqa_agent.scoring.firstlook.sharpness import LEVELS, blockiness

if TYPE_CHECKING:
    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.firstlook.arrangement import Arrangement
    from realqa_agent.scoring.firstlook.clarity import Focus
    from realqa_agent.scoring.firstlook.exposure import Tones
    from realqa_agent.scoring.firstlook.level import Tilt
    from realqa_agent.scoring.firstlook.look import Look
    from realqa_agent.scoring.firstlook.saturation import Colours
    from realqa_agent.scoring.firstlook.sharpness import Blocks


@dataclass(frozen=True, kw_only=True, slots=True)
class Measures:
    """The measurements by room."""

    look: Look
    focus: Focus | None
    tones: Tones
    colours: Colours
    tilt: Tilt
    arrangement: Arrangement


def measure(look: Look) -> Measures:
    """Measure a picture."""
    return Measures(
        look=look,
        focus=clarity.focus_of(look),
        tones=exposure.tones_of(look),
        colours=saturation.colours_of(look),
        tilt=level.tilt_of(look),
        arrangement=arrangement.arrangement_of(look),
    )


def quality_features(measures: Measures) -> dict[str, float]:
    """Return the numbers that technical quality is predicted from; those of an unknown focus are missing."""
    tones, colours, placed = measures.tones, measures.colours, measures.arrangement
    features = {
        "exposure": _score(exposure.judge(tones, measures.look.facts)),
        "p1": tones.p1,
        "p5": tones.p5,
        "p25": tones.p25,
        "p50": tones.p50,
        "p75": tones.p75,
        "p95": tones.p95,
        "p99": tones.p99,
        "spread": tones.spread,
        "clipped_high": tones.clipped_high**0.5,
        "clipped_low": tones.clipped_low**0.5,
        "saturation": _score(saturation.judge(colours)),
        "colourfulness": colours.colourfulness,
        "pure": colours.pure**0.5,
        "red_green": colours.red_green,
        "yellow_blue": colours.yellow_blue,
        "salience_spread": placed.spread,
        "subject_area": placed.area,
        "subject_busy": placed.subject_busy,
        "background_busy": placed.background_busy,
        "balance": placed.balance,
        "colour_contrast": placed.colour_contrast,
    }
    if measures.focus is not None:
        features |= _focus_features(measures.focus, measures.look)
    return features


def _focus_features(focus: Focus, look: Look) -> dict[str, float]:
    """Return sharpness features at the reference size, so that they mean the same at 0.3 and at 60 megapixels."""
    features = {
        "clarity": _score(clarity.judge(focus, look)),
        "blur": clarity.blur_octaves(focus),
        "width": focus.width,
        "median_width": focus.median_width,
        "subject_softness": (focus.subject_width if focus.subject_width is not None else focus.width) - focus.width,
        "sharp_fraction": focus.sharp_fraction,
        "evident": float(focus.blocks.evident.mean()),
        "grain": log2(focus.grain),
        "motion": focus.motion.strength if focus.motion else 0.0,
        "blockiness": blockiness(look.tiles, look.tile_boxes),
    }
    return features | _block_features(focus.blocks, log2(focus.expected / focus.pixel / EXPECTED_WIDTH))


def _block_features(blocks: Blocks, octaves: float) -> dict[str, float]:
    """Return how slopes, spans, tones and gradient energy are distributed over the blocks.

    A large picture's edges are wider by so many octaves: its slopes are made steeper by as much, and its energies are
    read at a coarser scale.
    """
    slope, span, mean = blocks.slope.ravel() * 2**octaves, blocks.span.ravel(), blocks.mean.ravel()
    features = {
        "block_tones": float(mean.std()),
        "dark_blocks": float((mean < 30).mean()),
        "bright_blocks": float((mean > 235).mean()),
        "slope_variety": float(np.log2(1 + slope).std()),
        "relative_slope": float(np.log2(np.median(slope / (mean + 20)) + 0.01)),
        "relative_slope_top": float(np.log2(np.percentile(slope / (mean + 20), 90) + 0.01)),
        "relative_span": float(np.log2(np.median(span / (mean + 20)) + 0.01)),
    }
    for percentile in (10, 25, 50, 75, 90, 97):
        features[f"slope_{percentile}"] = float(np.log2(1 + np.percentile(slope, percentile)))
        features[f"span_{percentile}"] = float(np.log2(1 + np.percentile(span, percentile)))
    noise = 4 * blocks.noise**2 / 4.0 ** np.arange(LEVELS)[:, None]
    energy = (blocks.energy[:, 0] + blocks.energy[:, 1]).reshape(LEVELS, -1) - noise
    logarithm = np.log2(np.maximum(energy, 0.01))
    statistics = {
        "energy_mean": np.log2(np.maximum(energy.mean(axis=1), 0.01)),
        "energy_variety": logarithm.std(axis=1),
    }
    statistics |= {f"energy_{percentile}": np.percentile(logarithm, percentile, axis=1) for percentile in (10, 50, 90)}
    for name, by_level in statistics.items():
        for scale in range(LEVELS - 1):
            features[f"{name}_at_{2**scale}"] = float(np.interp(scale + octaves, range(LEVELS), by_level))
    return features


def aesthetic_features(measures: Measures) -> dict[str, float]:
    """Return the numbers that aesthetic appeal is predicted from."""
    tones, colours, placed = measures.tones, measures.colours, measures.arrangement
    features = scene_features(measures.look.small) | {
        "exposure": _score(exposure.judge(tones, measures.look.facts)),
        "contrast": tones.spread,
        "colourfulness": colours.colourfulness,
        "salience_spread": placed.spread,
        "background_busy": placed.background_busy,
        "subject_y": placed.y,
        "eye_catching": _score(arrangement.judge_eye_catching(placed, colours.colourfulness)),
    }
    if measures.focus is not None:
        features |= {
            "clarity": _score(clarity.judge(measures.focus, measures.look)),
            "sharp_fraction": measures.focus.sharp_fraction,
            "grain": log2(measures.focus.grain),
        }
    return features


def _score(judgement: Judgement) -> float:
    """Return the score, or the upper middle of the scale where there is none: unknown must not count."""
    return judgement.score if judgement.score is not None else 7.0
