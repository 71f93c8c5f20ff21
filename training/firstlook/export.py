r"""Write the trained heads as ONNX files that take photos as they are, (n, h, w, 3) bytes.

    python -m training.firstlook.export --weights OUT/all.weights --soundness OUT/soundness.json \
        --aesthetic OUT/aesthetic.npz --imagenet efficientnet-lite2-9656183e.pth --out OUT

Weights are kept in 8 bits per value with one scale per output channel and spread to floats when the session loads:
a quarter of the size, the arithmetic of floats, and no calibration pictures to choose.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from training.firstlook.aesthetics import KernelRidge, Tails
from training.firstlook.model import LITE0, LITE2, Encoder, QualityModel, load_imagenet

OPSET = 17
# Smaller tensors (biases, the head) stay as they are: nothing to gain.
SMALLEST_PACKED = 4096


class PhotoInput(nn.Module):
    """Bytes (n, h, w, 3) to what EfficientNet-Lite wants."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (n, 3, h, w) in about -1..1."""
        return (pixels.permute(0, 3, 1, 2).float() - 127) / 128


class QualityGraph(nn.Module):
    """Photo views to qualities (n,) and local qualities (n, h / 32, w / 32), whose mean they are."""

    def __init__(self, model: QualityModel) -> None:
        super().__init__()
        self.photo_input = PhotoInput()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return qualities and local qualities."""
        local = self.model.local(self.model.encoder.lower(self.photo_input(pixels)))
        return local.mean((1, 2)), local


class SoundnessGraph(nn.Module):
    """Native tiles to soundness (n,): 1 as the camera wrote it, 0 strongly damaged."""

    def __init__(self, encoder: Encoder, weight: Tensor, bias: float) -> None:
        super().__init__()
        self.photo_input = PhotoInput()
        self.encoder = encoder
        self.soundness = nn.Linear(weight.numel(), 1)
        self.soundness.load_state_dict({"weight": weight[None], "bias": torch.tensor([bias])})

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the soundness."""
        soundness: Tensor = self.soundness(self.encoder.texture(self.encoder.lower(self.photo_input(pixels))))
        return soundness[:, 0]


class AestheticGraph(nn.Module):
    """Whole photos to a beauty (n,) on the scale of OASIS, 1..7."""

    def __init__(self, tails: Tails, ridge: KernelRidge) -> None:
        super().__init__()
        self.photo_input = PhotoInput()
        self.tails = tails
        self.width = ridge.width
        self.centre = ridge.centre
        self.mean = nn.Parameter(torch.from_numpy(ridge.mean).float())
        self.deviation = nn.Parameter(torch.from_numpy(ridge.deviation).float())
        self.photos = nn.Parameter(torch.from_numpy(ridge.photos).float())
        self.norms = nn.Parameter((torch.from_numpy(ridge.photos) ** 2).mean(1).float())
        self.weights = nn.Parameter(torch.from_numpy(ridge.weights).float())

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the beauty."""
        features = (self.tails(self.photo_input(pixels)) - self.mean) / self.deviation
        products = features @ self.photos.T / features.shape[1]
        distances = (features**2).mean(1, keepdim=True) + self.norms - 2 * products
        beauty: Tensor = torch.exp(-self.width * distances) @ self.weights + self.centre
        return beauty


def write(graph: nn.Module, outputs: dict[str, dict[int, str]], file: Path) -> str:
    """Export, pack the weights, check; return the sha256 of the file."""
    torch.onnx.export(
        graph.eval(),
        (torch.zeros((1, 256, 288, 3), dtype=torch.uint8),),
        str(file),
        dynamo=False,
        opset_version=OPSET,
        input_names=["pixels"],
        output_names=list(outputs),
        dynamic_axes={"pixels": {0: "photos", 1: "height", 2: "width"}, **outputs},
    )
    model = onnx.load(file)
    pack_weights(model)
    onnx.checker.check_model(model, full_check=True)
    model.producer_name = "realqa-agent training.firstlook"
    onnx.save(model, file)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def pack_weights(model: onnx.ModelProto) -> None:
    """Replace each large float tensor by bytes and scales, and the two nodes that multiply them out at load."""
    unpacking = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST_PACKED:
            continue
        scales = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) / 127
        scales = np.maximum(scales, np.finfo(np.float32).tiny).astype(np.float32)
        packed = np.rint(values / scales).astype(np.int8)
        name = tensor.name
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(numpy_helper.from_array(packed, f"{name}.packed"))
        model.graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scales"))
        unpacking += [
            helper.make_node("Cast", [f"{name}.packed"], [f"{name}.unscaled"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.unscaled", f"{name}.scales"], [name]),
        ]
    for node in reversed(unpacking):
        model.graph.node.insert(0, node)


def load_ridge(file: Path) -> KernelRidge:
    """Read what `training.firstlook.aesthetics` wrote."""
    with np.load(file) as table:
        return KernelRidge(
            mean=table["mean"],
            deviation=table["deviation"],
            width=float(table["width"]),
            photos=table["photos"],
            weights=table["weights"],
            centre=float(table["centre"]),
        )


def load_soundness(file: Path) -> tuple[Tensor, float]:
    """Read what `training.firstlook.soundness` wrote."""
    table = json.loads(file.read_text())
    return torch.tensor(table["weight"]), float(table["bias"])


def load_quality(file: Path) -> QualityModel:
    """Read what `training.firstlook.train` wrote."""
    model = QualityModel(Encoder(LITE0))
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return model


def main() -> None:
    """Write `quality.onnx`, `soundness.onnx` and `aesthetic.onnx`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="all.weights of training.firstlook.train")
    parser.add_argument("--soundness", type=Path, required=True, help="soundness.json of training.firstlook.soundness")
    parser.add_argument("--aesthetic", type=Path, required=True, help="aesthetic.npz of training.firstlook.aesthetics")
    parser.add_argument("--imagenet", type=Path, required=True, help="efficientnet-lite2-9656183e.pth")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model = load_quality(arguments.weights)
    photos = {0: "photos"}
    aesthetic = AestheticGraph(Tails(load_imagenet(arguments.imagenet, LITE2)), load_ridge(arguments.aesthetic))
    for graph, outputs, name in (
        (QualityGraph(model), {"quality": photos, "local": photos | {1: "rows", 2: "columns"}}, "quality.onnx"),
        (SoundnessGraph(model.encoder, *load_soundness(arguments.soundness)), {"soundness": photos}, "soundness.onnx"),
        (aesthetic, {"beauty": photos}, "aesthetic.onnx"),
    ):
        file = arguments.out / name
        digest = write(graph, outputs, file)
        print(f"{digest}  {file}  {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
