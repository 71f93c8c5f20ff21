"""Show the plugin's panel in the real darktable: docs/darktable-panel.png.

Made-up pictures, the agent itself, and the rig of the tests. Look at the picture before you keep it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import darktable_window as window  # noqa: E402 - the rig is the tests'
from support.display import display  # noqa: E402
from support.place import old  # noqa: E402

PICTURE = ROOT / "docs/darktable-panel.png"
REALQA = Path(sys.executable).with_name("realqa")
SIZE = (1500, 950)

SCRIPT = """
local follow = require("realqa/lib/follow")
wait(require("realqa/lib/panel").exists)
dt.gui.panel_hide("DT_UI_PANEL_BOTTOM")
dt.gui.libs.collect.expanded = false
import(os.getenv("RQ_PHOTOS"), 10)
wait(function() return follow.waiting() == 10 end)
wait(function() return follow.waiting() == 0 end, 60)
dt.gui.selection({ image("soft.jpg") })
wait(function() return panel().title == "soft.jpg" and panel().scores ~= "" end)
-- Until the last message over the photos has gone.
dt.control.sleep(7000)
shot(os.getenv("RQ_PICTURE"))
"""


def main() -> None:
    """Make the picture."""
    with tempfile.TemporaryDirectory(prefix="realqa-panel-") as scratch, display() as screen:
        home, photos, raw = Path(scratch, "home"), Path(scratch, "lake"), Path(scratch, "shot.png")
        config = home / ".config/darktable"
        photos.mkdir()
        make(photos)
        settings = home / "config.toml"
        home.mkdir()
        settings.write_text("[watch]\nsettle_seconds = 0.3\n[culling]\napply = true\n")
        realqa = [str(REALQA), "--config", str(settings)]
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        subprocess.run([*realqa, "plugin", "install", "darktable", "--yes"], env=environment, check=True)
        window.enlarge(config)
        environment |= {
            "RQ_PHOTOS": str(photos),
            "RQ_PICTURE": str(raw),
        }
        with subprocess.Popen([*realqa, "run", str(photos)], env=environment) as agent:
            window.play(config, screen, SCRIPT, environment=environment, seconds=120)
            agent.terminate()
        shot = Image.open(raw).convert("RGB").crop((0, 0, *SIZE))
        # An octree keeps the few strong colours, which a median cut mixes.
        few = shot.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1024} kB")  # noqa: T201 - for whoever makes it


def make(folder: Path) -> None:
    """Make an album: a lake at ten hours, one picture of it out of focus, one far too dark, one far too bright."""
    for number in range(7):
        lake(number, light=0.55 + 0.07 * number).save(folder / f"lake {number + 1}.jpg", quality=92)
    lake(7, light=0.9).filter(ImageFilter.GaussianBlur(9)).save(folder / "soft.jpg", quality=92)
    lake(8, light=0.06).save(folder / "dark.jpg", quality=92)
    lake(9, light=2.6).save(folder / "glare.jpg", quality=92)
    for file in folder.iterdir():
        old(file)


def lake(seed: int, *, light: float, width: int = 960, height: int = 640) -> Image.Image:
    """Return hills behind a lake, with a sun, in a light of 0 (none) to 1 (full) and above."""
    random = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    glow = np.array([1.0, 0.55 + 0.04 * seed, 0.35])
    pixels = (1 - down)[..., None] * np.array([0.35, 0.55, 0.95]) + down[..., None] * glow
    sun = np.exp(-((across - random.uniform(0.2, 0.8)) ** 2 + (down - 0.3) ** 2) * 300)
    pixels += sun[..., None] * np.array([1.0, 0.9, 0.6])
    for layer in range(4):
        waves = sum(np.sin(across * random.uniform(4, 40) + random.uniform(0, 6)) / (3 + 4 * k) for k in range(6))
        ridge = 0.42 + 0.07 * layer + 0.05 * waves
        green = np.array([0.10, 0.30, 0.22]) * (1.5 - 0.3 * layer)
        texture = random.normal(0, 0.05, (height, width, 1))
        pixels = np.where((down > ridge)[..., None], green + texture, pixels)
    shore = 0.74
    mirrored = pixels[: int(height * shore)][::-1][: height - int(height * shore)]
    ripple = 0.75 + 0.08 * np.sin(down * 400 + across * 12)[int(height * shore) :, :, None]
    pixels[int(height * shore) :] = mirrored * ripple
    grain = random.normal(0, 0.01, pixels.shape)
    return Image.fromarray(((pixels * light + grain).clip(0, 1) * 255).astype(np.uint8))


if __name__ == "__main__":
    main()
