"""Asking a loaded model: each picture is looked at once, and all questions share that look.

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

from realqa_agent.errors import PermanentError, TransientError
from realqa_agent.scoring.mllm.digits import followed
from realqa_agent.scoring.mllm.loading import prefill
from realqa_agent.scoring.mllm.packing import pack
from realqa_agent.scoring.mllm.pattern import ANY, Follower
from realqa_agent.scoring.mllm.questions import Answer, DigitBelief
from realqa_agent.scoring.mllm.trouble import DeviceLostError, device_lost, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.errors import RealQAError
    from realqa_agent.scoring.mllm.loading import Loaded
    from realqa_agent.scoring.mllm.packing import Floats, Grid, VisionSpec
    from realqa_agent.scoring.mllm.pattern import Pattern
    from realqa_agent.scoring.mllm.questions import Question

    Layers = list[tuple[torch.Tensor, torch.Tensor]]
    """Keys and values of each layer, shape (rows, heads, length, size)."""

SUBSTANTIAL = 0.1
"""Part of a graphics card that others must hold to be the reason why there is no room."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Model:
    """Looks at pictures and answers questions about them. For one thread: the network keeps state between calls."""

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

    def look(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> list[Look]:
        """Return a look at each picture: RGB, shape (h, w, 3), already sized. Those of one length are done together."""
        spec = self._loaded.spec
        packed = [pack(picture, spec) for picture in pictures]
        return _alike(packed, lambda one: spec.places(one[1]), lambda some: self._pictures.run(some, self._look))

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
        self, pictures: Sequence[npt.NDArray[np.uint8]], questions: Sequence[Question], words: Sequence[str]
    ) -> list[list[list[float]]]:
        """Return for each picture and question the chances that each of the words comes right after the forced start.

        Each question is a prompt of its own: this is for models, too, of which no look can be kept.
        """
        packed = [pack(picture, self._loaded.spec) for picture in pictures]
        answers = [self._chances(packed, question, words) for question in questions]
        return [[chances[row] for chances in answers] for row in range(len(pictures))]

    def _chances(
        self, packed: Sequence[tuple[Floats, Grid]], question: Question, words: Sequence[str]
    ) -> list[list[float]]:
        suffix, chosen = self._chat.suffix(question), self._chat.next_words(question, words)

        def seen(some: Sequence[tuple[Floats, Grid]]) -> list[list[float]]:
            logits = self._seen(some, suffix, use_cache=False).logits[:, -1].float()
            chances: list[list[float]] = logits.softmax(-1)[:, chosen].tolist()
            return chances

        return _alike(packed, lambda one: self._loaded.spec.places(one[1]), lambda some: self._pictures.run(some, seen))

    def _asked(self, rows: Sequence[_Row], work: Callable[[Sequence[_Row]], list[Result]]) -> list[Result]:
        if any(row.look.outlook is not self._outlook for row in rows):
            raise ValueError("a look can only be asked with the adapter that it was made with")
        return _alike(rows, lambda row: row.look.length, lambda some: self._rows.run(some, work))

    def _look(self, packed: Sequence[tuple[Floats, Grid]]) -> list[Look]:
        out = self._seen(packed, [], use_cache=True)
        length = len(self._chat.head(self._loaded.spec.places(packed[0][1])))
        layers = [(layer.keys, layer.values) for layer in out[_cache_name(self._network)].layers]
        # State of the network, which the next picture overwrites. It says where the text goes on: a picture takes
        # fewer positions than tokens.
        deltas = self._network.model.rope_deltas.flatten().tolist()
        return [
            Look(
                model=self,
                outlook=self._outlook,
                layers=[(keys[row : row + 1], values[row : row + 1]) for keys, values in layers],
                length=length,
                position=length + delta,
            )
            for row, delta in enumerate(deltas)
        ]

    def _seen(self, packed: Sequence[tuple[Floats, Grid]], following: Sequence[int], *, use_cache: bool) -> Any:
        """Run the network over pictures of one length, each with the same tokens after it."""
        device, grids = self._loaded.device, [grid for _, grid in packed]
        tokens = [*self._chat.head(self._loaded.spec.places(grids[0])), *following]
        return prefill(
            self._loaded,
            torch.tensor([tokens] * len(packed), device=device),
            torch.cat([torch.from_numpy(rows).to(device) for rows, _ in packed]),
            torch.tensor(grids, device=device),
            use_cache=use_cache,
        )

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
    """What the network made of one picture, ready for questions; it holds some 20 MB of the device's memory."""

    model: Model
    outlook: object
    layers: Layers
    length: int
    """Tokens."""
    position: int
    """Where the text goes on."""

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
    """What follows the picture."""


class _Writing:
    """Several texts under way in one batch, each after a picture; looks of equal length."""

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

        Raise TransientError or PermanentError if there is no room for one, DeviceLostError if the device is gone.
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
    """Return the results of the work on items of equal size, in the order of all items."""
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
        return TransientError(f"too little memory for {what}: end other programs, or take a smaller model")
    free, total = torch.cuda.mem_get_info(device)
    others = total - free - torch.cuda.memory_reserved(device)
    if others > SUBSTANTIAL * total:
        return TransientError(
            f"too little graphics memory for {what}: others hold {others / 1e9:.1f} of {total / 1e9:.1f} GB; "
            "end what else uses the card"
        )
    return PermanentError(
        f"too little graphics memory for {what}: the card has {total / 1e9:.1f} GB; take four bits or a smaller model"
    )
