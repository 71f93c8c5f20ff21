"""Fetches the files of a model or a data set from the hub, at one commit. The only place that speaks to the network.

The hub's own library knows where the files are and as whom to ask; tokens never pass through here. The bytes are taken
by ourselves: the library begins a file anew after each break (as of its version 2.4), and weights are several GB each.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from realqa_agent.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

ALLOWED = frozenset({".safetensors", ".json", ".txt", ".jinja"})
"""What of a model can be read without running code that came with it."""

CONVERSATIONS = frozenset({".json", ".jsonl"})
"""What of a data set is fetched: its words, not its pictures."""

INCOMPLETE = ".incomplete"
"""Ends the name of a file that is only half there, as in the hub's own caches."""

TRIES, PAUSE_SECONDS = 5, 2.0
"""How often a broken connection is taken up again if it brings nothing more, and how long it is left alone before."""

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """A file at the hub."""

    name: str
    """Its path in the repository."""
    size: int
    sha256: str | None
    """None for small files: the hub has no such sum of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What there is to fetch of a model, or of a data set."""

    repo: str
    kind: Literal["model", "dataset"] = "model"
    commit: str
    licence: str
    """As its page states it; empty if it doesn't."""
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """All bytes together."""
        return sum(file.size for file in self.files)


def ask(repo: str, revision: str, subfolder: str = "") -> Offer:
    """Return what the hub has of a model at a revision, of the kinds that we fetch; UserError if it has nothing."""
    with _explained(repo, revision):
        info = _library().HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=TIMEOUT_SECONDS)
    files = _files(info, ALLOWED, subfolder)
    where = f"{repo}, folder {subfolder}," if subfolder else repo
    if not any(file.name.endswith(".safetensors") for file in files):
        raise UserError(
            f"{where} has no safetensors at {revision}: weights of other kinds may run code, and stay there"
        )
    return Offer(repo=repo, commit=str(info.sha), licence=_licence(info), files=files)


def ask_for_conversations(repo: str, revision: str) -> Offer:
    """Return what the hub has of a data set's words at a revision; UserError if it has none."""
    with _explained(f"datasets/{repo}", revision):
        info = _library().HfApi().dataset_info(repo, revision=revision, files_metadata=True, timeout=TIMEOUT_SECONDS)
    files = _files(info, CONVERSATIONS)
    if not files:
        raise UserError(f"{repo} has no files {' or '.join(sorted(CONVERSATIONS))} at {revision}")
    return Offer(repo=repo, kind="dataset", commit=str(info.sha), licence=_licence(info), files=files)


def _files(info: Any, suffixes: Collection[str], subfolder: str = "") -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(name=one.rfilename, size=one.size or 0, sha256=one.lfs.sha256 if one.lfs is not None else None)
        for one in info.siblings or ()
        if _is_wanted(PurePosixPath(one.rfilename), suffixes, subfolder)
    )


def _licence(info: Any) -> str:
    licence = str((info.card_data and info.card_data.get("license")) or "")
    return licence if licence.isprintable() else ""


def missing_bytes(offer: Offer, folder: Path) -> int:
    """Return how much of an offer is not yet in a folder."""
    return offer.size - sum(_size(folder / file.name) + _size(_partial(folder, file)) for file in offer.files)


def fetch(offer: Offer, folder: Path, arrived: Callable[[int], None]) -> None:
    """Bring what is missing of an offer into a folder; `arrived` is told each number of bytes.

    What is half there is gone on with. Raise UserError if the hub gives up, or if a file is not what it should be.
    """
    with _explained(offer.repo, offer.commit):
        # The small ones first: they tell whether the rest is worth its time.
        for file in sorted(offer.files, key=lambda one: one.size):
            if not (folder / file.name).exists():
                _fetch(offer, file, folder, arrived)


def _fetch(offer: Offer, file: RemoteFile, folder: Path, arrived: Callable[[int], None]) -> None:
    partial = _partial(folder, file)
    partial.parent.mkdir(parents=True, exist_ok=True)
    client_error, url = _client_error(), _url(offer, file)
    left = TRIES
    with partial.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{offer.repo} is being fetched by another process: let it end") from None
        while (start := stream.tell()) < file.size:
            broken: Exception | None = None
            try:
                _stream(url, stream, start, arrived)
            except client_error as error:
                if isinstance(error, OSError):  # an answer of the hub's
                    raise
                broken = error
            left = TRIES if stream.tell() > start else left - 1
            if not left:
                raise broken or UserError(f"{file.name} of {offer.repo} stops in the middle: try again later")
            if broken:
                time.sleep(PAUSE_SECONDS)
    if file.sha256 not in {None, _sha256(partial)} or _size(partial) != file.size:
        partial.unlink()
        raise UserError(f"{file.name} of {offer.repo} arrived damaged and was thrown away: fetch it again")
    partial.rename(folder / file.name)


def _url(offer: Offer, file: RemoteFile) -> str:
    found: str = _library().hf_hub_url(offer.repo, file.name, repo_type=offer.kind, revision=offer.commit)
    return found


def _stream(url: str, stream: Any, start: int, arrived: Callable[[int], None]) -> None:
    from huggingface_hub.utils import (  # noqa: PLC0415 - an extra
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    # Compressed, a file of JSON has another length, and can't be gone on with.
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={start}-"}
    with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True) as response:
        hf_raise_for_status(response)
        if response.status_code != 206:
            stream.seek(0)
            stream.truncate()
            arrived(-start)
        for chunk in response.iter_bytes():
            stream.write(chunk)
            arrived(len(chunk))


def _library() -> Any:
    # Read once, at the import.
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra
    except ImportError:
        raise UserError(
            "fetching needs huggingface_hub: install realqa-agent with its extra `mllm`, torch first"
        ) from None
    return huggingface_hub


def _client_error() -> type[Exception]:
    """Return what all errors of the library's HTTP client are: which client it is changed between its versions."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - an extra

    base: type[Exception] = HfHubHTTPError.__bases__[0]
    return base


@contextlib.contextmanager
def _explained(repo: str, revision: str) -> Iterator[None]:
    """Say of each trouble with the hub what it means and what to do."""
    _library()
    from huggingface_hub import constants, errors  # noqa: PLC0415 - an extra

    hub = constants.ENDPOINT
    try:
        yield
    except errors.GatedRepoError:
        raise UserError(
            f"{repo} is given only to who agreed to its terms: agree at {hub}/{repo}, then set HF_TOKEN"
        ) from None
    except errors.RevisionNotFoundError:
        raise UserError(f"{repo} has no revision {revision}") from None
    except errors.RepositoryNotFoundError:
        raise UserError(f"{hub} has no {repo}, or shows it only to its owner's HF_TOKEN") from None
    except errors.HFValidationError:
        raise UserError(f"{repo!r} is no name at the hub: give `owner/name`") from None
    except errors.OfflineModeIsEnabled:
        raise UserError("HF_HUB_OFFLINE is set: unset it to fetch models") from None
    except errors.HfHubHTTPError as error:
        # No more of it: an address that the hub forwards to may hold a key.
        raise UserError(
            f"{hub} answers {error.response.status_code} for {repo}: try again later; what has arrived is kept"
        ) from None
    except _client_error() as error:
        raise UserError(
            f"{hub} can't be reached ({type(error).__name__}): try again, what has arrived is kept. Or name a mirror "
            "in HF_ENDPOINT, or copy the model's folder from a machine that has it and name it in the settings"
        ) from None
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise UserError(f"{error.filename or 'the models folder'}: {what}; what has arrived is kept") from None


def _is_wanted(path: PurePosixPath, suffixes: Collection[str], subfolder: str) -> bool:
    """Return whether a file is fetched; UserError if it would leave its folder, or upset the terminal."""
    if path.is_absolute() or ".." in path.parts or not str(path).isprintable():
        raise UserError(f"{str(path)!r} is no name of a model's file: fetched nothing")
    return path.suffix in suffixes and path.is_relative_to(subfolder)


def _partial(folder: Path, file: RemoteFile) -> Path:
    target = folder / file.name
    return target.with_name(target.name + INCOMPLETE)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
