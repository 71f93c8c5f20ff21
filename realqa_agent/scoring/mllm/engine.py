"""What the scorers ask of whatever runs the model: this machine (`looking`) or a server (`remote`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from realqa_agent.scoring.mllm.packing import VisionSpec
    from realqa_agent.scoring.mllm.pattern import Pattern
    from realqa_agent.scoring.mllm.questions import Answer, DigitBelief, Question


class Look(Protocol):
    """One picture, or one clip, ready for questions."""

    def numbers(self, questions: Sequence[Question]) -> list[DigitBelief]:
        """Return what the model believes of the numbers after the forced starts."""
        ...

    def texts(self, questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None) -> list[Answer]:
        """Return the answers, with their forced starts; at most `limit` tokens each."""
        ...


AnyLook = TypeVar("AnyLook", bound=Look)


class Engine(Protocol[AnyLook]):
    """Looks at pictures and clips and answers questions about them. For one thread."""

    @property
    def spec(self) -> VisionSpec:
        """What size of picture it takes."""
        ...

    def use(self, adapter: str | None) -> None:
        """Work with that adapter from now on, or with none. Looks made before can't be asked any more."""
        ...

    def check(self, questions: Sequence[Question]) -> None:
        """Raise UserError if a number can't be asked for in these words."""
        ...

    def look(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> list[AnyLook]:
        """Return a look at each picture: RGB, shape (h, w, 3), already sized."""
        ...

    def check_clips(self, frames: int) -> None:
        """Raise UserError, with the mend, if the model can't be shown clips of so many frames as a whole."""
        ...

    def watch(
        self, clips: Sequence[Sequence[npt.NDArray[np.uint8]]], times: Sequence[Sequence[float]]
    ) -> list[AnyLook]:
        """Return a look at each clip as a whole: its frames, all of one size, in order; when each is on show, seconds.

        For engines that passed `check_clips`. The models are told of the time, so it can't be left out.
        """
        ...

    def numbers(self, looks: Sequence[AnyLook], questions: Sequence[Question]) -> list[list[DigitBelief]]:
        """Return for each look what the model believes of the numbers after the forced starts."""
        ...

    def texts(
        self, looks: Sequence[AnyLook], questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None
    ) -> list[list[Answer]]:
        """Return for each look the answers, with their forced starts; at most `limit` tokens each."""
        ...

    def along(self, looks: Sequence[AnyLook], question: Question, written: Sequence[str]) -> list[list[list[float]]]:
        """Return for each look the shares of the ten digits at each digit of what people gave it, such as `3.47`.

        The label is written in the model's place, whatever it wants to say itself: this tells how a model fits labels
        (`digits.ncm`), and is no way to score. Raise ValueError for what isn't one digit, a dot and one or two digits.
        """
        ...
