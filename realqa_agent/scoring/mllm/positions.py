"""Where each token of a prompt stands: in time, down and across (M-RoPE). Plain numbers, no torch.

A text counts on by one along all three. What is seen has a place for each step, row and column, and the text after it
goes on after the farthest of them: so the models were trained. The library's own count isn't asked, since it puts the
text after a long clip among the clip's later steps (transformers 5.24, for Qwen2.5-VL), and keeps what it found last
on the network, for the next prompt to trip over.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Places = npt.NDArray[np.int64]


def positions(tokens: Sequence[int], seen: int, rows: int, columns: int, *, pace: float = 1.0) -> Places:
    """Return the positions of a prompt's tokens, shape (3, length).

    Each run of the token `seen` is one or more steps of so many rows and columns, which are `pace` apart in time.
    """
    parts: list[Places] = []
    following = 0
    for is_seen, run in itertools.groupby(tokens, lambda token: token == seen):
        length = len(list(run))
        parts.append(following + (_grid(length // (rows * columns), rows, columns, pace) if is_seen else _line(length)))
        following = int(parts[-1].max()) + 1
    return np.concatenate(parts, axis=1)


def _line(length: int) -> Places:
    return np.tile(np.arange(length), (3, 1))


def _grid(steps: int, rows: int, columns: int, pace: float) -> Places:
    places = np.indices((steps, rows, columns)).reshape(3, -1)
    # Cut, not rounded, and in float32: as in training.
    places[0] = (places[0].astype(np.float32) * np.float32(pace)).astype(np.int64)
    return places
