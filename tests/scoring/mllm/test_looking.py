"""One look at a picture serves all questions, and says what whole prompts would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from realqa_agent.errors import PermanentError, TransientError, UserError
from realqa_agent.scoring.mllm.checkpoint import read_adapter, read_base
from realqa_agent.scoring.mllm.pattern import Free, Given, Number
from realqa_agent.scoring.mllm.questions import Kind, Question
from realqa_agent.scoring.mllm.trouble import DeviceLostError

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.looking import Model

    Pixels = npt.NDArray[np.uint8]

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")

NUMBER = Question(name="quality", kind=Kind.NUMBER, text="Rate it.", start="The score of this image is ")
OTHER = Question(name="aesthetic", kind=Kind.NUMBER, text="How beautiful is it, from 0 to 9.99?", start="It is <")
WORDS = Question(name="exposure", kind=Kind.ATTRIBUTE, text="How is the exposure of this image?")
LONGER = Question(name="level_shot", kind=Kind.ATTRIBUTE, text=" Is it level? Say why, in one sentence.", start="It")

QUESTIONS = [NUMBER, OTHER]


def picture(seed: int, loaded: Loaded, *, rows: int = 4, columns: int = 6) -> Pixels:
    shape = rows * loaded.spec.stride, columns * loaded.spec.stride, 3
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="session", params=FAMILIES)
def loaded(request: pytest.FixtureRequest, tiny: TinyModels) -> Loaded:
    from realqa_agent.scoring.mllm.loading import load  # noqa: PLC0415 - it imports torch

    base = read_base(tiny.base(request.param))
    adapters = {
        "quality": read_adapter(tiny.adapter(request.param)),
        "aesthetic": read_adapter(tiny.adapter(request.param, seed=2)),
    }
    return load(base, adapters, device="cpu")


@pytest.fixture
def model(loaded: Loaded) -> Model:
    from realqa_agent.scoring.mllm.looking import Model  # noqa: PLC0415 - it imports torch

    return Model(loaded, pictures=3, rows=16)


def plainly(loaded: Loaded, pixels: Pixels, tokens: list[int]) -> npt.NDArray[np.float64]:
    """Return the chances of the next token after a whole prompt, computed without any of our short cuts."""
    import torch  # noqa: PLC0415 - an extra

    from realqa_agent.scoring.mllm.packing import pack  # noqa: PLC0415

    rows, grid = pack(pixels, loaded.spec)
    prompt = torch.tensor([[*loaded.chat.head(loaded.spec.places(grid)), *tokens]])
    with torch.inference_mode():
        out = loaded.network(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            mm_token_type_ids=(prompt == loaded.chat.picture).int(),
            pixel_values=torch.from_numpy(rows),
            image_grid_thw=torch.tensor([grid]),
            use_cache=False,
        )
    chances: npt.NDArray[np.float64] = out.logits[0, -1].double().softmax(-1).numpy()
    return chances


def shares(chances: npt.NDArray[np.float64], loaded: Loaded) -> list[float]:
    digits = chances[list(loaded.chat.digits)]
    return list(digits / digits.sum())


def test_a_belief_is_what_whole_prompts_say(loaded: Loaded, model: Model) -> None:
    pixels = picture(1, loaded)
    (look,) = model.look([pixels])
    for question, belief in zip(QUESTIONS, look.numbers(QUESTIONS), strict=True):
        tokens = loaded.chat.suffix(question)
        chances = plainly(loaded, pixels, tokens)
        expected = shares(chances, loaded)
        assert list(belief.units) == list(range(10))
        assert list(belief.units.values()) == pytest.approx(expected, abs=1e-5)
        assert belief.mass == pytest.approx(chances[list(loaded.chat.digits)].sum(), abs=1e-5)
        likely = sorted(range(10), key=lambda digit: -expected[digit])[:3]
        assert set(belief.first_decimals) == {digit for digit in likely if expected[digit] >= 1e-4}
        for unit, decimals in belief.first_decimals.items():
            after = plainly(loaded, pixels, [*tokens, loaded.chat.digits[unit], loaded.chat.dot])
            assert list(decimals.values()) == pytest.approx(shares(after, loaded), abs=1e-5)


def test_the_greedy_number_is_the_likeliest_digit_at_each_place(loaded: Loaded, model: Model) -> None:
    pixels = picture(2, loaded)
    (look,) = model.look([pixels])
    for question, belief in zip(QUESTIONS, look.numbers(QUESTIONS), strict=True):
        tokens, digits = loaded.chat.suffix(question), []
        for place in range(3):
            digits.append(int(np.argmax(shares(plainly(loaded, pixels, tokens), loaded))))
            tokens += [loaded.chat.digits[digits[-1]], *([loaded.chat.dot] if place == 0 else [])]
        assert belief.greedy == f"{digits[0]}.{digits[1]}{digits[2]}"


def test_an_answer_is_the_greedy_continuation_of_the_whole_prompt(loaded: Loaded, model: Model) -> None:
    pixels = picture(3, loaded)
    (look,) = model.look([pixels])
    for question, answer in zip([WORDS, LONGER], look.texts([WORDS, LONGER], limit=12), strict=True):
        tokens: list[int] = []
        finished = False
        while len(tokens) < 12 and not finished:
            token = int(plainly(loaded, pixels, loaded.chat.suffix(question) + tokens).argmax())
            finished = token in loaded.chat.ends
            tokens += [] if finished else [token]
        assert answer.text == question.start + loaded.chat.words(tokens)
        assert answer.finished == finished


def test_together_equals_one_by_one(loaded: Loaded, model: Model) -> None:
    sizes = [(4, 6), (6, 4), (3, 3), (4, 6), (2, 12), (3, 4)]
    pictures = [picture(seed, loaded, rows=rows, columns=columns) for seed, (rows, columns) in enumerate(sizes)]
    together = model.look(pictures)
    beliefs = model.numbers(together, QUESTIONS)
    answers = model.texts(together, [WORDS, LONGER], limit=8)
    for pixels, belief, answer in zip(pictures, beliefs, answers, strict=True):
        (alone,) = model.look([pixels])
        for one, other in zip(belief, alone.numbers(QUESTIONS), strict=True):
            assert list(one.units.values()) == pytest.approx(list(other.units.values()), abs=1e-5)
            assert one.first_decimals.keys() == other.first_decimals.keys()
            assert one.greedy == other.greedy
        assert answer == alone.texts([WORDS, LONGER], limit=8)


def test_the_same_picture_gets_the_same_answer_twice(loaded: Loaded, model: Model) -> None:
    pictures = [picture(seed, loaded) for seed in (1, 2)]
    first = [(look.numbers(QUESTIONS), look.texts([WORDS], limit=8)) for look in model.look(pictures)]
    assert first == [(look.numbers(QUESTIONS), look.texts([WORDS], limit=8)) for look in model.look(pictures)]


def test_questions_leave_the_look_as_it_was(loaded: Loaded, model: Model) -> None:
    (look,) = model.look([picture(1, loaded)])
    before = look.numbers(QUESTIONS)
    look.texts([WORDS, LONGER], limit=5)
    model.look([picture(2, loaded, rows=2)])
    assert look.numbers(QUESTIONS) == before


def a_clip(loaded: Loaded, seed: int, *, frames: int = 4, rows: int = 4, columns: int = 6) -> list[Pixels]:
    return [picture(seed + number, loaded, rows=rows, columns=columns) for number in range(frames)]


TIMES = [0.125, 0.375, 0.625, 0.875, 1.125]
"""So near to each other that the library, too, puts the text after the clip of a Qwen2.5-VL."""


def plainly_as_clip(loaded: Loaded, clip: list[Pixels], tokens: list[int]) -> npt.NDArray[np.float64]:
    """Return the chances of the next token after a whole prompt, whose positions the library counts."""
    import torch  # noqa: PLC0415 - an extra

    from realqa_agent.scoring.mllm.packing import pack_clip  # noqa: PLC0415

    rows, grid = pack_clip(clip, loaded.spec)
    places = loaded.spec.places(grid)
    shown = "<|vision_start|>" + "<|video_pad|>" * places
    if "Qwen3VL" in type(loaded.network).__name__:
        seconds = ["0.2", "0.8", "1.1"][: grid[0]]
        blocks = ["<|vision_start|>" + "<|video_pad|>" * (places // grid[0])] * grid[0]
        shown = "<|vision_end|>".join(f"<{at} seconds>{block}" for at, block in zip(seconds, blocks, strict=True))
    before = loaded.chat.before.removesuffix("<|vision_start|>")
    prompt = torch.tensor([[*loaded.chat.tokens(before + shown), *tokens]])
    with torch.inference_mode():
        out = loaded.network(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            mm_token_type_ids=(prompt == loaded.chat.clip).int() * 2,
            pixel_values_videos=torch.from_numpy(rows),
            video_grid_thw=torch.tensor([grid]),
            use_cache=False,
            **({"second_per_grid_ts": torch.tensor([0.5])} if "Qwen2_5" in type(loaded.network).__name__ else {}),
        )
    chances: npt.NDArray[np.float64] = out.logits[0, -1].double().softmax(-1).numpy()
    return chances


@pytest.mark.parametrize("frames", [2, 5])
def test_what_is_believed_of_a_clip_is_what_whole_prompts_say(loaded: Loaded, model: Model, frames: int) -> None:
    model.check_clips(frames)
    clip = a_clip(loaded, 1, frames=frames)
    (look,) = model.watch([clip], [TIMES[:frames]])
    for question, belief in zip(QUESTIONS, look.numbers(QUESTIONS), strict=True):
        chances = plainly_as_clip(loaded, clip, loaded.chat.suffix(question))
        assert list(belief.units.values()) == pytest.approx(shares(chances, loaded), abs=1e-5)
        assert belief.mass == pytest.approx(chances[list(loaded.chat.digits)].sum(), abs=1e-5)
    (answer,) = look.texts([WORDS], limit=3)
    assert answer == model.texts(model.watch([clip], [TIMES[:frames]]), [WORDS], limit=3)[0][0]


def test_clips_together_equal_one_by_one(loaded: Loaded, model: Model) -> None:
    sizes = [(4, 6), (6, 4), (4, 6), (2, 3)]
    clips = [
        a_clip(loaded, 7 * seed, frames=2 + seed % 2, rows=rows, columns=columns)
        for seed, (rows, columns) in enumerate(sizes)
    ]
    # As many words for each time, or one digit more.
    times = [[at * (1 + 9 * (number == 2)) for at in TIMES[: len(clip)]] for number, clip in enumerate(clips)]
    beliefs = model.numbers(model.watch(clips, times), QUESTIONS)
    for clip, seconds, together in zip(clips, times, beliefs, strict=True):
        (alone,) = model.watch([clip], [seconds])
        for one, other in zip(together, alone.numbers(QUESTIONS), strict=True):
            assert list(one.units.values()) == pytest.approx(list(other.units.values()), abs=1e-5)
            assert one.greedy == other.greedy


def test_the_time_between_the_frames_of_a_long_clip_is_told_by_those_that_know_of_it(
    loaded: Loaded, model: Model
) -> None:
    clip = a_clip(loaded, 3)
    short, long = model.watch([clip] * 2, [TIMES[:4], [10.0 * number for number in range(4)]])
    one, other = (look.numbers([NUMBER])[0].units for look in (short, long))
    if "Qwen2VL" in type(loaded.network).__name__:
        assert one == other
    else:
        assert max(abs(one[digit] - other[digit]) for digit in range(10)) > 1e-3


def test_a_model_that_keeps_no_looks_is_shown_no_clips(loaded: Loaded) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from realqa_agent.scoring.mllm.checkpoint import FAMILIES  # noqa: PLC0415
    from realqa_agent.scoring.mllm.looking import Model  # noqa: PLC0415 - it imports torch

    other = Model(replace(loaded, family=FAMILIES["Qwen3_5ForConditionalGeneration"]))
    with pytest.raises(UserError, match=r"can't be shown clips as a whole, only Qwen2VL.*, Qwen2_5_VL.*, Qwen3VL"):
        other.check_clips(8)


def test_along_a_label_are_the_shares_after_its_own_digits(loaded: Loaded, model: Model) -> None:
    pictures = [picture(seed, loaded, rows=rows) for seed, rows in ((1, 4), (2, 6), (3, 4))]
    labels = ["3.47", "0.5", "9.99"]
    for pixels, label, places in zip(pictures, labels, model.along(model.look(pictures), NUMBER, labels), strict=True):
        digits, dot = loaded.chat.digits, loaded.chat.dot
        written = [digits[int(sign)] if sign != "." else dot for sign in label]
        before = [written[:place] for place in range(len(label)) if place != 1]
        assert len(places) == len(before)
        for place, tokens in zip(places, before, strict=True):
            expected = shares(plainly(loaded, pixels, loaded.chat.suffix(NUMBER) + tokens), loaded)
            assert place == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match=r"'10\.00' is not one digit"):
        model.along(model.look(pictures[:1]), NUMBER, ["10.00"])


def test_another_adapter_needs_another_look(loaded: Loaded, model: Model) -> None:
    pixels = picture(1, loaded)
    model.use("quality")
    (look,) = model.look([pixels])
    quality = look.numbers([NUMBER])
    model.use("aesthetic")
    with pytest.raises(ValueError, match="only be asked with the adapter"):
        look.numbers([NUMBER])
    assert model.look([pixels])[0].numbers([NUMBER]) != quality
    model.use("quality")
    assert model.look([pixels])[0].numbers([NUMBER]) == quality


def test_an_answer_keeps_to_its_form(loaded: Loaded, model: Model) -> None:
    form = (
        Given("1.1 Reason for Composition Score: "),
        Free(until="1.2 Comp", limit=6),
        Given(", 1.2 Composition Score: "),
        Number(),
        Given("\nThe final score is <"),
        Number(decimals=2),
        Given(">."),
    )
    looks = model.look([picture(seed, loaded) for seed in (1, 2, 3)])
    for (answer,) in model.texts(looks, [WORDS], limit=200, pattern=form):
        assert answer.finished
        head, _, rest = answer.text.partition("1.2 Composition Score: ")
        score, _, end = rest.partition("\nThe final score is <")
        assert head.startswith("1.1 Reason for Composition Score: ")
        assert 0 <= int(score) <= 10
        assert end[1] == "."
        assert end[4:] == ">."
        assert 0 <= float(end[:4]) < 10
    alone = [look.texts([WORDS], limit=200, pattern=form) for look in looks]
    assert alone == model.texts(looks, [WORDS], limit=200, pattern=form)
    (cut,) = looks[0].texts([WORDS], limit=40, pattern=form)
    assert not cut.finished
    assert alone[0][0].text.startswith(cut.text)


def test_a_start_after_which_no_digits_follow_is_refused(loaded: Loaded, model: Model) -> None:
    model.check(QUESTIONS)
    (look,) = model.look([picture(1, loaded)])
    encode = loaded.chat._tokenizer.encode
    with pytest.MonkeyPatch.context() as patch:
        # A vocabulary that has " 6" in one piece, as others have.
        patch.setattr(
            type(loaded.chat._tokenizer),
            "encode",
            lambda _, text, **options: encode(text.replace("is 6", "is@"), **options),
        )
        question = Question(name="quality", kind=Kind.NUMBER, text="Rate it!", start="It is ")
        with pytest.raises(UserError, match="digit by digit"):
            look.numbers([question])


class Narrow:
    """A network's forward that runs out of memory above so many rows."""

    def __init__(self, network: Any, most: int) -> None:
        self.forward, self.most = network.forward, most
        self.rows: list[int] = []

    def __call__(self, **given: Any) -> Any:
        import torch  # noqa: PLC0415 - an extra

        rows = len(given["input_ids"])
        if rows > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.rows.append(rows)
        return self.forward(**given)


def test_out_of_memory_halves_the_batch_and_goes_on(
    loaded: Loaded, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [picture(seed, loaded) for seed in range(6)]
    looks = model.look(pictures)
    expected = model.numbers(looks, QUESTIONS), model.texts(looks, [WORDS, LONGER], limit=4)
    forward = Narrow(loaded.network, 3)
    monkeypatch.setattr(loaded.network, "forward", forward)
    looks = model.look(pictures)
    beliefs, answers = model.numbers(looks, QUESTIONS), model.texts(looks, [WORDS, LONGER], limit=4)
    assert max(forward.rows) == 3
    assert answers == expected[1]
    assert [[one.greedy for one in belief] for belief in beliefs] == [
        [one.greedy for one in belief] for belief in expected[0]
    ]


def test_no_room_for_one_is_said_and_may_pass(loaded: Loaded, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded.network, "forward", Narrow(loaded.network, 0))
    with pytest.raises(TransientError, match="too little memory for one picture and one question"):
        model.look([picture(1, loaded), picture(2, loaded)])


def test_a_card_that_is_gone_ends_the_work(loaded: Loaded, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: Any) -> Any:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(loaded.network, "forward", gone)
    with pytest.raises(DeviceLostError, match="unspecified launch failure") as caught:
        model.look([picture(1, loaded)])
    assert isinstance(caught.value, PermanentError)


def test_a_defect_of_ours_is_not_taken_for_the_cards(
    loaded: Loaded, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("The size of tensor a (3) must match the size of tensor b (4)")

    monkeypatch.setattr(loaded.network, "forward", broken)
    with pytest.raises(RuntimeError, match="must match"):
        model.look([picture(1, loaded)])
