"""The odd model `wise` in a place, and the words that it obeys."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from support.place import Place


class Wise:
    """`words` are files: while one is there the model behaves as it is named for."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.words = place.home / "words"
        self.words.mkdir()
        monkeypatch.setenv("ODD_MODEL", str(self.words))
        self.follow("all")

    def follow(self, which: str, *, leaders: float = 0.2) -> None:
        """Write the settings."""
        self.place.configure(f'[mllm]\nfollow = "{which}"\nleaders = {leaders}\n', scorer="wise")

    def tell(self, word: str) -> None:
        (self.words / word).touch()

    def forget(self, word: str) -> None:
        (self.words / word).unlink()

    @contextmanager
    def told(self, word: str) -> Iterator[None]:
        """Let it behave so for a while."""
        self.tell(word)
        yield
        self.forget(word)

    def batches(self) -> list[int]:
        """Return how many photos it was asked about at once, each time."""
        file = self.words / "batches"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def voices(self) -> dict[str, str]:
        """Return whose word each file rests on."""
        return {name: line["scorer"] for name, line in self.place.listed().items()}

    def said(self) -> Counter[str]:
        """Return how often each scorer assessed something, by the histories."""
        rows = self.place.index("SELECT detail FROM history WHERE event = 'scored'")
        return Counter(str(detail).partition(" ")[0] for (detail,) in rows)

    def in_sidecar(self, name: str) -> str:
        """Return who spoke in a photo's sidecar; nobody if there is none."""
        sidecar = self.place.photos / f"{name}.xmp"
        if not sidecar.exists():
            return ""
        return sidecar.read_text().partition("<realqa:Model>")[2].partition(" ")[0]
