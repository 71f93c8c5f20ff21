"""The command `realqa`: finds the verb, loads the settings, turns errors into sentences and exit statuses."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from realqa_agent import __version__, config
from realqa_agent.errors import RealQAError, UserError

VERBS = {
    "score": "Score files or folders now; writes nothing.",
    "run": "Watch folders, score what is new, write results.",
    "status": "Show the queue, the rate and the last failures.",
    "queue": "Show and steer what waits to be scored.",
    "list": "List scored files from the index.",
    "show": "Show all that is known of one file.",
    "cull": "Show, and with --apply write, stars, rejects and pick labels.",
    "undo": "Put back what was there before the agent wrote.",
    "history": "Show who wrote what when.",
    "eval": "Compare a scorer with human scores.",
    "dataset": "Check rated pictures, and make data sets of them to train on.",
    "train": "Train an adapter for the multimodal scorer.",
    "taste": "Learn your taste from your ratings, see what it is worth, turn it off.",
    "model": "Fetch, list, check and merge multimodal models.",
    "plugin": "Bring the agent into darktable and digiKam.",
    "digikam": "Have digiKam show the results: check, setup, refresh.",
    "service": "Install the agent as a systemd service, look at it, read its log.",
    "db": "Check, back up, shrink or export the index.",
    "config": "Show, locate or create the settings.",
    "doctor": "Say what is missing on this machine and how to mend it.",
    "query": "Answer what plugins ask: what to set for some photos.",
    "applied": "Take in what a plugin has set for the agent.",
}
"""Verb to its one line in `realqa --help`, so that help needs to import no verb."""


class Verbs(click.Group):
    """Imports a verb's module when the verb is used: `realqa list` must not pay for the worker's imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order in which a newcomer needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of the same name and return its command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"realqa_agent.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of verbs."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="realqa")
@click.option(
    "--config",
    "settings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file to use instead of ~/.config/realqa/config.toml.",
)
@click.pass_context
def cli(ctx: click.Context, settings: Path | None) -> None:
    """Score photos and clips, explain every score, and leave human decisions alone.

    \b
    realqa score ~/Pictures/2026           look at a folder now
    realqa run --once ~/Pictures           put everything into index and sidecars
    realqa list --sort aesthetic           the best first
    """
    ctx.obj = settings


def settings_of(ctx: click.Context) -> config.Config:
    """Return the checked settings for a verb."""
    return config.load(ctx.obj)


def main() -> None:
    """Run the command; exit status 2 for mistakes of usage or settings, 1 for other errors."""
    try:
        cli()
    except RealQAError as error:
        click.echo(f"realqa: {error}", err=True)
        sys.exit(2 if isinstance(error, UserError) else 1)
