"""Score the sample photos and show the outcome: the table in README.md and the contact sheet above it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw, ImageFont, ImageOps

ROOT = Path(__file__).parents[1]
SHEET = ROOT / "docs" / "pictures" / "samples.jpg"
COLUMNS, CELL, CAPTION, GAP = 4, (400, 300), 116, 16
PAPER, INK, FAINT = "#fbfaf7", "#222222", "#6d6a64"
COLOURS = {"keep": "#2f8f4e", "review": "#c98a12", "reject": "#c0392b"}


def main() -> None:
    """Make both."""
    realqa = Path(sys.executable).with_name("realqa")
    done = subprocess.run([realqa, "score", "samples", "--json"], cwd=ROOT, capture_output=True, text=True, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    SHEET.parent.mkdir(exist_ok=True)
    sheet(results).save(SHEET, quality=85, optimize=True)
    readme = ROOT / "README.md"
    text = re.sub(
        r"(<!-- table -->\n).*?(<!-- /table -->)",
        lambda found: f"{found[1]}\n{markdown(results)}\n{found[2]}",
        readme.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    readme.write_text(text, encoding="utf-8")


def markdown(results: list[dict[str, Any]]) -> str:
    """Return the results as a table, the reason for the verdict or the lowest attribute beside each."""
    rows = ["| file | overall | quality | aesthetic | verdict | why |", "|---|---|---|---|---|---|"]
    for result in results:
        scores = " | ".join(f"{result[name]:.2f}" for name in ("overall", "quality", "aesthetic"))
        rows.append(f"| `{Path(result['path']).name}` | {scores} | {result['verdict']['decision']} | {why(result)} |")
    return "\n".join(rows) + "\n"


def why(result: dict[str, Any]) -> str:
    """Return the verdict's first reason, else that of the lowest attribute if it is low, else nothing."""
    if result["verdict"]["reasons"]:
        return str(result["verdict"]["reasons"][0])
    known = [(each["score"], name, each) for name, each in result["attributes"].items() if each["score"] is not None]
    score, name, lowest = min(known, key=lambda entry: entry[0])
    return f"{name.replace('_', ' ')}: {lowest['value']}, {lowest['reason']}" if score < 4.5 else ""


def sheet(results: list[dict[str, Any]]) -> Image.Image:
    """Return the contact sheet: each photo with its scores, its verdict and the reason."""
    lines = -(-len(results) // COLUMNS)
    width, height = CELL[0] + GAP, CELL[1] + CAPTION + GAP
    page = Image.new("RGB", (COLUMNS * width + GAP, lines * height + GAP), PAPER)
    draw = ImageDraw.Draw(page)
    large, small = ImageFont.load_default(22), ImageFont.load_default(15)
    for number, result in enumerate(results):
        left, top = GAP + number % COLUMNS * width, GAP + number // COLUMNS * height
        photo = ImageOps.contain(picture(Path(result["path"])), CELL)
        page.paste(photo, (left + (CELL[0] - photo.width) // 2, top + CELL[1] - photo.height))
        decision = result["verdict"]["decision"]
        draw.text((left, top + CELL[1] + 8), f"{result['overall']:.1f}", INK, large)
        scores = f"quality {result['quality']:.1f}   aesthetic {result['aesthetic']:.1f}"
        draw.text((left + 54, top + CELL[1] + 14), scores, FAINT, small)
        draw.text((left + CELL[0], top + CELL[1] + 8), decision, COLOURS[decision], large, anchor="ra")
        draw.multiline_text((left, top + CELL[1] + 40), wrapped(why(result), small, draw), INK, small, spacing=4)
    return page


def picture(path: Path) -> Image.Image:
    """Return a photo, or the middle frame of a clip."""
    if path.suffix != ".mp4":
        return ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    with av.open(path) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    return frames[len(frames) // 2]


def wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, draw: ImageDraw.ImageDraw) -> str:
    """Return the text broken to the width of a cell, three lines at most."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font) <= CELL[0]:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines[:3]) + ("…" if len(lines) > 3 else "")


if __name__ == "__main__":
    main()
