"""Where the tokens of a prompt stand, against the numbers that the models' makers give."""

from __future__ import annotations

from realqa_agent.scoring.mllm.positions import positions

TEXT, SEEN = 1, 9


def test_a_picture_has_rows_and_columns_and_the_text_goes_on_after_the_longer_side() -> None:
    time, down, across = positions([TEXT, TEXT, *[SEEN] * 6, TEXT, TEXT], SEEN, 2, 3).tolist()
    assert time == [0, 1, 2, 2, 2, 2, 2, 2, 5, 6]
    assert down == [0, 1, 2, 2, 2, 3, 3, 3, 5, 6]
    assert across == [0, 1, 2, 3, 4, 2, 3, 4, 5, 6]


def test_a_clip_has_steps_in_time() -> None:
    """Qwen2-VL's own example, of three steps of two by two."""
    time, down, across = positions([*[SEEN] * 12, *[TEXT] * 5], SEEN, 2, 2).tolist()
    assert time == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 6, 7]
    assert down == [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 3, 4, 5, 6, 7]
    assert across == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 3, 4, 5, 6, 7]


def test_the_text_goes_on_after_the_last_step_however_long_the_clip_is() -> None:
    """Qwen2.5-VL's own example: 25 ticks a second, a frame a second."""
    time, down, across = positions([*[SEEN] * 12, *[TEXT] * 5], SEEN, 2, 2, pace=50).tolist()
    assert time == [*[0] * 4, *[50] * 4, *[100] * 4, 101, 102, 103, 104, 105]
    assert down[-5:] == across[-5:] == time[-5:]


def test_steps_apart_by_words_each_begin_where_the_words_end() -> None:
    step = [TEXT, *[SEEN] * 4]
    time, down, across = positions([*step, *step, TEXT], SEEN, 2, 2).tolist()
    assert time == [0, 1, 1, 1, 1, 3, 4, 4, 4, 4, 6]
    assert down == [0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6]
    assert across == [0, 1, 2, 1, 2, 3, 4, 5, 4, 5, 6]


def test_parts_of_a_tick_are_cut() -> None:
    time, _, _ = positions([SEEN] * 4, SEEN, 1, 1, pace=0.75).tolist()
    assert time == [0, 0, 1, 2]
