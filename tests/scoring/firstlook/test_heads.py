"""The networks that ship: whole, small, and refused where they are not what was published."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest

from realqa_agent.config import Config
from realqa_agent.errors import UserError
from realqa_agent.scoring.firstlook import heads
from realqa_agent.scoring.firstlook.scorer import FirstLook

FILES = ("firstlook.json", "quality.onnx", "soundness.onnx", "beauty.onnx")
LIMIT_BYTES = 12_000_000


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copytree(heads.WEIGHTS, tmp_path / "weights"))


def test_all_weights_together_stay_small() -> None:
    assert sum(file.stat().st_size for file in heads.WEIGHTS.iterdir()) <= LIMIT_BYTES


def test_the_weights_say_where_they_come_from() -> None:
    notice = (heads.WEIGHTS / "NOTICE").read_text()
    for source in ("EfficientNet-Lite", "Apache", "BIQ2021", "OASIS"):
        assert source in notice


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_with_the_mend(name: str, weights: Path) -> None:
    (weights / name).unlink()
    with pytest.raises(UserError, match=rf"{name} can't be read .*Install realqa-agent again"):
        FirstLook(Config(), weights)


@pytest.mark.parametrize("name", FILES[1:])
def test_another_file_is_refused(name: str, weights: Path) -> None:
    content = bytearray((weights / name).read_bytes())
    content[len(content) // 2] ^= 1
    (weights / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name} is not the published file.*sha256.*Install realqa-agent again"):
        FirstLook(Config(), weights)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"quality": 1}', "\udc80"])
def test_a_damaged_table_is_refused(content: str, weights: Path) -> None:
    (weights / "firstlook.json").write_text(content, errors="surrogateescape")
    with pytest.raises(UserError, match=r"firstlook\.json is damaged"):
        FirstLook(Config(), weights)


@pytest.mark.parametrize("head", ["quality", "beauty"])
def test_the_calibration_is_monotone_on_and_beyond_its_table(head: str) -> None:
    table = json.loads((heads.WEIGHTS / "firstlook.json").read_text())
    calibration = heads._calibration(table[head])
    low, high = calibration.raw[0], calibration.raw[-1]
    raw = [low + (high - low) * step / 50 for step in range(-25, 76)]
    scores = [calibration.judge(value).score for value in raw]
    assert all(one < other for one, other in itertools.pairwise(scores))
    assert all(0 < calibration.judge(value).uncertainty < 3 for value in raw)
