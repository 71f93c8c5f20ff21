"""What a network is shown, beside what its own library makes of a prompt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from realqa_agent.scoring.mllm import sights
from realqa_agent.scoring.mllm.checkpoint import Clips, read_base

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.sights import Sight

    Pixels = npt.NDArray[np.uint8]

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")

TICKS = 4
"""Positions a second of the tiny Qwen2.5-VL."""


@pytest.fixture(scope="module", params=FAMILIES)
def loaded(request: pytest.FixtureRequest, tiny: TinyModels) -> Loaded:
    from realqa_agent.scoring.mllm.loading import load  # noqa: PLC0415 - it imports torch

    return load(read_base(tiny.base(request.param)), {}, device="cpu")


def clip(loaded: Loaded, times: list[float], *, rows: int = 4, columns: int = 6) -> Sight:
    frame = np.zeros((rows * loaded.spec.stride, columns * loaded.spec.stride, 3), np.uint8)
    how = loaded.family.clips
    assert how is not None
    return sights.of_clip([frame] * len(times), times, loaded.chat, loaded.spec, how=how, ticks=TICKS)


def counted(loaded: Loaded, sight: Sight, following: list[int], seconds: float) -> npt.NDArray[np.int64]:
    """Return the positions that the library would have given."""
    import torch  # noqa: PLC0415 - an extra

    tokens = torch.tensor([[*sight.head, *following]])
    moving = sight.seen == loaded.chat.clip
    more = {"second_per_grid_ts": torch.tensor([seconds])} if loaded.family.clips is Clips.PACED else {}
    places, _ = loaded.network.model.get_rope_index(
        tokens,
        mm_token_type_ids=(tokens == sight.seen).int() * (1 + moving),
        **{"video_grid_thw" if moving else "image_grid_thw": torch.tensor([sight.grid])},
        **more,
    )
    found: npt.NDArray[np.int64] = places[:, 0].numpy()
    return found


def test_a_picture_stands_where_the_library_puts_it(loaded: Loaded) -> None:
    pixels = np.zeros((5 * loaded.spec.stride, 3 * loaded.spec.stride, 3), np.uint8)
    sight = sights.of_picture(pixels, loaded.chat, loaded.spec)
    after = loaded.chat.tokens("What is it?")
    np.testing.assert_array_equal(sight.positions(after), counted(loaded, sight, after, 0))


@pytest.mark.parametrize("times", [[0.0], [0.2, 0.4], [0.1, 0.35, 0.6, 0.85, 1.1]], ids=["one", "pair", "odd"])
def test_a_short_clip_stands_where_the_library_puts_it(loaded: Loaded, times: list[float]) -> None:
    sight = clip(loaded, times)
    assert sight.head.count(loaded.chat.clip) == (len(times) + 1) // 2 * 24
    after = loaded.chat.tokens("What is it?")
    seconds = 2 * (times[1] - times[0]) if len(times) > 1 else 0
    np.testing.assert_array_equal(sight.positions(after), counted(loaded, sight, after, seconds))


def test_the_steps_of_a_long_clip_stand_where_the_library_puts_them_and_the_text_after_them(loaded: Loaded) -> None:
    times = [10.0 * number for number in range(8)]
    sight = clip(loaded, times)
    after = loaded.chat.tokens("What is it?")
    ours, theirs = sight.positions(after), counted(loaded, sight, after, 20)
    seen = ours[:, : len(sight.head)]
    np.testing.assert_array_equal(seen, theirs[:, : len(sight.head)])
    # The library lets the text begin within the clip, where the model never saw any.
    np.testing.assert_array_equal(ours[:, len(sight.head) :], np.arange(len(after)) + seen.max() + [[1], [1], [1]])


def test_the_words_around_a_clip_are_the_librarys(tiny: TinyModels) -> None:
    from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor  # noqa: PLC0415 - an extra

    from realqa_agent.scoring.mllm.loading import load  # noqa: PLC0415 - it imports torch

    if not hasattr(Qwen3VLProcessor, "replace_video_token"):
        pytest.skip("this transformers has those words inside of a method that needs torchvision")
    loaded = load(read_base(tiny.base("qwen3_vl")), {}, device="cpu")
    frames, rate = [3, 20, 41, 60, 83], 25.0
    sight = clip(loaded, [frame / rate for frame in frames])
    # The processor itself can't be made without torchvision, this method of it needs none.
    processor: Any = SimpleNamespace(
        video_processor=SimpleNamespace(merge_size=loaded.spec.merge, temporal_patch_size=loaded.spec.frames),
        vision_start_token="<|vision_start|>",  # noqa: S106 - no password
        vision_end_token="<|vision_end|>",  # noqa: S106
        video_token="<|video_pad|>",  # noqa: S106
    )
    processor._calculate_timestamps = lambda *given: Qwen3VLProcessor._calculate_timestamps(processor, *given)
    metadata = SimpleNamespace(fps=rate, frames_indices=[*frames])
    expected = Qwen3VLProcessor.replace_video_token(
        processor, {"video_grid_thw": np.array([sight.grid]), "video_metadata": [metadata]}, 0
    )
    assert expected.count("seconds>") == 3
    before = loaded.chat.before.removesuffix("<|vision_start|>")
    assert [*sight.head, *loaded.chat.tokens("<|vision_end|>")] == loaded.chat.tokens(before + expected)


def test_frames_without_their_times_are_a_mistake(loaded: Loaded) -> None:
    frame = np.zeros((loaded.spec.stride, loaded.spec.stride, 3), np.uint8)
    assert loaded.family.clips is not None
    with pytest.raises(ValueError, match="2 frames at 1 times"):
        sights.of_clip([frame] * 2, [0.0], loaded.chat, loaded.spec, how=loaded.family.clips, ticks=TICKS)
