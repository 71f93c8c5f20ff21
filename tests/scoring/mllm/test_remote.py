"""Clips and labels asked of a server: what it is sent, and that its model says what it would have said here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from support.vllm import Scripted, Served, Tiny, fault, frames_of, serving

from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import digits
from realqa_agent.scoring.mllm.endpoint import Endpoint
from realqa_agent.scoring.mllm.questions import Kind, Question
from realqa_agent.scoring.mllm.remote import RemoteModel

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

    from realqa_agent.scoring.mllm.loading import Loaded

    Pixels = npt.NDArray[np.uint8]

NUMBER = Question(name="quality", kind=Kind.NUMBER, text="Rate it.", start="The score of this image is ")


def model(served: Served) -> RemoteModel:
    return RemoteModel(Endpoint(served.url, None), name=None, seconds=100, parallel=3)


def pictures(count: int) -> list[Pixels]:
    return [np.random.default_rng(seed).integers(0, 256, (112, 168, 3), dtype=np.uint8) for seed in range(count)]


@pytest.fixture(scope="module")
def loaded(tiny: TinyModels) -> Loaded:
    """A tiny model that likes to say digits: a server tells of the likeliest tokens alone."""
    import torch  # noqa: PLC0415 - an extra

    from realqa_agent.scoring.mllm.checkpoint import read_base  # noqa: PLC0415
    from realqa_agent.scoring.mllm.loading import load  # noqa: PLC0415 - it imports torch

    one = load(read_base(tiny.base("qwen2_vl")), {}, device="cpu")
    liking = torch.zeros(one.network.config.text_config.vocab_size)
    liking[list(one.chat.digits)] = 8.0
    one.network.double()
    one.network.lm_head.register_forward_hook(lambda *call: call[-1] + liking)
    return one


@pytest.fixture(scope="module")
def served(loaded: Loaded) -> Iterator[Served]:
    with serving(Tiny(loaded)) as one:
        yield one


def test_along_a_label_a_server_says_what_the_model_says_here(loaded: Loaded, served: Served) -> None:
    from realqa_agent.scoring.mllm.looking import Model  # noqa: PLC0415 - it imports torch

    local, remote = Model(loaded), model(served)
    labels = ["3.47", "0.5", "9.99"]
    here = local.along(local.look(pictures(3)), NUMBER, labels)
    there = remote.along(remote.look(pictures(3)), NUMBER, labels)
    assert [len(places) for places in there] == [3, 2, 3]
    for label, ours, theirs in zip(labels, here, there, strict=True):
        assert digits.ncm(theirs) == pytest.approx(digits.ncm(ours), abs=1e-6)
        assert digits.ncm_star(theirs, label) == pytest.approx(digits.ncm_star(ours, label), abs=1e-6)


def test_digits_that_the_server_does_not_tell_of_give_no_ncm() -> None:
    def shares(begun: str) -> dict[str, float]:
        words = {f"w{other}": 0.04 for other in range(25)}
        return words if begun.endswith("3.") else {"6": 0.9} | words

    with serving(Scripted(shares=shares)) as served:
        remote = model(served)
        (places,) = remote.along(remote.look(pictures(1)), NUMBER, ["3.47"])
    assert places == [[*[0.0] * 6, 1.0, 0.0, 0.0, 0.0], [0.0] * 10, [*[0.0] * 6, 1.0, 0.0, 0.0, 0.0]]
    assert digits.ncm(places) is None


def test_a_clip_is_sent_as_pictures_of_one_turn(loaded: Loaded, served: Served) -> None:
    from realqa_agent.scoring.mllm.looking import Model  # noqa: PLC0415 - it imports torch

    remote = model(served)
    remote.check_clips(3)
    served.requests.clear()
    (belief,) = remote.watch([pictures(3)], [[0.0, 1.0, 2.0]])[0].numbers([NUMBER])
    for request in served.requests:
        sent = frames_of(request)
        assert all((one == other).all() for one, other in zip(sent, pictures(3), strict=True))
        assert request["messages"][0]["content"][-1] == {"type": "text", "text": NUMBER.text}
    assert digits.why_unsure(belief) is None
    (single,) = remote.look(pictures(1))[0].numbers([NUMBER])
    assert belief.units != pytest.approx(single.units, abs=1e-4)
    # One picture in the turn is no other question than that picture.
    (alone,) = remote.watch([pictures(1)], [[0.0]])[0].numbers([NUMBER])
    assert alone == single
    local = Model(loaded)
    assert alone.greedy == local.look(pictures(1))[0].numbers([NUMBER])[0].greedy


class Strict(Scripted):
    """A server that takes so many pictures in one turn and no more, as vLLM says it."""

    most = 2

    def __call__(self, request: dict[str, Any]) -> Any:
        if len(frames_of(request)) > self.most:
            message = f"At most {self.most} image(s) may be provided in one prompt."
            return fault(message, "BadRequestError", 400), 400
        return super().__call__(request)


class Forgetful(Scripted):
    """A server that takes the last of the pictures alone."""

    def __call__(self, request: dict[str, Any]) -> Any:
        *images, question = request["messages"][0]["content"]
        request["messages"][0]["content"] = [images[-1], question]
        return super().__call__(request)


def test_a_server_that_can_not_be_shown_so_many_frames_is_found_out_at_the_start() -> None:
    with serving(Strict()) as served:
        remote = model(served)
        remote.check_clips(2)
        with pytest.raises(UserError, match=r"At most 2 image\(s\).*--limit-mm-per-prompt '\{\"image\": 3\}'"):
            remote.check_clips(3)
    with serving(Forgetful()) as served, pytest.raises(UserError, match="or leaves some out"):
        model(served).check_clips(3)
