"""The scorer `qrealign` with a tiny Qwen3.5: five words in, two scores out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment
from realqa_agent.config import Config, Mllm
from realqa_agent.errors import RefusalKind, RefusedError, UserError
from realqa_agent.media.picture import Picture
from realqa_agent.scoring.mllm.levels import AREA, QUESTIONS, WEIGHTS, Levels
from realqa_agent.scoring.mllm.packing import sized
from realqa_agent.scoring.mllm.scorer import RealQA

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

BRIGHT, DARK = 200, 40


def scorer(model: Path | None) -> Levels:
    return Levels(Config(mllm=Mllm(model=model, device="cpu")))


def grey(level: int, *, width: int = 400, height: int = 300) -> Picture:
    return Picture.from_array(np.full((height, width, 3), level, np.uint8))


@pytest.fixture(scope="session")
def taught_words(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Q-ReAlign."""
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_taught  # noqa: PLC0415 - it imports torch

    return save_taught(tmp_path_factory.mktemp("words") / "model")


def test_a_score_is_the_mean_of_the_words_after_the_whole_prompt(taught_words: Path) -> None:
    import torch  # noqa: PLC0415 - an extra
    from support.taught_levels import plainly  # noqa: PLC0415 - it imports torch

    one = scorer(taught_words)
    assessed = one.assess(grey(BRIGHT))
    loaded = one._model._loaded
    pixels = sized(np.full((300, 400, 3), BRIGHT, np.uint8), loaded.spec, area=AREA)
    for name in QUESTIONS:
        with torch.inference_mode():
            logits = plainly(loaded, pixels, name).double()
        words = [loaded.chat.tokens(word)[0] for word in (" excellent", " good", " fair", " poor", " bad")]
        shares = logits[words].softmax(-1).numpy()
        mean = float((shares * [1, 0.75, 0.5, 0.25, 0]).sum())
        spread = float(np.sqrt((shares * (np.array([1, 0.75, 0.5, 0.25, 0]) - mean) ** 2).sum()))
        assert assessed.measures[f"raw_{name}"] == pytest.approx(mean, abs=1e-6)
        assert assessed.measures[f"level_mass_{name}"] == pytest.approx(
            float(logits.softmax(-1)[words].sum()), abs=1e-6
        )
        assert getattr(assessed, name) == pytest.approx(1 + 9 * mean, abs=0.006)
        assert assessed.uncertainty is not None
        assert getattr(assessed.uncertainty, name) == pytest.approx(9 * spread, abs=0.006)
    assert assessed.overall == pytest.approx((assessed.quality + assessed.aesthetic) / 2, abs=0.01)


def test_what_it_was_taught_shows(taught_words: Path) -> None:
    bright, dark = scorer(taught_words).assess_many([grey(BRIGHT), grey(DARK)])
    assert isinstance(bright, Assessment)
    assert isinstance(dark, Assessment)
    assert bright.quality > bright.aesthetic > 6
    assert dark.quality < 4


def test_attributes_are_unknown_and_say_why(taught_words: Path) -> None:
    attributes = scorer(taught_words).assess(grey(BRIGHT)).attributes
    assert attributes.keys() == ATTRIBUTES.keys()
    assert {one.value for one in attributes.values()} == {UNKNOWN}
    assert all("says nothing of attributes" in one.reason for one in attributes.values())


def test_together_equals_one_by_one_and_twice_equals_once(taught_words: Path) -> None:
    one = scorer(taught_words)
    pictures = [grey(BRIGHT), grey(DARK, width=300, height=400), grey(DARK), grey(BRIGHT, width=900)]
    together = one.assess_many(pictures)
    assert together == one.assess_many(pictures)
    for assessed, picture in zip(together, pictures, strict=True):
        alone = one.assess(picture)
        assert isinstance(assessed, Assessment)
        assert assessed.measures == pytest.approx(alone.measures, abs=1e-5)
        assert (assessed.quality, assessed.aesthetic) == (alone.quality, alone.aesthetic)


def test_a_model_that_says_other_words_gives_no_score(tiny: TinyModels, tmp_path: Path) -> None:
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_untaught  # noqa: PLC0415 - it imports torch

    with pytest.raises(RefusedError, match=r"five words together only .*%: is it a Q-ReAlign") as refused:
        scorer(save_untaught(tmp_path / "model")).assess(grey(BRIGHT))
    assert refused.value.kind is RefusalKind.UNANSWERED


@pytest.mark.parametrize("words", [(" excellent", " good"), ("excellent", "good", "fair", "poor", "bad")])
def test_words_of_several_tokens_stop_the_start(tiny: TinyModels, tmp_path: Path, words: tuple[str, ...]) -> None:
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_untaught  # noqa: PLC0415 - it imports torch

    with pytest.raises(UserError, match=r"doesn't take each of ' excellent', .* for one token"):
        scorer(save_untaught(tmp_path / "model", words=words))


def test_without_a_model_the_way_forward_is_named() -> None:
    with pytest.raises(UserError, match=r"qrealign needs a model: set `model` in \[mllm\]"):
        scorer(None)


def test_another_model_has_another_version(taught_words: Path, tiny: TinyModels, tmp_path: Path) -> None:
    del tiny  # it skips where a package is missing
    from support.taught_levels import save_untaught  # noqa: PLC0415 - it imports torch

    assert scorer(taught_words).version == scorer(taught_words).version
    assert scorer(save_untaught(tmp_path / "model")).version != scorer(taught_words).version


def test_realqa_does_not_take_a_model_whose_looks_can_not_be_kept(taught_words: Path) -> None:
    settings: dict[str, Any] = {"model": taught_words, "device": "cpu"}
    with pytest.raises(UserError, match="which only the scorer qrealign can ask"):
        RealQA(Config(mllm=Mllm(**settings)))


def test_weights_are_the_authors() -> None:
    assert WEIGHTS == {" excellent": 1.0, " good": 0.75, " fair": 0.5, " poor": 0.25, " bad": 0.0}
