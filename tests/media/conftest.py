"""What the tests of this room share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest

from realqa_agent.config import Media

# The tests write HEIF through Pillow.
pillow_heif.register_heif_opener()


@pytest.fixture(scope="session")
def limits() -> Media:
    return Media()


@pytest.fixture(scope="session")
def corners() -> npt.NDArray[np.uint8]:
    """A picture that no turn leaves as it is: red, green, blue and grey quarters, 60 wide and 40 high."""
    pixels = np.full((40, 60, 3), 128, dtype=np.uint8)
    pixels[:20, :30], pixels[:20, 30:], pixels[20:, :30] = (220, 30, 30), (30, 200, 30), (30, 30, 220)
    return pixels
