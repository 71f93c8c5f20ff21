"""The model `realqa`: a multimodal model judges and explains, the first look keeps an eye on the native pixels.

The model sees some 0.4 megapixels of a picture, too few to tell whether the focus sits (Gaussian blur of 2 pixels in
12 megapixels leaves it 20 to 58 % of the sharpness, at native size .2 %). So clarity stays the first look's, measured
at full size, and the model's word for it stands beside it.

A clip's frames are judged as pictures. Where a clip is to be judged as a whole, its scores and explanations are those
of the whole, and the frames tell how it varies.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from realqa_agent.assessment import UNKNOWN, Assessment, Judgement
from realqa_agent.errors import UserError
from realqa_agent.scoring.clips import pooled
from realqa_agent.scoring.mllm import answers, assessing, prompts, vocabulary
from realqa_agent.scoring.mllm.assessing import Given, who_answers
from realqa_agent.scoring.mllm.checkpoint import Precision, read_adapter, read_base
from realqa_agent.scoring.mllm.errands import NEEDED
from realqa_agent.scoring.mllm.frames import pixels_of, realqa_view
from realqa_agent.scoring.mllm.questions import Scale
from realqa_agent.scoring.mllm.trying import Trying
from realqa_agent.scoring.view import Silence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realqa_agent.config import Config, Mllm, Role
    from realqa_agent.scoring.mllm.answers import Told
    from realqa_agent.scoring.mllm.engine import Engine, Look
    from realqa_agent.scoring.view import Frame, Shown

MERGED = "overall"
"""What a model without adapters answers for."""

ANSWER_TOKENS, FORM_TOKENS = 96, 1024
"""Longest answers: one attribute, all of them."""

CLARITY = "image_clarity"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Who is asked, and what is known of it."""

    engine: Engine[Any]
    version: str
    """Of all that the scores depend on."""
    at_once: int
    about: str


@dataclass(kw_only=True, slots=True, eq=False)
class _Case:
    """One picture, or one clip as a whole, and what the model says of it."""

    frames: Sequence[Frame]
    times: Sequence[float]
    """Of a whole clip's frames; none for a picture."""
    first: Assessment
    label: float | None
    explained: bool
    facts: tuple[str, ...]
    numbers: dict[str, Given] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    against: dict[str, float] = field(default_factory=dict)
    """Measures of how it fits the label."""


class RealQA:
    """Scores with a model of the Qwen-VL line, adapters or merged, after the RealQA paper."""

    name = "realqa"

    def __init__(self, config: Config) -> None:
        """Load the model; raise UserError with what to do if it can't be used as it is, AwayError if it can't now."""
        self._settings = settings = config.mllm
        self._scales = {str(role): Scale(low=low, high=high) for role, (low, high) in settings.scales.items()}
        self._roles = self._questions_by_role()
        self._borderline_below = config.culling.thresholds.review_below
        self._prompts = prompts.load(settings.prompts)
        self._vocabulary = vocabulary.load(settings.vocabulary)
        asked = self._loaded(config)
        self._model, self.version, self.at_once, self.about = asked.engine, asked.version, asked.at_once, asked.about
        self.view = realqa_view(self._model.spec.stride, official=settings.preprocess == "official")

    def assess_many(self, shown: Sequence[Shown]) -> list[Assessment | Silence]:
        """Score and explain photos and clips, as many pictures at once as it is good for."""
        if (trial := shown[0].trial) is not None:  # of all of them: an evaluation has its models to itself
            return self._trying(trial.score).judged(shown, trial, self.at_once)
        as_wholes = self._settings.clips == "video"
        cases = [
            self._case((frame,), frame.first, item.label, mute=as_wholes and frame.at_s is not None)
            for item in shown
            for frame in item.frames
        ]
        judged = iter(self._judged(cases))
        found = [assessing.pooled(item.frames, [next(judged) for _ in item.frames]) for item in shown]
        return [self._as_a_whole(*one) for one in zip(shown, found, strict=True)] if as_wholes else found

    def _trying(self, score: Role) -> Trying:
        """Return who asks for one score alone."""
        role = next(role for role, names in self._roles.items() if score in names)
        self._model.use(role if role in self._settings.adapters else None)
        return Trying(
            engine=self._model,
            prompts=self._prompts,
            scale=self._scales[role],
            decode=self._settings.decode,
            scorer=self.name,
            version=self.version,
        )

    def _as_a_whole(self, item: Shown, frames: Assessment | Silence) -> Assessment | Silence:
        """Given what was made of a clip's frames, return what the model makes of the whole; a photo stays as it is."""
        if item.frames[0].at_s is None or isinstance(frames, Silence):
            return frames
        if len({(frame.width, frame.height) for frame in item.frames}) > 1:
            return Silence(reason="its frames are not all of one size: it can't be shown as a whole")
        times = [frame.at_s for frame in item.frames if frame.at_s is not None]
        first = pooled([(frame.at_s, frame.first) for frame in item.frames])
        (whole,) = self._judged([self._case(item.frames, first, item.label, times=times)])
        if isinstance(whole, Silence):
            return whole
        return replace(whole, clip=frames.clip, measures={**frames.measures, **whole.measures})

    def _case(
        self,
        frames: Sequence[Frame],
        first: Assessment,
        label: float | None,
        *,
        times: Sequence[float] = (),
        mute: bool = False,
    ) -> _Case:
        return _Case(
            frames=frames,
            times=times,
            first=first,
            label=label,
            explained=not mute and self._is_to_be_explained(first),
            facts=self._facts(first),
        )

    def _judged(self, cases: Sequence[_Case]) -> list[Assessment | Silence]:
        """Return what the model makes of each case."""
        # Never all of them together: each look that is kept takes memory of the card.
        for start in range(0, len(cases), self.at_once):
            self._ask(cases[start : start + self.at_once])
        return [self._merged(case) for case in cases]

    def _ask(self, cases: Sequence[_Case]) -> None:
        """Have the model's answers put into the cases."""
        explainer = MERGED if MERGED in self._roles else next(iter(self._roles))
        for role, names in self._roles.items():
            self._model.use(role if role in self._settings.adapters else None)
            alike: defaultdict[tuple[str, ...], list[tuple[_Case, Look]]] = defaultdict(list)
            for case, look in zip(cases, self._looks(cases), strict=True):
                alike[case.facts].append((case, look))
            for facts, some in alike.items():
                self._ask_numbers(some, names, self._scales[role], facts)
                if role == explainer:
                    self._ask_texts([one for one in some if one[0].explained], self._scales[role], facts)

    def _looks(self, cases: Sequence[_Case]) -> list[Look]:
        """Return a look at each case; they are all pictures or all wholes."""
        pixels = [[pixels_of(frame) for frame in case.frames] for case in cases]
        if cases[0].times:
            return self._model.watch(pixels, [case.times for case in cases])
        return self._model.look([picture for (picture,) in pixels])

    def _ask_numbers(
        self, some: Sequence[tuple[_Case, Look]], names: Sequence[str], scale: Scale, facts: Sequence[str]
    ) -> None:
        """Ask for these scores, and how they fit the labels."""
        asked = self._prompts.questions(names, scale=scale, facts=facts)
        for (case, _), beliefs in zip(some, self._model.numbers([look for _, look in some], asked), strict=True):
            case.numbers |= {name: Given(answer=one, scale=scale) for name, one in zip(names, beliefs, strict=True)}
        labelled = [
            (case, look, label)
            for case, look in some
            if case.label is not None and (label := assessing.written(case.label, scale)) is not None
        ]
        for question in asked if labelled else ():
            along = self._model.along([look for _, look, _ in labelled], question, [label for *_, label in labelled])
            for (case, _, label), places in zip(labelled, along, strict=True):
                case.against |= assessing.against(question.name, label, places)

    def _ask_texts(self, some: Sequence[tuple[_Case, Look]], scale: Scale, facts: Sequence[str]) -> None:
        """Ask for the attributes."""
        how = self._settings.explain_by
        names = {"regular": [prompts.REGULAR], "natural": [prompts.NATURAL], "questions": list(prompts.ABOUT)}[how]
        asked = self._prompts.questions(names, scale=scale, facts=facts)
        said = self._model.texts(
            [look for _, look in some],
            asked,
            limit=ANSWER_TOKENS if how == "questions" else FORM_TOKENS,
            pattern=self._prompts.form.pattern if how == "regular" else None,
        )
        for (case, _), texts in zip(some, said, strict=True):
            case.told += [answers.told(*one, self._vocabulary) for one in zip(asked, texts, strict=True)]

    def _merged(self, case: _Case) -> Assessment | Silence:
        """Bring what the model says together with what was measured."""
        first = case.first
        assessed = assessing.assess(
            scorer=self.name,
            version=self.version,
            numbers=case.numbers,
            told=case.told,
            decode=self._settings.decode,
        )
        if isinstance(assessed, Silence):
            return assessed
        attributes = {
            name: judgement if judgement.score is not None or case.told else first.attributes[name]
            for name, judgement in assessed.attributes.items()
        }
        attributes[CLARITY] = _with_a_second_voice(first.attributes[CLARITY], assessed.attributes[CLARITY])
        return replace(
            assessed, attributes=attributes, measures={**first.measures, **assessed.measures, **case.against}
        )

    def _is_to_be_explained(self, first: Assessment) -> bool:
        match self._settings.explain:
            case "all":
                return True
            case "never":
                return False
            case "borderline":
                scores = [first.quality, first.attributes[CLARITY].score, first.attributes["exposure"].score]
                return any(score is not None and score < self._borderline_below for score in scores)

    def _facts(self, first: Assessment) -> tuple[str, ...]:
        """Return what was measured at full size and looks wrong, most telling first."""
        if not self._settings.facts:
            return ()
        low = [
            (judgement.score, f"{name.replace('_', ' ')} {judgement.value}")
            for name, judgement in first.attributes.items()
            if judgement.score is not None and judgement.score < self._borderline_below
        ]
        return tuple(text for _, text in sorted(low))

    def _questions_by_role(self) -> dict[str, list[str]]:
        """Return which score questions each adapter answers."""
        chosen = who_answers(self._settings.adapters or {MERGED})
        roles = {role: [name for name, who in chosen.items() if who == role] for role in sorted(set(chosen.values()))}
        if missing := roles.keys() - self._scales.keys():
            raise UserError(f"`scales` in [mllm] doesn't tell the range of {', '.join(sorted(missing))}")
        return roles

    def _loaded(self, config: Config) -> Asked:
        """Return what is asked about pictures."""
        settings = config.mllm
        base = read_base(model_folder(settings, self.name))
        if not base.family.keeps_looks:
            raise UserError(f"{base.folder} is a {base.family.architecture}, which only the scorer qrealign can ask")
        from realqa_agent.scoring.mllm import loading, looking  # noqa: PLC0415 - torch takes seconds and may be missing

        adapters = {str(role): read_adapter(folder) for role, folder in settings.adapters.items()}
        precision = None if settings.precision == "auto" else Precision(settings.precision)
        loaded = loading.load(base, adapters, device=settings.device, precision=precision)
        engine = looking.Model(loaded)
        self._check(engine, config)
        return Asked(
            engine=engine,
            version=self._version(
                base.mark, *(f"{role}={adapter.mark}" for role, adapter in adapters.items()), loaded.precision.value
            ),
            at_once=loaded.at_once,
            about=loaded.about,
        )

    def _check(self, engine: Engine[Any], config: Config) -> None:
        """Raise UserError if what is to be asked can't be."""
        for role, names in self._roles.items():
            engine.check(self._prompts.questions(names, scale=self._scales[role]))
        if config.mllm.clips == "video":
            engine.check_clips(config.media.clip_frames)

    def _version(self, base: str, *parts: str) -> str:
        """Return a name for all that the scores depend on: readable where it is short, else a hash."""
        settings = self._settings
        depends = [
            *parts,
            *(f"{role}={low:g}..{high:g}" for role, (low, high) in sorted(settings.scales.items())),
            *(settings.preprocess, settings.decode, settings.explain, settings.explain_by, str(settings.facts)),
            settings.clips,
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
