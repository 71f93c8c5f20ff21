"""`realqa service`: the agent as a systemd service: install it, look at it, read its log, remove it."""

from __future__ import annotations

import json
import os
import pwd
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent import config
from realqa_agent.cli.moments import shown
from realqa_agent.errors import RealQAError, UserError
from realqa_agent.service import systemd
from realqa_agent.service.systemd import ServiceManagerError, Standing

if TYPE_CHECKING:
    from realqa_agent.service.systemd import Service, State

NOT_UP = 3
"""The exit status of `systemctl status` for a service that does not run."""

system_option = click.option(
    "--system", "user", metavar="NAME", help="The machine's service for this user, instead of your own; needs root."
)


@click.group("service", short_help="Install the agent as a systemd service, look at it, read its log.")
def command() -> None:
    """Install the agent as a systemd service, look at it, read its log.

    By default a service of yours, which runs while you are logged in. `--system NAME` makes it one of the machine
    that runs as that user from boot on, for a server on which nobody logs in.

    \b
    realqa service install
    realqa service status
    realqa service logs --follow
    """


@command.command(short_help="Write the unit and start it.")
@system_option
@click.option("--start/--no-start", default=True, help="Start it now and at each login or boot; else only install it.")
@click.option("--force", is_flag=True, help="Replace a unit of the same name that somebody else made.")
@click.option("--dry-run", is_flag=True, help="Print the unit and the commands, do nothing.")
@click.pass_context
def install(ctx: click.Context, *, user: str | None, start: bool, force: bool, dry_run: bool) -> None:
    """Write the unit and have systemd start it, with the settings of `realqa --config FILE` if given.

    Do it again after the program has moved: the unit is updated. What you changed with `systemctl edit` stays.
    Exit status 1 if the unit is written, but systemd can't be reached or can't start it.
    """
    service = _service(user)
    settings = _named_settings(ctx, service)
    _check_settings(settings, service, user)
    if not dry_run:
        _check_root(service)
    named = ["--config", str(settings)] if settings else []
    text = systemd.render(service, [str(systemd.program()), *named, "run"])
    found = systemd.standing(service.file, text)
    if found is Standing.FOREIGN and not force:
        raise UserError(f"{service.file}: there is a unit already, not made by this command; --force replaces it")
    commands = _commands(service, found, start=start)
    if dry_run:
        click.echo(f"# {service.file}\n{text}\n# then")
        click.echo("\n".join(map(shlex.join, commands)))
        return
    if found is not Standing.SAME:
        systemd.put(service.file, text)
    did = {Standing.NOTHING: "wrote", Standing.SAME: "is up to date:"}.get(found, "replaced")
    click.echo(f"{did} {service.file}", err=True)
    _carry_out(service, commands)
    if start:
        click.echo(f"started {service.unit}, now and at each {'boot' if service.system else 'login'}", err=True)
    else:
        click.echo(f"to start it: {shlex.join(service.systemctl('enable', '--now', service.unit))}", err=True)
    if not service.system and not systemd.lingers():
        click.echo("it ends when you log out; so that it goes on: loginctl enable-linger", err=True)


@command.command(short_help="Stop the service and remove its unit.")
@system_option
def uninstall(*, user: str | None) -> None:
    """Stop the service and remove its unit; settings, index and results stay."""
    service = _service(user)
    _check_root(service)
    found = systemd.standing(service.file)
    if found is Standing.NOTHING:
        click.echo(f"there is no {service.file}: nothing to do", err=True)
        return
    if found is Standing.FOREIGN:
        raise UserError(f"{service.file} was not made by `realqa service install`: it is left as it is")
    trouble: ServiceManagerError | None = None
    try:
        systemd.call(service.systemctl("disable", "--now", service.unit))
    except ServiceManagerError as error:
        trouble = error
    systemd.take_away(service)
    siblings = service.siblings()
    kept = f"kept {service.file} for {', '.join(siblings)}" if siblings else f"removed {service.file}"
    click.echo(kept, err=True)
    dropped = service.file.with_name(service.unit + ".d")
    if dropped.is_dir():
        click.echo(f"your own changes are still in {dropped}", err=True)
    if trouble is not None:
        stop = shlex.join(service.systemctl("stop", service.unit))
        raise RealQAError(f"{trouble}\nif the agent runs, it goes on; to stop it: {stop}")
    systemd.call(service.systemctl("daemon-reload"))


@command.command(short_help="Show what systemd says of the service.")
@system_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(ctx: click.Context, *, user: str | None, as_json: bool) -> None:
    """Show what systemd says of the service; exit status 0 if it runs, 3 if not.

    What the agent itself says, its queue and its failures: `realqa status`.
    """
    service = _service(user)
    state = systemd.state(service)
    lingers = None if service.system else systemd.lingers()
    if as_json:
        click.echo(json.dumps(_object(service, state, lingers=lingers)))
    else:
        _print(service, state, lingers=lingers)
    ctx.exit(0 if state.up else NOT_UP)


@command.command(short_help="Show the service's log.")
@system_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what is logged from now on.")
@click.option("-n", "--lines", type=click.IntRange(0), help="Only the newest so many lines.")
@click.option("--since", metavar="TIME", help="Only what is newer, as journalctl takes it: `today`, `1h ago`.")
def logs(*, user: str | None, follow: bool, lines: int | None, since: str | None) -> None:
    """Show the service's log, by journalctl."""
    words = [
        *(["--follow"] if follow else []),
        *([] if lines is None else [f"--lines={lines}"]),
        *([] if since is None else [f"--since={since}"]),
    ]
    reading = _service(user).journalctl(*words)
    try:
        os.execvp(reading[0], reading)  # noqa: S606 - no shell, a list
    except FileNotFoundError:
        raise RealQAError("journalctl is not installed: there is no journal on this machine") from None


def _service(user: str | None) -> Service:
    return systemd.of_this_user() if user is None else systemd.of_the_machine(user)


def _named_settings(ctx: click.Context, service: Service) -> Path | None:
    """Return the settings file to name in the unit, since the service knows nothing of this terminal's variables."""
    if ctx.obj is not None or (config.FILE_VARIABLE in os.environ and not service.system):
        return config.chosen_file(ctx.obj).absolute()
    return None


def _check_settings(named: Path | None, service: Service, user: str | None) -> None:
    """Raise UserError if the agent would not start with the settings that the service will have."""
    if named is None and user is not None:
        # Those of the user, not those of root.
        file: Path | None = Path(pwd.getpwnam(user).pw_dir) / ".config" / "realqa" / "config.toml"
    else:
        file = named
    if not config.load(file).folders.watch:
        raise UserError(
            f"{file or config.chosen_file()}: no folder to watch, {service.unit} would have nothing to do; set `watch` "
            "in [folders] (`realqa config init` writes a file to start with)"
        )


def _check_root(service: Service) -> None:
    if service.system and os.geteuid() != 0:
        raise UserError(f"only root may change {service.unit}: type it again behind sudo")


def _commands(service: Service, found: Standing, *, start: bool) -> list[list[str]]:
    """Return what systemd is to be told once the unit is written."""
    commands = [service.systemctl("daemon-reload")]
    if start and found in {Standing.NOTHING, Standing.SAME}:
        commands.append(service.systemctl("enable", "--now", service.unit))
    elif start:
        # `enable --now` leaves alone what runs already, by the old unit.
        commands += [service.systemctl("enable", service.unit), service.systemctl("restart", service.unit)]
    return commands


def _carry_out(service: Service, commands: list[list[str]]) -> None:
    """Tell systemd; raise RealQAError with what is left to type if that doesn't work."""
    for number, one in enumerate(commands):
        try:
            systemd.call(one)
        except ServiceManagerError as error:
            if number:
                log = shlex.join(service.journalctl("--lines=20"))
                raise RealQAError(f"{error}\nwhy is in its log: {log}") from error
            left = "".join(f"\n  {shlex.join(later)}" for later in commands)
            raise RealQAError(
                f"{error}\n{service.file} is written, but systemd can't be told from here; type where it can:{left}"
            ) from error


def _object(service: Service, state: State, *, lingers: bool | None) -> dict[str, Any]:
    return {
        "unit": service.unit,
        **asdict(state),
        "file": str(state.file) if state.file else None,
        "lingers": lingers,
    }


def _print(service: Service, state: State, *, lingers: bool | None) -> None:
    since = f" since {shown(state.since)}" if state.since is not None else ""
    process = f", process {state.main_pid}" if state.main_pid else ""
    click.echo(f"service  {service.unit} is {state.active} ({state.sub}){since}{process}")
    if state.says:
        click.echo(f"agent    {state.says}")
    if state.memory_bytes is not None:
        click.echo(f"memory   {state.memory_bytes / 1e6:.0f} MB")
    click.echo(f"restarts {state.restarts}")
    file = f"{state.file}, {state.enabled}" if state.file else "none; `realqa service install` writes it"
    click.echo(f"unit     {file}")
    if lingers is not None:
        logout = "goes on after logout" if lingers else "ends when you log out; `loginctl enable-linger` lets it go on"
        click.echo(f"linger   it {logout}")
