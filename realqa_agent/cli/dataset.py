"""`realqa dataset`: check rated pictures, show their statistics, and make data sets of them to train on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from realqa_agent import paths
from realqa_agent.cli import dataset_shown as shown
from realqa_agent.cli import lines, tables
from realqa_agent.cli.main import settings_of
from realqa_agent.cli.model import fetching
from realqa_agent.cli.stars import read_ratings
from realqa_agent.config import Config, Mllm, Role
from realqa_agent.dataset import building, told, writing
from realqa_agent.dataset.checks import check as checked_for_faults
from realqa_agent.dataset.conversing import Conversing
from realqa_agent.dataset.figures import describe
from realqa_agent.dataset.layouts.layout import Source, absolute
from realqa_agent.dataset.ratings import Said, rated_set
from realqa_agent.dataset.reading import LAYOUTS, read_set
from realqa_agent.dataset.record import FORMS
from realqa_agent.dataset.splits import GROUPS
from realqa_agent.errors import UserError
from realqa_agent.scoring.mllm import hub, prompts, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realqa_agent.dataset.checks import Checked
    from realqa_agent.dataset.record import RatedSet

Verb = TypeVar("Verb", bound="Callable[..., Any]")

PUBLISHED = "MingxingLi/RealQA-conversation"
"""RealQA's conversations at the hub."""

SHOWN_COMMIT = 12
"""Digits of a commit in a folder's name."""

A_FILE = click.Path(path_type=Path, dir_okay=False)


def _all(*options: Callable[[Verb], Verb]) -> Callable[[Verb], Verb]:
    """Return a decorator that adds options in this order."""

    def decorate(verb: Verb) -> Verb:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return decorate


of_sources = _all(
    click.argument("sources", nargs=-1, type=click.Path(path_type=Path), metavar="[SOURCE]..."),
    click.option(
        "--layout", type=click.Choice([*LAYOUTS]), help="How the sources lie on the disk; unset: it is found out."
    ),
    click.option(
        "--images",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="Where the pictures are, if not where the layout has them.",
    ),
    click.option(
        "--role", type=click.Choice(get_args(Role)), help="What the scores are of, if the layout doesn't say."
    ),
    click.option(
        "--scale",
        type=(float, float),
        metavar="LOW HIGH",
        help="The worst and the best score that there can be, if the layout doesn't say.",
    ),
    click.option("--filename", metavar="COLUMN", help="Of a table, the column with the pictures."),
    click.option("--score", metavar="COLUMN", help="Of a table, the column with the scores."),
    click.option(
        "--from-hub",
        metavar="REVISION",
        help="Fetch RealQA's published conversations as they were at this commit, tag or branch, and take them too.",
    ),
)

of_making = _all(
    click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The data set's folder."),
    click.option(
        "--form",
        "forms",
        multiple=True,
        type=click.Choice(FORMS),
        default=("score",),
        show_default=True,
        help="How answers look: a score alone, reasoning in prose, reasoning line by line, or as they were published; "
        "may be given several times.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Another seed makes another split."),
    click.option(
        "--group",
        type=click.Choice(GROUPS),
        default="series",
        show_default=True,
        help="What no split may cut: series (of pictures without one, near names), folders, or near names alone.",
    ),
    click.option(
        "--shares",
        type=(float, float, float),
        metavar="TRAIN DEV TEST",
        help="Make a split of these shares; unset: the published one, else 0.8 0.1 0.1.",
    ),
    click.option(
        "--attributes",
        type=A_FILE,
        metavar="FILE.jsonl",
        help="What is known to reason with: the output of `realqa score --json` over the pictures.",
    ),
    click.option("--json", "as_json", is_flag=True, help="What is in `dataset.json`, on stdout."),
)


@click.group("dataset", short_help="Check rated pictures, and make data sets of them to train on.")
def command() -> None:
    """Check rated pictures, show their statistics, and make data sets of them to train on.

    A SOURCE is the folder of KonIQ-10k, SPAQ, LIVE-C, AVA or TAD66K as it comes out of its archive, a folder or a file
    of RealQA's conversations, a data set made here, or any CSV file of pictures and scores.

    \b
    realqa dataset check ~/koniq10k
    realqa dataset stats ~/koniq10k ~/SPAQ --plot scores.png
    realqa dataset build ~/koniq10k --out ~/sets/koniq
    realqa dataset from-ratings ~/Pictures --out ~/sets/mine
    """


@command.command()
@of_sources
@click.option("--json", "as_json", is_flag=True, help="One JSON object a source, with all findings.")
@click.pass_context
def check(ctx: click.Context, /, sources: tuple[Path, ...], *, as_json: bool, **said: Any) -> None:
    """Look for pictures that are missing, empty, there twice, without a number, or out of range.

    Pictures are there twice if the labels name them twice, or if two files are the same byte for byte. Exit status: 0,
    1 if something was found, 2 if the source can't be read.

    \b
    realqa dataset check ~/koniq10k
    realqa dataset check scores.csv --images ~/photos --filename file --score beauty --scale 1 7
    """
    found = _read(ctx, sources, said)
    for one, checked in found:
        if as_json:
            findings = [asdict(finding) for finding in checked.findings]
            click.echo(lines.dump({**shown.about(one, checked), "findings": findings}))
        else:
            click.echo("\n".join(shown.findings(one, checked)))
    ctx.exit(1 if any(checked.findings for _, checked in found) else 0)


@command.command()
@of_sources
@click.option("--plot", type=A_FILE, metavar="FILE.png", help="Draw the histograms too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a source.")
@click.pass_context
def stats(ctx: click.Context, /, sources: tuple[Path, ...], *, plot: Path | None, as_json: bool, **said: Any) -> None:
    """Show how many pictures have which scores, of those that can be used.

    \b
    realqa dataset stats ~/AVA
    realqa dataset stats ~/koniq10k ~/SPAQ --plot scores.png
    """
    if plot is not None and plot.suffix.lower() != ".png":
        raise UserError(f"{plot}: the plot is a PNG file, so its name must end in .png")
    found = []
    for one, checked in _read(ctx, sources, said):
        if not checked.sound:
            raise UserError(f"{one.folder}: none of its pictures can be used: `realqa dataset check` says why")
        found.append((one, checked, describe(checked.sound, one.scale)))
    if plot is not None:
        from realqa_agent.dataset.histogram import draw  # noqa: PLC0415 - matplotlib takes half a second

        draw(plot, [(one.name, figures) for one, _, figures in found])
    for one, checked, figures in found:
        if as_json:
            click.echo(lines.dump({**shown.about(one, checked), **asdict(figures)}))
        else:
            tables.console().print(shown.histogram(one, figures))


@command.command()
@of_sources
@of_making
@click.pass_context
def build(ctx: click.Context, /, sources: tuple[Path, ...], **said: Any) -> None:
    """Write a data set that `realqa train` learns from and `realqa eval` tests with.

    In DIR: the conversations train.json, dev.json and test.json in LLaMA-Factory's sharegpt form, the scores
    labels.train.csv and so on, and dataset.json, which says what all is made of. Pictures stay where they are. Scores
    are brought to the scale of the model's numbers. Pictures that can't be used are left out, and counted.

    \b
    realqa dataset build ~/koniq10k --out ~/sets/koniq
    realqa dataset build ~/SPAQ --shares 0 0 1 --out ~/sets/spaq-test
    realqa dataset build --from-hub main --images ~/RealQA --form published --role overall --out ~/sets/realqa
    """
    _make(ctx, _read(ctx, sources, said), said)


@command.command("from-ratings")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option(
    "--role",
    type=click.Choice(get_args(Role)),
    default="overall",
    show_default=True,
    help="What your stars are of.",
)
@of_making
@click.pass_context
def from_ratings(ctx: click.Context, /, folder: Path, **said: Any) -> None:
    """Make a data set of the stars and picks that you gave to your photos, for an adapter of your own.

    Only what a human set counts, never the agent's own stars. A rejected photo counts as no star; pick labels count as
    stars where no photo has any. Each folder is a shoot, which no split cuts; with a single folder, take --group name.

    \b
    realqa dataset from-ratings ~/Pictures --out ~/sets/mine
    """
    config = settings_of(ctx)
    found = _rated(folder, config)
    _make(ctx, [(found, checked_for_faults(found.images, found.scale))], said)


def _read(ctx: click.Context, paths: Sequence[Path], said: dict[str, Any]) -> list[tuple[RatedSet, Checked]]:
    """Read and check all sources."""
    named = [absolute(path) for path in paths]
    if said["from_hub"] is not None:
        named.append(_fetched(said["from_hub"]))
    if not named:
        raise click.UsageError("name a source, or give --from-hub")
    if said["scale"] is not None and not said["scale"][0] < said["scale"][1]:
        raise UserError(f"--scale: {said['scale'][0]:g} is not less than {said['scale'][1]:g}")
    found = []
    for path in named:
        source = Source(
            path=path,
            scales=_scales(settings_of(ctx)),
            images=absolute(said["images"]) if said["images"] is not None else None,
            role=said["role"],
            scale=said["scale"],
            filename=said["filename"],
            score=said["score"],
        )
        with tables.console(stderr=True).status(tables.printable(f"checking {path.name}")):
            one = read_set(source, said["layout"])
            found.append((one, checked_for_faults(one.images, one.scale)))
    return found


def _scales(config: Config) -> dict[Role, tuple[float, float]]:
    """Return the scale of a model's numbers for each role: somebody's own settings may name but one."""
    return {**Mllm().scales, **config.mllm.scales}


def _rated(folder: Path, config: Config) -> RatedSet:
    """Read what a human said of the photos in a folder."""
    ratings = read_ratings(folder, config)
    said = [[Said(path=one.path, stars=one.stars, pick=one.pick) for one in shot] for shot in ratings]
    rated = rated_set(absolute(folder), said)
    if not rated.images:
        raise UserError(
            f"{folder}: a human's stars or picks are on none of its {sum(map(len, ratings))} photos and clips"
        )
    return rated


def _make(ctx: click.Context, sets: Sequence[tuple[RatedSet, Checked]], said: dict[str, Any]) -> None:
    """Write a data set, and say what is in it."""
    config, out = settings_of(ctx), absolute(said["out"])
    writing.check_room(out)
    role = said["role"] or building.role_of([one for one, _ in sets])
    conversing = Conversing(
        role=role,
        scale=building.writable(role, _scales(config)[role]),
        prompts=prompts.load(config.mllm.prompts),
        vocabulary=vocabulary.load(config.mllm.vocabulary),
        attributes=told.read(said["attributes"]) if said["attributes"] is not None else {},
    )
    recipe = building.Recipe(
        forms=tuple(dict.fromkeys(said["forms"])),
        seed=said["seed"],
        group=said["group"],
        shares=building.checked_shares(said["shares"]),
    )
    samples = building.samples(sets, recipe, conversing)
    made = building.manifest(sets, recipe, conversing, samples)
    writing.write(out, made, samples)
    if said["as_json"]:
        click.echo(lines.dump(made.model_dump()))
    else:
        tables.console().print(shown.summary(made))
    for one, checked in sets:
        if checked.counts:
            left = f"left out: {shown.counted(checked.counts)}; `realqa dataset check` lists them"
            click.echo(f"{tables.printable(one.name)}: {left}", err=True)
    for split, count in made.splits.items():
        if not count:
            click.echo(f"no picture is in {split}; another --shares, --group or --seed may change that", err=True)


def _fetched(revision: str) -> Path:
    """Return the folder of the published conversations as of a revision; fetch what is not yet there."""
    offer = hub.ask_for_conversations(PUBLISHED, revision)
    folder = paths.datasets_folder() / f"{PUBLISHED.rpartition('/')[2]}@{offer.commit[:SHOWN_COMMIT]}"
    if not folder.exists():
        click.echo(f"{PUBLISHED} at {offer.commit}, licence: {offer.licence or 'unknown'}", err=True)
        unfinished = folder.with_name(f".{folder.name}")
        with fetching(offer, offer.size - hub.missing_bytes(offer, unfinished)) as arrived:
            hub.fetch(offer, unfinished, arrived)
        unfinished.rename(folder)
    return folder
