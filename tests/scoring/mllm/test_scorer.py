"""The scorer `realqa` with a tiny model of the real architecture: pictures in, assessments out."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realqa_agent.assessment import UNKNOWN, Assessment, Judgement
from realqa_agent.config import Config, Mllm
from realqa_agent.errors import RefusalKind, RefusedError, UserError
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.firstlook.scorer import FirstLook
from realqa_agent.scoring.mllm.scorer import RealQA

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

BRIGHT, DARK = 200, 40

QUIET = {"explain": "never"}

UNDEREXPOSED = Judgement(value="underexposed", score=1.2, reason="median luma 4")


def scorer(model: Path, **settings: Any) -> RealQA:
    return RealQA(Config(mllm=Mllm.model_validate({"model": model, "device": "cpu", **QUIET, **settings})))


def grey(level: int, *, width: int = 400, height: int = 300) -> Picture:
    return Picture.from_array(np.full((height, width, 3), level, np.uint8))


@pytest.fixture(scope="session")
def cat() -> Picture:
    """A picture with edges, and long enough to be shrunk."""
    ramp = np.linspace(0, 255, 900, dtype=np.uint8)
    checks = (np.indices((700, 900)).sum(0) // 50 % 2 * 90).astype(np.uint8)
    return Picture.from_array(np.dstack([np.broadcast_to(ramp, (700, 900)) // 2 + checks, checks, 255 - checks]))


class TestNumbers:
    def test_they_are_the_models_brought_from_its_scale_to_ours(self, taught: Path) -> None:
        bright, dark = scorer(taught, decode="greedy").assess_many([grey(BRIGHT), grey(DARK)])
        for assessed, said in ((bright, 8.21), (dark, 2.34)):
            assert isinstance(assessed, Assessment), assessed
            assert assessed.measures["raw_overall"] == said
            assert [assessed.measures[f"raw_quality_{end}"] for end in ("low", "high")] == [0.0, 9.99]
            assert assessed.overall == pytest.approx(1 + said * 9 / 9.99, abs=0.005)
            assert assessed.measures["digit_mass_quality"] > 0.9

    def test_all_likely_digits_count_unless_told_otherwise(self, taught: Path) -> None:
        assessed = scorer(taught).assess(grey(BRIGHT))
        assert assessed.measures["raw_quality"] == pytest.approx(8.245, abs=0.02)  # the second decimal is not read
        assert assessed.uncertainty is not None
        assert assessed.uncertainty.quality < 0.3

    def test_one_by_one_is_as_all_at_once_and_twice_is_as_once(self, taught: Path, cat: Picture) -> None:
        one = scorer(taught, decode="greedy")
        pictures = [grey(BRIGHT), cat, grey(DARK, width=300, height=400)]
        together = one.assess_many(pictures)
        assert together == [*(one.assess_many([picture])[0] for picture in pictures)]
        assert together == one.assess_many(pictures)

    def test_a_model_that_wants_to_say_no_number_gets_none(self, tiny: TinyModels) -> None:
        with pytest.raises(RefusedError, match=r"quality: .*digits") as refused:
            scorer(tiny.base("qwen2_vl")).assess(grey(BRIGHT))
        assert refused.value.kind is RefusalKind.UNANSWERED

    def test_adapters_answer_for_what_they_were_trained_on(self, taught: Path, tiny: TinyModels) -> None:
        adapters = {"quality": tiny.adapter("qwen2_vl"), "aesthetic": tiny.adapter("qwen2_vl", seed=2)}
        plain = scorer(taught)
        adapted = scorer(taught, adapters=adapters, scales={"quality": (0, 9.99), "aesthetic": (0, 9.99)})
        assert adapted.version != plain.version
        (assessed,) = adapted.assess_many([grey(BRIGHT)])
        answered = getattr(assessed, "measures", None) or getattr(assessed, "unanswered", {})
        assert "overall" not in answered
        assert "raw_overall" not in answered

    @pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl"])
    def test_other_families_load_and_say_that_they_can_not(self, tiny: TinyModels, family: str) -> None:
        with pytest.raises(RefusedError):
            scorer(tiny.base(family), preprocess="official").assess(grey(BRIGHT))


class TestAttributes:
    def test_without_explanation_they_are_the_first_looks(self, taught: Path, cat: Picture) -> None:
        assert scorer(taught).assess(cat).attributes == FirstLook(Config()).assess(cat).attributes

    def test_clarity_is_measured_at_full_size_whatever_the_model_says(self, taught: Path, cat: Picture) -> None:
        assessed = scorer(taught, explain="all", explain_by="questions").assess(cat)
        measured = FirstLook(Config()).assess(cat).attributes["image_clarity"]
        clarity = assessed.attributes["image_clarity"]
        assert (clarity.value, clarity.score) == (measured.value, measured.score)
        said = assessed.attributes["saturation"]
        assert said.value == UNKNOWN
        assert "the model" in said.reason

    def test_only_the_borderline_ones_are_explained_if_asked_so(
        self, taught: Path, cat: Picture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = scorer(taught, explain="borderline", explain_by="questions")
        explained: list[int] = []
        texts = one._model.texts

        def counted(looks: Sequence[Any], *rest: Any, **more: Any) -> Any:
            explained.append(len(looks))
            return texts(looks, *rest, **more)

        monkeypatch.setattr(one._model, "texts", counted)
        one.assess_many([grey(DARK), cat])
        first = FirstLook(Config())
        low = [
            look
            for look in (first.assess(grey(DARK)), first.assess(cat))
            if any(
                score is not None and score < Config().culling.thresholds.review_below
                for score in (look.quality, look.attributes["image_clarity"].score, look.attributes["exposure"].score)
            )
        ]
        assert explained == [len(low)]
        assert len(low) == 1

    def test_facts_are_told_only_if_asked_so(self, taught: Path) -> None:
        told, untold = scorer(taught, facts=True), scorer(taught)
        assert told.version != untold.version
        black = FirstLook(Config()).assess(Picture.from_array(np.full((300, 400, 3), 4, np.uint8)))
        black = replace(black, attributes={**black.attributes, "exposure": UNDEREXPOSED})
        assert untold._facts(black) == []
        assert told._facts(black)[0] == "exposure underexposed"


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
        ]
        assert len({scorer(taught, **settings).version for settings in changed}) == len(changed)
        assert scorer(taught).version == scorer(taught).version
        assert scorer(tiny.base("qwen2_vl")).version != scorer(taught).version


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
            scorer(taught, adapters={"quality": tiny.adapter("qwen2_vl")}).assess(grey(BRIGHT))
