"""What the child says of a graphics card; the tests have none, so torch is told of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from realqa_agent.scoring.mllm.checkpoint import read_base
from realqa_agent.scoring.mllm.errands import Errand, Kind

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

TOTAL = 24_000_000_000


@pytest.mark.parametrize(
    ("free", "said"),
    [(20_000_000_000, {"precision": "bf16"}), (1_000_000_000, {"trouble": "end what else uses the card"})],
)
def test_a_card_is_named_with_what_it_has_free(
    tiny: TinyModels, monkeypatch: pytest.MonkeyPatch, free: int, said: dict[str, str]
) -> None:
    import torch  # noqa: PLC0415 - an extra

    from realqa_agent.scoring.mllm import child  # noqa: PLC0415 - its errands import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "A card")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, TOTAL))
    answer: dict[str, Any] = child._look(Errand(kind=Kind.LOOK), read_base(tiny.base("qwen2_vl")), {})
    assert (answer["device"], answer["card"]) == ("cuda:0", "A card")
    assert (answer["free"], answer["total"]) == (free, TOTAL)
    assert all(value in answer[key] for key, value in said.items())
