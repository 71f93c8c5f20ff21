"""Write the trained heads as ONNX files that take photos as they are, (n, h, w, 3) bytes.

Weights are kept in 8 bits per value with one scale per output channel and spread to floats when the session loads:
a quarter of the size, the arithmetic of floats, and no calibration pictures to choose.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from training.firstlook.aesthetics import KernelRidge, Tails
from training.firstlook.model import LITE0, LITE2, Encoder, QualityModel, load_imagenet

if TYPE_CHECKING:
    from pathlib import Path

    from training.firstlook.workshop import Workshop

LOG = logging.getLogger("firstlook.export")

OPSET = 17
# Smaller tensors (biases, the head) stay as they are: nothing to gain.
SMALLEST_PACKED = 4096


class PhotoInput(nn.Module):
    """Bytes (n, h, w, 3) to what EfficientNet-Lite wants."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (n, 3, h, w) in about -1..1."""
        return (pixels.permute(0, 3, 1, 2).float() - 127) / 128


class QualityGraph(nn.Module):
    """Photo views to their qualities (n,) on the scale of the MOS, 0..1."""

    def __init__(self, model: QualityModel) -> None:
        super().__init__()
        self.photo_input = PhotoInput()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the qualities."""
        quality: Tensor = self.model(self.photo_input(pixels))
        return quality


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


class BeautyGraph(nn.Module):
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


def write(graph: nn.Module, output: str, file: Path) -> str:
    """Export, pack the weights, check; return the sha256 of the file."""
    torch.onnx.export(
        graph.eval(),
        (torch.zeros((1, 256, 288, 3), dtype=torch.uint8),),
        str(file),
        dynamo=False,
        opset_version=OPSET,
        input_names=["pixels"],
        output_names=[output],
        dynamic_axes={"pixels": {0: "photos", 1: "height", 2: "width"}, output: {0: "photos"}},
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


def run(workshop: Workshop) -> None:
    """Write `quality.onnx`, `soundness.onnx` and `beauty.onnx`."""
    model = load_quality(workshop.out / "all.weights")
    tails = Tails(load_imagenet(workshop.lite2, LITE2))
    soundness = load_soundness(workshop.out / "soundness.json")
    for graph, output in (
        (QualityGraph(model), "quality"),
        (SoundnessGraph(load_imagenet(workshop.lite0), *soundness), "soundness"),
        (BeautyGraph(tails, load_ridge(workshop.out / "beauty.npz")), "beauty"),
    ):
        file = workshop.out / f"{output}.onnx"
        digest = write(graph, output, file)
        LOG.info("%s  %s, %d bytes", digest, file.name, file.stat().st_size)
