"""The subject's place, its surroundings and its pull: simple measures on a saliency map, and no more than that.

What the subject *is* can't be measured; where the eye lands, how much of that is cut by the frame, and how busy the
picture is inside and outside of it can. All contrasts are taken relative to the picture's own, at 128 pixels,
so that neither exposure nor blur nor grain counts here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook import vocabulary
from realqa_agent.scoring.firstlook.colour import luma_of
from realqa_agent.scoring.firstlook.saliency import GRID, shrink
from realqa_agent.scoring.firstlook.vocabulary import along

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.firstlook.look import Look

    Floats = npt.NDArray[np.float32]
    Cells = npt.NDArray[np.bool_]

CLEAR_SUBJECT = 0.24
"""Half of the salience must fit into this share of the frame, else there is no one subject."""

BUSY = 0.3
"""A cell is busy if its mean gradient exceeds this share of the picture's standard deviation of luma."""

NO_SUBJECT = "no clear subject: half of the salience is spread over {:.0f} % of the frame"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrangement:
    """What is measured; shares are of the frame, places are fractions of its width and height."""

    spread: float
    """Share of the frame that holds half of the salience."""
    x: float
    y: float
    """Centre of the subject."""
    area: float
    cut: float
    """Share of the subject's outline that lies on the frame's edge."""
    subject_busy: float
    background_busy: float
    balance: float
    """How far the centre of all salience lies from the frame's middle, 0 to 1."""
    colour_contrast: float
    """Distance in sRGB between the means of subject and background, levels."""
    contrast: float
    """Standard deviation of luma, levels."""

    @property
    def has_subject(self) -> bool:
        """Whether the eye lands on one place."""
        return self.spread <= CLEAR_SUBJECT


def arrangement_of(look: Look) -> Arrangement:
    """Measure the arrangement on the overview and its saliency."""
    saliency = look.saliency
    order = np.sort(saliency, axis=None)[::-1]
    half = int(np.searchsorted(np.cumsum(order), 0.5)) + 1
    subject = _subject(saliency)
    colour = shrink(look.small, GRID)
    contrast = float(look.luma.std())
    busy = _busy(luma_of(look.small), contrast)
    rows, columns = ((np.arange(length) + 0.5) / length for length in GRID)
    mass = saliency * subject
    total = mass.sum()
    return Arrangement(
        spread=half / saliency.size,
        x=float((mass.sum(axis=0) @ columns) / total),
        y=float((mass.sum(axis=1) @ rows) / total),
        area=float(subject.mean()),
        cut=_cut(subject),
        subject_busy=float(busy[subject].mean()),
        background_busy=float(busy[~subject].mean()) if not subject.all() else 0.0,
        balance=float(np.hypot(saliency.sum(axis=0) @ columns - 0.5, saliency.sum(axis=1) @ rows - 0.5) * 2),
        colour_contrast=float(np.linalg.norm(colour[subject].mean(axis=0) - colour[~subject].mean(axis=0)))
        if not subject.all()
        else 0.0,
        contrast=contrast,
    )


def judge_composition(arrangement: Arrangement) -> Judgement:
    """Score the subject's place: near a third or the middle, balanced, neither tiny nor filling the frame."""
    if not arrangement.has_subject:
        return vocabulary.unknown(NO_SUBJECT.format(100 * arrangement.spread))
    thirds = min(np.hypot(arrangement.x - x, arrangement.y - y) for x in (1 / 3, 2 / 3) for y in (1 / 3, 2 / 3))
    centre = float(np.hypot(arrangement.x - 0.5, arrangement.y - 0.5))
    nearest, name = min((float(thirds), "a third"), (centre, "the middle"))
    score = 3 + along(nearest, ((0.03, 3.0), (0.2, 0.5), (0.3, 0)))
    score += along(arrangement.balance, ((0.05, 1.5), (0.35, 0)))
    score += along(arrangement.area, ((0.01, 0), (0.05, 1.5), (0.2, 1.5), (0.4, 0.5)))
    score -= along(arrangement.cut, ((0.05, 0), (0.3, 2)))
    score -= along(arrangement.background_busy, ((0.3, 0), (0.7, 1.5)))
    return vocabulary.in_numbers(
        score,
        f"salient area at {100 * arrangement.x:.0f} % x {100 * arrangement.y:.0f} % of the frame, "
        f"{100 * nearest:.0f} % from {name}; it takes {100 * arrangement.area:.0f} % of the frame",
    )


def judge_eye_catching(arrangement: Arrangement, colourfulness: float) -> Judgement:
    """Score how strongly one place stands out: by salience, by colour, by contrast."""
    if arrangement.contrast < 3:
        return vocabulary.unknown("the picture is flat: nothing stands out")
    score = 1 + along(arrangement.spread, ((0.05, 3), (0.12, 2), (0.3, 0)))
    score += along(arrangement.colour_contrast, ((10, 0), (60, 2), (150, 3)))
    score += along(arrangement.contrast, ((15, 0), (50, 1.5), (75, 2)))
    score += along(colourfulness, ((5, 0), (50, 1), (90, 1.5)))
    return vocabulary.in_numbers(
        score,
        f"half of the salience in {100 * arrangement.spread:.0f} % of the frame; subject and background differ "
        f"by {arrangement.colour_contrast:.0f} levels; contrast {arrangement.contrast:.0f}",
    )


def judge_integrity(arrangement: Arrangement) -> Judgement:
    """Say whether the frame cuts the salient area."""
    if not arrangement.has_subject:
        return vocabulary.unknown(NO_SUBJECT.format(100 * arrangement.spread))
    score = along(arrangement.cut, ((0, 9.5), (0.06, 6.5), (0.22, 4.6), (0.36, 2.4), (0.6, 1)))
    return vocabulary.on_scale(
        vocabulary.INTEGRITY,
        score,
        f"{100 * arrangement.cut:.0f} % of the salient area's outline lies on the frame's edge",
    )


def judge_subject_clutter(arrangement: Arrangement) -> Judgement:
    """Say how busy the salient area is."""
    if not arrangement.has_subject:
        return vocabulary.unknown(NO_SUBJECT.format(100 * arrangement.spread))
    return _clutter(arrangement.subject_busy, "salient area", ((0.1, 9.5), (0.75, 6.5), (0.92, 4.5), (1, 3)))


def judge_background_clutter(arrangement: Arrangement) -> Judgement:
    """Say how busy everything outside the salient area is."""
    if arrangement.contrast < 3:
        return vocabulary.unknown("the picture is flat: there is no background to judge")
    return _clutter(arrangement.background_busy, "background", ((0.02, 10), (0.3, 6.5), (0.5, 4.5), (0.8, 2)))


def _clutter(busy: float, where: str, points: tuple[tuple[float, float], ...]) -> Judgement:
    return vocabulary.on_scale(vocabulary.CLUTTER, along(busy, points), f"edges in {100 * busy:.0f} % of the {where}")


def _busy(luma: Floats, contrast: float) -> Cells:
    """Return which cells of the grid hold edges."""
    down, right = np.gradient(luma)
    return shrink(np.hypot(down, right).astype(np.float32), GRID) > max(BUSY * contrast, 1)


def _subject(saliency: Floats) -> Cells:
    """Return the connected part of the salient cells that holds most salience, its holes filled.

    Salient is what Otsu's threshold (1979) parts from the rest: an outline, where the inside resembles the background.
    So what the outline encloses, with the help of one side of the frame at most, belongs to it.
    """
    left = saliency >= _threshold(saliency)
    subject, most = left, -1.0
    while left.any():
        part = _connected(left, int(np.where(left, saliency, -1).argmax()))
        left = left & ~part
        held = float(saliency[part].sum())
        if held > most:
            subject, most = part, held
    filled, rest = subject.copy(), ~subject
    while rest.any():
        hole = _connected(rest, int(rest.argmax()))
        rest &= ~hole
        sides = sum(bool(side.any()) for side in (hole[0], hole[-1], hole[:, 0], hole[:, -1]))
        if sides <= 1 and hole.sum() < subject.sum():
            filled |= hole
    return filled


def _threshold(values: Floats) -> float:
    """Return the value from which the upper class holds, of the two that differ most (Otsu)."""
    ordered = np.sort(values, axis=None).astype(np.float64)
    below = np.arange(1, ordered.size)
    sums = ordered.cumsum()
    above = ordered.size - below
    apart = (sums[-1] - sums[:-1]) / above - sums[:-1] / below
    return float(ordered[1:][(below * above * apart**2).argmax()])


def _connected(cells: Cells, seed: int) -> Cells:
    """Return the cells that are reached from the one at the flat index `seed` over sides."""
    part = np.zeros_like(cells)
    part.flat[seed] = True
    while True:
        grown = part.copy()
        grown[1:] |= part[:-1]
        grown[:-1] |= part[1:]
        grown[:, 1:] |= part[:, :-1]
        grown[:, :-1] |= part[:, 1:]
        grown &= cells
        if (grown == part).all():
            return part
        part = grown


def _cut(subject: Cells) -> float:
    """Return which share of the outline lies on the frame's edge."""
    framed = np.pad(subject, 1)
    inside = np.pad(np.ones_like(subject), 1)
    outline = on_edge = 0
    for axis in (0, 1):
        for shift in (1, -1):
            border = framed & ~np.roll(framed, shift, axis)
            outline += int(border.sum())
            on_edge += int((border & ~np.roll(inside, shift, axis)).sum())
    return on_edge / outline
