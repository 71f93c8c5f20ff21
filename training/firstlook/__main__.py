r"""Train, export, calibrate and measure the first-look scorer's networks.

    python -m training.firstlook --data ../shared/data --photos PHOTOS --unseen UNSEEN \
        --lite0 efficientnet-lite0-57934424.pth --lite2 efficientnet-lite2-9656183e.pth --out OUT

Killed at any moment, the same command carries on. `--steps` repeats single steps, in this order whatever is typed.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from training.firstlook import aesthetics, calibrate, export, report, soundness, train
from training.firstlook.workshop import Workshop

STEPS = {
    "train": train.run,
    "soundness": soundness.run,
    "aesthetics": aesthetics.run,
    "export": export.run,
    "calibrate": calibrate.run,
    "report": report.run,
}


def main() -> None:
    """Do all steps, or those that are named."""
    parser = argparse.ArgumentParser(
        prog="python -m training.firstlook", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the rated sets")
    parser.add_argument("--photos", type=Path, required=True, help="large photos to damage for training")
    parser.add_argument("--unseen", type=Path, required=True, help="other large photos, for the report")
    parser.add_argument("--lite0", type=Path, required=True, help="ImageNet weights of EfficientNet-Lite0")
    parser.add_argument("--lite2", type=Path, required=True, help="ImageNet weights of EfficientNet-Lite2")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="where to train (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is made")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), help="only these")
    arguments = vars(parser.parse_args())
    wanted = arguments.pop("steps")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    workshop = Workshop(**arguments)
    workshop.out.mkdir(parents=True, exist_ok=True)
    for name, step in STEPS.items():
        if name in wanted:
            step(workshop)


if __name__ == "__main__":
    main()
