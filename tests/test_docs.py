"""The docs say what the program does: every verb, every key, every field, every command of the README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from realqa_agent.cli.main import VERBS, cli
from realqa_agent.config import Config, Profile, Section
from realqa_agent.metadata import namespaces

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_key_has_a_description_and_stands_on_the_page() -> None:
    page = read("docs/configuration.md")
    sections: list[type[Section]] = [Profile]
    sections += [type(getattr(Config(), name)) for name in Config.model_fields]
    for section in sections:
        for key, field in section.model_fields.items():
            assert field.description
            assert key in page


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_teaches_by_example(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert command.help is not None
    assert f"realqa {verb}" in command.help
    assert "\\b" not in command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_readme_names_its_commands() -> None:
    text = read("README.md")
    assert {"make run", "make test"} <= set(re.findall(r"make \w+", text))
    named = set(re.findall(r"realqa (\w+)", text)) & set(VERBS)
    assert named == set(VERBS)
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    assert {target.split()[1] for target in re.findall(r"make [a-z]+", text)} <= targets


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "samples" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_sidecar_table_lists_exactly_our_properties() -> None:
    ours = {
        value.removeprefix(f"{{{namespaces.REALQA}}}")
        for value in vars(namespaces).values()
        if isinstance(value, str) and value.startswith(f"{{{namespaces.REALQA}}}")
    }
    page = read("docs/sidecars.md")
    assert namespaces.REALQA in page
    assert set(re.findall(r"`realqa:(\w+)`", page)) == ours


def test_no_page_or_source_names_a_path_of_somebodys_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        data = (ROOT / name).read_bytes()
        assert os.fsencode(ROOT) not in data, name
