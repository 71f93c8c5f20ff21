"""A model on trial: one score, read in one way, and nothing else of its counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
from support import frames
from support.frames import clip, first_look, grey, shown

from realqa_agent.assessment import Assessment
from realqa_agent.config import Config, Mllm
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.mllm.prompts import NATURAL, REGULAR
from realqa_agent.scoring.mllm.questions import Answer
from realqa_agent.scoring.mllm.scorer import RealQA
from realqa_agent.scoring.view import Shown, Silence, Trial

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

BRIGHT, DARK = 200, 40
SAID = {BRIGHT: 8.21, DARK: 2.34}


def model(folder: Path, **settings: Any) -> RealQA:
    return RealQA(Config(mllm=Mllm.model_validate({"model": folder, "device": "cpu", "explain": "never", **settings})))


def tried(one: RealQA, item: Shown, trial: Trial) -> Assessment | Silence:
    (found,) = one.assess_many([replace(item, trial=trial)])
    return found


def assessed(one: RealQA, item: Shown, trial: Trial) -> Assessment:
    found = tried(one, item, trial)
    assert isinstance(found, Assessment), found
    return found


@pytest.fixture(scope="module")
def greedy(taught: Path) -> RealQA:
    return model(taught, decode="greedy")


@pytest.mark.parametrize(("decimals", "read"), [(2, 8.21), (1, 8.2), (0, 8.0)])
def test_the_number_is_read_to_so_many_decimals(greedy: RealQA, decimals: Any, read: float) -> None:
    item = shown(grey(BRIGHT), view=greedy.view)
    found = assessed(greedy, item, Trial(score="aesthetic", decimals=decimals))
    assert found.measures["raw_aesthetic"] == read
    assert found.aesthetic == pytest.approx(1 + read * 9 / 9.99, abs=0.005)


def test_all_likely_digits_count_if_the_settings_say_so(taught: Path) -> None:
    one = model(taught)
    item = shown(grey(BRIGHT), view=one.view)
    none, first, both = (assessed(one, item, Trial(score="quality", decimals=many)) for many in (0, 1, 2))
    assert none.measures["raw_quality"] == pytest.approx(8, abs=0.05)
    assert both.measures["raw_quality"] == pytest.approx(first.measures["raw_quality"] + 0.045)
    as_the_agent = frames.assessed(one, grey(BRIGHT))
    assert both.measures["raw_quality"] == pytest.approx(as_the_agent.measures["raw_quality"], abs=1e-5)


def test_nothing_else_is_asked_or_taken_over(greedy: RealQA, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    numbers = greedy._model.numbers

    def noted(looks: Any, questions: Any) -> Any:
        asked.extend(one.name for one in questions)
        return numbers(looks, questions)

    monkeypatch.setattr(greedy._model, "numbers", noted)
    found = assessed(greedy, shown(grey(DARK), view=greedy.view), Trial(score="quality"))
    first = first_look().assess(Picture.from_array(grey(DARK)))
    assert asked == ["quality"]
    assert (found.scorer, found.version) == ("realqa", greedy.version)
    assert (found.aesthetic, found.overall, found.attributes) == (first.aesthetic, first.overall, first.attributes)
    assert {name for name in found.measures if name.startswith("raw_")} == {
        "raw_quality",
        "raw_quality_low",
        "raw_quality_high",
    }


def test_a_clip_is_judged_by_its_frames_whatever_the_settings(taught: Path) -> None:
    one = model(taught, decode="greedy", clips="video")
    flicker = clip({0.5: grey(BRIGHT), 1.5: grey(DARK), 2.5: grey(BRIGHT)}, view=one.view)
    found = assessed(one, flicker, Trial(score="overall"))
    assert found.clip is not None
    assert found.clip.frames == 3
    assert found.overall == pytest.approx(1 + fmean([8.21, 2.34, 8.21]) * 9 / 9.99, abs=0.01)


def test_labels_are_held_against_the_one_number(greedy: RealQA) -> None:
    right = 1 + SAID[BRIGHT] * 9 / 9.99
    items = [
        replace(shown(grey(BRIGHT), view=greedy.view, label=label), trial=Trial(score="quality"))
        for label in (None, right, 10.5)
    ]
    found = [one.measures for one in greedy.assess_many(items) if isinstance(one, Assessment)]
    assert ["ncm_quality" in measures for measures in found] == [False, True, False]
    assert found[1]["ncm_quality"] == pytest.approx(8.21, abs=0.2)
    assert "ncm_overall" not in found[1]


@pytest.mark.parametrize(("answer", "name"), [("natural", NATURAL), ("regular", REGULAR)])
def test_a_text_ends_with_the_number_or_has_none(
    greedy: RealQA, monkeypatch: pytest.MonkeyPatch, answer: Any, name: str
) -> None:
    texts = iter(["A cat, scored 3 by many. The final score is <6.59>.", "The final score is <6.5"])

    def said(looks: Sequence[object], questions: Any, *, limit: int) -> list[list[Answer]]:
        assert [one.name for one in questions] == [name]
        return [[Answer(text=next(texts), finished=len(looks) < limit)]]

    monkeypatch.setattr(greedy._model, "texts", said)
    item = shown(grey(BRIGHT), view=greedy.view, label=5.0)
    found = assessed(greedy, item, Trial(score="quality", answer=answer, decimals=1))
    assert found.measures["raw_quality"] == 6.5
    assert "ncm_quality" not in found.measures
    silence = tried(greedy, item, Trial(score="quality", answer=answer))
    assert isinstance(silence, Silence)
    assert silence.reason.startswith("quality: there is no final score in it")


def test_a_model_that_was_never_taught_to_gives_no_number(tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realqa_agent.scoring.mllm.trying.TEXT_TOKENS", 8)
    one = model(tiny.base("qwen2_vl"))
    item = shown(grey(BRIGHT), view=one.view)
    for trial in (Trial(score="quality"), Trial(score="quality", answer="natural")):
        assert isinstance(tried(one, item, trial), Silence)


def test_the_adapter_that_answers_for_the_score_is_the_one_in_use(
    taught: Path, tiny: TinyModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = {"quality": tiny.adapter("qwen2_vl"), "aesthetic": tiny.adapter("qwen2_vl", seed=2)}
    one = model(taught, adapters=adapters, scales={"quality": (0, 9.99), "aesthetic": (0, 5)})
    used: list[str | None] = []
    use = one._model.use

    def noted(adapter: str | None) -> None:
        used.append(adapter)
        use(adapter)

    monkeypatch.setattr(one._model, "use", noted)
    tried(one, shown(grey(BRIGHT), view=one.view), Trial(score="aesthetic"))
    assert used == ["aesthetic"]
