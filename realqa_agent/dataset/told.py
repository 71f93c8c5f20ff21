"""What is known of pictures' attributes: lines of `realqa score --json`, to reason with in conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, Judgement
from realqa_agent.dataset.layouts.layout import absolute, read_text
from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(file: Path) -> dict[Path, Mapping[str, Judgement]]:
    """Return the attributes of each picture that was scored; UserError if a line is no such object."""
    found: dict[Path, Mapping[str, Judgement]] = {}
    for number, line in enumerate(read_text(file).splitlines(), 1):
        try:
            said = json.loads(line)
            if said["ok"]:
                found[absolute(Path(said["path"]))] = {
                    name: Judgement(**said["attributes"][name]) for name in ATTRIBUTES
                }
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f"{file}: line {number} is not as `realqa score --json` writes it: {error!r}") from error
    return found
