"""The model `realqa`, tiny and of the real architecture: pictures in, assessments out."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.frames import assessed, clip, first_look, grey, shown, silence

from realqa_agent.assessment import UNKNOWN, Assessment, Judgement
from realqa_agent.config import Config, Mllm
from realqa_agent.errors import AwayError, UserError
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.clips import pooled
from realqa_agent.scoring.mllm.digits import ncm, ncm_star
from realqa_agent.scoring.mllm.frames import pixels_of
from realqa_agent.scoring.mllm.prompts import NUMBERS, load
from realqa_agent.scoring.mllm.questions import Scale
from realqa_agent.scoring.mllm.scorer import RealQA
from realqa_agent.scoring.view import Silence

if TYPE_CHECKING:
    from support.frames import Pixels
    from support.tiny_mllm import TinyModels

BRIGHT, DARK = 200, 40

QUIET = {"explain": "never"}

UNDEREXPOSED = Judgement(value="underexposed", score=1.2, reason="median luma 4")

FLICKER = {0.5: grey(BRIGHT), 1.5: grey(DARK), 2.5: grey(BRIGHT)}
"""The frames of a clip."""


def model(folder: Path, **settings: Any) -> RealQA:
    return RealQA(Config(mllm=Mllm.model_validate({"model": folder, "device": "cpu", **QUIET, **settings})))


def texts_asked(one: RealQA, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of looks whenever texts are asked for."""
    asked: list[int] = []
    texts = one._model.texts

    def counted(looks: Sequence[Any], *rest: Any, **more: Any) -> Any:
        asked.append(len(looks))
        return texts(looks, *rest, **more)

    monkeypatch.setattr(one._model, "texts", counted)
    return asked


@pytest.fixture(scope="session")
def cat() -> Pixels:
    """A picture with edges, and long enough to be shrunk."""
    ramp = np.linspace(0, 255, 900, dtype=np.uint8)
    checks = (np.indices((700, 900)).sum(0) // 50 % 2 * 90).astype(np.uint8)
    return np.dstack([np.broadcast_to(ramp, (700, 900)) // 2 + checks, checks, 255 - checks])


class TestNumbers:
    def test_they_are_the_models_brought_from_its_scale_to_ours(self, taught: Path) -> None:
        one = model(taught, decode="greedy")
        for level, said in ((BRIGHT, 8.21), (DARK, 2.34)):
            found = assessed(one, grey(level))
            assert (found.scorer, found.version) == ("realqa", one.version)
            assert found.measures["raw_overall"] == said
            assert [found.measures[f"raw_quality_{end}"] for end in ("low", "high")] == [0.0, 9.99]
            assert found.overall == pytest.approx(1 + said * 9 / 9.99, abs=0.005)
            assert found.measures["digit_mass_quality"] > 0.9

    def test_all_likely_digits_count_unless_told_otherwise(self, taught: Path) -> None:
        found = assessed(model(taught), grey(BRIGHT))
        assert found.measures["raw_quality"] == pytest.approx(8.245, abs=0.02)  # the second decimal is not read
        assert found.uncertainty is not None
        assert found.uncertainty.quality < 0.3

    @pytest.mark.parametrize("at_once", [1, 2, 8])
    def test_one_by_one_is_as_all_at_once_and_twice_is_as_once(self, taught: Path, cat: Pixels, at_once: int) -> None:
        one = model(taught, decode="greedy")
        one.at_once = at_once
        items = [
            *(shown(picture, view=one.view) for picture in (grey(BRIGHT), cat, grey(DARK, width=300, height=400))),
            clip(FLICKER, view=one.view),
        ]
        together = one.assess_many(items)
        alone = [one.assess_many([item])[0] for item in items]
        assert [repr(each) for each in one.assess_many(items)] == [repr(each) for each in together]
        for each, other in zip(together, alone, strict=True):
            assert isinstance(each, Assessment)
            assert isinstance(other, Assessment)
            assert each.measures == pytest.approx(other.measures, abs=1e-5)
            assert replace(each, measures={}) == replace(other, measures={})

    def test_a_model_that_wants_to_say_no_number_gets_none(self, tiny: TinyModels) -> None:
        reason = silence(model(tiny.base("qwen2_vl")), grey(BRIGHT))
        assert "quality: " in reason
        assert "did not want to say a number" in reason

    def test_adapters_answer_for_what_they_were_trained_on(self, taught: Path, tiny: TinyModels) -> None:
        adapters = {"quality": tiny.adapter("qwen2_vl"), "aesthetic": tiny.adapter("qwen2_vl", seed=2)}
        plain = model(taught)
        adapted = model(taught, adapters=adapters, scales={"quality": (0, 9.99), "aesthetic": (0, 9.99)})
        assert adapted.version != plain.version
        (found,) = adapted.assess_many([shown(grey(BRIGHT), view=adapted.view)])
        said = found.reason if isinstance(found, Silence) else " ".join(found.measures)
        assert "quality" in said
        assert "overall" not in said

    @pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl"])
    def test_other_families_load_and_say_that_they_can_not(self, tiny: TinyModels, family: str) -> None:
        one = model(tiny.base(family), preprocess="official")
        assert one.view.official
        assert one.view.stride == {"qwen2_5_vl": 28, "qwen3_vl": 32}[family]
        assert silence(one, grey(BRIGHT))


class TestAttributes:
    def test_without_explanation_they_are_the_first_looks(self, taught: Path, cat: Pixels) -> None:
        first = first_look().assess(Picture.from_array(cat))
        found = assessed(model(taught), cat)
        assert found.attributes == first.attributes
        assert first.measures.items() <= found.measures.items()
        assert "answers_unread" not in found.measures

    def test_clarity_is_measured_at_full_size_whatever_the_model_says(self, taught: Path, cat: Pixels) -> None:
        found = assessed(model(taught, explain="all", explain_by="questions"), cat)
        measured = first_look().assess(Picture.from_array(cat)).attributes["image_clarity"]
        clarity = found.attributes["image_clarity"]
        assert (clarity.value, clarity.score) == (measured.value, measured.score)
        said = found.attributes["saturation"]
        assert said.value == UNKNOWN
        assert "the model" in said.reason

    def test_what_could_not_be_read_is_counted(self, taught: Path, cat: Pixels) -> None:
        found = assessed(model(taught, explain="all", explain_by="questions"), cat)
        # This one was taught to say scores, and answers so whatever it is asked. The ninth of those that are judged
        # is clarity, which is measured.
        unknown = [name for name, one in found.attributes.items() if one.value == UNKNOWN]
        assert found.measures["answers_unread"] >= len(unknown) - 1 > 0

    def test_only_the_borderline_ones_are_explained_if_asked_so(
        self, taught: Path, cat: Pixels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = model(taught, explain="borderline", explain_by="questions")
        explained = texts_asked(one, monkeypatch)
        one.assess_many([shown(picture, view=one.view) for picture in (grey(DARK), cat)])
        low = [
            look
            for look in (first_look().assess(Picture.from_array(picture)) for picture in (grey(DARK), cat))
            if any(
                score is not None and score < Config().culling.thresholds.review_below
                for score in (look.quality, look.attributes["image_clarity"].score, look.attributes["exposure"].score)
            )
        ]
        assert sum(explained) == len(low) == 1

    def test_facts_are_told_only_if_asked_so(self, taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told, untold = model(taught, facts=True), model(taught)
        assert told.version != untold.version
        (frame,) = shown(grey(4), view=told.view).frames
        black = replace(frame.first, attributes={**frame.first.attributes, "exposure": UNDEREXPOSED})
        for one, words in ((told, " exposure underexposed"), (untold, None)):
            asked: list[str] = []
            numbers = one._model.numbers

            def heard(looks: Any, questions: Any, asked: list[str] = asked, numbers: Any = numbers) -> Any:
                asked += [question.text for question in questions]
                return numbers(looks, questions)

            monkeypatch.setattr(one._model, "numbers", heard)
            one.assess_many([replace(shown(grey(4), view=one.view), frames=(replace(frame, first=black),))])
            assert len(asked) == len(NUMBERS)
            assert all((words in text) if words else ("underexposed" not in text) for text in asked)


class TestClips:
    def test_frames_are_judged_as_pictures_and_pooled(self, taught: Path) -> None:
        one = model(taught)
        item = clip(FLICKER, view=one.view)
        (found,) = one.assess_many([item])
        bright, dark = (assessed(one, grey(level)) for level in (BRIGHT, DARK))
        assert isinstance(found, Assessment)
        assert (found.scorer, found.version) == ("realqa", one.version)
        assert found.quality == pytest.approx(fmean([bright.quality, dark.quality, bright.quality]), abs=0.01)
        assert found.clip is not None
        assert (found.clip.frames, found.clip.lowest, found.clip.best_at_s) == (3, dark.overall, 0.5)
        assert found.measures["frames_unanswered"] == 0
        assert found.attributes == pooled([(frame.at_s, frame.first) for frame in item.frames]).attributes

    def test_a_clip_without_any_number_gets_none(self, tiny: TinyModels) -> None:
        one = model(tiny.base("qwen2_vl"))
        (found,) = one.assess_many([clip(FLICKER, view=one.view)])
        assert isinstance(found, Silence)
        assert found.reason.startswith("3 of 3 frames have no score; the first: ")

    def test_as_a_whole_it_is_asked_once_and_the_frames_tell_how_it_varies(
        self, taught: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, framewise = model(taught, clips="video", explain="all", explain_by="questions"), model(taught)
        assert one.version != model(taught, explain="all", explain_by="questions").version
        item = clip(FLICKER, view=one.view)
        explained = texts_asked(one, monkeypatch)
        (whole,), (frames,) = one.assess_many([item]), framewise.assess_many([item])
        assert isinstance(whole, Assessment)
        assert isinstance(frames, Assessment)
        assert sum(explained) == 1
        assert whole.clip == frames.clip
        assert whole.measures["frames_unanswered"] == 0
        engine = one._model
        looks = engine.watch([[pixels_of(frame) for frame in item.frames]], [[*FLICKER]])
        [beliefs] = engine.numbers(looks, load().questions(NUMBERS, scale=Scale(low=0, high=9.99)))
        for name, belief in zip(NUMBERS, beliefs, strict=True):
            assert whole.measures[f"digit_mass_{name}"] == pytest.approx(belief.mass, abs=1e-6)
        assert whole.quality != frames.quality

    def test_photos_are_none_the_less_photos(self, taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        one = model(taught, clips="video", explain="all", explain_by="questions")
        explained = texts_asked(one, monkeypatch)
        found, _ = one.assess_many([shown(grey(BRIGHT), view=one.view), clip(FLICKER, view=one.view)])
        assert sum(explained) == 2
        plain = assessed(model(taught, explain="all", explain_by="questions"), grey(BRIGHT))
        assert isinstance(found, Assessment)
        assert (found.quality, found.attributes, found.clip) == (plain.quality, plain.attributes, None)

    def test_frames_of_several_sizes_are_no_whole(self, taught: Path) -> None:
        one = model(taught, clips="video")
        odd = clip({0.5: grey(BRIGHT), 1.5: grey(BRIGHT, width=300, height=400)}, view=one.view)
        (found,) = one.assess_many([odd])
        assert found == Silence(reason="its frames are not all of one size: it can't be shown as a whole")


class TestLabels:
    def test_what_people_gave_is_held_against_the_models_digits(self, taught: Path) -> None:
        one = model(taught)
        right, wrong = ({"label": 1 + said * 9 / 9.99} for said in (8.21, 2.34))
        plain, fits, misses = (assessed(one, grey(BRIGHT), **more) for more in ({}, right, wrong))
        assert fits.measures["ncm_quality"] == pytest.approx(8.21, abs=0.2)
        assert fits.measures["ncm_star_quality"] < 0.3
        assert misses.measures["ncm_star_quality"] > 7
        (look,) = one._model.look([pixels_of(frame) for frame in shown(grey(BRIGHT), view=one.view).frames])
        for question in load().questions(NUMBERS, scale=Scale(low=0, high=9.99)):
            [places] = one._model.along([look], question, ["2.34"])
            assert misses.measures[f"ncm_{question.name}"] == pytest.approx(ncm(places), abs=1e-5)
            assert misses.measures[f"ncm_star_{question.name}"] == pytest.approx(ncm_star(places, "2.34"), abs=1e-5)
        assert not any("ncm" in name for name in plain.measures)
        beside = {name: value for name, value in fits.measures.items() if "ncm" not in name}
        assert replace(fits, measures=beside) == plain

    def test_a_label_that_the_model_can_not_write_is_left_out(self, taught: Path) -> None:
        ten = model(taught, scales={"overall": (0, 10)})
        assert not any("ncm" in name for name in assessed(ten, grey(BRIGHT), label=10).measures)
        assert "ncm_quality" in assessed(ten, grey(BRIGHT), label=9.9).measures

    def test_some_with_and_some_without(self, taught: Path) -> None:
        one = model(taught)
        one.at_once = 3
        items = [shown(grey(BRIGHT), view=one.view, label=label) for label in (None, 4.0, 10.0)]
        found = [each for each in one.assess_many(items) if isinstance(each, Assessment)]
        assert ["ncm_overall" in each.measures for each in found] == [False, True, True]


class TestVersion:
    def test_all_that_scores_depend_on_shows_in_it(self, taught: Path, tiny: TinyModels) -> None:
        changed: list[dict[str, Any]] = [
            {},
            {"decode": "greedy"},
            {"preprocess": "official"},
            {"facts": True},
            {"explain": "borderline"},
            {"scales": {"overall": (1, 9.99)}},
            {"adapters": {"overall": tiny.adapter("qwen2_vl")}},
            {"clips": "video"},
        ]
        assert len({model(taught, **settings).version for settings in changed}) == len(changed)
        assert model(taught).version == model(taught).version
        assert model(tiny.base("qwen2_vl")).version != model(taught).version

    def test_it_says_where_it_runs(self, taught: Path) -> None:
        one = model(taught)
        assert one.about == "the processor, fp32"
        assert one.at_once == 1


class TestTrouble:
    def test_without_a_model_the_way_forward_is_named(self) -> None:
        with pytest.raises(UserError, match=r"set `model` in \[mllm\]; `realqa model pull`"):
            RealQA(Config())

    def test_without_torch_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
        with pytest.raises(UserError, match=r"needs torch: install realqa-agent with its extra `mllm`"):
            RealQA(Config(mllm=Mllm(model=Path("/nowhere"))))

    def test_an_adapter_for_one_score_alone_is_not_asked_for_the_other(self, taught: Path, tiny: TinyModels) -> None:
        with pytest.raises(UserError, match="no adapter answers for aesthetic"):
            model(taught, adapters={"quality": tiny.adapter("qwen2_vl")})

    def test_a_scale_that_is_missing_is_named_at_the_start(self, taught: Path) -> None:
        with pytest.raises(UserError, match=r"`scales` in \[mllm\] doesn't tell the range of overall"):
            model(taught, scales={"quality": (1, 5)})

    def test_numbers_that_would_not_follow_digit_by_digit_stop_the_start(self, taught: Path, tmp_path: Path) -> None:
        from support.tiny_mllm import WITH_SYSTEM, tokenizer  # noqa: PLC0415 - it imports torch

        folder = shutil.copytree(taught, tmp_path / "model")
        tokenizer(WITH_SYSTEM, taken_together=(" 6",)).save_pretrained(folder)
        with pytest.raises(UserError, match="doesn't write a number digit by digit"):
            model(folder)

    def test_memory_that_is_short_is_no_fault_of_the_photos(
        self, taught: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = model(taught)

        def short(**_: Any) -> Any:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

        monkeypatch.setattr(one._model._loaded.network, "forward", short)  # type: ignore[attr-defined]  # our engine's
        with pytest.raises(AwayError, match="too little memory for one picture and one question"):
            one.assess_many([shown(grey(BRIGHT), view=one.view)])
