"""A delta gives back the bytes before, whatever they were."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realqa_agent.metadata.delta import difference, restored

FEW = st.binary(max_size=40) | st.text("ab", max_size=40).map(str.encode)
"""Any bytes, and such that repeat themselves: head and tail would overlap in them."""


@given(FEW, FEW)
def test_whatever_was_there_comes_back(before: bytes, after: bytes) -> None:
    delta = difference(before, after)
    assert restored(after, delta) == before
    assert delta.head + delta.tail <= min(len(before), len(after))
    assert delta.head + len(delta.middle) + delta.tail == len(before)


@given(FEW, FEW, FEW, FEW)
def test_only_what_changed_is_kept(head: bytes, old: bytes, new: bytes, tail: bytes) -> None:
    before, after = head + old + tail, head + new + tail
    delta = difference(before, after)
    assert len(delta.middle) <= len(old)
    assert restored(after, delta) == before


def test_a_packet_into_a_large_photo_is_told_at_once() -> None:
    photo = np.random.default_rng(1).bytes(20_000_000)
    after = photo[:5_000] + b"<packet/>" * 300 + photo[5_400:]
    began = time.process_time()
    delta = difference(photo, after)
    # 0.04 s; a loop over the bytes takes seconds.
    assert time.process_time() - began < 0.5
    assert delta.middle == photo[5_000:5_400]
    assert restored(after, delta) == photo
