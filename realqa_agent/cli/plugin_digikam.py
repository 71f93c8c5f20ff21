"""`realqa plugin … digikam`: the entry under "Open With", and the plugin inside digiKam, which has to be built."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from realqa_agent import __version__
from realqa_agent.errors import UserError
from realqa_agent.hosts import digikam_plugin, openwith
from realqa_agent.hosts.openwith import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

AGAIN = "realqa plugin install digikam"
BUILD = f"{AGAIN} --build"


def install(program: Sequence[str]) -> None:
    """Put the entry there, or bring it up to date; it calls this program."""
    openwith.put(_entry(program))
    click.echo(
        f'"{openwith.TITLE}" is under "Open With" in digiKam, and in file managers: {openwith.place()}', err=True
    )
    click.echo(
        "a digiKam that runs shows it after its next start; `realqa digikam check` tells what else it needs", err=True
    )


def build(program: Sequence[str]) -> None:
    """Build the plugin for the installed digiKam, and have the desktop start digiKam with it; it calls this program."""
    where, library = digikam_plugin.place(), digikam_plugin.library()
    digikam_plugin.check_tools(library)
    click.echo(f"building the plugin for digiKam {library.version}: this takes a minute or two", err=True)
    digikam_plugin.install(where, library, program, __version__)
    click.echo(f"installed {where.plugin}", err=True)
    path = digikam_plugin.search_path(where)
    by_hand = f"{digikam_plugin.VARIABLE}={shlex.quote(path)}"
    if digikam_plugin.start_from_menu(where, path):
        click.echo(f"the menu starts digiKam with it from now on, by {where.entry}", err=True)
        click.echo(f"in a terminal: {by_hand} digikam", err=True)
    else:
        click.echo(f"to have it, digiKam has to be started so: {by_hand} digikam", err=True)
    click.echo('its entries are in the Tools menu, named "RealQA: …"', err=True)


def remove() -> None:
    """Take entry and plugin away."""
    there = openwith.take_away()
    click.echo(f"removed {openwith.place()}" if there else f"there is no {openwith.place()}", err=True)
    where = digikam_plugin.place()
    if digikam_plugin.remove(where):
        click.echo(f"removed {where.folder}", err=True)
    if digikam_plugin.start_as_before(where):
        click.echo(f"removed {where.entry}: the menu starts digiKam by the system's own entry again", err=True)


def status(program: Sequence[str]) -> bool:
    """Show whether the entry is there and calls this program, and whether the plugin, if any, fits.

    Tell whether all is well.
    """
    standing = openwith.standing(_entry(program))
    says = {
        Standing.NOTHING: f"none; `{AGAIN}` puts it there",
        Standing.SAME: f"of version {__version__}, and calls {shlex.join(program)}",
        Standing.OURS: f"of another version, or calls another program; `{AGAIN}` brings it up to date",
        Standing.FOREIGN: "somebody else's; it is left as it is",
    }[standing]
    click.echo(f"entry    {openwith.place()}: {says}")
    return _plugin_status(program) and standing is Standing.SAME


def _plugin_status(program: Sequence[str]) -> bool:
    where = digikam_plugin.place()
    found = digikam_plugin.installed(where)
    if found is None:
        click.echo(f"plugin   none in {where.folder}; `{BUILD}` builds one")
        return True
    try:
        now = digikam_plugin.library().version
    except UserError as error:
        click.echo(f"plugin   for digiKam {found.digikam}, but {error}")
        return False
    fits = found == digikam_plugin.Installed(version=__version__, digikam=now, command=tuple(program))
    says = "fits" if fits else f"digiKam here is {now}, the agent {__version__}; `{BUILD}` brings it up to date"
    click.echo(f"plugin   of version {found.version} for digiKam {found.digikam} in {where.folder}: {says}")
    by_hand = f"only with {digikam_plugin.VARIABLE} set; `{BUILD}` tells how"
    click.echo(f"started  {f'from the menu, by {where.entry}' if digikam_plugin.is_started(where) else by_hand}")
    return fits


def _entry(program: Sequence[str]) -> str:
    return openwith.entry([*program, "digikam", "score"], __version__)
