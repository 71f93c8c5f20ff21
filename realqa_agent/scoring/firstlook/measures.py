"""Everything that is measured on one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realqa_agent.scoring.firstlook import arrangement, clarity, exposure, level, saturation

if TYPE_CHECKING:
    from realqa_agent.scoring.firstlook.arrangement import Arrangement
    from realqa_agent.scoring.firstlook.clarity import Focus
    from realqa_agent.scoring.firstlook.exposure import Tones
    from realqa_agent.scoring.firstlook.level import Tilt
    from realqa_agent.scoring.firstlook.look import Look
    from realqa_agent.scoring.firstlook.saturation import Colours


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
