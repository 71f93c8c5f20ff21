"""Cameras' RAW files: the embedded preview if it is big enough, else a demosaic of the sensor's data.

Exiv2 finds more previews than LibRaw, but pyexiv2 hands out none but the 160-pixel Exif thumbnail.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import rawpy
from PIL import Image

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.orientation import UPRIGHT, Turn, turn_for
from realqa_agent.media.picture import Picture
from realqa_agent.media.refusals import check_size, damaged, refusing_damage
from realqa_agent.media.source import descriptor_path
from realqa_agent.media.still import decode

if TYPE_CHECKING:
    from io import BufferedReader

    from realqa_agent.capture import CaptureFacts
    from realqa_agent.config import Media

ENOUGH = 1616
"""Long side in pixels that a preview must have (many cameras embed 1616 by 1080 and nothing larger): it decodes in
6 ms, a demosaic of 24 megapixels takes 250 ms at half size and 1600 ms at full size."""

WHOLE = 0.95
"""Share of the sensor's long side from which a preview counts as full size: cameras crop a few rows of edge."""

_ORIENTATION_OF_FLIP = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""From LibRaw's `flip` bits to EXIF's numbers (LibRaw: the string "50132467" in its TIFF reader)."""


def open_raw(file: BufferedReader, facts: CaptureFacts, limits: Media) -> Picture:
    """Open a RAW file as its camera's preview or a demosaic; raise RefusedError if neither is to be had.

    A demosaic is rendered with the camera's white balance and no automatic brightening, which would hide a wrong
    exposure.
    """
    with refusing_damage():
        try:
            with rawpy.imread(descriptor_path(file)) as raw:
                return _best_picture(raw, facts, limits)
        except rawpy.LibRawFileUnsupportedError as error:
            message = "the content is not a RAW format that LibRaw reads, whatever the name says"
            raise RefusedError(RefusalKind.UNSUPPORTED, message) from error
        except rawpy.LibRawError as error:
            raise damaged(error.args[0].decode()) from error


def _best_picture(raw: rawpy.RawPy, facts: CaptureFacts, limits: Media) -> Picture:
    # Taken now: a demosaic changes them.
    sensor, flip = (raw.sizes.width, raw.sizes.height), raw.sizes.flip
    check_size(*sensor, limits)
    image = _preview(raw, limits)
    if image is None or max(image.size) < min(ENOUGH, WHOLE * max(sensor)):
        try:
            image = _demosaic(raw, half_size=max(sensor) >= 2 * ENOUGH)
        except rawpy.LibRawError:
            # A camera too new for LibRaw: a small preview still shows exposure and composition.
            if image is None:
                raise
    return Picture(
        image,
        turn=_turn(flip, sensor, image.size),
        profile=image.info.get("icc_profile"),
        facts=facts,
        camera_pixels=max(image.size) >= WHOLE * max(sensor),
    )


def _preview(raw: rawpy.RawPy, limits: Media) -> Image.Image | None:
    """Return the largest embedded preview, decoded; None if there is none that can be decoded and scored."""
    try:
        thumbnail = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    try:
        if isinstance(thumbnail.data, bytes):
            return decode(io.BytesIO(thumbnail.data), limits, formats=("JPEG",))
        image = Image.fromarray(thumbnail.data)
        check_size(*image.size, limits)
    except RefusedError:
        return None
    return image


def _demosaic(raw: rawpy.RawPy, *, half_size: bool) -> Image.Image:
    return Image.fromarray(raw.postprocess(half_size=half_size, use_camera_wb=True, no_auto_bright=True, user_flip=0))


def _turn(flip: int, sensor: tuple[int, int], stored: tuple[int, int]) -> Turn:
    """Return the turn for pixels of size `stored`, unless they came turned already.

    Previews are stored as the sensor lies and seldom say so in an Exif block of their own, but some converters
    write them upright: then they stand where the sensor lies.
    """
    turn = turn_for(_ORIENTATION_OF_FLIP.get(flip))
    stands = stored[0] < stored[1]
    lies = sensor[0] > sensor[1]
    return UPRIGHT if turn.swaps and stands == lies else turn
