"""What `realqa dataset` shows: JSON, findings, histograms."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from realqa_agent.cli import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realqa_agent.dataset.checks import Checked
    from realqa_agent.dataset.figures import Statistics
    from realqa_agent.dataset.manifest import Manifest
    from realqa_agent.dataset.record import Fault, RatedSet

SHOWN_FINDINGS = 10
"""Of each fault; JSON has all."""

BAR = 40
"""Letters of the longest bar of a histogram."""


def about(one: RatedSet, checked: Checked) -> dict[str, Any]:
    """Return what JSON says of each source."""
    return {
        "source": str(one.folder),
        "layout": one.layout,
        "name": one.name,
        "role": one.role,
        "scale": one.scale,
        "labels": [str(file) for file in one.labels],
        "pictures": len(one.images),
        "sound": len(checked.sound),
        "faults": dict(checked.counts),
    }


def findings(one: RatedSet, checked: Checked) -> Iterator[str]:
    """Yield the lines for people: how many pictures can be used, and what is wrong with the others."""
    usable = f"{len(checked.sound)} of {len(one.images)} pictures can be used"
    faults = f"; {counted(checked.counts)}" if checked.counts else ""
    yield f"{tables.printable(one.name)} ({one.layout}): {usable}{faults}"
    for fault, count in checked.counts.items():
        found = (finding for finding in checked.findings if finding.fault == fault)
        for finding in islice(found, SHOWN_FINDINGS):
            yield f"  {fault}: {tables.printable(finding.name)}: {tables.printable(finding.what)}"
        if count > SHOWN_FINDINGS:
            yield f"  {fault}: {count - SHOWN_FINDINGS} more; --json lists them"


def counted(counts: Mapping[Fault, int]) -> str:
    """Return how many pictures have which fault, in words."""
    return ", ".join(f"{count} {fault}" for fault, count in counts.items())


def histogram(one: RatedSet, figures: Statistics) -> Table:
    """Return the scores of a set as a table of bars."""
    low, median, high = figures.quartiles
    begin, end = figures.scale
    splits = ", ".join(f"{split} {count}" for split, count in figures.splits.items())
    words = (
        f"{figures.images} pictures; mean {figures.mean:.3g}, standard deviation {figures.deviation:.3g}, "
        f"quartiles {low:.3g}, {median:.3g}, {high:.3g}"
    )
    words += f"; {figures.series} series" * bool(figures.series) + f"; published split: {splits}" * bool(splits)
    title = Text(f"{tables.printable(one.name)} ({one.layout})", style="dim")
    shown = Table(title=title, title_justify="left", show_edge=False, pad_edge=False, caption=words)
    for heading in ("from", "pictures"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("")
    most = max(figures.histogram)
    for part, count in enumerate(figures.histogram):
        start = begin + (end - begin) * part / len(figures.histogram)
        shown.add_row(f"{start:.4g}", str(count), "█" * round(BAR * count / most))
    return shown


def summary(made: Manifest) -> Table:
    """Return what a data set that was made holds."""
    low, high = made.scale
    title = Text(f"{tables.printable(made.name)}: {made.role}, {low:g} to {high:g}", style="dim")
    shown = Table(title=title, title_justify="left", show_edge=False, pad_edge=False, show_header=False)
    shown.add_column()
    shown.add_column(justify="right")
    for split, count in made.splits.items():
        shown.add_row(f"pictures in {split}", str(count))
    for form, count in made.conversations.items():
        shown.add_row(f"conversations, {form}", str(count))
    return shown
