"""`realqa digikam`: what digiKam needs to show the agent's results, and a word to a running one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli.main import settings_of
from realqa_agent.errors import RealQAError, UserError
from realqa_agent.hosts import desktop, digikam
from realqa_agent.hosts.bus import BusError
from realqa_agent.hosts.digikam_settings import GROUP, database, found, wanted_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.hosts.digikam import Place
    from realqa_agent.hosts.digikam_settings import Change

LONGEST_WAIT_SECONDS = 3600.0
"""For results of photos that were handed to the agent; it may rest meanwhile."""

FIRST_STEP = """\
One setting waits for you. Stars, pick labels and tags that you gave in digiKam so far may be in its database alone, and
would lose against what sidecars say. Have digiKam write them out before it looks at changed sidecars:
  1. start digiKam; under Tools > Maintenance... choose "Sync Metadata and Database", "From database to image metadata"
  2. when that is done, quit digiKam
  3. call `realqa digikam setup` again: it turns on the last setting"""

THEY_WAIT = "The photos wait in its queue. `realqa status` tells more, `realqa service install` has it run always."

flatpak_option = click.option("--flatpak", is_flag=True, help="The digiKam from Flathub instead of the system's.")


@click.group("digikam", short_help="Have digiKam show the results.")
def command() -> None:
    """Have digiKam show the results: look at its settings, change them, tell a running digiKam to look for results.

    \b
    realqa digikam check
    realqa digikam setup
    realqa digikam refresh
    """


@command.command(short_help="Say which of the needed settings are off.")
@flatpak_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def check(ctx: click.Context, *, flatpak: bool, as_json: bool) -> None:
    """Say which digiKam there is, whether it runs, and which of the needed settings are off; exit status 1 if one is.

    \b
    realqa digikam check
    """
    where = _place(flatpak=flatpak)
    report = _report(where)
    if as_json:
        click.echo(json.dumps(report))
    else:
        _show(report, where)
    ctx.exit(0 if report["ready"] else 1)


@command.command(short_help="Change the settings that are off, or take that back.")
@flatpak_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--undo", "back", is_flag=True, help="Take the setup back.")
def setup(*, flatpak: bool, yes: bool, back: bool) -> None:
    """Show which settings of digiKam have to change, ask, and change them; nothing else in that file is touched.

    digiKam must not run. The file as it was is kept beside it as `digikamrc.before-realqa`; --undo brings it back or,
    if others changed the file since, takes back only what the setup changed.

    If what you chose in digiKam may be in its database alone, this takes two steps, and says what to do in between.

    \b
    realqa digikam setup
    realqa digikam setup --undo
    """
    where = _place(flatpak=flatpak)
    _check_closed(where)
    if back:
        _take_back(where, yes=yes)
    else:
        _set_up(where, yes=yes)


@command.command(short_help="Have a running digiKam look for results.")
def refresh() -> None:
    """Have each digiKam that runs on this desktop look for new and changed files; exit status 1 if none does.

    Its settings decide what it then takes in, see `realqa digikam check`. With `refresh = true` in `[digikam]` the
    agent does the same after each import.

    \b
    realqa digikam refresh
    """
    if not digikam.refresh():
        raise RealQAError("no digiKam runs on this desktop; at its start it looks for results by itself")
    click.echo("digiKam looks for new and changed files", err=True)


@command.command(short_help="Have photos scored now and taken in by digiKam.")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="PHOTO…")
@click.pass_context
def score(ctx: click.Context, photos: tuple[Path, ...]) -> None:
    """Hand photos to the agent as `realqa queue add` does, wait for the results, and have digiKam take them in.

    "Open With" calls this (`realqa plugin install digikam`), so what hinders it is told on the desktop as well. Exit
    status 1 if no agent runs, or it takes more than an hour; the photos wait in its queue then.

    \b
    realqa digikam score ~/Pictures/card/IMG_0042.CR2
    """
    from realqa_agent.cli import queue  # noqa: PLC0415 - half a second that the other verbs save
    from realqa_agent.index.store import Index  # noqa: PLC0415 - the same
    from realqa_agent.service.awaiting import first_try_over  # noqa: PLC0415 - the same
    from realqa_agent.service.lock import holder  # noqa: PLC0415 - the same
    from realqa_agent.service.naming import as_watched  # noqa: PLC0415 - the same

    config = settings_of(ctx)
    ctx.invoke(queue.add, paths=photos, listed=None)
    known_as = as_watched(map(str, photos), config.folders.watch).values()

    def agent_works() -> bool:
        return holder(config.index.file) is not None

    with Index.read(config.index.file) as index:
        done = first_try_over(index, known_as, works=agent_works, patience_s=LONGEST_WAIT_SECONDS)
    if not done:
        _tell("The agent takes its time" if agent_works() else "No agent runs that would score them", THEY_WAIT)
        ctx.exit(1)
    _have_them_taken_in()


def _have_them_taken_in() -> None:
    """Have digiKam take in what was scored; where it can't, say why."""
    read = digikam.read(digikam.place(flatpak=False))
    if read.before is not None and wanted_changes(read.settings):
        _tell("digiKam does not show all results yet", "`realqa digikam check` tells which of its settings are off.")
    try:
        told = digikam.refresh()
    except BusError as error:
        click.echo(str(error), err=True)
    else:
        click.echo("digiKam takes them in" if told else "no digiKam runs; it takes them in at its start", err=True)


def _tell(summary: str, body: str) -> None:
    """Say it here and on the desktop: who comes by "Open With" has no terminal."""
    click.echo(f"{summary}. {body}", err=True)
    desktop.say(summary, body)


def _place(*, flatpak: bool) -> Place:
    """Return where the settings are; UserError if the user has the other digiKam alone."""
    where, other = digikam.place(flatpak=flatpak), digikam.place(flatpak=not flatpak)
    if not where.file.exists() and other.file.exists():
        advice = "leave out --flatpak" if flatpak else "add --flatpak"
        raise UserError(f"{where.file}: no such digiKam was ever started, but there is {other.file}: {advice}")
    return where


def _check_closed(where: Place) -> None:
    processes = ", ".join(map(str, digikam.running(where)))
    if processes:
        raise UserError(f"digiKam runs (process {processes}) and writes its settings when it ends: quit it first")


def _set_up(where: Place, *, yes: bool) -> None:
    read = digikam.read(where)
    if read.before is None and digikam.version(flatpak=where.flatpak) is None:
        raise UserError(f"there is no digiKam here: no such program, and no settings in {where.file}")
    in_two_steps = digikam.choices_may_be_lost(read.settings)
    changes = wanted_changes(read.settings, rescan=not in_two_steps)
    if changes:
        _show_changes(where, changes)
        _check_agreed(where, yes=yes)
        digikam.set_up(where, read, changes)
        click.echo(f"changed {where.file}; as it was before: {where.kept}", err=True)
    else:
        click.echo(f"all is set in {where.file}", err=True)
    if in_two_steps:
        click.echo(FIRST_STEP, err=True)


def _take_back(where: Place, *, yes: bool) -> None:
    planned = digikam.undoing(where)
    if planned.whole:
        click.echo(f"{where.file} becomes what it was before the setup", err=True)
    else:
        click.echo(f"{where.file} was changed by others too; their changes stay", err=True)
    _show_changes(where, planned.changes)
    _check_agreed(where, yes=yes)
    digikam.undo(where, planned)
    click.echo("took back the setup", err=True)


def _check_agreed(where: Place, *, yes: bool) -> None:
    """Ask, and see that digiKam was not started meanwhile."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("nothing is changed without your consent: call it in a terminal, or with --yes")
    click.confirm("Change this?", abort=True, err=True)
    _check_closed(where)


def _show_changes(where: Place, changes: Sequence[Change]) -> None:
    """Show them as a difference of the file."""
    click.echo(f"{where.file}, [{GROUP}]", err=True)
    for change in changes:
        for sign, value, colour in (("-", change.before, "red"), ("+", change.after, "green")):
            if value is not None:
                click.secho(f"{sign} {change.key}={value}", fg=colour, err=True)


def _report(where: Place) -> dict[str, Any]:
    """Return the JSON object of a check."""
    read = digikam.read(where)
    version = digikam.version(flatpak=where.flatpak)
    kept_in = database(read.settings)
    standing = found(read.settings)
    return {
        "version": version,
        "merges_tags": None if version is None else digikam.merges_tags(version),
        "running": digikam.running(where),
        "settings_file": str(where.file),
        "settings_exist": read.before is not None,
        "database": None if kept_in is None else {"server": kept_in.server, "place": kept_in.place},
        "settings": [
            {
                "key": each.need.key,
                "value": each.value,
                "is": each.says,
                "needed": each.wanted,
                "fits": each.fits,
                "why": each.need.why,
            }
            for each in standing
        ],
        "ready": all(each.fits for each in standing),
    }


def _show(report: dict[str, Any], where: Place) -> None:
    from rich.table import Table  # noqa: PLC0415 - 60 ms that --json saves
    from rich.text import Text  # noqa: PLC0415 - the same

    from realqa_agent.cli import tables  # noqa: PLC0415 - the same

    flatpak = " --flatpak" if where.flatpak else ""
    click.echo(f"digiKam   {_version(report)}")
    running = ", ".join(map(str, report["running"]))
    click.echo(
        f"running   {f'process {running}; `realqa digikam refresh` has it look for results' if running else 'no'}"
    )
    absent = "" if report["settings_exist"] else ", which is not there: digiKam was never started"
    click.echo(f"settings  {tables.printable(report['settings_file'])}{absent}")
    click.echo(f"database  {_database(report['database'])}")
    click.echo()
    shown = Table(show_edge=False, pad_edge=False)
    for name in ("setting", "is", "needed"):
        shown.add_column(name, no_wrap=True)
    shown.add_column("why", overflow="fold")
    for line in report["settings"]:
        why = "" if line["fits"] else line["why"]
        shown.add_row(line["key"], Text(line["is"], style="" if line["fits"] else "red"), line["needed"], why)
    tables.console().print(shown)
    click.echo()
    click.echo("ready: digiKam shows results" if report["ready"] else f"to change that: realqa digikam setup{flatpak}")


def _version(report: dict[str, Any]) -> str:
    if report["version"] is None:
        return "no such program here, or it does not say its version; an AppImage is not looked for"
    does = "adds new tags of a photo to the old ones, also the agent's" if report["merges_tags"] else "replaces tags"
    return f"{report['version']}; when a photo is scored again it {does}"


def _database(kept_in: dict[str, Any] | None) -> str:
    if kept_in is None:
        return "none yet"
    if kept_in["server"]:
        return f"on a server, {kept_in['place']}: that works as well, since only sidecars are written"
    return str(kept_in["place"])
