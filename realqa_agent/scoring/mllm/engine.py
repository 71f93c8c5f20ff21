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
    """One picture, ready for questions."""

    def numbers(self, questions: Sequence[Question]) -> list[DigitBelief]:
        """Return what the model believes of the numbers after the forced starts."""
        ...

    def texts(self, questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None) -> list[Answer]:
        """Return the answers, with their forced starts; at most `limit` tokens each."""
        ...


AnyLook = TypeVar("AnyLook", bound=Look)


class Engine(Protocol[AnyLook]):
    """Looks at pictures and answers questions about them. For one thread."""

    @property
    def spec(self) -> VisionSpec:
        """What size of picture it takes."""
        ...

    def use(self, adapter: str | None) -> None:
        """Work with that adapter from now on, or with none. Looks made before can't be asked any more."""
        ...

    def look(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> list[AnyLook]:
        """Return a look at each picture: RGB, shape (h, w, 3), already sized."""
        ...

    def numbers(self, looks: Sequence[AnyLook], questions: Sequence[Question]) -> list[list[DigitBelief]]:
        """Return for each look what the model believes of the numbers after the forced starts."""
        ...

    def texts(
        self, looks: Sequence[AnyLook], questions: Sequence[Question], *, limit: int, pattern: Pattern | None = None
    ) -> list[list[Answer]]:
        """Return for each look the answers, with their forced starts; at most `limit` tokens each."""
        ...
