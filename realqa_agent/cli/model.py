"""`realqa model`: fetch, list, check and merge multimodal models."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realqa_agent.cli import lines
from realqa_agent.cli.main import settings_of
from realqa_agent.errors import RealQAError, UserError
from realqa_agent.scoring.mllm.inventory import described, is_in, looked_over, spoken_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.table import Table

    from realqa_agent.config import Mllm
    from realqa_agent.scoring.mllm.hub import Offer
    from realqa_agent.scoring.mllm.published import Difference
    from realqa_agent.scoring.mllm.shelf import Origin

ROOM_BYTES = 1_000_000_000
"""What stays free on a disk that a model goes to."""

SHOWN_DIFFERENCES = 8
"""Of one data set, in the table; `--json` has all."""

A_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group("model", short_help="Fetch, list, check and merge multimodal models.")
def command() -> None:
    """Fetch, list, check and merge multimodal models.

    \b
    realqa model pull qwen2-vl-7b
    realqa model list
    realqa model check --load
    """


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--revision", help="Commit, tag or branch to fetch; the commit that it is will be noted.")
@click.option("--subfolder", default="", help="Only this folder of the repository, such as one of several adapters.")
@click.option("--dry-run", is_flag=True, help="Only list the files and their sizes.")
def pull(names: tuple[str, ...], revision: str | None, subfolder: str, *, dry_run: bool) -> None:
    """Fetch models from the hub into `~/.local/share/realqa/models`.

    NAME is one of those that `realqa model list` shows at its end, or any `owner/name` of the hub. Only safetensors and
    text files are fetched, nothing that could run as code. A fetch that was broken off goes on where it stopped; the
    folder gets its name, NAME@COMMIT, once it is whole.

    This and `realqa dataset` with --from-hub are the only commands that use the network. HF_ENDPOINT names a mirror,
    HF_TOKEN lets you in where it is needed.

    \b
    realqa model pull qwen2-vl-7b
    realqa model pull realqa --revision main --dry-run
    """
    if len(names) > 1 and (revision or subfolder):
        raise UserError("--revision and --subfolder are for one model: name one")
    for name in names:
        _pull(name, revision, subfolder.strip("/"), dry_run=dry_run)


def _pull(name: str, revision: str | None, subfolder: str, *, dry_run: bool) -> None:
    from realqa_agent.scoring.mllm import hub, shelf  # noqa: PLC0415 - only this command needs them
    from realqa_agent.scoring.mllm.known import catalogue  # noqa: PLC0415 - as above

    short, known = catalogue().find(name)
    repo = known.repo if known is not None else name
    if known is None and "/" not in name:
        raise UserError(f"there is no model {name!r}: take one of {', '.join(catalogue().models)}, or an owner/name")
    asked = revision or (known.revision if known is not None else None)
    if asked is None:
        raise UserError(
            f"no commit of {repo} is known to us: say which, with --revision; `--revision main` fetches what is there "
            "now, and notes which commit that was"
        )
    offer = hub.ask(repo, asked, subfolder)
    licence = offer.licence or (known.licence if known is not None else "unknown")
    origin = shelf.Origin(
        name=f"{short}/{subfolder}" if subfolder else short,
        repo=repo,
        asked=asked,
        commit=offer.commit,
        licence=licence,
        size=offer.size,
    )
    click.echo(f"{repo} at {offer.commit}: {len(offer.files)} files, {spoken_size(offer.size)}")
    click.echo(f"licence: {licence}" + (f". {known.note}" if known is not None and known.note else ""))
    if dry_run:
        for file in offer.files:
            click.echo(f"{file.size:>15,}  {file.name}")
        return
    if not origin.folder.exists():
        try:
            _bring(offer, origin)
        except OSError as error:
            raise UserError(f"{error.filename}: can't write there: {error.strerror}") from error
    click.echo(f"it is in {origin.folder}")
    _advise(origin.folder)


def _bring(offer: Offer, origin: Origin) -> None:
    """Fetch all files; the folder has its name only once they are there."""
    from realqa_agent.scoring.mllm import hub, shelf  # noqa: PLC0415 - only this command needs them

    missing, free = hub.missing_bytes(offer, origin.unfinished), shelf.free_bytes(origin.folder)
    if missing + ROOM_BYTES > free:
        raise UserError(
            f"{spoken_size(missing)} are to come and {spoken_size(free)} are free at {origin.folder.parent}: make "
            "room, or let that folder be a link to another disk"
        )
    origin.begin()
    with fetching(offer, offer.size - missing) as arrived:
        hub.fetch(offer, origin.unfinished, arrived)
    origin.finish()


@contextmanager
def fetching(offer: Offer, there: int) -> Iterator[Callable[[int], None]]:
    """Show how far a fetch is; what is given is told each number of bytes."""
    from rich.progress import (  # noqa: PLC0415 - 60 ms
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from realqa_agent.cli import tables  # noqa: PLC0415 - rich, as above

    console = tables.console(stderr=True)
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(offer.repo, total=offer.size, completed=there)
        yield lambda count: progress.advance(bar, count)


def _advise(folder: Path) -> None:
    """Say what to write into the settings."""
    from realqa_agent.scoring.mllm.checkpoint import ADAPTER_SETTINGS  # noqa: PLC0415 - not for help

    adapters = sorted(file.parent for file in folder.rglob(ADAPTER_SETTINGS))
    if adapters:
        click.echo("To use an adapter, name it in [mllm.adapters] as overall, quality or aesthetic, by what it was")
        click.echo("trained to score, and the model that it was trained on as `model` in [mllm]:")
        for each in adapters:
            click.echo(f'"{each}"')
    else:
        click.echo(f'To use it, in the settings:\n[mllm]\nmodel = "{folder}"')


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a model.")
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the models that were fetched and those that the settings name, and what their weights need.

    A table also ends with what can be fetched by a short name.
    """
    from realqa_agent.scoring.mllm import shelf  # noqa: PLC0415 - not for help

    mllm = settings_of(ctx).mllm
    found = shelf.folders()
    chosen = [folder for folder in (mllm.model, *mllm.adapters.values()) if folder is not None]
    found += [each for each in chosen if not any(is_in(each, folder) for folder in found)]
    models = [described(folder, chosen) for folder in found]
    if as_json:
        for each in models:
            click.echo(lines.dump(each))
        return
    from realqa_agent.cli import tables  # noqa: PLC0415 - rich takes 60 ms

    console = tables.console()
    if models:
        console.print(_table(models))
        console.print()
    console.print(_can_be_fetched())


def _table(models: list[dict[str, Any]]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - 60 ms
    from rich.text import Text  # noqa: PLC0415 - as above

    from realqa_agent.cli import tables  # noqa: PLC0415 - as above

    shown = Table(show_edge=False, pad_edge=False)
    for name in ("model", "revision", "size"):
        shown.add_column(name, no_wrap=name != "model", overflow="fold")
    shown.add_column("what it is, and what its weights take")
    shown.add_column("licence")
    for each in models:
        what = [each["architecture"] or ""] if not each["trouble"] else [each["trouble"]]
        what += [", ".join(f"{how} {spoken_size(size)}" for how, size in each["needs"].items())]
        what += [
            f"adapter {Path(one['folder']).name} for {one['base']}, rank {one['rank']}{', in use' * one['used']}"
            for one in each["adapters"]
        ]
        shown.add_row(
            Text(tables.printable(each["name"] + "\nin use" * each["used"]), style="green" if each["used"] else ""),
            (each["revision"] or "")[:12],
            spoken_size(each["bytes"]),
            tables.printable_lines("\n".join(filter(None, what))),
            each["licence"],
        )
    return shown


def _can_be_fetched() -> Table:
    from rich.table import Table  # noqa: PLC0415 - 60 ms

    from realqa_agent.scoring.mllm.known import catalogue  # noqa: PLC0415 - not for help

    shown = Table(title="to be fetched: realqa model pull NAME", title_justify="left", show_edge=False, pad_edge=False)
    for name in ("name", "at the hub", "GB", "licence", "for"):
        shown.add_column(name, no_wrap=name != "for")
    for name, known in catalogue().models.items():
        size = "" if known.gigabytes is None else f"{known.gigabytes:g}"
        shown.add_row(name, known.repo, size, known.licence, known.purpose)
    return shown


@command.command()
@click.argument("folder", required=False, type=A_FOLDER)
@click.option("--adapter", type=A_FOLDER, help="An adapter's folder, to be checked with the model.")
@click.option("--load", is_flag=True, help="Really load it, as a worker would; needs the memory for it.")
@click.option(
    "--conversations", type=A_FOLDER, help="Compare our prompts and words with RealQA's published ones, there."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def check(
    ctx: click.Context,
    *,
    folder: Path | None,
    adapter: Path | None,
    load: bool,
    conversations: Path | None,
    as_json: bool,
) -> None:
    """Check a model and its adapters: files whole, sizes fitting, nothing that runs code.

    Without FOLDER: what the settings name. With --load also what only shows in memory: no weight missing, digits that
    are single tokens, a chat template that puts the picture before the question, and an adapter that has an effect.

    Exit status: 0, or 1 if the model can't be used as it is. Other words in published conversations change no status.

    \b
    realqa model check --load
    realqa model check ~/models/Qwen2-VL-7B-Instruct --adapter ~/models/koniq
    realqa model check --conversations ~/RealQA-conversation
    """
    from realqa_agent.scoring.mllm.errands import Errand, Kind  # noqa: PLC0415 - not for help

    mllm = settings_of(ctx).mllm
    if folder is not None or adapter is not None:
        given = {"overall": adapter} if adapter is not None else {}
        mllm = mllm.model_copy(update={"model": folder or mllm.model, "adapters": given})
    if mllm.model is None and conversations is None:
        raise UserError("there is no model to check: give its folder, or set `model` in [mllm]")
    report: dict[str, Any] = {"model": mllm.model and str(mllm.model), "ok": True, "trouble": None}
    differences: list[Difference] = []
    try:
        if mllm.model is not None:
            report |= looked_over(mllm.model, mllm.adapters)
            if load:
                report["loaded"] = Errand.about(Kind.LOAD, mllm).answer()
    except RealQAError as error:
        report |= {"ok": False, "trouble": str(error)}
    if conversations is not None:
        differences = _differences(conversations, mllm)
        report["differences"] = [_as_line(one) for one in differences]
    if as_json:
        click.echo(lines.dump(report))
    else:
        _print_report(report)
        if conversations is not None:
            _print_differences(differences, mllm)
    ctx.exit(0 if report["ok"] else 1)


def _print_report(report: Mapping[str, Any]) -> None:
    if report["model"] is None:
        return
    if "mark" in report:
        needs = ", ".join(f"{spoken_size(size)} in {how}" for how, size in report["needs"].items())
        click.echo(f"{report['model']}: {report['architecture']}, {report['mark']}, whole; its weights take {needs}")
        for role, one in report["adapters"].items():
            click.echo(f"{one['folder']}: {role}, rank {one['rank']}, {one['mark']}, whole, and fits the model")
    if (loaded := report.get("loaded")) is not None:
        click.echo(
            f"loads on {loaded['device']} in {loaded['precision']}, {loaded['seconds']} s: no weight is missing, "
            "digits are single tokens, the picture comes before the question"
            + (", each adapter changes what is said" if report["adapters"] else "")
        )
    if report["trouble"]:
        click.echo(click.style(report["trouble"], fg="red"))


def _differences(folder: Path, mllm: Mllm) -> list[Difference]:
    from realqa_agent.scoring.mllm import conversations, prompts, published, vocabulary  # noqa: PLC0415 - not for help

    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    ours, words = prompts.load(mllm.prompts), vocabulary.load(mllm.vocabulary)
    return [
        difference
        for dataset, rows in conversations.read(folder)
        for difference in published.compare(dataset, rows, ours, words)
    ]


def _as_line(one: Difference) -> dict[str, Any]:
    return {"dataset": one.dataset, "role": one.role, "count": one.count, "ours": one.ours, "theirs": one.theirs}


def _print_differences(differences: list[Difference], mllm: Mllm) -> None:
    if not differences:
        click.echo("The published conversations say nothing that ours don't.")
        return
    from itertools import groupby  # noqa: PLC0415 - with the next ones

    from rich.table import Table  # noqa: PLC0415 - 60 ms

    from realqa_agent.cli import tables  # noqa: PLC0415 - as above
    from realqa_agent.scoring.mllm.datafile import shipped  # noqa: PLC0415 - not for help

    shown = Table(title="published conversations", title_justify="left", show_edge=False, pad_edge=False)
    shown.add_column("times", justify="right")
    for name in ("data set", "who", "published", "ours"):
        shown.add_column(name, overflow="fold")
    for dataset, each in groupby(differences, key=lambda one: one.dataset):
        first, rest = (found := list(each))[:SHOWN_DIFFERENCES], found[SHOWN_DIFFERENCES:]
        for one in first:
            cells = (dataset, one.role, repr(one.theirs), repr(one.ours) if one.ours else "")
            shown.add_row(str(one.count), *map(tables.printable, cells))
        if rest:
            shown.add_row(
                str(sum(one.count for one in rest)), tables.printable(dataset), "", f"{len(rest)} more: --json"
            )
    tables.console().print(shown)
    for name, own in (("prompts", mllm.prompts), ("vocabulary", mllm.vocabulary)):
        file = own or shipped(f"{name}.toml")
        click.echo(f"{name} in force: {file}")
    click.echo(
        "To take published words over: copy that file (`cp FILE ~/.config/realqa/prompts.toml`), put the words in, "
        'say origin = "paper" for them, give the file another version, and name it in the settings:\n'
        '[mllm]\nprompts = "~/.config/realqa/prompts.toml"\nvocabulary = "~/.config/realqa/vocabulary.toml"'
    )


@command.command()
@click.option("--adapter", required=True, type=A_FOLDER, help="The adapter's folder.")
@click.option("--model", type=A_FOLDER, help="Folder of the model that it was trained on; unset: that of the settings.")
@click.argument("out", type=click.Path(path_type=Path))
@click.pass_context
def merge(ctx: click.Context, *, adapter: Path, model: Path | None, out: Path) -> None:
    """Write a copy of the model with an adapter's changes in it to the new folder OUT, in bf16.

    The copy loads faster, takes less memory, and is what a server such as vLLM is given. It needs memory and disk for
    the whole model. It may be used on the adapter's terms as well as the model's.

    \b
    realqa model merge --adapter ~/models/koniq ~/models/qwen2-vl-7b-koniq
    """
    import psutil  # noqa: PLC0415 - only here

    from realqa_agent.scoring.mllm import shelf  # noqa: PLC0415 - not for help
    from realqa_agent.scoring.mllm.checkpoint import Precision, check_fit, read_adapter, read_base  # noqa: PLC0415
    from realqa_agent.scoring.mllm.errands import Errand, Kind  # noqa: PLC0415

    mllm = settings_of(ctx).mllm
    folder = model or mllm.model
    if folder is None:
        raise UserError("there is no model to merge into: give --model, or set `model` in [mllm]")
    base, changes = read_base(folder), read_adapter(adapter)
    check_fit(changes, base)
    if os.path.lexists(out):
        raise UserError(f"{out} is there already: give another folder")
    size = base.weight_bytes(Precision.BF16)
    if (free := shelf.free_bytes(out.absolute())) < size + ROOM_BYTES:
        short = f"the copy takes {spoken_size(size)}, and {spoken_size(free)} are free"
        raise UserError(f"{short} at {out.absolute().parent}: make room")
    if (memory := psutil.virtual_memory().available + psutil.swap_memory().free) < size + ROOM_BYTES:
        short = f"merging takes {spoken_size(size)} of memory, and {spoken_size(memory)} are free"
        raise UserError(f"{short}: end other programs")
    given = mllm.model_copy(update={"model": folder, "adapters": {"overall": adapter}})
    answer = Errand.about(Kind.MERGE, given, out).answer()
    click.echo(f"{out}: {base.family.architecture}, {answer['mark']}, with {adapter} in it")
    click.echo(f'To use it, in the settings, without `adapters`:\n[mllm]\nmodel = "{out.absolute()}"')
