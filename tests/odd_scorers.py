"""Scorers of another package, written into a folder of its own by the fixture `odd_scorers`."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from realqa_agent.assessment import ATTRIBUTES, UNKNOWN, Assessment, Judgement
from realqa_agent.errors import BrokenWorkerError, UserError

if TYPE_CHECKING:
    from realqa_agent.config import Config
    from realqa_agent.media.picture import Picture


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
