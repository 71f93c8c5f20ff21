"""`realqa plugin`: the plugins that bring the agent into other programs."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realqa_agent import __version__, config
from realqa_agent.cli import plugin_digikam
from realqa_agent.errors import UserError
from realqa_agent.hosts import darktable
from realqa_agent.service.systemd import program

if TYPE_CHECKING:
    from realqa_agent.hosts.darktable import Place

NOT_READY = 3
"""The exit status of `realqa plugin status` for a plugin that is not there, not of this version, or not started."""

DARKTABLE, DIGIKAM = "darktable", "digikam"

HOST = click.argument("host", type=click.Choice([DARKTABLE, DIGIKAM]), metavar=f"{DARKTABLE}|{DIGIKAM}")

flatpak_option = click.option("--flatpak", is_flag=True, help="The darktable from Flathub instead of the system's.")


@click.group("plugin", short_help="Bring the agent into darktable and digiKam.")
def command() -> None:
    """Bring the agent into darktable and digiKam: install what that needs, look at it, remove it.

    darktable gets a plugin: it hands imported photos to the agent, sets the suggested stars and tags inside darktable,
    and shows why in a panel of the lighttable. It needs darktable 4.2 or newer with Lua.

    digiKam gets an entry under "Open With", which file managers have then too: it has the selected photos scored, and
    digiKam take in the results. What else digiKam needs, `realqa digikam setup` does. With --build it gets a plugin
    too, with a window of scores and reasons.

    \b
    realqa plugin install darktable
    realqa plugin install digikam
    realqa plugin status darktable
    """


@command.command(short_help="Put the plugin where its host finds it.")
@HOST
@flatpak_option
@click.option(
    "--yes/--no",
    "start",
    default=None,
    help="Have darktable start it by a line in its `luarc`, or not; without either you are asked.",
)
@click.option(
    "--build",
    is_flag=True,
    help="Also build the plugin for the digiKam that is installed here; takes cmake, a compiler, and about a minute.",
)
@click.pass_context
def install(ctx: click.Context, host: str, *, flatpak: bool, start: bool | None, build: bool) -> None:
    """Put the plugin where its host finds it, or bring it up to this version; it calls this very `realqa`.

    With the settings of `realqa --config FILE` if given. What it changes it keeps a copy of: `luarc.before-realqa`,
    and `realqa-replaced` for files of the plugin that you changed.

    \b
    realqa plugin install darktable
    realqa plugin install digikam
    realqa plugin install digikam --build
    """
    if host == DIGIKAM:
        _check_for_darktable(flatpak=flatpak, start=start)
        plugin_digikam.install(_program(ctx))
        if build:
            plugin_digikam.build(_program(ctx))
        return
    if build:
        raise click.UsageError("--build is for digikam alone: darktable's plugin needs none")
    where = _place(flatpak=flatpak)
    words = darktable.command_for(_program(ctx), where)
    kept = darktable.install(where, words, __version__)
    click.echo(f"installed version {__version__} in {where.plugin}", err=True)
    if kept:
        click.echo(f"the files that were there, which differ, are kept in {where.kept_plugin}", err=True)
    _have_it_started(where, start)
    if where.flatpak:
        leave = shlex.join(darktable.permission())
        click.echo(f"so that this darktable may call programs outside its sandbox: {leave}", err=True)
    click.echo("darktable takes it in at its next start", err=True)


@command.command(short_help="Take the plugin out.")
@HOST
@flatpak_option
def remove(host: str, *, flatpak: bool) -> None:
    """Take the plugin out, of darktable with the line that starts it; what it set in your library stays.

    \b
    realqa plugin remove darktable
    """
    if host == DIGIKAM:
        _check_for_darktable(flatpak=flatpak)
        plugin_digikam.remove()
        return
    where = _place(flatpak=flatpak)
    there = where.plugin.exists()
    kept = darktable.remove(where)
    if darktable.take_line(where):
        click.echo(f"took its line out of {where.luarc}", err=True)
    if not there:
        click.echo(f"there is no {where.plugin}", err=True)
    elif kept:
        click.echo(f"removed; its files, which differ from this version's, are kept in {where.kept_plugin}", err=True)
    else:
        click.echo(f"removed {where.plugin}", err=True)
    for starter in darktable.starters(where):
        still = f"a line of your own in {where.luarc}" if starter == "luarc" else "darktable's script manager"
        click.echo(f"{still} would start it still: take it out there", err=True)


@command.command(short_help="Show whether the plugin is there, fits and is started.")
@HOST
@flatpak_option
@click.pass_context
def status(ctx: click.Context, host: str, *, flatpak: bool) -> None:
    """Show whether the plugin is there, of this version, and started with darktable; exit status 3 if not.

    \b
    realqa plugin status darktable
    """
    if host == DIGIKAM:
        _check_for_darktable(flatpak=flatpak)
        ctx.exit(0 if plugin_digikam.status(_program(ctx)) else NOT_READY)
    where = _place(flatpak=flatpak)
    found = darktable.installed(where)
    again = f"realqa plugin install darktable{' --flatpak' if flatpak else ''}"
    if found is None:
        click.echo(f"plugin   none in {where.plugin}; `{again}` puts it there")
        ctx.exit(NOT_READY)
    fits = found.version == __version__ and not found.differing
    click.echo(f"plugin   version {found.version or 'unknown'} in {where.plugin}")
    click.echo(f"agent    version {__version__}: {'fits' if fits else f'does not fit; `{again}` brings it up to date'}")
    if found.version == __version__ and found.differing:
        click.echo(f"files    not as they were installed: {', '.join(found.differing)}")
    starters = darktable.starters(where)
    line = f"nothing; `{again} --yes` adds a line to {where.luarc}"
    click.echo(f"started  by {' and by '.join(starters) or line}")
    called = _called(found.command)
    missing = "" if called else ", which is not there"
    click.echo(f"calls    {shlex.join(found.command) or 'realqa, by its name'}{missing}")
    ctx.exit(0 if fits and starters and called else NOT_READY)


def _check_for_darktable(*, flatpak: bool, start: bool | None = None) -> None:
    if flatpak or start is not None:
        raise click.UsageError("--flatpak, --yes and --no are for darktable alone")


def _place(*, flatpak: bool) -> Place:
    """Return where the plugin belongs; UserError if the user has the other darktable alone."""
    where, other = darktable.place(flatpak=flatpak), darktable.place(flatpak=not flatpak)
    if not where.config.exists() and other.config.exists():
        advice = "leave out --flatpak" if flatpak else "add --flatpak"
        raise UserError(f"{where.config}: no such darktable was ever started, but there is {other.config}: {advice}")
    return where


def _program(ctx: click.Context) -> list[str]:
    """Return the command that runs now, with the settings that it has, since darktable knows nothing of this shell."""
    named = ctx.obj is not None or config.FILE_VARIABLE in os.environ
    return [str(program()), *(["--config", str(config.chosen_file(ctx.obj).absolute())] if named else [])]


def _have_it_started(where: Place, start: bool | None) -> None:  # noqa: FBT001 - as click hands it on
    """Add the line that starts the plugin if the user wants it, or tell how else it is started."""
    starters = darktable.starters(where)
    if starters:
        click.echo(f"it is started by {' and by '.join(starters)} already", err=True)
        return
    managed = darktable.managed(where)
    if start is None and sys.stdin.isatty():
        other = " (else you switch it on in darktable's script manager)" if managed else ""
        start = click.confirm(f"Start it with darktable, by a line in {where.luarc}?{other}", default=True, err=True)
    if start:
        kept = f"; as it was: {where.kept_luarc}" if darktable.add_line(where) else ""
        click.echo(f"added `{darktable.START}` to {where.luarc}{kept}", err=True)
    elif managed:
        click.echo("to start it, switch on realqa in darktable's script manager", err=True)
    else:
        click.echo(f"to start it, add this line to {where.luarc}: {darktable.START}", err=True)


def _called(words: tuple[str, ...]) -> bool:
    """Tell whether the program that the plugin calls is there; of two, the one outside the sandbox."""
    program = next((word for word in words if Path(word).is_absolute()), "realqa")
    return shutil.which(program) is not None
