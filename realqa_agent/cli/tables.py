"""Results as a table for people: one row a file, with the reason for each low attribute."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from realqa_agent.evaluation.record import Evaluation, Figure

LOW = 4.5
"""An attribute scored under this is explained in the table."""

PIPE_COLUMNS = 160
"""Width where nobody says how wide the terminal is."""

FIGURES = {
    "srcc": "SRCC",
    "plcc": "PLCC, raw scores without a fit",
    "krcc": "KRCC, tau-b",
    "reject_auc": "reject AUC: culls below keepers",
    "pairs": "pairs of a series in the right order",
    "best_of_series": "best frame of a series found",
    "keepers_destroyed": "keepers destroyed: rejected",
    "culls_found": "culls found: rejected",
}
"""Figure of an evaluation to its words."""

COLOURS = {"keep": "green", "review": "yellow", "reject": "red"}


def console(*, stderr: bool = False) -> Console:
    """Return a console that also makes readable tables in a pipe or a log."""
    made = Console(stderr=stderr, highlight=False, markup=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made = Console(stderr=stderr, highlight=False, markup=False, width=PIPE_COLUMNS)
    return made


def table(lines: Iterable[dict[str, Any]]) -> Table:
    """Given the objects of `cli.lines`, return the table."""
    lines = list(lines)
    shown, common = of_files([line["path"] for line in lines])
    for name in ("overall", "quality", "aesthetic"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    shown.add_column("why", ratio=7)
    for line in lines:
        file = relative(line["path"], common)
        if not line["ok"]:
            error = line["error"]
            shown.add_row(file, "", "", "", Text("refused", style="magenta"), f"{error['kind']}: {error['message']}")
            continue
        decision = line["verdict"]["decision"]
        shown.add_row(
            file,
            *(f"{line[score]:.2f}" for score in ("overall", "quality", "aesthetic")),
            Text(decision, style=COLOURS[decision]),
            "\n".join(low_points(line)),
        )
    return shown


def of_files(paths: Iterable[str]) -> tuple[Table, str]:
    """Return a table with a column for these files, and the folder that they share, which is its title."""
    parents = {os.path.dirname(path) for path in paths}  # noqa: PTH120 - text of any bytes
    common = os.path.commonpath(parents) if parents else ""
    shown = Table(title=Text(printable(common), style="dim"), title_justify="left", show_edge=False, pad_edge=False)
    shown.add_column("file", overflow="fold", ratio=3)
    return shown, common


def relative(path: str, folder: str) -> Text:
    """Return a path as the cell of a table below a folder."""
    return Text(printable(os.path.relpath(path, folder)))


def low_points(line: dict[str, Any]) -> list[str]:
    """Return a sentence for each low attribute, worst first."""
    low = [
        (attribute["score"], name, attribute)
        for name, attribute in line["attributes"].items()
        if attribute["score"] is not None and attribute["score"] < LOW
    ]
    low.sort(key=lambda entry: entry[0])
    return [
        f"{words(name)} {score:.1f} ({attribute['value']}): {attribute['reason']}" for score, name, attribute in low
    ]


def words(name: str) -> str:
    """Return an attribute's name as people write it."""
    return name.replace("_", " ")


def printable(text: str) -> str:
    """Return a path as it can be printed: bytes that are not UTF-8 and control characters become visible escapes."""
    shown = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown)


def printable_lines(text: str) -> str:
    """Return a text of several lines as it can be printed."""
    return "\n".join(map(printable, text.split("\n")))


def figures(evaluation: Evaluation, title: str, more: Mapping[str, str]) -> Table:
    """Return the table of an evaluation's figures with their intervals, and of more that have none."""
    shown = Table(title=Text(printable(title), style="dim"), title_justify="left", show_edge=False, pad_edge=False)
    shown.add_column("figure")
    columns = {f"all {evaluation.pictures}": evaluation.figures}
    if evaluation.failed:
        columns[f"scored only, {evaluation.pictures - evaluation.failed}"] = evaluation.scored_only
    for heading in columns:
        shown.add_column(heading, justify="right")
        shown.add_column("95 % interval", justify="right")
    for name, meaning in FIGURES.items():
        cells = [cell for found in columns.values() for cell in cells_of(found[name])]
        if any(cells):
            shown.add_row(meaning, *cells)
    for meaning, figure in more.items():
        shown.add_row(meaning, figure)
    low, high = evaluation.scale
    shown.caption = Text(f"human scores from {low:g} to {high:g}; {evaluation.groups} independent", style="dim")
    return shown


def cells_of(figure: Figure) -> tuple[str, str]:
    """Return value and interval as text, empty where they are not defined."""
    value = "" if figure.value is None else f"{figure.value:.3f}"
    return value, "" if figure.ci is None else f"{figure.ci[0]:.3f} to {figure.ci[1]:.3f}"
