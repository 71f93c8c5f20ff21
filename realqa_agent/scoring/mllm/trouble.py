"""What memory and graphics cards may do to us. Imports nothing heavy: who runs the work must know it too."""

from __future__ import annotations

from realqa_agent.errors import BrokenWorkerError

SHORT = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
LOST = ("CUDA error", "CUDNN_STATUS", "CUBLAS_STATUS", "HIP error")
"""How torch says it; only its newer versions have classes of errors for it."""


class DeviceLostError(BrokenWorkerError):
    """The graphics card is gone or its driver gave up: no further work in this process; a new one may find it again."""


def out_of_memory(error: Exception) -> bool:
    """Return whether there was no room, on the card or off it."""
    return isinstance(error, MemoryError) or any(word in str(error) for word in SHORT)


def device_lost(error: Exception) -> bool:
    """Return whether the graphics card is at fault; ask for memory first."""
    return any(word in str(error) for word in LOST)
