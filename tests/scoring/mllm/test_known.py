"""The list of models with short names."""

from __future__ import annotations

from realqa_agent.scoring.mllm.known import catalogue


def test_a_model_is_found_by_either_name() -> None:
    found = catalogue()
    name, known = found.find("Qwen/Qwen2-VL-7B-Instruct")
    assert (name, known) == found.find("qwen2-vl-7b")
    assert known is not None
    assert found.find("somebody/else") == ("somebody/else", None)


def test_what_was_trained_by_others_has_no_licence_made_up() -> None:
    _, adapters = catalogue().find("realqa")
    assert adapters is not None
    assert adapters.licence == "unknown"
    assert adapters.note
