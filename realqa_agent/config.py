"""The settings: one TOML file, checked once at the start, then frozen and passed in.

Every key stands here once, with its default, its limits and the sentence that `realqa config` prints for it.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from realqa_agent import paths
from realqa_agent.errors import UserError

FILE_VARIABLE = "REALQA_CONFIG"
"""The environment variable that names another settings file."""


def _check_range(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = ends
    if not low < high:
        raise ValueError("the first end has to be below the second")
    return ends


HomePath = Annotated[Path, AfterValidator(Path.expanduser)]


class Section(BaseModel):
    """Settings that belong together: immutable, and strict about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Folders(Section):
    """Which folders the agent looks after."""

    watch: tuple[HomePath, ...] = Field((), description="Folders that `realqa run` watches when it is given none.")
    ignore: tuple[str, ...] = Field(
        (),
        description="More names to pass over, as shell patterns on a file's or folder's name (`*_proof.jpg`).",
    )


class Scoring(Section):
    """Who scores, and with how many processes."""

    scorer: str = Field("firstlook", description="The scorer's name; `realqa doctor` lists those installed.")
    workers: int = Field(
        0, ge=0, le=64, description="Worker processes; 0 takes one for each processor core, 4 at most."
    )


Role = Literal["overall", "quality", "aesthetic"]
"""What an adapter was trained to score."""

Range = Annotated[tuple[float, float], AfterValidator(_check_range)]


class Mllm(Section):
    """The multimodal scorers: `realqa` and `qrealign` on this machine's processor or card, `openai` on a server."""

    model: HomePath | None = Field(
        None,
        description="Folder of the model: a Qwen2-VL, Qwen2.5-VL or Qwen3-VL, with or without an adapter merged in; "
        "for `qrealign`, a Q-ReAlign.",
    )
    adapters: dict[Role, HomePath] = Field(
        {}, description="Adapter folders by what they were trained to score; `overall` answers for the others too."
    )
    scales: dict[Role, Range] = Field(
        {"overall": (0.0, 9.99), "quality": (1.0, 5.0), "aesthetic": (1.0, 9.99)},
        description="From where to where the numbers of each adapter go; results are brought to 1 to 10.",
    )
    prompts: HomePath | None = Field(None, description="A file in the place of the package's `prompts.toml`.")
    vocabulary: HomePath | None = Field(None, description="A file in the place of the package's `vocabulary.toml`.")
    device: str = Field("auto", description="`auto`, `cpu`, `cuda` or `cuda:N`.")
    precision: Literal["auto", "fp32", "bf16", "4bit"] = Field(
        "auto", description="How the weights are kept; `auto` takes the best that fits the memory."
    )
    preprocess: Literal["default", "official"] = Field(
        "default",
        description="How a picture is shrunk for the model: `default` by a bicubic filter, `official` as in the "
        "published code.",
    )
    decode: Literal["expectation", "greedy"] = Field(
        "expectation", description="What a score is read from: all likely digits, or the likeliest ones alone."
    )
    explain: Literal["all", "borderline", "never"] = Field(
        "all", description="Which photos the model also explains; explaining takes much longer than scoring."
    )
    explain_by: Literal["regular", "questions", "natural"] = Field(
        "regular", description="How: in one text of fixed form, by a question an attribute, or in free prose."
    )
    facts: bool = Field(default=False, description="Tell the model up to three measured facts beside the picture.")
    clips: Literal["frames", "video"] = Field(
        "frames",
        description="What a clip's scores come from: its frames, each judged as a picture, or all of them as a video.",
    )
    follow: Literal["all", "borderline", "leaders"] = Field(
        "all",
        description="Which photos the model judges after the first look: all, those that the first look doesn't simply "
        "keep, or the best of each folder.",
    )
    leaders: float = Field(
        0.2, gt=0, le=1, description="Share of a folder's photos, by the first look's overall, that are its leaders."
    )


class Server(Section):
    """Where the scorer `openai` finds its model: vLLM, or another server that speaks the same protocol.

    A key, if the server wants one, stands in the environment variable `REALQA_SERVER_KEY` or in a file, never here.
    """

    url: str | None = Field(
        None,
        description="Root of the server's API, such as `http://127.0.0.1:8000/v1`. Photos, made smaller, go there and "
        "nowhere else: proxies and redirects are not followed.",
    )
    model: str | None = Field(None, description="The server's name for the model; not needed if it serves but one.")
    key_file: HomePath | None = Field(
        None, description="File that holds the server's key and nothing else; `REALQA_SERVER_KEY` goes before it."
    )
    timeout_seconds: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="Time for all answers about a photo, less than `seconds_per_file` in `[media]`; then it is tried "
        "again later.",
    )
    parallel: int = Field(8, ge=1, le=64, description="How many questions each worker has under way at the server.")


class Media(Section):
    """Limits on what a file may cost to open. A file over a limit is refused, never half read."""

    max_megabytes: int = Field(
        2048, ge=1, description="Largest still picture file; clips are read in pieces and may be larger."
    )
    max_megapixels: int = Field(160, ge=1, le=1000, description="Largest picture; one pixel takes 4 bytes of memory.")
    clip_frames: int = Field(8, ge=1, le=64, description="Frames looked at in a clip, evenly spread over its length.")
    seconds_per_file: int = Field(
        120, ge=1, description="Time after which a file's worker is ended and the file refused."
    )


class Profile(Section):
    """Thresholds that turn scores (1 to 10) into verdicts."""

    reject_below: float = Field(
        2.5, ge=1, le=10, description="Clarity or exposure under this is strong evidence of a spoilt frame."
    )
    review_below: float = Field(
        4.5, ge=1, le=10, description="Clarity, exposure or quality under this asks for a person's look."
    )


class Culling(Section):
    """What the agent suggests, and whether it may set stars and rejects by itself."""

    apply: bool = Field(
        default=False,
        description="Write stars, rejects and pick labels, only where no human has decided. Off: suggestions alone.",
    )
    profile: str = Field("careful", description="The profile of thresholds in force.")
    profiles: dict[str, Profile] = Field(
        {"careful": Profile(), "strict": Profile(reject_below=3.5, review_below=5.5)},
        description="Profiles by name; add your own as `[culling.profiles.NAME]`.",
    )
    stars_from: tuple[float, float, float, float] = Field(
        (3.5, 5.0, 6.5, 8.0),
        description="Overall scores from which a kept photo gets 2, 3, 4 and 5 stars when `apply` is on.",
    )

    @property
    def thresholds(self) -> Profile:
        """The profile in force."""
        return self.profiles[self.profile]


class Metadata(Section):
    """What goes into XMP, and where."""

    sidecars: bool = Field(
        default=True, description="Write results into `photo.ext.xmp` beside each file; off, into no file at all."
    )
    target: Literal["sidecar", "photo"] = Field(
        "sidecar",
        description="`photo` writes them into the file itself, for JPEG files without a sidecar; all others still get "
        "a sidecar.",
    )
    keywords: bool = Field(default=True, description="Add `RealQA|…` keywords for clear defects and suggested rejects.")
    assume_zero_unrated: bool = Field(
        default=False,
        description="Take 0 stars in a sidecar of darktable's as not rated, instead of as a human's choice.",
    )
    assume_default_one: bool = Field(
        default=False,
        description="Take 1 star in any sidecar of darktable's as its import default, instead of as a human's choice; "
        "off, it is taken so only where nobody edited the photo since the import.",
    )
    undo_days: int = Field(90, ge=1, description="How long `realqa undo` can put back what was there before a write.")
    undo_megabytes: int = Field(
        512, ge=1, description="Most that the bytes before the writes may take in the index; the oldest go first."
    )


class Watch(Section):
    """When a file counts as complete, and how often the folders are walked."""

    settle_seconds: float = Field(
        2.0, ge=0, le=3600, description="A file must stay unchanged this long before it is scored."
    )
    network_settle_seconds: float = Field(10.0, ge=0, le=3600, description="The same on network file systems.")
    rescan_minutes: float = Field(
        10.0,
        gt=0,
        description="Time between walks through all folders; the walk is what guarantees that nothing is missed.",
    )
    network_rescan_seconds: float = Field(60.0, gt=0, description="The same on file systems that report no changes.")


def _check_span(text: str) -> str:
    begin, dash, end = text.partition("-")
    try:
        ends = [time.fromisoformat(part.strip()) for part in (begin, end)]
    except ValueError:
        ends = []
    if not dash or not ends or any(each.tzinfo for each in ends):
        raise ValueError("a time of day looks like 22:00-07:00")
    return text


class Manners(Section):
    """When the agent rests, so that it disturbs nobody; `realqa run --once` works at any time."""

    quiet_hours: tuple[Annotated[str, AfterValidator(_check_span)], ...] = Field(
        (), description='Times of day without scoring, such as `["09:00-12:30", "22:00-07:00"]`.'
    )
    pause_on_battery: bool = Field(default=True, description="Rest while the machine runs on its battery.")
    pause_while: tuple[str, ...] = Field(
        (), description='Rest while one of these programs runs, by process name, such as `["darktable-cli"]`.'
    )
    idle_minutes: float = Field(
        5.0,
        gt=0,
        description="Time without work after which the workers are ended, so that their memory, the graphics card's "
        "too, is free for others.",
    )


class Desktop(Section):
    """What the agent says on the desktop."""

    notify: bool = Field(default=True, description="Sum up an import in a desktop notification once all is scored.")


class Digikam(Section):
    """What the agent does for digiKam."""

    refresh: bool = Field(
        default=False, description="Have a running digiKam look for new and changed files after an import."
    )


class Queue(Section):
    """How work is handed out and tried again."""

    lease_seconds: float = Field(
        120.0,
        ge=10,
        description="Time after which work of a dead agent is taken over; renewed while it lives.",
    )
    attempts: int = Field(
        5, ge=1, le=100, description="Tries before a file that fails for a passing reason is set aside."
    )
    backoff_seconds: float = Field(
        30.0, ge=0, description="Pause after the first failed try; four times as long after each further one."
    )


class Index(Section):
    """The SQLite file with all results."""

    path: HomePath | None = Field(
        None,
        description="Where the index is; unset: `realqa/index.sqlite` in the XDG data folder. Not on a network share.",
    )

    @property
    def file(self) -> Path:
        """The path in force."""
        return self.path or paths.index_file()


class Config(Section):
    """All settings."""

    folders: Folders = Folders()
    scoring: Scoring = Scoring()
    mllm: Mllm = Mllm()
    server: Server = Server()
    media: Media = Media()
    culling: Culling = Culling()
    metadata: Metadata = Metadata()
    watch: Watch = Watch()
    manners: Manners = Manners()
    desktop: Desktop = Desktop()
    digikam: Digikam = Digikam()
    queue: Queue = Queue()
    index: Index = Index()

    def scored_by(self, scorer: str | None) -> Config:
        """Return the same settings with another scorer; None stays with theirs."""
        if scorer is None:
            return self
        return self.model_copy(update={"scoring": self.scoring.model_copy(update={"scorer": scorer})})


def chosen_file(named: Path | None = None) -> Path:
    """Return the settings file: the one named, else that of `REALQA_CONFIG`, else the XDG one."""
    if named is not None:
        return named
    variable = os.environ.get(FILE_VARIABLE)
    return Path(variable).expanduser() if variable else paths.config_file()


def load(named: Path | None = None) -> Config:
    """Read and check the settings.

    A missing file means all defaults, unless it was named. Raise UserError that names the file, the key and
    what is allowed.
    """
    file = chosen_file(named)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None and FILE_VARIABLE not in os.environ:
            return Config()
        raise UserError(f"{file}: no such settings file; `realqa config init` writes one") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{file}: can't read the settings: {error}") from error
    return parse(table, file)


def parse(table: dict[str, Any], file: Path) -> Config:
    """Given the parsed TOML of a file, return the settings; raise UserError with every mistake in it."""
    merged = _with_shipped_profiles(table)
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        mistakes = "\n".join(f"  {_explain(mistake)}" for mistake in error.errors())
        raise UserError(f"{file}: the settings don't fit:\n{mistakes}") from error
    if config.culling.profile not in config.culling.profiles:
        known = ", ".join(config.culling.profiles)
        raise UserError(f"{file}: culling.profile: there is no profile {config.culling.profile!r}; known: {known}")
    return config


def _with_shipped_profiles(table: dict[str, Any]) -> dict[str, Any]:
    """Let a profile of the user's join the shipped ones instead of replacing the whole table."""
    culling = table.get("culling")
    if not isinstance(culling, dict) or not isinstance(culling.get("profiles"), dict):
        return table
    shipped = {name: profile.model_dump() for name, profile in Culling().profiles.items()}
    for name, profile in culling["profiles"].items():
        shipped[name] = {**shipped.get(name, {}), **profile} if isinstance(profile, dict) else profile
    return {**table, "culling": {**culling, "profiles": shipped}}


def _explain(mistake: Any) -> str:
    where = tuple(mistake["loc"])
    key = ".".join(str(part) for part in where)
    if mistake["type"] != "extra_forbidden":
        return f"{key}: {mistake['msg']} (it is {mistake['input']!r})"
    near = difflib.get_close_matches(str(where[-1]), _names_in(where[:-1]), n=1)
    return f"{key}: there is no such setting" + (f"; did you mean {near[0]!r}?" if near else "")


def _names_in(where: tuple[Any, ...]) -> list[str]:
    """Return the names that are allowed in the table at `where`."""
    model: type[BaseModel] = Config
    for part in where:
        kind = model.model_fields[part].annotation if part in model.model_fields else None
        candidates = [one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, BaseModel)]
        if candidates:
            model = candidates[0]
    return list(model.model_fields)
