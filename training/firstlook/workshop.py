"""Where a training run takes its material from, and where it leaves its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The folders and files of one run."""

    data: Path
    """The rated photos: `quality/`, `aesthetics/`, `quality_voc/`, `bokeh/`."""
    photos: Path
    """Freely licensed large photos, to be damaged for training."""
    unseen: Path
    """Others, to be damaged for the report."""
    lite0: Path
    """`efficientnet-lite0-57934424.pth`."""
    lite2: Path
    """`efficientnet-lite2-9656183e.pth`."""
    device: str
    """Where the quality network is trained, in torch's words: `cpu` or `cuda`."""
    out: Path
    """Maps, checkpoints, weights, the ONNX files, the calibration, the figures."""
