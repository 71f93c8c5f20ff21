"""Statistics of the whole frame that people's sense of beauty hangs on: hues, saturation, where edges lie and point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook.colour import luma_of
from realqa_agent.scoring.firstlook.look import SMALL
from realqa_agent.scoring.firstlook.saliency import shrink

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

HUES = {
    "red": (-15, 15),
    "orange": (15, 45),
    "yellow": (45, 70),
    "green": (70, 160),
    "cyan": (160, 200),
    "blue": (200, 260),
}
"""Ranges of hue, degrees; what is left is violet."""

EDGE, BUSY = 0.1, 0.25
"""Gradients, as shares of the picture's contrast, from which a pixel is an edge, and a strong one."""


def scene_features(rgb: Floats) -> dict[str, float]:
    """Given `Look.small`, return its statistics: shares from 0 to 1 where not said."""
    luma = luma_of(rgb)
    return _colour(rgb) | _edges(luma) | _masses(luma)


def _colour(rgb: Floats) -> dict[str, float]:
    highest, lowest = rgb.max(axis=2), rgb.min(axis=2)
    saturation = (highest - lowest) / np.maximum(highest, 1)
    coloured = (saturation > 0.15) & (highest > 30)
    hue = _hue(rgb, highest, lowest)
    third = SMALL[0] // 3
    features = {
        "saturation_mean": float(saturation.mean()),
        "saturation_spread": float(saturation.std()),
        "grey": float((saturation < 0.08).mean()),
        "white": float((lowest > 215).mean()),
        "black": float((highest < 30).mean()),
        "warm": float(((rgb[..., 0] - rgb[..., 2]) / (highest + 1)).mean()),
    }
    for name, (start, end) in HUES.items():
        chosen = coloured & (hue >= start) & (hue < end)
        features[name] = float(chosen.mean())
        if name in {"green", "blue"}:
            features[f"{name}_above"] = float(chosen[:third].mean())
            features[f"{name}_below"] = float(chosen[-third:].mean())
    return features


def _hue(rgb: Floats, highest: Floats, lowest: Floats) -> Floats:
    """Return the hue, degrees from -15 to 345."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    range_ = np.maximum(highest - lowest, 1e-3)
    sector = np.where(
        highest == red,
        (green - blue) / range_,
        np.where(highest == green, (blue - red) / range_ + 2, (red - green) / range_ + 4),
    )
    hue: Floats = (60 * sector + 15) % 360 - 15
    return hue


def _edges(luma: Floats) -> dict[str, float]:
    """Return how many edges there are, which way they run and where they lie."""
    down, right = np.gradient(luma)
    strength = np.hypot(down, right) / (luma.std() + 5)
    angle = np.degrees(np.arctan2(down, right)) % 180
    weight = np.where(strength > EDGE, strength, 0)
    total = float(weight.sum()) + 1e-6
    third, rows, columns = SMALL[0] // 3, SMALL[0] // 4, SMALL[1] // 4

    def share(part: Floats) -> float:
        return float(part.sum()) / total

    return {
        "gradient": float(strength.mean()),
        "busy": float((strength > BUSY).mean()),
        "horizontal_edges": share(weight[np.abs(angle - 90) < 10]),
        "vertical_edges": share(weight[np.abs(angle - 90) > 80]),
        "diagonal_edges": share(weight[np.abs(np.abs(angle - 90) - 45) < 15]),
        "edges_above": share(weight[:third]),
        "edges_below": share(weight[-third:]),
        "edges_inside": share(weight[rows:-rows, columns:-columns]),
    }


def _masses(luma: Floats) -> dict[str, float]:
    """Return how light and dark are spread over the frame, relative to its contrast."""
    contrast = float(luma.std()) + 5
    quarters = shrink(luma, (4, 4))
    coarse, middle = (float(shrink(luma, shape).std()) for shape in ((6, 8), (24, 32)))
    return {
        "large_masses": float(quarters.std()) / contrast,
        "masses": coarse / (middle + 1),
        "light_above": float(quarters[0].mean() - quarters[-1].mean()) / contrast,
        "asymmetry": float(np.abs(luma - luma[:, ::-1]).mean()) / contrast,
        "side_balance": float(abs(quarters[:, 0].mean() - quarters[:, -1].mean())) / contrast,
    }
