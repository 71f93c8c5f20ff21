from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from support.clips import numbered, turn, write_clip

from realqa_agent.config import Media
from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.clip import Clip
from realqa_agent.media.opening import open_clip


def seconds(clip: Clip) -> list[float]:
    return [round(at_s, 2) for at_s, _ in clip.frames]


def refusal(path: Path, limits: Media) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        list(open_clip(path, limits).frames)
    return refused.value


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi", ".mts"])
def test_frames_are_those_on_show_in_the_middle_of_equal_intervals(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a{suffix}", numbered(42), rate=25, keyframe_every=42)
    clip = open_clip(path, Media(clip_frames=4))
    assert clip.duration_s == pytest.approx(42 / 25, abs=0.02)
    shown = [(at_s, (float(picture.overview(64).mean()) - 20) / 2) for at_s, picture in clip.frames]
    assert [number for _, number in shown] == pytest.approx([5, 15, 26, 36], abs=0.6)
    assert [at_s for at_s, _ in shown] == pytest.approx([5 / 25, 15 / 25, 26 / 25, 36 / 25], abs=0.01)


def test_an_mpeg_program_stream_opens(tmp_path: Path, limits: Media) -> None:
    clip = open_clip(write_clip(tmp_path / "a.mpg", numbered(42), rate=25, keyframe_every=12), limits)
    assert len(list(clip.frames)) >= 4


def test_keyframes_are_enough_where_there_are_enough_of_them(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(96), rate=8, keyframe_every=8)
    clip = open_clip(path, Media(clip_frames=4))
    assert seconds(clip) == [1.0, 4.0, 7.0, 10.0]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".mts", ".mpg"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_frames_come_in_order_and_once_from_every_container(tmp_path: Path, suffix: str, b_frames: int) -> None:
    path = write_clip(tmp_path / f"a{suffix}", numbered(96), rate=25, keyframe_every=6, b_frames=b_frames)
    clip = open_clip(path, Media(clip_frames=6))
    shown = [(at_s, (float(picture.overview(64).mean()) - 20) / 2) for at_s, picture in clip.frames]
    assert len(shown) >= 4
    for (earlier, at_first), (later, at_second) in pairwise(shown):
        assert earlier < later
        assert at_first + 1 < at_second


def test_a_long_clip_with_few_keyframes_is_never_decoded_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(90), rate=1, keyframe_every=60)
    assert seconds(open_clip(path, Media(clip_frames=8))) == [0.0, 60.0]


def test_a_clip_with_fewer_frames_than_wanted_gives_each_once(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(3), rate=10, keyframe_every=1)
    assert seconds(open_clip(path, Media(clip_frames=8))) == [0.0, 0.1, 0.2]


def test_frames_are_decoded_when_they_are_taken(tmp_path: Path, limits: Media) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(40))
    clip = open_clip(path, limits)
    path.unlink()
    assert len(seconds(clip)) == limits.clip_frames


def test_rotation_is_honoured(tmp_path: Path, limits: Media, corners: npt.NDArray[np.uint8]) -> None:
    big = np.kron(corners[::20, ::30], np.ones((32, 48, 1), dtype=np.uint8))
    path = turn(write_clip(tmp_path / "a.mp4", [big] * 10))
    clip = open_clip(path, limits)
    assert (clip.width, clip.height) == (64, 96)
    _, picture = next(clip.frames)
    quarters = picture.overview(96)[24::48, 16::32].astype(int)
    # Turned clockwise: the lower left quarter, blue, comes to the upper left.
    np.testing.assert_allclose(quarters[0, 0], (30, 30, 220), atol=20)
    np.testing.assert_allclose(quarters[0, 1], (220, 30, 30), atol=20)
    np.testing.assert_allclose(quarters[1, 1], (30, 200, 30), atol=20)


def test_a_cut_clip_is_refused(tmp_path: Path, limits: Media) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(40))
    path.write_bytes(path.read_bytes()[:-2000])
    assert refusal(path, limits).kind == RefusalKind.CORRUPT


def test_a_clip_whose_frames_are_missing_is_refused(tmp_path: Path, limits: Media) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(40))
    head, mark, rest = path.read_bytes().partition(b"mdat")
    index = rest.rindex(b"moov")
    path.write_bytes(head + mark + bytes(index - 4) + rest[index - 4 :])
    assert refusal(path, limits).kind == RefusalKind.CORRUPT


@pytest.mark.parametrize("content", [b"dear diary, " * 400, bytes(65536), b"\xff\xd8\xff\xe0JFIF"])
def test_what_is_not_a_clip_is_refused(tmp_path: Path, limits: Media, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    assert refusal(tmp_path / "a.mp4", limits).kind in (RefusalKind.UNSUPPORTED, RefusalKind.CORRUPT)


def test_a_list_of_other_files_is_not_followed(tmp_path: Path, limits: Media) -> None:
    write_clip(tmp_path / "other.mp4", numbered(10))
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    assert refusal(tmp_path / "a.mp4", limits).kind == RefusalKind.UNSUPPORTED


def test_limits_of_pixels_and_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [np.zeros((1000, 1200, 3), dtype=np.uint8)] * 3)
    assert refusal(path, Media(max_megapixels=1)).kind == RefusalKind.TOO_LARGE
    no_time = Media.model_construct(**{**Media().model_dump(), "seconds_per_file": 0})
    error = refusal(path, no_time)
    assert (error.kind, "seconds_per_file" in error.message) == (RefusalKind.TOO_LARGE, True)


def test_a_tiny_clip_is_refused(tmp_path: Path, limits: Media) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(5, width=14, height=14))
    assert refusal(path, limits).kind == RefusalKind.UNSUPPORTED
