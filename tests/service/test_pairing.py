"""Which sets are held before whom, and how each is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realqa_agent.config import Config, Mllm, Scoring
from realqa_agent.errors import UserError
from realqa_agent.evaluation.record import Rated, RatedSet
from realqa_agent.scoring.view import Trial
from realqa_agent.service.pairing import Way, adapters_in, pairings

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

KONIQ = RatedSet(
    name="koniq", rated=[Rated(path=Path("/a.jpg"), score=3)], scale=(1, 5), score="quality", source={"labels": "k"}
)
AVA = replace(KONIQ, name="ava", score="aesthetic")
UNSAID = replace(KONIQ, name="mine", score=None)


def config(scorer: str = "realqa", **mllm: Any) -> Config:
    return Config(scoring=Scoring(scorer=scorer), mllm=Mllm.model_validate(mllm))


@pytest.fixture
def run(tiny: TinyModels, tmp_path: Path) -> Path:
    """A training with three checkpoints and the finished adapter."""
    run = tmp_path / "run"
    for name in ("checkpoint-8", "checkpoint-16", "checkpoint-128", "adapter", ".unfinished"):
        shutil.copytree(tiny.adapter("qwen2_vl"), run / name)
    (run / "log").mkdir()
    return run


def teach(folder: Path, role: str, scale: tuple[float, float]) -> None:
    (folder / "dataset.json").write_text(json.dumps({"name": "x", "role": role, "scale": scale}))


def test_checkpoints_of_a_training_come_in_their_order_and_the_finished_adapter_last(run: Path) -> None:
    assert [one.name for one in adapters_in(run)] == ["checkpoint-8", "checkpoint-16", "checkpoint-128", "adapter"]
    assert adapters_in(run / "adapter") == [run / "adapter"]
    with pytest.raises(UserError, match=r"is no adapter, and none lies in it"):
        adapters_in(run / "log")


def test_without_adapters_each_set_is_asked_as_the_agent_asks() -> None:
    found = pairings([KONIQ, AVA, UNSAID], [], config("firstlook"), None, Way())
    assert [(one.rated.name, one.against) for one in found] == [
        ("koniq", "quality"),
        ("ava", "aesthetic"),
        ("mine", "quality"),
    ]
    assert all(one.trial is None and one.config == config("firstlook") for one in found)
    assert {one.against for one in pairings([KONIQ, AVA], [], config("firstlook"), "overall", Way())} == {"overall"}


def test_each_adapter_is_asked_what_it_was_trained_on_about_each_set(tiny: TinyModels, run: Path) -> None:
    base = tiny.base("qwen2_vl")
    teach(run, "quality", (1, 5))
    teach(run / "checkpoint-8", "aesthetic", (1, 9))
    found = pairings([AVA, UNSAID], [run / "checkpoint-8", run / "adapter"], config(model=base), None, Way())
    assert [(one.adapter and one.adapter.name, one.rated.name, one.against) for one in found] == [
        ("checkpoint-8", "ava", "aesthetic"),
        ("checkpoint-8", "mine", "aesthetic"),
        ("adapter", "ava", "quality"),
        ("adapter", "mine", "quality"),
    ]
    assert [one.config.mllm.adapters for one in found[1:3]] == [
        {"overall": run / "checkpoint-8"},
        {"overall": run / "adapter"},
    ]
    assert [one.config.mllm.scales for one in found[1:3]] == [{"overall": (1, 9)}, {"overall": (1, 5)}]
    assert found[2].trial == Trial(score="quality", answer="score", decimals=2)
    # Asked alike, so one loaded model serves both.
    assert found[2].config == found[3].config


def test_an_adapter_of_which_nothing_is_known_is_asked_for_the_scores_of_the_set(tiny: TinyModels) -> None:
    settings = config(model=tiny.base("qwen2_vl"), scales={"quality": (1, 5), "aesthetic": (1, 10)})
    found = pairings([KONIQ, AVA], [tiny.adapter("qwen2_vl")], settings, None, Way())
    assert [(one.against, one.config.mllm.scales) for one in found] == [
        ("quality", {"overall": (1, 5)}),
        ("aesthetic", {"overall": (1, 10)}),
    ]


def test_the_way_of_asking_goes_into_the_trial_and_the_settings() -> None:
    (found,) = pairings([KONIQ], [], config(), None, Way(answer="natural", decimals=1))
    assert found.trial == Trial(score="quality", answer="natural", decimals=1)
    assert found.decode is None
    (found,) = pairings([KONIQ], [], config(), None, Way(decimals=0, decode="greedy"))
    assert (found.trial, found.decode) == (Trial(score="quality", decimals=0), "greedy")
    assert found.config.mllm.decode == "greedy"
    (found,) = pairings([KONIQ], [], config("openai"), None, Way(decode="greedy"))
    assert (found.trial, found.config.mllm.decode) == (None, "greedy")


@pytest.mark.parametrize(
    ("settings", "adapters", "way", "words"),
    [
        (config("firstlook"), [], Way(decode="greedy"), "firstlook does not write numbers"),
        (config("qrealign"), [], Way(answer="score"), "qrealign does not write numbers"),
        (config("openai"), [Path("/adapter")], Way(), "adapters are for the scorer realqa, not for openai"),
        (config(), [Path("/adapter")], Way(), "set `model` in .mllm."),
        (config(), [], Way(answer="regular", decode="greedy"), "--decode is for --answer score"),
        (config(adapters={"aesthetic": "/a"}), [], Way(decimals=1), "no adapter in .mllm. answers for quality"),
    ],
)
def test_what_can_not_be_asked_is_refused(settings: Config, adapters: Sequence[Path], way: Way, words: str) -> None:
    with pytest.raises(UserError, match=words):
        pairings([KONIQ], adapters, settings, None, way)


def test_an_adapter_of_another_model_is_refused_before_anything_is_scored(tiny: TinyModels) -> None:
    with pytest.raises(UserError, match="is for tiny/qwen3_vl"):
        pairings([KONIQ], [tiny.adapter("qwen3_vl")], config(model=tiny.base("qwen2_vl")), None, Way())
