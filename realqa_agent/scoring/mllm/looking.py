"""Asking a loaded model: each picture or clip is looked at once, and all questions share that look.

The picture comes before the question, so what the network makes of it is the same for all questions: it is computed
once and kept (the cache of keys and values), and each question goes on from a copy. Questions, of one picture or of
many, are the rows of one batch.

Everything is greedy, so that the same picture gets the same answer twice.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import transformers

from realqa_agent.errors import AwayError, PermanentError, UserError
from realqa_agent.scoring.mllm import sights
from realqa_agent.scoring.mllm.checkpoint import FAMILIES, Clips
from realqa_agent.scoring.mllm.digits import beginnings, followed
from realqa_agent.scoring.mllm.loading import prefill
from realqa_agent.scoring.mllm.pattern import ANY, Follower
from realqa_agent.scoring.mllm.questions import Answer, DigitBelief
from realqa_agent.scoring.mllm.trouble import DeviceLostError, device_lost, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.errors import RealQAError
    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.packing import VisionSpec
    from realqa_agent.scoring.mllm.pattern import Pattern
    from realqa_agent.scoring.mllm.questions import Question
    from realqa_agent.scoring.mllm.sights import Sight

    Pixels = npt.NDArray[np.uint8]

    Layers = list[tuple[torch.Tensor, torch.Tensor]]
    """Keys and values of each layer, shape (rows, heads, length, size)."""

SUBSTANTIAL = 0.1
"""Part of a graphics card that others must hold to be the reason why there is no room."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Model:
    """Looks at pictures and clips and answers questions about them. For one thread."""

    def __init__(self, loaded: Loaded, *, pictures: int = 8, rows: int = 64) -> None:
        """Look at so many pictures at once, and answer so many questions; fewer as soon as memory runs out."""
        self._loaded = loaded
        self._chat = loaded.chat
        self._network = loaded.network
        self._pictures = _Portions(loaded.device, pictures)
        self._rows = _Portions(loaded.device, rows)
        self._digits = torch.tensor(self._chat.digits, device=loaded.device)
        self._outlook = object()
        """Stands for the adapter in use, in the looks that were made with it."""

    @property
    def spec(self) -> VisionSpec:
        """What its vision tower expects of a picture."""
        return self._loaded.spec

    def use(self, adapter: str | None) -> None:
        """Work with that adapter from now on, or with none. Looks made before can't be asked any more.

        An adapter changes how a picture is seen, not only what is said of it.
        """
        self._loaded.use(adapter)
        self._outlook = object()

    def check(self, questions: Sequence[Question]) -> None:
        """Raise UserError if a number can't be asked for in these words."""
        for question in questions:
            self._chat.forced_suffix(question)

    def look(self, pictures: Sequence[Pixels]) -> list[Look]:
        """Return a look at each picture: RGB, shape (h, w, 3), already sized. Those of one length are done together."""
        return self._looks([sights.of_picture(picture, self._chat, self.spec) for picture in pictures])

    def check_clips(self, frames: int) -> None:  # noqa: ARG002 - a server has a limit, we have none
        """Raise UserError, with the mend, if the model can't be shown clips as a whole."""
        if self._loaded.family.clips is None:
            able = ", ".join(name for name, family in FAMILIES.items() if family.clips is not None)
            raise UserError(
                f"a {self._loaded.family.architecture} can't be shown clips as a whole, only {able}: "
                'set `clips` in [mllm] to "frames"'
            )
        self._chat.check_clips()

    def watch(self, clips: Sequence[Sequence[Pixels]], times: Sequence[Sequence[float]]) -> list[Look]:
        """Return a look at each clip as a whole: its frames, all of one size, in order; when each is on show, seconds.

        For models that passed `check_clips`.
        """
        return self._looks([self._clip(*clip) for clip in zip(clips, times, strict=True)])

    def _clip(self, frames: Sequence[Pixels], times: Sequence[float]) -> Sight:
        how = self._loaded.family.clips
        if how is None:
            raise ValueError("this model can't be shown clips as a whole")
        ticks = self._network.config.vision_config.tokens_per_second if how is Clips.PACED else 1.0
        return sights.of_clip(frames, times, self._chat, self.spec, how=how, ticks=ticks)

    def _looks(self, seen: Sequence[Sight]) -> list[Look]:
        return _alike(seen, lambda one: len(one.head), lambda some: self._pictures.run(some, self._look))

    def numbers(self, looks: Sequence[Look], questions: Sequence[Question]) -> list[list[DigitBelief]]:
        """Return for each look what the model believes of the numbers after the forced starts."""
        rows = [_Row(look, self._chat.forced_suffix(question)) for look in looks for question in questions]
        return _in_rows_of(len(questions), self._asked(rows, self._believe))

    def texts(
        self, looks: Sequence[Look], questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None
    ) -> list[list[Answer]]:
        """Return for each look the answers, with their forced starts; at most `limit` tokens each."""
        rows = [_Row(look, self._chat.suffix(question)) for look in looks for question in questions]
        written = self._asked(rows, lambda some: self._write(some, limit, pattern or ANY))
        answers = [
            Answer(text=question.start + self._chat.words(one.tokens), finished=one.finished)
            for question, one in zip(itertools.cycle(questions), written, strict=False)
        ]
        return _in_rows_of(len(questions), answers)

    def levels(
        self, pictures: Sequence[Pixels], questions: Sequence[Question], words: Sequence[str]
    ) -> list[list[list[float]]]:
        """Return for each picture and question the chances that each of the words comes right after the forced start.

        Each question is a prompt of its own: this is for models, too, of which no look can be kept.
        """
        seen = [sights.of_picture(picture, self._chat, self.spec) for picture in pictures]
        answers = [self._chances(seen, question, words) for question in questions]
        return [[chances[row] for chances in answers] for row in range(len(pictures))]

    def along(self, looks: Sequence[Look], question: Question, written: Sequence[str]) -> list[list[list[float]]]:
        """Return for each look the shares of the ten digits at each digit of what people gave it, such as `3.47`.

        Raise ValueError for what isn't one digit, a dot and one or two digits.
        """
        suffix = self._chat.forced_suffix(question)
        begun = [(look, beginnings(label)) for look, label in zip(looks, written, strict=True)]
        rows = [_Row(look, suffix + self._chat.number(before)) for look, places in begun for before in places]
        shares = iter(self._asked(rows, self._shares))
        return [[next(shares) for _ in places] for _, places in begun]

    def _chances(self, seen: Sequence[Sight], question: Question, words: Sequence[str]) -> list[list[float]]:
        suffix, chosen = self._chat.suffix(question), self._chat.next_words(question, words)

        def after(some: Sequence[Sight]) -> list[list[float]]:
            logits = prefill(self._loaded, some, suffix, use_cache=False).logits[:, -1].float()
            chances: list[list[float]] = logits.softmax(-1)[:, chosen].tolist()
            return chances

        return _alike(seen, lambda one: len(one.head), lambda some: self._pictures.run(some, after))

    def _asked(self, rows: Sequence[_Row], work: Callable[[Sequence[_Row]], list[Result]]) -> list[Result]:
        if any(row.look.outlook is not self._outlook for row in rows):
            raise ValueError("a look can only be asked with the adapter that it was made with")
        return _alike(rows, lambda row: row.look.length, lambda some: self._rows.run(some, work))

    def _look(self, seen: Sequence[Sight]) -> list[Look]:
        out = prefill(self._loaded, seen, use_cache=True)
        layers = [(layer.keys, layer.values) for layer in out[_cache_name(self._network)].layers]
        return [
            Look(
                model=self,
                outlook=self._outlook,
                layers=[(keys[row : row + 1], values[row : row + 1]) for keys, values in layers],
                length=len(one.head),
                position=int(one.positions().max()) + 1,
            )
            for row, one in enumerate(seen)
        ]

    def _shares(self, rows: Sequence[_Row]) -> list[list[float]]:
        writing = _Writing.after(self._network, [row.look for row in rows])
        logits = writing.feed([row.tokens for row in rows])
        shares: list[list[float]] = logits[:, self._digits].softmax(-1).tolist()
        return shares

    def _believe(self, rows: Sequence[_Row]) -> list[DigitBelief]:
        digits, dot = self._chat.digits, self._chat.dot
        writing = _Writing.after(self._network, [row.look for row in rows])
        logits = writing.feed([row.tokens for row in rows])
        masses = logits.softmax(-1)[:, self._digits].sum(-1).tolist()
        units: list[list[float]] = logits[:, self._digits].softmax(-1).tolist()
        likely = [followed(dict(enumerate(shares))) for shares in units]

        branches = [(row, unit) for row, some in enumerate(likely) for unit in some]
        branch = writing.rows([row for row, _ in branches])
        shares = branch.feed([[digits[unit], dot] for _, unit in branches])[:, self._digits].softmax(-1)
        decimals: dict[tuple[int, int], list[float]] = dict(zip(branches, shares.tolist(), strict=True))

        best = [(row, some[0]) for row, some in enumerate(likely)]
        firsts = [followed(dict(enumerate(decimals[one])))[0] for one in best]
        last = branch.rows([branches.index(one) for one in best]).feed([[digits[first]] for first in firsts])
        seconds = last[:, self._digits].argmax(-1).tolist()
        return [
            DigitBelief(
                units=dict(enumerate(units[row])),
                first_decimals={one: dict(enumerate(decimals[row, one])) for one in likely[row]},
                greedy=f"{unit}.{firsts[row]}{seconds[row]}",
                mass=masses[row],
            )
            for row, unit in best
        ]

    def _write(self, rows: Sequence[_Row], limit: int, pattern: Pattern) -> list[Follower]:
        followers = [Follower(pattern, self._chat) for _ in rows]
        writing = _Writing.after(self._network, [row.look for row in rows])
        fed = [row.tokens + follower.begin() for row, follower in zip(rows, followers, strict=True)]
        # Tokens that are decided, but not fed yet, by row; rows that are at their end are left out.
        due: dict[int, deque[int]] = {index: deque() for index in range(len(rows))}
        while due:
            logits = writing.feed(fed)
            choices = torch.stack([logits.argmax(-1), self._digits[logits[:, self._digits].argmax(-1)]], -1).tolist()
            for (index, tokens), (likeliest, digit) in zip(due.items(), choices, strict=True):
                if not tokens:
                    tokens.extend(followers[index].step(likeliest, digit))
            going = [not followers[index].finished and len(followers[index].tokens) < limit for index in due]
            if not all(going):
                writing.keep([row for row, goes in enumerate(going) if goes])
                due = {index: tokens for (index, tokens), goes in zip(due.items(), going, strict=True) if goes}
            # As many at once as each row has: words that are given come several at a time where there is one row.
            count = min(map(len, due.values()), default=0)
            fed = [[tokens.popleft() for _ in range(count)] for tokens in due.values()]
        return followers


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What the network made of one picture or clip, ready for questions.

    It holds some 20 MB of the device's memory for a picture, 60 KB for each place of the prompt.
    """

    model: Model
    outlook: object
    layers: Layers
    length: int
    """Tokens."""
    position: int
    """Where the text goes on: something seen takes fewer positions than tokens."""

    def numbers(self, questions: Sequence[Question]) -> list[DigitBelief]:
        """Return what the model believes of the numbers after the forced starts."""
        return self.model.numbers([self], questions)[0]

    def texts(self, questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None) -> list[Answer]:
        """Return the answers, with their forced starts; at most `limit` tokens each."""
        return self.model.texts([self], questions, limit=limit, pattern=pattern)[0]


@dataclass(frozen=True, slots=True)
class _Row:
    look: Look
    tokens: list[int]
    """What follows what is seen."""


class _Writing:
    """Several texts under way in one batch, each after a look; looks of equal length."""

    def __init__(self, network: Any, layers: Layers, mask: torch.Tensor, positions: torch.Tensor) -> None:
        self._network = network
        self._cache = transformers.DynamicCache()
        for index, (keys, values) in enumerate(layers):
            self._cache.update(keys, values, index)
        self._mask = mask
        """Which of the tokens in the cache are real, shape (rows, length)."""
        self._positions = positions
        """Of each row's next token."""
        self._cache_name = _cache_name(network)

    @classmethod
    def after(cls, network: Any, looks: Sequence[Look]) -> _Writing:
        """Begin one text for each of the looks, which may be the same ones."""
        layers = [
            (torch.cat([keys for keys, _ in layer]), torch.cat([values for _, values in layer]))
            for layer in zip(*(look.layers for look in looks), strict=True)
        ]
        device = layers[0][0].device
        return cls(
            network,
            layers,
            torch.ones((len(looks), looks[0].length), dtype=torch.long, device=device),
            torch.tensor([look.position for look in looks], device=device),
        )

    def rows(self, rows: list[int]) -> _Writing:
        """Return a copy that goes on with these rows, each as often as it is named."""
        index = torch.tensor(rows, device=self._mask.device)
        layers = [(layer.keys[index], layer.values[index]) for layer in self._cache.layers]
        return _Writing(self._network, layers, self._mask[index], self._positions[index])

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows only."""
        index = torch.tensor(rows, dtype=torch.long, device=self._mask.device)
        self._cache.batch_select_indices(index)
        self._mask, self._positions = self._mask[index], self._positions[index]

    def feed(self, tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Write these tokens; return the logits of what comes next, shape (rows, vocabulary), float32.

        Rows with fewer tokens get unreal ones before them, so that all end in the same place.
        """
        longest = max(map(len, tokens))
        device = self._mask.device
        real = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in tokens], device=device)
        self._mask = torch.cat([self._mask, real], 1)
        positions = self._positions[:, None] + (real.cumsum(1) - 1).clamp(min=0)
        self._positions = self._positions + real.sum(1)
        out = self._network(
            input_ids=torch.tensor([[0] * (longest - len(row)) + list(row) for row in tokens], device=device),
            attention_mask=self._mask,
            position_ids=positions.expand(3, -1, -1),
            use_cache=True,
            logits_to_keep=1,
            **{self._cache_name: self._cache},
        )
        logits: torch.Tensor = out.logits[:, -1].float()
        return logits


class _Portions:
    """Runs work over as many items at once as memory allows."""

    def __init__(self, device: torch.device, most: int) -> None:
        self._device = device
        self._most = most

    def run(self, items: Sequence[Item], work: Callable[[Sequence[Item]], list[Result]]) -> list[Result]:
        """Return one result an item, in order.

        Raise AwayError or PermanentError if there is no room for one, DeviceLostError if the device is gone.
        """
        results: list[Result] = []
        while portion := items[len(results) : len(results) + self._most]:
            try:
                with torch.inference_mode():
                    results += work(portion)
                continue
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    if device_lost(error):
                        raise DeviceLostError(f"the graphics card is gone or its driver gave up: {error}") from error
                    raise
            # Outside of the clause: within, the error holds on to what it was about, and nothing could be freed.
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            if len(portion) == 1:
                raise _no_room(self._device)
            self._most = len(portion) // 2
        return results


def _alike(
    items: Sequence[Item], size: Callable[[Item], int], work: Callable[[Sequence[Item]], list[Result]]
) -> list[Result]:
    """Return the results of the work on items of equal size, in the order of all items.

    Grouped and not padded to one length: 32 pictures of random proportions have 12 lengths within 3 % of each other,
    and neither way was the faster one where it could be measured (a tiny model, without a graphics card).
    """
    order = sorted(range(len(items)), key=lambda index: size(items[index]))
    results: dict[int, Result] = {}
    for _, group in itertools.groupby(order, key=lambda index: size(items[index])):
        indexes = list(group)
        results.update(zip(indexes, work([items[index] for index in indexes]), strict=True))
    return [results[index] for index in range(len(items))]


def _in_rows_of(length: int, results: Sequence[Result]) -> list[list[Result]]:
    return [list(results[start : start + length]) for start in range(0, len(results), length)]


def _cache_name(network: Any) -> str:
    """Return what the network calls its cache: `past_key_values` until transformers 5.24, which warns of it."""
    return "cache" if "cache" in signature(type(network).forward).parameters else "past_key_values"


def _no_room(device: torch.device) -> RealQAError:
    what = "one picture and one question"
    if device.type != "cuda":
        return AwayError(f"too little memory for {what}: end other programs, or take a smaller model")
    free, total = torch.cuda.mem_get_info(device)
    others = total - free - torch.cuda.memory_reserved(device)
    if others > SUBSTANTIAL * total:
        return AwayError(
            f"too little graphics memory for {what}: others hold {others / 1e9:.1f} of {total / 1e9:.1f} GB; "
            "end what else uses the card"
        )
    return PermanentError(
        f"too little graphics memory for {what}: the card has {total / 1e9:.1f} GB; take four bits or a smaller model"
    )
