"""The network is trained on exactly what the scorer will give it, and on the answer's tokens alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support import course

from realqa_agent.config import Media
from realqa_agent.errors import PermanentError, UserError
from realqa_agent.media.opening import open_photo

if TYPE_CHECKING:
    from support.lecture import Lecture

torch = pytest.importorskip("torch")


def test_tokens_patches_and_positions_are_those_of_the_scorer(lecture: Lecture) -> None:
    from realqa_agent.scoring.mllm.frames import pixels_of, shown  # noqa: PLC0415 - beside its use
    from realqa_agent.scoring.mllm.sights import of_picture  # noqa: PLC0415 - as above
    from realqa_agent.scoring.view import Frame  # noqa: PLC0415 - as above

    chat, lesson = lecture.loaded.chat, lecture.course.train[0]
    # What a worker makes of the photo, and the model of that.
    width, height, rgb = shown(open_photo(lesson.picture, Media()), lecture.view)
    frame = Frame(at_s=None, width=width, height=height, rgb=rgb, first=None)  # type: ignore[arg-type]
    seen = of_picture(pixels_of(frame), chat, lecture.loaded.spec)
    asked = [*seen.head, *chat.forced_suffix(course.question()), *chat.number("2.34")]

    batch = _collated(lecture, 0)
    begun = batch["input_ids"][0].tolist()[: len(asked)]
    assert begun == asked
    rest = batch["input_ids"][0].tolist()[len(asked) :]
    assert rest == chat.tokens(".<|im_end|>")
    assert np.array_equal(batch["pixel_values"], seen.patches)
    assert batch["image_grid_thw"].tolist() == [list(seen.grid)]
    assert np.array_equal(batch["position_ids"][:, 0], seen.positions([*asked[len(seen.head) :], *rest]))


def test_the_answer_and_its_end_are_learned_and_nothing_else(lecture: Lecture) -> None:
    chat = lecture.loaded.chat
    batch = _collated(lecture, 0, 1)
    for labels, lesson in zip(batch["labels"], lecture.course.train[:2], strict=True):
        assert labels[labels != -100].tolist() == chat.tokens(f"{lesson.answer}<|im_end|>")
    # The first place of what is kept is there to predict the next, and is no label itself.
    assert (batch["labels"][:, 0] == -100).all()
    assert batch["logits_to_keep"] == batch["labels"].shape[1]


def test_a_row_in_a_batch_is_what_it_is_alone(lecture: Lecture) -> None:
    """Photos of three sizes, answers of two lengths: padding is seen by nobody."""
    numbers = (0, 1, 3, 4)
    together = _logits(lecture, *numbers)
    for row, number in enumerate(numbers):
        (alone,) = _logits(lecture, number)
        assert torch.allclose(together[row][-len(alone) :], alone, atol=2e-5)


def test_the_loss_is_the_mean_over_all_learned_tokens(lecture: Lecture) -> None:
    batch = _collated(lecture, 0, 1, 3)
    with torch.inference_mode():
        out = lecture.loaded.network(**batch)
    shares = out.logits.log_softmax(-1)
    learned = [
        -shares[row, place - 1, label].item()
        for row, labels in enumerate(batch["labels"].tolist())
        for place, label in enumerate(labels)
        if label != -100
    ]
    assert out.loss.item() == pytest.approx(sum(learned) / len(learned), rel=1e-5)


def test_sizes_are_known_before_photos_are_opened(lecture: Lecture) -> None:
    assert lecture.rows.sizes == [len(lecture.rows[number].tokens) for number in range(len(lecture.rows))]


def test_an_answer_that_runs_into_the_prompt_is_refused(lecture: Lecture) -> None:
    from support import tiny_mllm  # noqa: PLC0415 - it imports torch

    from realqa_agent.scoring.mllm.chat import Chat  # noqa: PLC0415 - beside its use
    from realqa_agent.tuning.rows import Rows  # noqa: PLC0415 - it imports torch

    joining = tiny_mllm.tokenizer(tiny_mllm.WITH_SYSTEM, taken_together=("\nfine",))
    chat = Chat(joining, Path("model"), system=None, ends=frozenset())
    lesson = replace(lecture.course.train[0], answer="fine")
    with pytest.raises(UserError, match=r"'fine' for .* runs into the prompt"):
        Rows([lesson], chat, lecture.optics)


def test_a_photo_that_cant_be_opened_is_named(lecture: Lecture, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(lecture.course.train[0].picture.read_bytes()[:60])
    with pytest.raises(PermanentError, match=r"broken\.png.*put a whole copy in its place"):
        lecture.optics.pixels(broken)


def _collated(lecture: Lecture, *numbers: int) -> dict[str, Any]:
    from realqa_agent.tuning.rows import collate  # noqa: PLC0415 - it imports torch

    return collate([lecture.rows[number] for number in numbers])


def _logits(lecture: Lecture, *numbers: int) -> list[Any]:
    """Return each row's logits at its answer."""
    batch = _collated(lecture, *numbers)
    with torch.inference_mode():
        logits = lecture.loaded.network(**batch).logits
    return [row[labels != -100] for row, labels in zip(logits, batch["labels"], strict=True)]
