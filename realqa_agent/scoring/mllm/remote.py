"""A model that a server runs, asked as one of our own is: with forced starts, for the digits' chances and for texts.

The protocol is OpenAI's chat completions with what vLLM adds to it. A server may take a field that it doesn't know and
say nothing, so what the scores rest on is tried out at the start, by counting tokens: that an answer's beginning is
continued, that a number is written digit by digit, that pictures are taken at the size that they have.

A clip's frames go as pictures of one turn, in order and without loss. A server that is sent a video file opens it
anew: it chooses and shrinks the frames by its own settings, which no count of tokens would show, and it would have to
be encoded here first. The price is that the model is told of pictures and not of a clip, so it takes twice as many
places and learns nothing of the time between them: its numbers for clips are not those of the same model run here.
"""

from __future__ import annotations

import base64
import io
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from realqa_agent.errors import BrokenWorkerError, PermanentError, UserError
from realqa_agent.scoring.mllm import digits
from realqa_agent.scoring.mllm.frames import LEAST, MOST
from realqa_agent.scoring.mllm.packing import VisionSpec
from realqa_agent.scoring.mllm.pattern import Free, Given, Number
from realqa_agent.scoring.mllm.questions import Answer, DigitBelief

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from realqa_agent.scoring.mllm.endpoint import Endpoint
    from realqa_agent.scoring.mllm.pattern import Pattern
    from realqa_agent.scoring.mllm.questions import Question

    Pixels = npt.NDArray[np.uint8]
    Shares = Mapping[int, float]

TOP = 20
"""Chances that are told for each token: the most that vLLM gives unless it is told otherwise."""

NUMBER_TOKENS = 4
"""Digit, dot, digit, digit."""

LETTERS_A_TOKEN = 5
"""Longer than English words' tokens are on average: a limit in letters should not cut what one in tokens wouldn't."""

SAMPLE = "6.59"
PROBE = "Rate this image."
SMALL, LARGE = (448, 448), (896, 448)
"""Sizes of probe pictures: as small and as large as those of RealQA are, and multiples of 28 and of 32."""

SPECIAL = re.compile(r"([\\.+*?()\[\]{}|^$])")

Result = TypeVar("Result")
Shape = TypeVar("Shape", bound=BaseModel)


class _Chance(BaseModel):
    token: str
    logprob: FiniteFloat


class _Place(_Chance):
    top_logprobs: tuple[_Chance, ...]


class _Chances(BaseModel):
    content: tuple[_Place, ...] | None = None


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Chances | None = None


class _Usage(BaseModel):
    prompt_tokens: int


class _Completion(BaseModel):
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage

    @property
    def text(self) -> str:
        return self.choices[0].message.content or ""

    @property
    def places(self) -> tuple[_Place, ...]:
        chances = self.choices[0].logprobs
        return (chances.content if chances else None) or ()


class Card(BaseModel):
    """What a server says of one of its models."""

    id: str
    root: str | None = None
    """Where its weights come from, on the server's side."""


class _Cards(BaseModel):
    data: tuple[Card, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class RemoteLook:
    """A picture or a clip on its way to a server: sent with each question, and the server keeps what it made of it."""

    model: RemoteModel
    images: tuple[str, ...]
    """As data URLs: one, or the frames of a clip."""
    due: float
    """When its answers have to be there, on the monotonic clock."""

    def numbers(self, questions: Sequence[Question]) -> list[DigitBelief]:
        """Return what the model believes of the numbers after the forced starts."""
        return self.model.numbers([self], questions)[0]

    def texts(self, questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None) -> list[Answer]:
        """Return the answers, with their forced starts; at most `limit` tokens each."""
        return self.model.texts([self], questions, limit=limit, pattern=pattern)[0]


class RemoteModel:
    """Asks a server about pictures, several questions at a time. For one thread."""

    def __init__(self, endpoint: Endpoint, *, name: str | None, seconds: float, parallel: int) -> None:
        """Find the model and try it out; raise UserError with the mend if its numbers can't be read.

        `name` is the server's for the model, None for its only one. `seconds` is the time for all about one picture.
        """
        self._endpoint = endpoint
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="question")
        self.card = self._found(name)
        small, large = self.look([_grey(SMALL), _grey(LARGE)])
        self.spec = self._spec_of(self._length(small), self._length(large))
        self._check_start(small)
        self.holds_form = self._holds_form(small)
        """Whether texts can be held to a form; else they are read as they come."""

    def use(self, adapter: str | None) -> None:
        """Work with no adapter: what the server serves has it merged in."""
        if adapter is not None:
            raise ValueError(f"the server's model has no adapter {adapter!r}")

    def check(self, questions: Sequence[Question]) -> None:
        """Raise UserError if a number can't be asked for in these words."""
        (look,) = self.look([_grey(SMALL)])
        for start in sorted({question.start for question in questions}):
            bare, followed = (self._length(look, PROBE, start + more) for more in ("", SAMPLE))
            if followed - bare != NUMBER_TOKENS:
                raise UserError(
                    f"{self._endpoint}: after {start!r} its model doesn't write a number digit by digit: let "
                    "the prompt's start end in `<` or a space, and look at the chat template"
                )

    def look(self, pictures: Sequence[Pixels]) -> list[RemoteLook]:
        """Return a look at each picture: RGB, shape (h, w, 3), already sized. From now on its time runs."""
        return self._looks([[picture] for picture in pictures])

    def check_clips(self, frames: int) -> None:
        """Raise UserError, with the mend, if the server can't be shown so many frames in one turn."""
        one, clip = self._looks([[_grey(LARGE)], [_grey(LARGE)] * frames])
        try:
            more = self._length(clip) - self._length(one)
        except BrokenWorkerError:
            raise
        except PermanentError as error:
            raise UserError(
                f"{error}. A clip as a whole is {frames} pictures in one turn: start vLLM with "
                f"--limit-mm-per-prompt '{{\"image\": {frames}}}' and room for them in --max-model-len, "
                'or set `clips` in [mllm] to "frames"'
            ) from None
        if more * self.spec.stride**2 < (frames - 1) * math.prod(LARGE):
            raise UserError(
                f"{self._endpoint} shrinks pictures where there are {frames} in one turn, or leaves some out: "
                'set `clips` in [mllm] to "frames"'
            )

    def watch(
        self,
        clips: Sequence[Sequence[Pixels]],
        times: Sequence[Sequence[float]],  # noqa: ARG002 - engines that show clips as such need it
    ) -> list[RemoteLook]:
        """Return a look at each clip as a whole: its frames, all of one size, in order. From now on its time runs."""
        return self._looks(clips)

    def _looks(self, shown: Sequence[Sequence[Pixels]]) -> list[RemoteLook]:
        due = time.monotonic() + self._seconds
        return [RemoteLook(model=self, images=tuple(map(_data_url, frames)), due=due) for frames in shown]

    def numbers(self, looks: Sequence[RemoteLook], questions: Sequence[Question]) -> list[list[DigitBelief]]:
        """Return for each look what the model believes of the numbers after the forced starts."""
        return self._asked(looks, questions, self._believed)

    def texts(
        self, looks: Sequence[RemoteLook], questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None
    ) -> list[list[Answer]]:
        """Return for each look the answers, with their forced starts; at most `limit` tokens each."""
        more = _form(pattern) if pattern is not None and self.holds_form else {}
        return self._asked(looks, questions, partial(self._written, limit, more))

    def along(self, looks: Sequence[RemoteLook], question: Question, written: Sequence[str]) -> list[list[list[float]]]:
        """Return for each look the shares of the ten digits at each digit of what people gave it, such as `3.47`.

        Digits that are not among the tokens that the server tells of have none. Raise ValueError for what isn't one
        digit, a dot and one or two digits.
        """
        begun = [(look, digits.beginnings(label)) for look, label in zip(looks, written, strict=True)]
        asked = [(look, before) for look, places in begun for before in places]
        shares = self._threads.map(lambda pair: _of_ten(self._next(pair[0], question, pair[1])), asked)
        return [[next(shares) for _ in places] for _, places in begun]

    def _asked(
        self,
        looks: Sequence[RemoteLook],
        questions: Sequence[Question],
        ask: Callable[[RemoteLook, Question], Result],
    ) -> list[list[Result]]:
        answers = self._threads.map(lambda pair: ask(*pair), [(look, one) for look in looks for one in questions])
        return [[next(answers) for _ in questions] for _ in looks]

    def _believed(self, look: RemoteLook, question: Question) -> DigitBelief:
        known: dict[str, Shares] = {}
        written = ""
        # The likeliest number in one go: with it come the chances of its unit and its decimals. What else is likely is
        # asked for one by one.
        for place in self._complete(look, question.text, question.start, tokens=NUMBER_TOKENS, chances=True).places:
            known.setdefault(written, _digits(place))
            written += place.token

        def after(begun: str) -> Shares:
            if begun not in known:
                known[begun] = self._next(look, question, begun)
            return known[begun]

        chances = after("")
        mass = math.fsum(chances.values())
        units = dict(enumerate(_of_ten(chances)))
        decimals = {unit: after(f"{unit}.") for unit in digits.followed(units)}
        greedy = ""
        while len(greedy) < NUMBER_TOKENS and (shares := after(greedy)):
            greedy += str(max(shares, key=lambda digit: (shares[digit], -digit))) + ("" if greedy else ".")
        return DigitBelief(units=units, first_decimals=decimals, greedy=greedy, mass=min(mass, 1.0))

    def _next(self, look: RemoteLook, question: Question, begun: str) -> Shares:
        """Return the chances of the digits after this beginning of a number."""
        places = self._complete(look, question.text, question.start + begun, tokens=1, chances=True).places
        return _digits(places[0]) if places else {}

    def _written(self, limit: int, more: Mapping[str, Any], look: RemoteLook, question: Question) -> Answer:
        done = self._complete(look, question.text, question.start, tokens=limit, more=more)
        return Answer(text=question.start + done.text, finished=done.choices[0].finish_reason == "stop")

    def _complete(
        self,
        look: RemoteLook,
        text: str,
        start: str,
        *,
        tokens: int,
        chances: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> _Completion:
        """Have an answer with this beginning continued by so many tokens at most."""
        pictures = [{"type": "image_url", "image_url": {"url": image}} for image in look.images]
        turns: list[dict[str, Any]] = [{"role": "user", "content": [*pictures, {"type": "text", "text": text}]}]
        request: dict[str, Any] = {
            "model": self.card.id,
            "messages": turns,
            "max_tokens": tokens,
            "temperature": 0,
            # Else the server takes what the model's maker thought best for chatting, 1.05 for Qwen2-VL.
            "repetition_penalty": 1.0,
            **(more or {}),
        }
        if start:
            turns.append({"role": "assistant", "content": start})
            request |= {"add_generation_prompt": False, "continue_final_message": True}
        if chances:
            request |= {"logprobs": True, "top_logprobs": TOP}
        return self._read(_Completion, self._endpoint.post("/chat/completions", request, due=look.due))

    def _read(self, shape: type[Shape], content: Any) -> Shape:
        try:
            return shape.model_validate(content)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "the whole"
            raise BrokenWorkerError(
                f"{self._endpoint} answers in a form that isn't known here ({where}: {fault['msg']}): is it an "
                "OpenAI-compatible server?"
            ) from None

    def _found(self, name: str | None) -> Card:
        due = time.monotonic() + self._seconds
        cards = {card.id: card for card in self._read(_Cards, self._endpoint.get("/models", due=due)).data}
        spoken = ", ".join(map(repr, [*cards][:10])) or "none"
        if name is None and len(cards) != 1:
            raise UserError(f"{self._endpoint} serves several models: name one as `model` in [server], of {spoken}")
        if name is not None and name not in cards:
            raise UserError(f"{self._endpoint} serves no model {name!r}: correct `model` in [server]; it has {spoken}")
        return cards[name] if name is not None else next(iter(cards.values()))

    def _length(self, look: RemoteLook, text: str = PROBE, start: str = "") -> int:
        return self._complete(look, text, start, tokens=1).usage.prompt_tokens

    def _spec_of(self, small: int, large: int) -> VisionSpec:
        """Return what pictures the model takes, from what two of them take in the prompt."""
        area, places = math.prod(LARGE) - math.prod(SMALL), large - small
        stride = math.isqrt(area // places) if places > 0 else 0
        if not stride or stride**2 * places != area or any(side % stride for side in (*SMALL, *LARGE)):
            raise UserError(
                f"{self._endpoint} changes the size of pictures: {area} more pixels are {places} more tokens to it. "
                f"Start it so that pictures of {LEAST} to {MOST} pixels are taken as they are, vLLM with "
                f'--mm-processor-kwargs \'{{"min_pixels": 3136, "max_pixels": 1003520}}\''
            )
        # What else a tower wants is the server's affair.
        return VisionSpec(patch=stride // 2, merge=2, frames=2, mean=(0, 0, 0), std=(1, 1, 1))

    def _check_start(self, look: RemoteLook) -> None:
        """Raise UserError unless the server continues an answer, and tells the chances of what comes next."""
        none, one = self._length(look), self._complete(look, PROBE, "6", tokens=1, chances=True)
        if one.usage.prompt_tokens != none + 1:
            raise UserError(
                f"{self._endpoint} doesn't go on with an answer that has begun (continue_final_message), or its model "
                "thinks aloud first: take vLLM, and an instruct model with the chat template of its maker"
            )
        if not one.places or len(one.places[0].top_logprobs) < TOP:
            raise UserError(
                f"{self._endpoint} doesn't tell the chances of {TOP} tokens: start vLLM with --max-logprobs {TOP}"
            )

    def _holds_form(self, look: RemoteLook) -> bool:
        """Return whether the server takes a form, and keeps to it: some take any field and say nothing."""
        pattern = (Number(decimals=2), Given(" / "), Number(decimals=2))
        try:
            held = self._complete(look, PROBE, "", tokens=32, more=_form(pattern))
        except BrokenWorkerError:
            raise
        except PermanentError:
            return False
        return re.fullmatch(as_regex(pattern), held.text) is not None


def as_regex(pattern: Pattern) -> str:
    """Return a form as a regular expression that every engine for constrained decoding knows."""
    return "".join(map(_part, pattern))


def _part(part: Given | Free | Number) -> str:
    match part:
        case Given(text=text):
            return SPECIAL.sub(r"\\\1", text).replace("\n", r"\n")
        case Free(limit=limit):
            return rf"[^\n]{{1,{limit * LETTERS_A_TOKEN}}}" if limit else r"[^\n]+"
        case Number(decimals=0):
            return "(10|[0-9])"
        case Number(decimals=decimals):
            return rf"[0-9]\.[0-9]{{{decimals}}}"


def _form(pattern: Pattern) -> dict[str, Any]:
    return {"structured_outputs": {"regex": as_regex(pattern)}}


def _digits(place: _Place) -> Shares:
    """Return the chances of the digits; those that are not among the likeliest tokens have none."""
    told = {one.token: math.exp(min(one.logprob, 0.0)) for one in (*place.top_logprobs, place)}
    return {digit: told[str(digit)] for digit in range(10) if str(digit) in told}


def _of_ten(chances: Shares) -> list[float]:
    """Return the shares of the ten digits among themselves; all 0 if none of them was told of."""
    mass = math.fsum(chances.values()) or 1.0
    return [chances.get(digit, 0.0) / mass for digit in range(10)]


def _grey(size: tuple[int, int]) -> Pixels:
    width, height = size
    return np.full((height, width, 3), 128, np.uint8)


def _data_url(pixels: Pixels) -> str:
    """Return a picture without loss, so that the server's model sees what ours would."""
    file = io.BytesIO()
    # Of a photo, the hardest compression would save a tenth and take ten times as long.
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
