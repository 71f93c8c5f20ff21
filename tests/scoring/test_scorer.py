from __future__ import annotations

import pytest

from realqa_agent import config
from realqa_agent.errors import UserError
from realqa_agent.scoring import scorer


def test_the_built_in_scorer_is_found_by_name() -> None:
    assert "firstlook" in scorer.names()
    assert scorer.create(config.Config()).name == "firstlook"


def test_an_unknown_scorer_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"no scorer 'nima'.*firstlook"):
        scorer.create(config.Config().scored_by("nima"))
