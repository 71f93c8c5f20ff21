"""Still pictures that Pillow decodes, by their content whatever their name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, BinaryIO

import pillow_heif
from PIL import (  # the plugins register themselves: JPEG (with MPO), PNG, TIFF, WebP and AVIF
    AvifImagePlugin,  # noqa: F401
    ExifTags,
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.orientation import Turn, turn_for
from realqa_agent.media.picture import Picture
from realqa_agent.media.refusals import check_size, refusing_damage

if TYPE_CHECKING:
    from realqa_agent.capture import CaptureFacts
    from realqa_agent.config import Media

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "HEIF", "AVIF")
"""Pillow's names of what is read; its other forty decoders stay out of a hostile file's reach."""

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*")
_BRANDS = (b"WEBP", b"heic", b"heix", b"mif1", b"avif")
"""Bytes 8 to 11 of a RIFF or ISO container; sound and clips have others."""

pillow_heif.register_heif_opener()
# `check_size` holds the limit of the settings. Pillow's own would warn from 89 megapixels on and refuse at twice
# that, whatever the settings say.
Image.MAX_IMAGE_PIXELS = None


def open_still(file: BinaryIO, facts: CaptureFacts, limits: Media) -> Picture:
    """Decode the first picture of a file; raise RefusedError if it isn't one, is cut, or is over a limit."""
    image = decode(file, limits)
    return Picture(image, turn=turn_of(image), profile=image.info.get("icc_profile"), facts=facts)


def decode(file: BinaryIO, limits: Media, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Return a wholly decoded image; raise RefusedError as `open_still` does."""
    # Pillow warns about odd metadata; it says nothing about the pixels, and errors come as exceptions.
    with refusing_damage(), warnings.catch_warnings(action="ignore"):
        image = _identify(file, formats)
        check_size(*image.size, limits)
        # A cut file fails here and only here: `verify()` passes on it.
        image.load()
        return image


def xmp_packet_of_still(file: BinaryIO) -> bytes:
    """Return the XMP packet byte for byte, empty if there is none; raise RefusedError if it isn't a picture."""
    with refusing_damage(), warnings.catch_warnings(action="ignore"):
        packet: bytes = _identify(file, FORMATS).info.get("xmp", b"")
    return packet


def turn_of(image: Image.Image) -> Turn:
    """Return what makes a loaded image upright.

    Correct for all `FORMATS` (tried with all eight): Pillow turns TIFF itself and pillow-heif HEIF, and both drop
    the tag; for AVIF, Pillow hands out the container's rotation as the tag.
    """
    try:
        return turn_for(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # noqa: BLE001 - Exif may be broken in as many ways as the decoder has lines; pixels are good
        return turn_for(None)


def _identify(file: BinaryIO, formats: tuple[str, ...]) -> Image.Image:
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError as error:
        file.seek(0)
        head = file.read(64)
        if not any(head):
            message = "holds zero bytes where a picture begins: an unfinished copy or a failing card"
            raise RefusedError(RefusalKind.CORRUPT, message) from error
        if head.startswith(_SIGNATURES) or head[8:12] in _BRANDS:
            message = "begins like a picture, but its header is cut or damaged"
            raise RefusedError(RefusalKind.CORRUPT, message) from error
        message = "the content is not JPEG, PNG, TIFF, WebP, HEIF or AVIF, whatever the name says"
        raise RefusedError(RefusalKind.UNSUPPORTED, message) from error
