"""Make the sample photos from the originals: `python samples/make.py FOLDER`.

FOLDER holds the photos of Debian's lomiri-wallpapers-16.04: `apt-get download lomiri-wallpapers-16.04`, then
`dpkg -x lomiri-wallpapers-16.04_*.deb FOLDER`. README.md names the authors and licences, which also stand in
each photo's EXIF. Damage is done to linear light, where lenses and sensors do it.
"""  # noqa: INP001 - a script beside its pictures, not a package

from __future__ import annotations

import io
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import ExifTags, Image

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Light = npt.NDArray[np.float64]
    """Shape (h, w, 3), linear sRGB, 0 to 1."""

HERE = Path(__file__).parent
LONG_SIDE = 1280
LARGEST_BYTES = 215_000
CC_BY, CC_BY_SA, CC0 = "CC BY 4.0", "CC BY-SA 4.0", "CC0 1.0"


def light(picture: Image.Image) -> Light:
    """Undo the sRGB curve (IEC 61966-2-1)."""
    code = np.asarray(picture.convert("RGB"), dtype=np.float64) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def picture(linear: Light) -> Image.Image:
    """Apply the sRGB curve; what is over 1 clips."""
    clipped = np.clip(linear, 0, 1)
    code = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(code * 255).astype(np.uint8))


def convolved(linear: Light, kernel: npt.NDArray[np.float64]) -> Light:
    """Convolve each channel, the edges mirrored."""
    margin = max(kernel.shape)
    padded = np.pad(linear, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    shape = padded.shape[:2]
    centred = np.zeros(shape)
    centred[: kernel.shape[0], : kernel.shape[1]] = kernel / kernel.sum()
    centred = np.roll(centred, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), (0, 1))
    spread = np.fft.irfft2(np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(centred)[..., None], s=shape, axes=(0, 1))
    return spread[margin:-margin, margin:-margin]


def out_of_focus(linear: Light, radius: float = 9) -> Light:
    """Spread each point over the disc of an open aperture; `radius` in pixels."""
    reach = int(np.ceil(radius))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return convolved(linear, np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1))


def shaken(linear: Light, length: int = 45, degrees: float = 70) -> Light:
    """Spread each point over a line of `length` pixels."""
    line = Image.new("L", (length, length))
    line.paste(255, (0, length // 2, length, length // 2 + 1))
    turned = line.rotate(degrees, Image.Resampling.BICUBIC)
    return convolved(linear, np.asarray(turned, dtype=np.float64))


def exposed(stops: float) -> Callable[[Light], Light]:
    """Return a function that gives more or less light."""
    return lambda linear: linear * 2.0**stops


def noisy(linear: Light) -> Light:
    """Add the noise of few photons (variance in proportion to the light) and of reading them out."""
    grain = np.random.default_rng(1)
    deviation = np.sqrt(linear * 0.010 + 0.012**2)
    return linear + deviation * grain.standard_normal(linear.shape)


def unchanged(linear: Light) -> Light:
    """Leave it as it is."""
    return linear


def tilted(frame: Image.Image, degrees: float = 6) -> Image.Image:
    """Turn the picture and cut out the largest part of the same shape that has no empty corners."""
    angle = np.radians(degrees)
    wide, high = frame.size
    scale = 1 / (np.cos(angle) + max(wide / high, high / wide) * np.sin(angle))
    turned = frame.rotate(degrees, Image.Resampling.BICUBIC)
    left, top = wide * (1 - scale) / 2, high * (1 - scale) / 2
    return turned.crop((round(left), round(top), round(wide - left), round(high - top)))


PHOTOS: dict[str, tuple[str, str, str, Callable[[Light], Light]]] = {
    "mountains": ("picosdeeuropa_by_Aitzol_Berasategi", "Aitzol Berasategi", CC_BY, unchanged),
    "fig": ("Picture_0B_by_freespace", 'Trevor "Freespace"', CC_BY, unchanged),
    "dandelions": ("seeding_by_Clements_Engelhardt", "Clemens Engelhardt", CC0, unchanged),
    "sunset": ("sunset_by_Aitzol_Berasategi", "Aitzol Berasategi", CC_BY, unchanged),
    "dogs_out_of_focus": ("friends_by_Aitzol_Berasategi", "Aitzol Berasategi", CC_BY, out_of_focus),
    "clock_shaken": ("greentock_by_Peter_Nerlich", "Peter Nerlich", CC_BY_SA, shaken),
    "stream_too_dark": ("life_by_Aitzol_Berasategi", "Aitzol Berasategi", CC_BY, exposed(-5)),
    "hills_blown_out": ("aitzgorri_by_Aitzol_Berasategi", "Aitzol Berasategi", CC_BY, exposed(3.5)),
    "coast_tilted": ("Bridge_by_Sander_Klootwijk", "Sander Klootwijk", CC_BY_SA, unchanged),
    "room_noisy": ("Wine_by_Jakkub_Mede", "Jakub Mede", CC_BY, noisy),
}
"""Name to original, author, licence and damage."""


def shrunk(original: Path, long_side: int) -> Image.Image:
    """Return the photo, at most `long_side` long."""
    with Image.open(original) as opened:
        frame = opened.convert("RGB")
    frame.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
    return frame


def save(frame: Image.Image, name: str, author: str, licence: str) -> None:
    """Write a JPEG of at most `LARGEST_BYTES`, with its author and licence and no other metadata."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = author
    exif[ExifTags.Base.Copyright] = f"{author}, {licence}"
    for quality in range(90, 60, -2):
        encoded = io.BytesIO()
        frame.save(encoded, "JPEG", quality=quality, exif=exif, optimize=True)
        if encoded.tell() <= LARGEST_BYTES:
            break
    (HERE / f"{name}.jpg").write_bytes(encoded.getvalue())


def clip(frame: Image.Image, file: Path, author: str, licence: str) -> None:
    """Write four seconds that zoom in on the middle; the first one is out of focus."""
    per_second, seconds, size = 12, 4, (640, 360)
    with av.open(file, "w") as container:
        container.metadata.update({"artist": author, "copyright": f"{author}, {licence}"})
        stream = container.add_stream("libx264", rate=Fraction(per_second), options={"crf": "30"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(per_second * seconds):
            wide = frame.width * (1 - 0.5 * number / (per_second * seconds))
            high = wide * size[1] / size[0]
            left, top = (frame.width - wide) / 2, (frame.height - high) / 2
            shown = frame.resize(size, Image.Resampling.LANCZOS, (left, top, left + wide, top + high))
            radius = 6 * max(0.0, 1 - number / per_second)
            if radius > 0:
                shown = picture(out_of_focus(light(shown), radius))
            encoded = av.VideoFrame.from_image(shown)  # type: ignore[no-untyped-call]  # PyAV ships it untyped
            container.mux(stream.encode(encoded))
        container.mux(stream.encode(None))


def main() -> None:
    """Make them all."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    originals = {file.stem: file for file in Path(sys.argv[1]).rglob("*.jpg")}
    for name, (stem, author, licence, damage) in PHOTOS.items():
        frame = picture(damage(light(shrunk(originals[stem], LONG_SIDE))))
        save(tilted(frame) if name == "coast_tilted" else frame, name, author, licence)
    dragonfly = shrunk(originals["Dragonfly_by_Bolly"], 2400)
    clip(dragonfly, HERE / "dragonfly.mp4", "Bolly", CC_BY_SA)


if __name__ == "__main__":
    main()
