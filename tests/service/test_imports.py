"""When an import is over."""

from __future__ import annotations

from realqa_agent.service.imports import QUIET_SECONDS, Imports


def test_an_import_ends_once_after_a_quiet_while_and_tells_when_it_began() -> None:
    imports = Imports()
    assert imports.ended(0.0) is None
    imports.arrived(100.0, "first")
    imports.arrived(100.0 + QUIET_SECONDS - 1, "second")
    assert imports.ended(100.0 + QUIET_SECONDS) is None
    assert imports.ended(100.0 + 2 * QUIET_SECONDS) == "first"
    assert imports.ended(100.0 + 3 * QUIET_SECONDS) is None
    imports.arrived(1000.0, "third")
    assert imports.ended(1000.0 + QUIET_SECONDS) == "third"
