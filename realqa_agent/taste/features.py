"""What taste looks at: the figures that a first look leaves in the index, and the words for more and less of each.

Nothing here needs the picture again. A figure that the scorer could not tell is left out, and counts as the usual one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realqa_agent.assessment import Assessment


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """How people call a picture that has more than the usual of something, and one that has less."""

    more: str
    less: str


SCORES: Mapping[str, Words] = MappingProxyType(
    {
        "quality": Words(more="high technical quality", less="low technical quality"),
        "aesthetic": Words(more="high aesthetics", less="low aesthetics"),
    }
)

JUDGED: Mapping[str, Words] = MappingProxyType(
    {
        "composition": Words(more="orderly composition", less="loose composition"),
        "eye_catching": Words(more="eye-catching subject", less="quiet subject"),
        "subject_and_background": Words(more="subject that goes with its background", less="subject at odds with it"),
        "subject_integrity": Words(more="whole subject", less="cut subject"),
        "subject_clutter": Words(more="plain subject", less="busy subject"),
        "background_clutter": Words(more="open background", less="busy background"),
        "level_shot": Words(more="level frame", less="tilted frame"),
        "image_clarity": Words(more="sharp picture", less="soft picture"),
        "exposure": Words(more="even exposure", less="bold exposure"),
        "saturation": Words(more="natural saturation", less="unusual saturation"),
    }
)
"""The ten attributes, by their scores."""

MEASURED: Mapping[str, Words] = MappingProxyType(
    {
        "median_luma": Words(more="bright tones", less="dark tones"),
        "contrast": Words(more="strong contrast", less="gentle contrast"),
        "colourfulness": Words(more="strong colour", less="muted colour"),
        "monochrome": Words(more="black and white", less="colour"),
        "clipped_high": Words(more="burnt-out lights", less="held lights"),
        "clipped_low": Words(more="deep blacks", less="open shadows"),
        "salience_spread": Words(more="many places to look at", less="one place to look at"),
        "sharp_fraction": Words(more="sharp all over", less="sharp in a small part"),
        "subject_sharpness": Words(more="crisp subject", less="soft subject"),
        "motion_strength": Words(more="motion blur", less="frozen motion"),
        "noise": Words(more="grain", less="no grain"),
        "scene_ev": Words(more="bright scenes", less="dark scenes"),
    }
)
"""Measures of `firstlook`; of another scorer, those that it has."""

SKEWED = frozenset({"colourfulness", "clipped_high", "clipped_low", "noise"})
"""Measures, none of them negative, whose few large values would count for more than all others: their roots count."""

WORDS: Mapping[str, Words] = MappingProxyType({**SCORES, **JUDGED, **MEASURED})
"""Each feature with its words."""


def features_of(assessment: Assessment) -> dict[str, float]:
    """Return the figures of a picture by the names of `WORDS`; what is unknown is left out."""
    found = {name: float(getattr(assessment, name)) for name in SCORES}
    found |= {name: judgement.score for name in JUDGED if (judgement := assessment.attributes[name]).score is not None}
    for name in MEASURED:
        value = assessment.measures.get(name)
        if value is not None:
            found[name] = math.sqrt(max(0.0, value)) if name in SKEWED else value
    return found
