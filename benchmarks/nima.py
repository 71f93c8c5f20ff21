"""A network of NIMA's shape, to time it: MobileNet v1 at full width, 224 pixels, ten bins, weights drawn at random.

Talebi, Milanfar: NIMA: Neural Image Assessment. IEEE Transactions on Image Processing 27(8), 2018.
Howard et al.: MobileNets. arXiv:1704.04861, 2017. Batch normalization is folded into the convolutions, as a runtime
does it.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

SIDE, BINS = 224, 10

FIRST = 32
"""Channels of the first convolution, whose stride is 2."""

BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
"""Channels and stride of the depthwise separable ones."""

# Older than what the `onnx` package would write, so that any onnxruntime of the last years reads it.
OPSET, FORMAT = 17, 8


def can_be_built() -> bool:
    """Tell whether the package is there that writes the network's file; the product doesn't need it."""
    return importlib.util.find_spec("onnx") is not None


class Nima:
    """The network, loaded, with one thread."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(graph(), options, providers=["CPUExecutionProvider"])

    def score(self, photo: Image.Image) -> float:
        """Reduce an RGB photo of any size to the network's input; return the mean of the bins, 1 to 10, by chance."""
        # Reduced as cheaply as the agent reduces its overview.
        small = np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=1.0), np.float32)
        pixels = (small / 127.5 - 1).transpose(2, 0, 1)[None]
        (bins,) = self._session.run(None, {"pixels": pixels})
        return float(bins[0] @ np.arange(1, BINS + 1))


def graph() -> bytes:
    """Return the network as an ONNX file, about 13 MB; pixels (1, 3, 224, 224) in, probabilities (1, 10) out."""
    # By name: type checkers must not ask for a package that few have.
    onnx = importlib.import_module("onnx")
    helper = onnx.helper
    random = np.random.default_rng(1)
    nodes, weights = [], []

    def constant(name: str, values: npt.NDArray[np.float64]) -> str:
        weights.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def convolution(given: str, name: str, shape: tuple[int, int, int], *, stride: int = 1, group: int = 1) -> str:
        """Append a square convolution of the shape (out, in, side) and ReLU6."""
        filters, channels, side = shape
        # He's deviation keeps the activations of random layers alive: numbers that fade out would be slow.
        kernel = random.normal(0, (2 / (channels * side * side)) ** 0.5, (filters, channels, side, side))
        kernel_name, bias = constant(f"{name}.kernel", kernel), constant(f"{name}.bias", np.zeros(filters))
        nodes.append(
            helper.make_node(
                "Conv", [given, kernel_name, bias], [name], strides=[stride] * 2, pads=[side // 2] * 4, group=group
            )
        )
        nodes.append(helper.make_node("Clip", [name, "zero", "six"], [f"{name}.relu"]))
        return f"{name}.relu"

    constant("zero", np.array(0.0))
    constant("six", np.array(6.0))
    last = convolution("pixels", "first", (FIRST, 3, 3), stride=2)
    width = FIRST
    for number, (filters, stride) in enumerate(BLOCKS):
        last = convolution(last, f"depth{number}", (width, 1, 3), stride=stride, group=width)
        last = convolution(last, f"point{number}", (filters, width, 1))
        width = filters
    constant("bins.kernel", random.normal(0, width**-0.5, (width, BINS)))
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "bins.kernel"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["bins"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    bins = helper.make_tensor_value_info("bins", onnx.TensorProto.FLOAT, [1, BINS])
    model = helper.make_model(
        helper.make_graph(nodes, "nima", [pixels], [bins], weights),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=FORMAT,
    )
    content: bytes = model.SerializeToString()
    return content
