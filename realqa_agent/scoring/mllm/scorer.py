"""The scorer `realqa`: a multimodal model judges and explains, the first look keeps an eye on the native pixels.

The model sees some 0.4 megapixels of a picture, too few to tell whether the focus sits (Gaussian blur of 2 pixels in
12 megapixels leaves it 20 to 58 % of the sharpness, at native size .2 %). So clarity stays the first look's, measured
at full size, and the model's word for it stands beside it.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from realqa_agent.assessment import UNKNOWN, Assessment, Judgement
from realqa_agent.errors import RefusalKind, RefusedError, UserError
from realqa_agent.scoring.firstlook.scorer import FirstLook
from realqa_agent.scoring.mllm import answers, assessing, prompts, vocabulary
from realqa_agent.scoring.mllm.assessing import Failure, Given, who_answers
from realqa_agent.scoring.mllm.checkpoint import Precision, read_adapter, read_base
from realqa_agent.scoring.mllm.errands import NEEDED
from realqa_agent.scoring.mllm.packing import REALQA_AREA, Mode, fit, sized
from realqa_agent.scoring.mllm.questions import Scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.config import Config, Mllm
    from realqa_agent.media.picture import Picture
    from realqa_agent.scoring.mllm.engine import Engine, Look
    from realqa_agent.scoring.mllm.questions import DigitBelief

    Pixels = npt.NDArray[np.uint8]

MERGED = "overall"
"""What a model without adapters answers for."""

ANSWER_TOKENS, FORM_TOKENS = 96, 1024
"""Longest answers: one attribute, all of them."""

CLARITY = "image_clarity"


class RealQA:
    """Scores with a model of the Qwen-VL line, adapters or merged, after the RealQA paper."""

    name = "realqa"

    def __init__(self, config: Config) -> None:
        """Load the model; raise UserError with what to do if it can't be used as it is."""
        self._settings = settings = config.mllm
        self._scales = {str(role): Scale(low=low, high=high) for role, (low, high) in settings.scales.items()}
        self._borderline_below = config.culling.thresholds.review_below
        self._first = FirstLook(config)
        self._prompts = prompts.load(settings.prompts)
        self._vocabulary = vocabulary.load(settings.vocabulary)
        self._model, self.version = self._loaded(config)
        self._spec = self._model.spec

    def assess(self, picture: Picture) -> Assessment:
        """Score and explain one upright picture; RefusedError if the model gives no number."""
        (assessed,) = self.assess_many([picture])
        if isinstance(assessed, Failure):
            raise RefusedError(RefusalKind.UNANSWERED, assessed.reason)
        return assessed

    def assess_many(self, pictures: Sequence[Picture]) -> list[Assessment | Failure]:
        """Score and explain several pictures, as many at once as memory allows."""
        firsts = [self._first.assess(picture) for picture in pictures]
        shown = [self._shown(picture) for picture in pictures]
        explained = [number for number, first in enumerate(firsts) if self._is_to_be_explained(first)]
        numbers: list[dict[str, Given]] = [{} for _ in pictures]
        told: list[list[answers.Told]] = [[] for _ in pictures]
        roles = self._questions_by_role()
        explainer = MERGED if MERGED in roles else next(iter(roles))
        for role, names in roles.items():
            self._model.use(role if role in self._settings.adapters else None)
            looks, scale = self._model.look(shown), self._scales[role]
            for given, beliefs in zip(numbers, self._numbers(looks, firsts, names, scale), strict=True):
                given.update({name: Given(answer=one, scale=scale) for name, one in zip(names, beliefs, strict=True)})
            if role == explainer:
                some = [looks[number] for number in explained], [firsts[number] for number in explained]
                for number, texts in zip(explained, self._texts(*some, scale), strict=True):
                    told[number] = texts
        return [self._merged(first, given, said) for first, given, said in zip(firsts, numbers, told, strict=True)]

    def _questions_by_role(self) -> dict[str, list[str]]:
        """Return which score questions each adapter answers."""
        chosen = who_answers(self._settings.adapters or {MERGED})
        return {role: [name for name, who in chosen.items() if who == role] for role in sorted(set(chosen.values()))}

    def _numbers(
        self, looks: Sequence[Look], firsts: Sequence[Assessment], names: Sequence[str], scale: Scale
    ) -> list[list[DigitBelief]]:
        """Return what the model believes of these scores, by picture."""
        if not self._settings.facts:
            return self._model.numbers(looks, self._prompts.questions(names, scale=scale))
        return [
            look.numbers(self._prompts.questions(names, scale=scale, facts=self._facts(first)))
            for look, first in zip(looks, firsts, strict=True)
        ]

    def _texts(self, looks: Sequence[Look], firsts: Sequence[Assessment], scale: Scale) -> Iterator[list[answers.Told]]:
        """Yield what the model says of the attributes, by picture."""
        how = self._settings.explain_by
        names = {"regular": [prompts.REGULAR], "natural": [prompts.NATURAL], "questions": list(prompts.ABOUT)}[how]
        pattern = self._prompts.form.pattern if how == "regular" else None
        limit = ANSWER_TOKENS if how == "questions" else FORM_TOKENS
        asked = self._prompts.questions(names, scale=scale)
        if not self._settings.facts:
            said = self._model.texts(looks, asked, limit=limit, pattern=pattern)
        else:
            said = [
                look.texts(
                    self._prompts.questions(names, scale=scale, facts=self._facts(first)), limit=limit, pattern=pattern
                )
                for look, first in zip(looks, firsts, strict=True)
            ]
        for texts in said:
            yield [answers.told(question, text, self._vocabulary) for question, text in zip(asked, texts, strict=True)]

    def _merged(self, first: Assessment, numbers: dict[str, Given], told: list[answers.Told]) -> Assessment | Failure:
        """Bring what the model says together with what was measured."""
        assessed = assessing.assess(
            scorer=self.name, version=self.version, numbers=numbers, told=told, decode=self._settings.decode
        )
        if isinstance(assessed, Failure):
            return assessed
        attributes = {
            name: judgement if judgement.score is not None or told else first.attributes[name]
            for name, judgement in assessed.attributes.items()
        }
        attributes[CLARITY] = _with_a_second_voice(first.attributes[CLARITY], assessed.attributes[CLARITY])
        return replace(assessed, attributes=attributes, measures={**first.measures, **assessed.measures})

    def _is_to_be_explained(self, first: Assessment) -> bool:
        match self._settings.explain:
            case "all":
                return True
            case "never":
                return False
            case "borderline":
                scores = [first.quality, first.attributes[CLARITY].score, first.attributes["exposure"].score]
                return any(score is not None and score < self._borderline_below for score in scores)

    def _facts(self, first: Assessment) -> list[str]:
        """Return what was measured at full size and looks wrong, most telling first."""
        if not self._settings.facts:
            return []
        low = [
            (judgement.score, f"{name.replace('_', ' ')} {judgement.value}")
            for name, judgement in first.attributes.items()
            if judgement.score is not None and judgement.score < self._borderline_below
        ]
        return [text for _, text in sorted(low)]

    def _shown(self, picture: Picture) -> Pixels:
        """Return the picture at the size that the model is shown."""
        mode = Mode(self._settings.preprocess)
        if mode is Mode.OFFICIAL:
            return sized(picture.tile(0, 0, picture.width, picture.height), self._spec, mode=mode)
        # Twice as long as needed, so that it isn't resampled twice at nearly the same size.
        long_side = 2 * max(fit(picture.width, picture.height, self._spec, REALQA_AREA))
        return sized(picture.overview(long_side), self._spec, mode=mode)

    def _loaded(self, config: Config) -> tuple[Engine[Any], str]:
        """Return what is asked about pictures, and the version of the whole."""
        settings = config.mllm
        base = read_base(model_folder(settings, self.name))
        if not base.family.keeps_looks:
            raise UserError(f"{base.folder} is a {base.family.architecture}, which only the scorer qrealign can ask")
        from realqa_agent.scoring.mllm import loading, looking  # noqa: PLC0415 - torch takes seconds and may be missing

        adapters = {str(role): read_adapter(folder) for role, folder in settings.adapters.items()}
        precision = None if settings.precision == "auto" else Precision(settings.precision)
        loaded = loading.load(base, adapters, device=settings.device, precision=precision)
        return looking.Model(loaded), self._version(
            base.mark, *(f"{role}={adapter.mark}" for role, adapter in adapters.items()), loaded.precision.value
        )

    def _version(self, base: str, *parts: str) -> str:
        """Return a name for all that the scores depend on: readable where it is short, else a hash."""
        settings = self._settings
        depends = [
            *parts,
            self._first.version,
            *(f"{role}={low:g}..{high:g}" for role, (low, high) in sorted(settings.scales.items())),
            *(settings.preprocess, settings.decode, settings.explain, settings.explain_by, str(settings.facts)),
        ]
        rest = hashlib.sha256("\n".join(depends).encode()).hexdigest()[:8]
        return f"{base}-{rest}-{self._prompts.version}-{self._vocabulary.version}"


def model_folder(settings: Mllm, scorer: str) -> Path:
    """Return where the model is; raise UserError if none is named, or if a package that runs it is missing."""
    if missing := [package for package in NEEDED if importlib.util.find_spec(package) is None]:
        raise UserError(
            f"the scorer {scorer} needs {', '.join(missing)}: install realqa-agent with its extra `mllm`, torch first"
        )
    if settings.model is None:
        raise UserError(f"the scorer {scorer} needs a model: set `model` in [mllm]; `realqa model pull` fetches one")
    return settings.model


def _with_a_second_voice(measured: Judgement, said: Judgement) -> Judgement:
    """Return the measured clarity with the model's word for it in the reason; that alone if nothing was measured."""
    if said.value == UNKNOWN:
        return measured
    if measured.value == UNKNOWN:
        return said
    return replace(measured, reason=f"{measured.reason}; the model says: {said.value}")
