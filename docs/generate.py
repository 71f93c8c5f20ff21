"""Write docs/commands.md and docs/configuration.md from the program itself; `--check` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import click

from realqa_agent.cli.config import as_toml
from realqa_agent.cli.main import cli
from realqa_agent.config import Config

HERE = Path(__file__).parent
NOTE = "<!-- Made by `make docs`; change the program, not this page. -->\n"


def commands() -> str:
    """Return the help texts of all verbs as one page."""
    parts = ["# Commands\n", NOTE]
    _add(parts, cli, ["realqa"], None)
    return "\n".join(parts)


def _add(parts: list[str], command: click.Command, words: list[str], parent: click.Context | None) -> None:
    context = click.Context(command, parent=parent, info_name=words[-1], max_content_width=96, terminal_width=96)
    parts.append(f"## {' '.join(words)}\n\n```text\n{command.get_help(context)}\n```\n")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                _add(parts, child, [*words, name], context)


def configuration() -> str:
    """Return the explained default settings as one page."""
    return (
        f"# Configuration\n\n{NOTE}\nThe settings are one TOML file, `~/.config/realqa/config.toml`; `realqa config"
        " path` says where, `realqa config init` writes the text below, and `realqa config` shows what is in force."
        " An unknown key or a value that does not fit stops the start with the file, the key and what is allowed.\n\n"
        f"```toml{as_toml(Config(), explained=True)}```\n"
    )


PAGES = {"commands.md": commands, "configuration.md": configuration}


def main() -> int:
    """Write the pages, or tell which are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a page is stale")
    check = parser.parse_args().check
    stale = 0
    for name, page in PAGES.items():
        file, text = HERE / name, page()
        if check:
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                stale = 1
                sys.stderr.write(f"docs/{name} is stale: make docs\n")
        else:
            file.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
