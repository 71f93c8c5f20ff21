"""What a network is shown, with the words before it: a picture, or a clip as a whole. No torch.

A clip is taken in by steps of two frames. Qwen2-VL is told nothing of the time between them, Qwen2.5-VL has its places
in time as far apart as the steps are in seconds, and Qwen3-VL reads the time of each step in words before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from realqa_agent.scoring.mllm.checkpoint import Clips
from realqa_agent.scoring.mllm.packing import pack, pack_clip
from realqa_agent.scoring.mllm.positions import positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.scoring.mllm.chat import Chat
    from realqa_agent.scoring.mllm.packing import Floats, Grid, VisionSpec
    from realqa_agent.scoring.mllm.positions import Places

    Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sight:
    """A picture or a clip, ready for the network."""

    head: list[int]
    """The prompt's tokens up to and including it."""
    seen: int
    """The token that stands for each of its places."""
    patches: Floats
    grid: Grid
    merge: int
    """Patches along each side that become one place."""
    pace: float = 1.0
    """How far its steps are apart in time, in positions."""

    def positions(self, following: Sequence[int] = ()) -> Places:
        """Return the positions of the prompt's tokens, with those after it, shape (3, length)."""
        _, rows, columns = self.grid
        return positions([*self.head, *following], self.seen, rows // self.merge, columns // self.merge, pace=self.pace)


def of_picture(pixels: Pixels, chat: Chat, spec: VisionSpec) -> Sight:
    """Return a sized picture: RGB, shape (h, w, 3)."""
    patches, grid = pack(pixels, spec)
    return Sight(head=chat.head(spec.places(grid)), seen=chat.picture, patches=patches, grid=grid, merge=spec.merge)


def of_clip(
    frames: Sequence[Pixels], times: Sequence[float], chat: Chat, spec: VisionSpec, *, how: Clips, ticks: float
) -> Sight:
    """Return a clip of sized frames, in order; `times` are in seconds, `ticks` the positions of one for `PACED`."""
    if len(frames) != len(times):
        raise ValueError(f"{len(frames)} frames at {len(times)} times")
    patches, grid = pack_clip(frames, spec)
    places = spec.places(grid)
    blocks = [("", places)]
    if how is Clips.STAMPED:
        blocks = [(f"<{at:.1f} seconds>", places // grid[0]) for at in _steps(times, spec.frames)]
    return Sight(
        head=chat.clip_head(blocks),
        seen=chat.clip,
        patches=patches,
        grid=grid,
        merge=spec.merge,
        pace=ticks * spec.frames * _between(times) if how is Clips.PACED else 1.0,
    )


def _steps(times: Sequence[float], frames: int) -> list[float]:
    """Return the time of each step of so many frames, the middle between its first and its last."""
    steps = [times[start : start + frames] for start in range(0, len(times), frames)]
    return [fmean((step[0], step[-1])) for step in steps]


def _between(times: Sequence[float]) -> float:
    """Return the mean time from one frame to the next; 0 for a single one."""
    return (times[-1] - times[0]) / max(1, len(times) - 1)
