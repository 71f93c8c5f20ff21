"""Level shot: by how much the long straight lines near horizontal and vertical are turned (a Hough transform)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realqa_agent.scoring.firstlook import vocabulary
from realqa_agent.scoring.firstlook.vocabulary import along

if TYPE_CHECKING:
    import numpy.typing as npt

    from realqa_agent.assessment import Judgement
    from realqa_agent.scoring.firstlook.look import Look

    Floats = npt.NDArray[np.float32]

REACH = 15.0
"""How far from level lines are looked for, degrees."""

ACCIDENT = 10.0
"""Lines turned by more than this are slopes, stairs and table edges, or meant."""

STEP = 0.5
ANGLES = np.arange(-REACH, REACH + STEP / 2, STEP)

MIN_LENGTH = 0.25
"""A line must be seen along this share of the frame's side to count."""

HORIZON_LENGTH, HORIZON_DOMINANCE = 0.55, 0.4
"""Horizontal lines alone prove a tilt only if one is as long and stands out as much: kerbs, shelves and table edges
recede. Vertical lines alone never do: houses lean back when one looks up."""

AGREED_DOMINANCE = 0.25
"""Dominance that is enough where horizontal and vertical lines agree; one kind alone needs more."""

AGREEMENT = 1.5
"""Degrees within which horizontal and vertical lines must agree, else it is perspective."""

MIN_STEP = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """The lines of one kind, horizontal or vertical."""

    turn: float
    """Degrees clockwise as seen."""
    length: float
    """Of the longest line at that turn, as a share of the frame's side."""
    dominance: float
    """Share of all lines' weight that lies within a degree of `turn`."""

    def clear(self, dominance: float = 0.35) -> bool:
        """Whether there is a line to speak of, and one direction stands out by that much."""
        return self.length >= MIN_LENGTH and self.dominance >= dominance

    @property
    def horizon(self) -> bool:
        """Whether one line is long and clear enough to be the horizon."""
        return self.length >= HORIZON_LENGTH and self.dominance >= HORIZON_DOMINANCE


@dataclass(frozen=True, kw_only=True, slots=True)
class Tilt:
    """The two kinds of lines."""

    horizontal: Lines | None
    vertical: Lines | None


def tilt_of(look: Look) -> Tilt:
    """Find the lines in the overview."""
    luma = look.luma
    if min(luma.shape) < 64:
        return Tilt(horizontal=None, vertical=None)
    smooth = luma[:, :-2] + 2 * luma[:, 1:-1] + luma[:, 2:]
    smooth = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 16
    right = smooth[1:-1, 2:] - smooth[1:-1, :-2]
    down = smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    return Tilt(horizontal=_lines(right, down, turn=1), vertical=_lines(down.T, right.T, turn=-1))


def judge(tilt: Tilt) -> Judgement:
    """Say how level the picture is and by which evidence."""
    kinds = ((tilt.horizontal, "horizontal"), (tilt.vertical, "vertical"))
    found = [(lines, name) for lines, name in kinds if lines is not None and lines.clear(AGREED_DOMINANCE)]
    turns = [lines.turn for lines, _ in found]
    if len(found) < 2 or max(turns) - min(turns) > AGREEMENT:
        found = [(lines, name) for lines, name in found if lines.clear()]
        turns = [lines.turn for lines, _ in found]
    if not found:
        return vocabulary.unknown("no long straight lines near horizontal or vertical")
    if max(turns) - min(turns) > AGREEMENT:
        return vocabulary.unknown(
            f"lines disagree (horizontal {_said(turns[0])}, vertical {_said(turns[1])}): perspective, not tilt"
        )
    weights = [lines.length for lines, _ in found]
    turn = float(np.average(turns, weights=weights))
    if abs(turn) > ACCIDENT:
        return vocabulary.unknown(f"lines at {_said(turn)}: a slope, or meant")
    lone = found[0][0] if len(found) == 1 else None
    if lone is not None and abs(turn) > 1 and not (lone is tilt.horizontal and lone.horizon):
        return vocabulary.unknown(f"only {found[0][1]} lines, at {_said(turn)}: may be perspective")
    names = " and ".join(name for _, name in found)
    score = along(abs(turn), ((0.25, 10), (1, 7.5), (1.4, 6.5), (2.5, 4.5), (5, 2.5), (10, 1)))
    return vocabulary.on_scale(
        vocabulary.LEVEL,
        score,
        f"{names} lines turned by {_said(turn)}, the longest {100 * max(weights):.0f} % of the side",
    )


def _lines(across: Floats, step: Floats, *, turn: int) -> Lines | None:
    """Find lines near y = constant, given the differences along x and, over the line, along y.

    Only the crest of an edge votes, so a line has one vote for each column and votes are lengths. Each point votes for
    the lines through it that fit its gradient within 3 degrees.
    """
    strength = np.abs(step)
    crest = strength > MIN_STEP
    crest &= np.abs(across) < np.tan(np.radians(REACH + 3)) * strength
    crest[1:] &= strength[1:] >= strength[:-1]
    crest[:-1] &= strength[:-1] > strength[1:]
    height, width = strength.shape
    y, x = np.divmod(np.flatnonzero(crest), width)
    if len(x) < MIN_LENGTH * width:
        return None
    tilt = np.degrees(np.arctan(-across[y, x] / step[y, x]))
    near = np.rint((tilt + REACH) / STEP).astype(np.intp)
    angle = near + np.arange(-6, 7)[:, None]
    valid = (angle >= 0) & (angle < len(ANGLES))
    radians = np.radians(ANGLES)
    kept = np.clip(angle, 0, len(ANGLES) - 1)
    distance = np.rint((y * np.cos(radians)[kept] - x * np.sin(radians)[kept]) / 2 + width / 2).astype(np.intp)
    bins = height + width
    votes = np.bincount((kept * bins + distance)[valid], minlength=len(ANGLES) * bins).reshape(len(ANGLES), bins)
    lengths = (votes[:, :-1] + votes[:, 1:]) / width
    spectrum = (np.where(lengths > MIN_LENGTH / 2, lengths, 0) ** 3).sum(axis=1)
    total = spectrum.sum()
    if total <= 0:
        return None
    peak = int(spectrum.argmax())
    window = slice(max(0, peak - 2), peak + 3)
    return Lines(
        turn=float(turn * np.average(ANGLES[window], weights=spectrum[window])),
        length=float(min(lengths[peak].max(), 1)),
        dominance=float(spectrum[window].sum() / total),
    )


def _said(turn: float) -> str:
    if abs(turn) < 0.05:
        return "0.0°"
    return f"{abs(turn):.1f}° {'clockwise' if turn > 0 else 'anticlockwise'}"
