"""The learned part: three small networks that judge technical quality, damage at native size, and beauty.

`training/firstlook/` trains, exports and calibrates them; `weights/MODEL_CARD.md` holds data, figures and limits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from realqa_agent.errors import UserError
from realqa_agent.scoring.firstlook.views import beauty_view, glance_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from realqa_agent.scoring.firstlook.look import Look

    Floats = npt.NDArray[np.float64]
    Pixels = npt.NDArray[np.uint8]

WEIGHTS = Path(__file__).parent / "weights"
TABLE = "firstlook.json"

SHARE_OF_GLANCE = 0.35
"""Weight of the glance; the view has the rest."""

TILES_THAT_COUNT = 2
"""A shallow-focus photo is judged where it is sharp: only its best tiles count."""

SOUND = 0.75
"""Soundness that undamaged photos of many cameras reach; above it nothing is lost."""

COST_OF_DAMAGE = 0.4
"""What a thoroughly damaged photo loses, on the raters' scale of 0 to 1, on top of what its overview shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A score that may lie outside of 1 to 10, and how far people's may lie from it (one standard deviation)."""

    score: float
    uncertainty: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Calibration:
    """Two piecewise linear tables over a network's raw output: the score, strictly increasing, and its uncertainty."""

    raw: Floats
    score: Floats
    doubt_at: Floats
    doubt: Floats

    def judge(self, raw: float) -> Judged:
        """Return score and uncertainty, points of the 1 to 10 scale; the table's last slopes go on beyond its ends."""
        score = np.interp(raw, self.raw, self.score)
        for end, beside, beyond in ((0, 1, min(raw - self.raw[0], 0.0)), (-1, -2, max(raw - self.raw[-1], 0.0))):
            score += beyond * (self.score[end] - self.score[beside]) / (self.raw[end] - self.raw[beside])
        return Judged(score=float(score), uncertainty=float(np.interp(raw, self.doubt_at, self.doubt)))


class Heads:
    """The networks, loaded and checked; one thread each, since the agent runs a worker for each core it may use."""

    def __init__(self, folder: Path) -> None:
        """Raise UserError, naming the file and the mend, where one is missing or is not the published one."""
        content = _read(folder / TABLE)
        self.mark = sha256(content).hexdigest()[:8]
        """Tells these weights from others; the table holds the checksums of the rest."""
        try:
            table = json.loads(content)
            self._quality = _network(folder, table["quality"])
            self._soundness = _network(folder, table["soundness"])
            self._beauty = _network(folder, table["beauty"])
            self._quality_scale = _calibration(table["quality"])
            self._beauty_scale = _calibration(table["beauty"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(_mend(folder / TABLE, "is damaged")) from error

    def quality(self, look: Look) -> Judged:
        """Judge technical quality: the whole frame in detail and in one glance, and native tiles of a large photo."""
        return self._quality_scale.judge(self.raw_quality(look))

    def beauty(self, look: Look) -> Judged:
        """Judge the beauty of the whole frame."""
        return self._beauty_scale.judge(self.raw_beauty(look))

    def raw_quality(self, look: Look) -> float:
        """Return the quality on the scale of BIQ2021's MOS, 0 to 1; it may lie slightly outside."""
        seen, glance = (_run(self._quality, view) for view in (look.view, glance_of(look.view)))
        return weighed(seen, glance) - COST_OF_DAMAGE * (1 - self.soundness(look))

    def raw_beauty(self, look: Look) -> float:
        """Return the beauty on the scale of OASIS, 1 to 7."""
        return _run(self._beauty, beauty_view(look.overview))

    def soundness(self, look: Look) -> float:
        """Return 1 where the best native tiles show no blur, shake, noise or compression, 0 where all are ruined.

        A photo that is small enough to be judged at its own size has no such tiles; its view shows all there is.
        """
        if not look.details:
            return 1.0
        # One by one: a batch of them takes a fifth longer, its maps no longer fit the processor's cache.
        best = sorted(_run(self._soundness, tile) for tile in look.details)[-TILES_THAT_COUNT:]
        return float(np.clip(np.mean(best) / SOUND, 0, 1))


def weighed(seen: float, glance: float) -> float:
    """Return the quality from that of the view and that of the glance."""
    return (1 - SHARE_OF_GLANCE) * seen + SHARE_OF_GLANCE * glance


def _run(network: onnxruntime.InferenceSession, view: Pixels) -> float:
    """Return what the network says of one view, shape (h, w, 3), sides multiples of `views.STRIDE`."""
    (output,) = network.run(None, {"pixels": view[None]})
    return float(output[0])


def _network(folder: Path, entry: Mapping[str, str]) -> onnxruntime.InferenceSession:
    file = folder / entry["file"]
    content = _read(file)
    if sha256(content).hexdigest() != entry["sha256"]:
        raise UserError(_mend(file, "is not the published file: its sha256 is another"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _calibration(entry: Mapping[str, Mapping[str, list[float]]]) -> Calibration:
    return Calibration(**{name: np.array(numbers, float) for name, numbers in entry["calibration"].items()})


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(_mend(file, f"can't be read ({error.strerror})")) from error


def _mend(file: Path, trouble: str) -> str:
    return f"the scorer firstlook can't start: {file} {trouble}. Install realqa-agent again"
