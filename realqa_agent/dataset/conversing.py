"""What is asked about a picture, and the answer that a model is to learn.

Questions, the beginnings of answers and the regular form are those of the prompts in force, so that a model is asked
later to the letter as it was taught. An answer's number is written so that `answers.number` reads the score from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from realqa_agent.assessment import UNKNOWN
from realqa_agent.dataset.record import Message
from realqa_agent.scoring.mllm import answers, datafile
from realqa_agent.scoring.mllm.prompts import NATURAL, PLACE, REGULAR
from realqa_agent.scoring.mllm.published import PICTURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realqa_agent.assessment import Judgement
    from realqa_agent.config import Role
    from realqa_agent.dataset.record import Conversation, Form, Labelled
    from realqa_agent.scoring.mllm.prompts import Prompts
    from realqa_agent.scoring.mllm.questions import Scale
    from realqa_agent.scoring.mllm.vocabulary import Vocabulary

PROSE = Path(__file__).with_name("data") / "prose.toml"

OPEN, CLOSE = "<", ">"
"""Around a number, if the answer's beginning has the first."""


class Prose(datafile.Entry):
    """`prose.toml`."""

    version: str
    closing: str
    sentences: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversing:
    """Writes conversations about pictures, for a model that scores for one role on one scale."""

    role: Role
    scale: Scale
    prompts: Prompts
    vocabulary: Vocabulary
    attributes: Mapping[Path, Mapping[str, Judgement]]
    """What is known of pictures, beside what was published of them."""

    def conversations(self, image: Labelled, score: float, form: Form) -> list[Conversation]:
        """Return what is said of a picture in a form; nothing if that reasons and nothing is known to reason with."""
        number = f"{score:.2f}"
        match form:
            case "published":
                return list(image.conversations)
            case "score":
                return [self._asked(self.role, self._score(number))]
            case "natural" | "regular":
                answer = self._published(image, form, number) or self._reasoned(image, form, number)
                return [self._asked(NATURAL if form == "natural" else REGULAR, answer)] if answer else []

    def _asked(self, name: str, answer: str) -> Conversation:
        (question,) = self.prompts.questions([name], scale=self.scale)
        return (
            Message(role="user", content=PICTURE + question.text),
            Message(role="assistant", content=answer),
        )

    def _score(self, number: str) -> str:
        start = self.prompts.wordings[self.role].start
        return f"{start}{number}{CLOSE * start.endswith(OPEN)}."

    def _published(self, image: Labelled, form: Form, number: str) -> str | None:
        """Return the published answer with our number: its own is on the scale of the source."""
        text = image.told.get(form)
        if text is None:
            return None
        *_, last = [*answers.ANGLE.finditer(text)] or [*answers.SAID.finditer(text)]
        return text[: last.start(1)] + number + text[last.end(1) :]

    def _reasoned(self, image: Labelled, form: Form, number: str) -> str | None:
        judgements = self.attributes.get(image.path)
        if judgements is None:
            return None
        return self._prose(judgements, number) if form == "natural" else self._lines(judgements, number)

    def _prose(self, judgements: Mapping[str, Judgement], number: str) -> str:
        prose = _wording()
        said = [
            sentence.replace("{reason}", _sentence(judgement.reason)).replace("{value}", judgement.value)
            for name, sentence in prose.sentences.items()
            if (judgement := judgements[name]).value != UNKNOWN
        ]
        return " ".join([*said, prose.closing.replace("{score}", number)])

    def _lines(self, judgements: Mapping[str, Judgement], number: str) -> str:
        """Return the regular form with each place filled by what the words before it call for."""
        pieces = PLACE.split(self.prompts.form.text)
        for at in range(1, len(pieces), 2):
            pieces[at] = number if pieces[at] == "{score}" else self._words(pieces[at - 1], judgements)
        return "".join(pieces)

    def _words(self, before: str, judgements: Mapping[str, Judgement]) -> str:
        """Return the value or the reason that a field's head asks for; `unknown` if there is none."""
        *_, field = answers.FIELD.finditer(before)
        head = " ".join(field[1].split())
        name = self.vocabulary.headed(answers.AROUND_TITLE.sub("", head))
        judgement = None if name is None else judgements[name]
        if judgement is None or judgement.value == UNKNOWN:
            return UNKNOWN
        return _line(judgement.reason) if answers.IS_REASON.fullmatch(head) else judgement.value


@cache
def _wording() -> Prose:
    return datafile.read(Prose, PROSE.name, PROSE)


def _line(text: str) -> str:
    """Return a text on one line, without the stop that would end it."""
    return " ".join(text.split()).rstrip(".,; ")


def _sentence(text: str) -> str:
    line = _line(text)
    return line[:1].upper() + line[1:]
