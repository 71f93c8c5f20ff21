"""The errors that people may see: what happened, to which file, what to do about it."""

from __future__ import annotations

from enum import StrEnum


class RealQAError(Exception):
    """Something went wrong in RealQA Agent."""


class UserError(RealQAError):
    """The command or the settings can't be carried out as given: shown without a traceback, exit status 2."""


class TransientError(RealQAError):
    """It may work later: the file is still being copied, the disk or the share is away, memory is short."""


class IndexBusyError(TransientError):
    """The index is locked, or its disk is full: no fault of the photo at hand."""


class AwayError(TransientError):
    """What scores is away, a server or the memory of a graphics card: no fault of the photo at hand."""


class PermanentError(RealQAError):
    """Trying again won't help until somebody changes something."""


class BrokenWorkerError(PermanentError):
    """This process can't go on, whatever the file; a new one may."""


class DamagedError(RealQAError):
    """The index itself is damaged: no matter of one file, so that whoever works on many ends with it."""


class RefusalKind(StrEnum):
    """Why a file can't be scored; part of the command line's contract."""

    UNSUPPORTED = "unsupported"
    """Not a picture or clip that we can read, or one too small to judge."""
    CORRUPT = "corrupt"
    """It says that it is a picture, but its data are cut or damaged."""
    UNREADABLE = "unreadable"
    """The system won't hand it out: permission, vanished, I/O error."""
    TOO_LARGE = "too_large"
    """Over a limit of the [media] settings: bytes, pixels, frames, time."""
    EMPTY = "empty"
    """Zero bytes."""
    UNANSWERED = "unanswered"
    """The model that was asked gave no number; a score is never made up."""


class RefusedError(PermanentError):
    """One file that can't be scored, with the kind of the reason and a sentence for people."""

    def __init__(self, kind: RefusalKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    def __reduce__(self) -> tuple[type[RefusedError], tuple[RefusalKind, str]]:
        """Travel between processes: the default would call the class with the message alone."""
        return type(self), (self.kind, self.message)
