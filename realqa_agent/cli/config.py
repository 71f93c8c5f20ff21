"""`realqa config`: the settings in force, where they come from, and a file to start with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from realqa_agent import config
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import UserError
from realqa_agent.files import made_whole, make_private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@click.group("config", short_help="Show, locate or create the settings.", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show, locate or create the settings; `show` unless told otherwise.

    \b
    realqa config
    realqa config init && nano "$(realqa config path)"
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@command.command()
@click.pass_context
def show(ctx: click.Context) -> None:
    """Print the settings in force and where they come from."""
    file = config.chosen_file(ctx.obj)
    click.echo(f"# from {file}" if file.exists() else f"# all defaults; {file} does not exist")
    click.echo(as_toml(settings_of(ctx)), nl=False)


@command.command()
@click.pass_context
def path(ctx: click.Context) -> None:
    """Print the path of the settings file, whether or not it exists."""
    click.echo(config.chosen_file(ctx.obj))


@command.command()
@click.pass_context
def init(ctx: click.Context) -> None:
    """Write a settings file with every key and its default, each explained; never over an existing one."""
    file: Path = config.chosen_file(ctx.obj)
    try:
        make_private_folder(file.parent)
        with made_whole(file) as partial:
            partial.write_text(as_toml(config.Config(), explained=True), encoding="utf-8")
    except FileExistsError:
        raise UserError(f"{file}: there is a settings file already; it is left as it is") from None
    except OSError as error:
        raise UserError(f"{file}: can't write it: {error.strerror}") from error
    click.echo(f"wrote {file}", err=True)


def as_toml(settings: config.Config, *, explained: bool = False) -> str:
    """Return the settings as TOML; `explained` puts each key's description above it and comments the value out."""
    return "\n".join(_sections(settings, explained=explained)) + "\n"


def _sections(settings: config.Config, *, explained: bool) -> Iterator[str]:
    for name, field in type(settings).model_fields.items():
        section: config.Section = getattr(settings, name)
        yield ""
        if explained and isinstance(field.annotation, type) and field.annotation.__doc__:
            yield f"# {field.annotation.__doc__.splitlines()[0]}"
        yield f"[{name}]"
        yield from _keys(section, explained=explained)
        if isinstance(section, config.Culling):
            for profile, thresholds in section.profiles.items():
                yield ""
                yield f"[{name}.profiles.{profile}]"
                yield from _keys(thresholds, explained=explained)


def _keys(section: config.Section, *, explained: bool) -> Iterator[str]:
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, dict) and any(isinstance(each, config.Section) for each in value.values()):
            continue
        if explained:
            yield f"# {field.description}"
        hidden = explained or value is None
        yield f"{'# ' if hidden else ''}{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    """Return a value in TOML; its strings, numbers, booleans and arrays of them are written as in JSON."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + " }" if value else "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps("" if value is None else str(value), ensure_ascii=False)
