"""The model `qrealign`: quality and aesthetics in five words, for cards of 8 GB.

Q-ReAlign (models Mini, Lite and Pro on Qwen3.5) goes on from "The quality of the image is" with one of five words; the
mean of their weights by their chances is the score. It says nothing of attributes: those stay the first look's.

Its code begins the answer with a space and without thinking aloud, its README's example with neither. Here it is done
as in the code, which is what its published figures were made with.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from realqa_agent.assessment import HIGHEST, LOWEST, Assessment, Uncertainty
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import assessing
from realqa_agent.scoring.mllm.checkpoint import Precision, read_base
from realqa_agent.scoring.mllm.frames import pixels_of
from realqa_agent.scoring.mllm.questions import Kind, Question
from realqa_agent.scoring.mllm.scorer import model_folder
from realqa_agent.scoring.view import Silence, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from realqa_agent.config import Config
    from realqa_agent.scoring.view import Shown

WEIGHTS = {" excellent": 1.0, " good": 0.75, " fair": 0.5, " poor": 0.25, " bad": 0.0}
"""The words, which are single tokens only with the space before them, and what they count."""

QUESTIONS = {
    "quality": Question(
        name="quality",
        kind=Kind.NUMBER,
        text="How would you rate the quality of this image?",
        start=" The quality of the image is",
    ),
    "aesthetic": Question(
        name="aesthetic",
        kind=Kind.NUMBER,
        text="How would you rate the aesthetics of this image?",
        start=" The aesthetics of the image is",
    ),
}

LEAST, MOST = 256 * 256, 1024 * 1024
"""Pixels that it is shown. Its makers set no limit, and much of what it learnt from has 1024 by 768 pixels."""

SURE_OF_WORDS = 0.5
"""With less than this on the five words together, it is no model that was taught to say them."""

FORM = f"{WEIGHTS}{QUESTIONS}{LEAST}..{MOST}"


def view(stride: int) -> View:
    """Return how it is shown pictures, for a vision tower with this stride."""
    return View(stride=stride, least=LEAST, most=MOST)


class Levels:
    """Scores with Q-ReAlign."""

    name = "qrealign"

    def __init__(self, config: Config) -> None:
        """Load the model; raise UserError with what to do if it can't be used as it is, AwayError if it can't now."""
        settings = config.mllm
        if settings.clips == "video":
            raise UserError('the scorer qrealign judges clips frame by frame: set `clips` in [mllm] to "frames"')
        base = read_base(model_folder(settings, self.name))
        from realqa_agent.scoring.mllm import loading, looking  # noqa: PLC0415 - torch takes seconds and may be missing

        precision = None if settings.precision == "auto" else Precision(settings.precision)
        loaded = loading.load(base, {}, device=settings.device, precision=precision)
        for question in QUESTIONS.values():
            loaded.chat.next_words(question, [*WEIGHTS])
        self._model = looking.Model(loaded)
        self.view = view(loaded.spec.stride)
        self.at_once, self.about = loaded.at_once, loaded.about
        self.version = f"{base.mark}-{loaded.precision}-{hashlib.sha256(FORM.encode()).hexdigest()[:8]}"

    def assess_many(self, shown: Sequence[Shown]) -> list[Assessment | Silence]:
        """Score photos and clips, as many pictures at once as memory allows."""
        pixels = [pixels_of(frame) for item in shown for frame in item.frames]
        chances = iter(self._model.levels(pixels, [*QUESTIONS.values()], [*WEIGHTS]))
        return [
            assessing.pooled(item.frames, [self._assessed(frame.first, next(chances)) for frame in item.frames])
            for item in shown
        ]

    def _assessed(self, first: Assessment, chances: Sequence[Sequence[float]]) -> Assessment | Silence:
        given = dict(zip(QUESTIONS, chances, strict=True))
        masses = {name: math.fsum(each) for name, each in given.items()}
        if unsure := {name: mass for name, mass in masses.items() if not mass >= SURE_OF_WORDS}:
            return Silence(reason="; ".join(f"{name}: {_why(mass)}" for name, mass in unsure.items()))
        read = {name: _mean(each) for name, each in given.items()}
        quality, aesthetic = (LOWEST + (HIGHEST - LOWEST) * read[name][0] for name in QUESTIONS)
        spreads = [(HIGHEST - LOWEST) * read[name][1] for name in QUESTIONS]
        return Assessment(
            scorer=self.name,
            version=self.version,
            quality=quality,
            aesthetic=aesthetic,
            overall=(quality + aesthetic) / 2,
            attributes=first.attributes,
            measures={**first.measures, **_measures(read, masses)},
            uncertainty=Uncertainty(quality=spreads[0], aesthetic=spreads[1]),
        )


def _mean(chances: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation of the weights, 0 to 1."""
    total = math.fsum(chances)
    pairs = [(weight, chance / total) for weight, chance in zip(WEIGHTS.values(), chances, strict=True)]
    mean = math.fsum(weight * share for weight, share in pairs)
    return min(mean, 1.0), math.sqrt(math.fsum((weight - mean) ** 2 * share for weight, share in pairs))


def _measures(read: Mapping[str, tuple[float, float]], masses: Mapping[str, float]) -> dict[str, float]:
    measures: dict[str, float] = {}
    for name, (mean, _) in read.items():
        measures |= {f"raw_{name}": mean, f"raw_{name}_low": 0.0, f"raw_{name}_high": 1.0}
        measures[f"level_mass_{name}"] = masses[name]
    return measures


def _why(mass: float) -> str:
    return f"the model gave its five words together only {mass:.0%}: is it a Q-ReAlign?"
