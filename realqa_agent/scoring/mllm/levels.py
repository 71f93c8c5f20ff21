"""The scorer `qrealign`: quality and aesthetics in five words, for cards of 8 GB.

Q-ReAlign (models Mini, Lite and Pro on Qwen3.5) goes on from "The quality of the image is" with one of five words; the
mean of their weights by their chances is the score. It explains nothing, and its figures are its authors' own.

Its code begins the answer with a space and without thinking aloud, its README's example with neither. Here it is done
as in the code, which is what its published figures were made with.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, HIGHEST, LOWEST, Assessment, Uncertainty
from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.scoring.mllm.answers import Unanswered
from realqa_agent.scoring.mllm.assessing import Failure
from realqa_agent.scoring.mllm.checkpoint import Precision, read_base
from realqa_agent.scoring.mllm.packing import Area, fit, sized
from realqa_agent.scoring.mllm.questions import Kind, Question
from realqa_agent.scoring.mllm.scorer import model_folder
from realqa_agent.scoring.mllm.vocabulary import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.config import Config
    from realqa_agent.media.picture import Picture

    Pixels = npt.NDArray[np.uint8]

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

AREA = Area(least=256 * 256, most=1024 * 1024)
"""What it is shown. Its makers set no limit, and much of what it learnt from has 1024 by 768 pixels."""

SURE_OF_WORDS = 0.5
"""With less than this on the five words together, it is no model that was taught to say them."""

SILENT = unknown("Q-ReAlign rates a picture as a whole and says nothing of attributes")

FORM = f"{WEIGHTS}{QUESTIONS}{AREA}"


class Levels:
    """Scores with Q-ReAlign."""

    name = "qrealign"

    def __init__(self, config: Config) -> None:
        """Load the model; raise UserError with what to do if it can't be used as it is."""
        settings = config.mllm
        base = read_base(model_folder(settings, self.name))
        from realqa_agent.scoring.mllm import loading, looking  # noqa: PLC0415 - torch takes seconds and may be missing

        precision = None if settings.precision == "auto" else Precision(settings.precision)
        loaded = loading.load(base, {}, device=settings.device, precision=precision)
        for question in QUESTIONS.values():
            loaded.chat.next_words(question, [*WEIGHTS])
        self._model = looking.Model(loaded)
        self.version = f"{base.mark}-{loaded.precision}-{hashlib.sha256(FORM.encode()).hexdigest()[:8]}"

    def assess(self, picture: Picture) -> Assessment:
        """Score one upright picture; RefusedError if the model says none of its words."""
        (assessed,) = self.assess_many([picture])
        if isinstance(assessed, Failure):
            raise RefusedError(RefusalKind.UNANSWERED, assessed.reason)
        return assessed

    def assess_many(self, pictures: Sequence[Picture]) -> list[Assessment | Failure]:
        """Score several pictures, as many at once as memory allows."""
        shown = [self._shown(picture) for picture in pictures]
        return [self._assessed(chances) for chances in self._model.levels(shown, [*QUESTIONS.values()], [*WEIGHTS])]

    def _assessed(self, chances: Sequence[Sequence[float]]) -> Assessment | Failure:
        given = dict(zip(QUESTIONS, chances, strict=True))
        masses = {name: math.fsum(each) for name, each in given.items()}
        if unsure := {name: mass for name, mass in masses.items() if not mass >= SURE_OF_WORDS}:
            return Failure(unanswered={name: Unanswered(raw="", why=_why(mass)) for name, mass in unsure.items()})
        read = {name: _mean(each) for name, each in given.items()}
        quality, aesthetic = (LOWEST + (HIGHEST - LOWEST) * read[name][0] for name in QUESTIONS)
        spreads = [(HIGHEST - LOWEST) * read[name][1] for name in QUESTIONS]
        return Assessment(
            scorer=self.name,
            version=self.version,
            quality=quality,
            aesthetic=aesthetic,
            overall=(quality + aesthetic) / 2,
            attributes=dict.fromkeys(ATTRIBUTES, SILENT),
            measures=_measures(read, masses),
            uncertainty=Uncertainty(quality=spreads[0], aesthetic=spreads[1]),
        )

    def _shown(self, picture: Picture) -> Pixels:
        """Return the picture at the size that the model is shown."""
        spec = self._model.spec
        # Twice as long as needed, so that it isn't resampled twice at nearly the same size.
        return sized(picture.overview(2 * max(fit(picture.width, picture.height, spec, AREA))), spec, area=AREA)


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
