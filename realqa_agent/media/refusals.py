"""From what decoders raise to what people are told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.source import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realqa_agent.config import Media

FEWEST_PIXELS = 16 * 16
"""Pictures with fewer pixels are buttons and tracking dots, or what is left of a photo."""


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn whatever a decoder raises inside into a refusal.

    I/O errors of the system become UNREADABLE, everything else CORRUPT. MemoryError passes: another time there
    may be enough.
    """
    try:
        yield
    except (RefusedError, MemoryError):
        raise
    except OSError as error:
        # Decoders raise OSError for bad data too, but only the system sets an error number.
        if error.errno is not None:
            raise unreadable(error) from error
        raise damaged(_words(error)) from error
    except Exception as error:
        # Hostile files make decoders fail with anything from IndexError to SyntaxError.
        raise damaged(_words(error)) from error


def damaged(reason: str) -> RefusedError:
    """Return the refusal for data that can't be decoded, given the decoder's words."""
    return RefusedError(RefusalKind.CORRUPT, f"the data are cut or damaged ({reason})")


def check_size(width: int, height: int, limits: Media) -> None:
    """Raise RefusedError if a picture of that many pixels is too small to judge or over the limit."""
    size = f"{width}×{height} pixels"  # noqa: RUF001 - the sign that people use for a size
    if width * height < FEWEST_PIXELS:
        raise RefusedError(RefusalKind.UNSUPPORTED, f"too small to score ({size})")
    if width * height > limits.max_megapixels * 1_000_000:
        message = f"{size} are over the limit of {limits.max_megapixels} megapixels (media.max_megapixels)"
        raise RefusedError(RefusalKind.TOO_LARGE, message)


def _words(error: Exception) -> str:
    # FFmpeg's errors print a number and the path as well.
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
