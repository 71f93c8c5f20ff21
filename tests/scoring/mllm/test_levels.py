"""The model `qrealign` with a tiny Qwen3.5: five words in, two scores out."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.frames import assessed, clip, first_look, grey, shown, silence

from realqa_agent.assessment import Assessment
from realqa_agent.config import Config, Mllm
from realqa_agent.errors import UserError
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.mllm.frames import sized
from realqa_agent.scoring.mllm.levels import QUESTIONS, WEIGHTS, Levels
from realqa_agent.scoring.mllm.scorer import RealQA
from realqa_agent.scoring.view import View

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

BRIGHT, DARK = 200, 40


def model(folder: Path | None) -> Levels:
    return Levels(Config(mllm=Mllm(model=folder, device="cpu")))


@pytest.fixture(scope="session")
def taught_words(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Q-ReAlign."""
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_taught  # noqa: PLC0415 - it imports torch

    return save_taught(tmp_path_factory.mktemp("words") / "model")


def test_a_score_is_the_mean_of_the_words_after_the_whole_prompt(taught_words: Path) -> None:
    import torch  # noqa: PLC0415 - an extra
    from support.taught_levels import plainly  # noqa: PLC0415 - it imports torch

    one = model(taught_words)
    found = assessed(one, grey(BRIGHT))
    assert one.view == View(stride=32, least=256 * 256, most=1024 * 1024)
    loaded = one._model._loaded
    pixels = sized(grey(BRIGHT), one.view)
    for name in QUESTIONS:
        with torch.inference_mode():
            logits = plainly(loaded, pixels, name).double()
        words = [loaded.chat.tokens(word)[0] for word in (" excellent", " good", " fair", " poor", " bad")]
        shares = logits[words].softmax(-1).numpy()
        mean = float((shares * [1, 0.75, 0.5, 0.25, 0]).sum())
        spread = float(np.sqrt((shares * (np.array([1, 0.75, 0.5, 0.25, 0]) - mean) ** 2).sum()))
        assert found.measures[f"raw_{name}"] == pytest.approx(mean, abs=1e-6)
        assert found.measures[f"level_mass_{name}"] == pytest.approx(float(logits.softmax(-1)[words].sum()), abs=1e-6)
        assert getattr(found, name) == pytest.approx(1 + 9 * mean, abs=0.006)
        assert found.uncertainty is not None
        assert getattr(found.uncertainty, name) == pytest.approx(9 * spread, abs=0.006)
    assert found.overall == pytest.approx((found.quality + found.aesthetic) / 2, abs=0.01)


def test_what_it_was_taught_shows(taught_words: Path) -> None:
    one = model(taught_words)
    bright, dark = assessed(one, grey(BRIGHT)), assessed(one, grey(DARK))
    assert (bright.scorer, bright.version) == ("qrealign", one.version)
    assert bright.quality > bright.aesthetic > 6
    assert dark.quality < 4


def test_attributes_and_measures_stay_the_first_looks(taught_words: Path) -> None:
    first = first_look().assess(Picture.from_array(grey(BRIGHT)))
    found = assessed(model(taught_words), grey(BRIGHT))
    assert found.attributes == first.attributes
    assert first.measures.items() <= found.measures.items()


def test_a_clip_is_its_frames_together(taught_words: Path) -> None:
    one = model(taught_words)
    (found,) = one.assess_many([clip({0.5: grey(BRIGHT), 1.5: grey(DARK), 2.5: grey(DARK)}, view=one.view)])
    bright, dark = assessed(one, grey(BRIGHT)), assessed(one, grey(DARK))
    assert isinstance(found, Assessment)
    assert found.quality == pytest.approx(fmean([bright.quality, dark.quality, dark.quality]), abs=0.01)
    assert found.clip is not None
    assert (found.clip.frames, found.clip.best_at_s) == (3, 0.5)


def test_a_clip_can_not_be_judged_as_a_whole(taught_words: Path) -> None:
    with pytest.raises(UserError, match=r"judges clips frame by frame: set `clips` in \[mllm\] to \"frames\""):
        Levels(Config(mllm=Mllm(model=taught_words, device="cpu", clips="video")))


def test_together_equals_one_by_one_and_twice_equals_once(taught_words: Path) -> None:
    one = model(taught_words)
    pictures = [grey(BRIGHT), grey(DARK, width=300, height=400), grey(DARK), grey(BRIGHT, width=900)]
    items = [shown(picture, view=one.view) for picture in pictures]
    together = one.assess_many(items)
    assert together == one.assess_many(items)
    for found, picture in zip(together, pictures, strict=True):
        alone = assessed(one, picture)
        assert isinstance(found, Assessment)
        assert found.measures == pytest.approx(alone.measures, abs=1e-5)
        assert (found.quality, found.aesthetic) == (alone.quality, alone.aesthetic)


def test_a_model_that_says_other_words_gives_no_score(tiny: TinyModels, tmp_path: Path) -> None:
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_untaught  # noqa: PLC0415 - it imports torch

    reason = silence(model(save_untaught(tmp_path / "model")), grey(BRIGHT))
    assert re.search(r"quality: .* five words together only .*%: is it a Q-ReAlign", reason)


@pytest.mark.parametrize("words", [(" excellent", " good"), ("excellent", "good", "fair", "poor", "bad")])
def test_words_of_several_tokens_stop_the_start(tiny: TinyModels, tmp_path: Path, words: tuple[str, ...]) -> None:
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_untaught  # noqa: PLC0415 - it imports torch

    with pytest.raises(UserError, match=r"doesn't take each of ' excellent', .* for one token"):
        model(save_untaught(tmp_path / "model", words=words))


def test_without_a_model_the_way_forward_is_named() -> None:
    with pytest.raises(UserError, match=r"qrealign needs a model: set `model` in \[mllm\]"):
        model(None)


def test_another_model_has_another_version(taught_words: Path, tiny: TinyModels, tmp_path: Path) -> None:
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_untaught  # noqa: PLC0415 - it imports torch

    assert model(taught_words).version == model(taught_words).version
    assert model(save_untaught(tmp_path / "model")).version != model(taught_words).version
    assert model(taught_words).about == "the processor, fp32"


def test_realqa_does_not_take_a_model_whose_looks_can_not_be_kept(taught_words: Path) -> None:
    settings: dict[str, Any] = {"model": taught_words, "device": "cpu"}
    with pytest.raises(UserError, match="which only the scorer qrealign can ask"):
        RealQA(Config(mllm=Mllm(**settings)))


def test_weights_are_the_authors() -> None:
    assert WEIGHTS == {" excellent": 1.0, " good": 0.75, " fair": 0.5, " poor": 0.25, " bad": 0.0}
