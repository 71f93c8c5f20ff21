"""Scorers of another package, written into a folder of its own by the fixture `odd_scorers`."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, Judgement
from realqa_agent.errors import AwayError, BrokenWorkerError, UserError
from realqa_agent.scoring.clips import pooled
from realqa_agent.scoring.view import Silence, View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.config import Config
    from realqa_agent.media.picture import Picture
    from realqa_agent.scoring.view import Shown


class Plain:
    name = "plain"
    version = "1"

    def __init__(self, settings: Config) -> None:
        self.settings = settings

    def assess(self, picture: Picture) -> Assessment:
        mean = picture.overview(64).mean()
        clear = Judgement(value="clear", score=9.0, reason=f"mean {mean:.1f}")
        if mean < 60:
            clear = Judgement(value="very blurry", score=1.5, reason=f"mean {mean:.1f}")
        unknown = Judgement(value=UNKNOWN, score=None, reason="not looked at")
        return Assessment(
            scorer=self.name,
            version=self.version,
            quality=8.0,
            aesthetic=6.0,
            overall=7.0,
            attributes={name: clear if name in {"image_clarity", "exposure"} else unknown for name in ATTRIBUTES},
        )


class Bright(Plain):
    """Likes bright pictures and rejects dark ones; finds dark ones beautiful."""

    name = "bright"

    def assess(self, picture: Picture) -> Assessment:
        quality = 1 + 9 * float(picture.overview(64).mean()) / 255
        plain = super().assess(picture)
        exposure = Judgement(value="underexposed", score=quality, reason="how bright it is")
        attributes = {**plain.attributes, "exposure": exposure}
        return replace(plain, scorer=self.name, quality=quality, aesthetic=11 - quality, attributes=attributes)


class Crash(Plain):
    name = "crash"

    def assess(self, picture: Picture) -> Assessment:
        if picture.width == 40:
            os.write(2, b"last words")
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().assess(picture)


class Hang(Plain):
    name = "hang"

    def assess(self, picture: Picture) -> Assessment:
        if picture.width == 40:
            time.sleep(600)
        return super().assess(picture)


class Stumble(Plain):
    name = "stumble"

    def assess(self, picture: Picture) -> Assessment:
        if picture.width == 40:
            raise ZeroDivisionError("a defect")
        return super().assess(picture)


class Leave(Plain):
    name = "leave"

    def assess(self, picture: Picture) -> Assessment:
        if picture.width == 40:
            raise BrokenWorkerError("the graphics card is gone")
        return super().assess(picture)


class Broken(Plain):
    name = "broken"

    def __init__(self, settings: Config) -> None:
        super().__init__(settings)
        raise UserError("its weights are missing")


WORDS = "ODD_MODEL"
"""The environment variable that names a folder; a file in it, named for how, makes the model behave so."""


class Wise:
    """A model that finds everything better by the first look's quality, and beautiful."""

    name = "wise"
    view = View(stride=16, least=256, most=401408)
    at_once = 4
    about = "second thoughts"

    def __init__(self, settings: Config) -> None:
        del settings
        self._words = Path(os.environ.get(WORDS, "/nowhere"))
        while self._told("slow"):
            time.sleep(0.05)
        if self._told("broken"):
            raise UserError("the model's folder is empty: fetch it again")
        self.version = "2" if self._told("newer") else "1"

    def assess_many(self, shown: Sequence[Shown]) -> list[Assessment | Silence]:
        if self._told("away"):
            raise AwayError("the server went for lunch")
        if self._told("crash"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._words.is_dir():
            with (self._words / "batches").open("a") as file:
                file.write(f"{len(shown)}\n")
        if any(each.frames[0].width == 48 for each in shown) and self._told("stumble"):
            raise ZeroDivisionError("a defect")
        if self._told("ponder"):
            time.sleep(0.5)
        while self._told("wait"):
            time.sleep(0.05)
        return [Silence(reason="it says nothing") if self._told("silent") else self._judged(each) for each in shown]

    def _judged(self, shown: Shown) -> Assessment:
        looks = []
        for frame in shown.frames:
            assert len(frame.rgb) == frame.width * frame.height * 3
            looks.append(
                (frame.at_s, replace(frame.first, scorer=self.name, version=self.version, aesthetic=9.5, overall=9.0))
            )
        return pooled(looks)

    def _told(self, word: str) -> bool:
        return (self._words / word).exists()
