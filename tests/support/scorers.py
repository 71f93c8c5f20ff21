"""Installs the odd scorers as another package's, found by entry point."""

from __future__ import annotations

from pathlib import Path

NAMES = ("plain", "bright", "crash", "hang", "stumble", "broken", "leave")


def install_odd_scorers(site: Path) -> None:
    """Make a folder for PYTHONPATH that holds them."""
    (site / "odd_scorers.py").write_text((Path(__file__).parents[1] / "odd_scorers.py").read_text())
    info = site / "odd_scorers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-scorers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[realqa.scorers]\n"
        + "".join(f"{name} = odd_scorers:{name.capitalize()}\n" for name in NAMES)
        + "[realqa.models]\nwise = odd_scorers:Wise\n"
    )
