"""A trained classifier -> an ONNX graph, in fp32 and in int8, and the check that they still say what torch said.

The graph is written out here rather than traced, so that each node is one line of the model's definition:

    ids (T, B) (-> turned round) -> embedding -> [norm -> LSTM or QRNN (-> projection) -> + residual] x layers -> norm
        -> last, max, mean over each text's length -> two linear layers
    grams (B, G), gram_values (B, G) -> weighted sum of the n-grams' rows                          -> logits (B, 3)

Letters: T time, B batch, E width of the embedding, H width of a layer, V vocabulary.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpchat.bundle import ONNX_FP32, ONNX_INT8
from nlpchat.errors import BundleError

OPSET = 18
FP32_TOLERANCE = 1e-4  # of a logit
_NORM_EPSILON = 1e-5  # torch's

Array = npt.NDArray[Any]


class _Graph:
    """Nodes and constants, collected; `add` returns the name of what a node gives."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.made: set[str] = set()  # the names of both

    def constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        if name not in self.made:
            self.made.add(name)
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self, op: str, inputs: Sequence[str], name: str, outputs: Sequence[str] | None = None, **attributes: Any
    ) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, outputs or [name], name=name, **attributes))
        self.made.add(name)
        return name


def classifier_graph(weights: Mapping[str, Array], config: Mapping[str, Any], *, int8: bool) -> Any:
    """The ONNX model of a classifier from its torch `weights` (by name) and its bundle's architecture."""
    from onnx import TensorProto, helper

    graph = _Graph()
    width = int(config["emb"])
    scale = np.sqrt(width) if config["norm"] == "pre" else 1.0
    ids = _turned_round(graph) if config.get("backward") else "ids"
    x = _embedding(graph, ids, weights["encoder.embedding_dropout.emb.weight"] * np.float32(scale), int8=int8)
    for layer in range(int(config["layers"])):
        x = _layer(
            graph,
            x,
            layer,
            {n.split(".", 3)[3]: w for n, w in weights.items() if n.startswith(f"encoder.layers.{layer}.")},
            config,
        )
    if config["norm"] == "pre":
        x = _norm(graph, x, "final_norm", weights["encoder.final_norm.weight"], weights["encoder.final_norm.bias"])
    x = _pooling(graph, x)
    for place, name in ((1, "hidden"), (4, "head")):
        matrix = graph.constant(f"{name}.matrix", weights[f"head.{place}.weight"].T)
        x = graph.add("MatMul", [x, matrix], f"{name}.product")
        x = graph.add("Add", [x, graph.constant(f"{name}.bias", weights[f"head.{place}.bias"])], name)
        if name == "hidden":
            x = graph.add("Relu", [x], "hidden.relu")
    long_from = int(config.get("long_from", 0))
    x = _weighed(graph, x, weights, long_from)
    if posts := list(config.get("posts", ())):
        pieces = len(weights["encoder.embedding_dropout.emb.weight"])
        flags = np.isin(np.arange(pieces), posts).astype(np.float32)
        x = _post_biased(graph, x, weights["post_bias"], flags, int(config["post_from"]), long_from)
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT32, ["time", "batch"]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ]
    if len(weights["ngram_weight"]):
        x = graph.add("Add", [x, _ngrams(graph, weights["ngram_weight"], int8=int8, by_length=bool(long_from))], "both")
        inputs += [
            helper.make_tensor_value_info("grams", TensorProto.INT32, ["batch", "grams"]),
            helper.make_tensor_value_info("gram_values", TensorProto.FLOAT, ["batch", "grams"]),
        ]
    graph.add("Identity", [x], "logits")
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(weights["head.4.bias"])])]
    made = helper.make_graph(graph.nodes, "nlpchat classifier", inputs, outputs, graph.constants)
    return helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="nlpchat"
    )


def write_onnx(weights: Mapping[str, Array], config: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """model.onnx and model.int8.onnx written to `folder`; name -> path."""
    import onnx

    paths = {ONNX_FP32: folder / ONNX_FP32, ONNX_INT8: folder / ONNX_INT8}
    onnx.save(classifier_graph(weights, config, int8=False), str(paths[ONNX_FP32]))
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        half = Path(beside) / "half.onnx"
        onnx.save(classifier_graph(weights, config, int8=True), str(half))
        _quantise(half, paths[ONNX_INT8], "MatMul" if config["encoder"] == "qrnn" else "LSTM")
    return paths


def check_logits(said: Array, expected: Array) -> None:
    """Nothing, when the fp32 graph's logits are torch's. Raises BundleError with how far they are apart."""
    apart = float(np.abs(said - expected).max())
    if not apart <= FP32_TOLERANCE:
        raise BundleError(
            f"the exported model does not say what torch says: logits {apart:.2e} apart, {FP32_TOLERANCE:.0e} allowed. "
            "Please report this with the model's bundle.json."
        )


def _turned_round(graph: _Graph) -> str:
    """ids (T, B) as a backward encoder reads them: bos, then each text's pieces from its last to its first."""
    steps = _steps(graph)
    first = graph.add("Greater", [steps, graph.constant("zero", np.array(0, np.int32))], "turn.after.bos")
    inside = graph.add("And", [first, graph.add("Less", [steps, "lengths"], "turn.before.end")], "turn.inside")
    place = graph.add("Where", [inside, graph.add("Sub", ["lengths", steps], "turn.from.end"), steps], "turn.place")
    return graph.add("GatherElements", ["ids", place], "turned.ids", axis=0)


def _steps(graph: _Graph) -> str:
    """(T, 1) int32: 0, 1, 2, ..."""
    one, zero = graph.constant("one", np.array(1, np.int32)), graph.constant("zero", np.array(0, np.int32))
    if "steps.column" not in graph.made:
        time = graph.add("Gather", [graph.add("Shape", ["ids"], "shape"), zero], "time")
        steps = graph.add("Range", [zero, graph.add("Cast", [time], "time.int32", to=6), one], "steps")
        graph.add("Unsqueeze", [steps, graph.constant("axis1", np.array([1]))], "steps.column")
    return "steps.column"


def _embedding(graph: _Graph, ids: str, table: Array, *, int8: bool) -> str:
    """(T, B) -> (T, B, E). As int8 each piece has its own scale, so that rare pieces do not suffer from frequent ones."""
    if not int8:
        return graph.add("Gather", [graph.constant("embedding.table", table), ids], "embedding")
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
    rounded = np.clip(np.rint(table / scales), -127, 127).astype(np.int8)
    rows = graph.add("Gather", [graph.constant("embedding.int8", rounded), ids], "embedding.rows")
    rows = graph.add("Cast", [rows], "embedding.float", to=1)
    scale = graph.add("Gather", [graph.constant("embedding.scales", scales), ids], "embedding.scale")
    return graph.add("Mul", [rows, scale], "embedding")


def _norm(graph: _Graph, x: str, name: str, weight: Array, bias: Array) -> str:
    inputs = [x, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias)]
    return graph.add("LayerNormalization", inputs, name, axis=-1, epsilon=_NORM_EPSILON)


def _layer(graph: _Graph, x: str, layer: int, weights: Mapping[str, Array], config: Mapping[str, Any]) -> str:
    name = f"layer{layer}"
    out = x
    if "norm.weight" in weights:
        out = _norm(graph, x, f"{name}.norm", weights["norm.weight"], weights["norm.bias"])
    out = (_qrnn if config["encoder"] == "qrnn" else _lstm)(graph, out, layer, weights, config)
    if "project.weight" in weights:
        matrix = graph.constant(f"{name}.project.matrix", weights["project.weight"].T)
        out = graph.add("MatMul", [out, matrix], f"{name}.project")
    return graph.add("Add", [x, out], f"{name}.sum") if config["residual"] else out


def _lstm(graph: _Graph, x: str, layer: int, weights: Mapping[str, Array], _config: Mapping[str, Any]) -> str:
    name = f"layer{layer}"
    recurrent = weights["rnn.weight_hh_l0_raw"]
    bias = np.concatenate([_iofc(weights["rnn.module.bias_ih_l0"]), _iofc(weights["rnn.module.bias_hh_l0"])])
    inputs = [
        x,
        graph.constant(f"{name}.w", _iofc(weights["rnn.module.weight_ih_l0"])[None]),
        graph.constant(f"{name}.r", _iofc(recurrent)[None]),
        graph.constant(f"{name}.b", bias[None]),
    ]
    graph.add("LSTM", inputs, f"{name}.lstm", [f"{name}.directions"], hidden_size=recurrent.shape[1])
    return graph.add("Squeeze", [f"{name}.directions", graph.constant("axis1", np.array([1]))], f"{name}.states")


def _qrnn(graph: _Graph, x: str, layer: int, weights: Mapping[str, Array], config: Mapping[str, Any]) -> str:
    """One product for the gates of all steps; the rest is a Scan, whose few rows a step stay in the processor's cache."""
    name, matrix = f"layer{layer}", weights["linear.weight"]
    parts = ["z", "f", "o"] if config["pooling"] == "fo" else ["z", "f"]
    width = len(matrix) // len(parts)
    if config["window"][min(layer, len(config["window"]) - 1)] == 2:
        # One row of zeros at the top, the last row cut off: each step's neighbour before it.
        shift = graph.constant("shift", np.array([1, 0, 0, -1, 0, 0]))
        x = graph.add("Concat", [x, graph.add("Pad", [x, shift], f"{name}.before")], f"{name}.seen", axis=2)
    gates = graph.add("MatMul", [x, graph.constant(f"{name}.matrix", matrix.T)], f"{name}.product")
    gates = graph.add("Add", [gates, graph.constant(f"{name}.bias", weights["linear.bias"])], f"{name}.gates")
    graph.add("Scan", [_zeros(graph, width, name), gates], f"{name}.scan", [f"{name}.last", f"{name}.states"],
              body=_forget_mult(parts, width), num_scan_inputs=1)  # fmt: skip
    return f"{name}.states"


def _zeros(graph: _Graph, width: int, name: str) -> str:
    """(B, width): the first state."""
    batch = graph.add("Shape", ["lengths"], f"{name}.batch")
    size = graph.add("Concat", [batch, graph.constant(f"{name}.width", np.array([width]))], f"{name}.size", axis=0)
    return graph.add("ConstantOfShape", [size], f"{name}.zeros")


def _forget_mult(parts: Sequence[str], width: int) -> Any:
    """A step of the Scan, from the gates' rows: the new state h + f (z - h), and o times it. Bradbury et al. 2017, equation 3."""
    from onnx import TensorProto, helper

    def rows(name: str, columns: int = width) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", columns])

    raw = [f"step.{part}.raw" for part in parts]
    nodes = [
        helper.make_node("Split", ["step.gates"], raw, axis=1, num_outputs=len(parts)),
        *(
            helper.make_node("Tanh" if part == "z" else "Sigmoid", [one], [f"step.{part}"])
            for part, one in zip(parts, raw, strict=True)
        ),
        helper.make_node("Sub", ["step.z", "h"], ["apart"]),
        helper.make_node("Mul", ["step.f", "apart"], ["moved"]),
        helper.make_node("Add", ["h", "moved"], ["next.h"]),
        helper.make_node("Mul", ["step.o", "next.h"], ["out.h"])
        if "o" in parts
        else helper.make_node("Identity", ["next.h"], ["out.h"]),
    ]
    given = [rows("h"), rows("step.gates", len(parts) * width)]
    return helper.make_graph(nodes, "forget mult", given, [rows("next.h"), rows("out.h")])


def _iofc(weight: Array) -> Array:
    """torch's gates (input, forget, cell, output) in ONNX's order (input, output, forget, cell)."""
    i, f, c, o = np.split(weight, 4)
    return np.concatenate([i, o, f, c])


def _pooling(graph: _Graph, x: str) -> str:
    """(T, B, E), lengths (B,) -> (B, 3E): last, max, mean."""
    steps = _steps(graph)
    inside = graph.add("Less", [steps, "lengths"], "inside.flat")  # (T, B)
    inside = graph.add("Unsqueeze", [inside, graph.constant("axis2", np.array([2]))], "inside")
    highest = graph.add("Where", [inside, x, graph.constant("low", np.array(-1e4, np.float32))], "inside.or.low")
    highest = graph.add("ReduceMax", [highest, graph.constant("axis0", np.array([0]))], "max", keepdims=0)
    weight = graph.add("Cast", [inside], "inside.float", to=1)
    total = graph.add("ReduceSum", [graph.add("Mul", [x, weight], "inside.states"), "axis0"], "sum", keepdims=0)
    count = graph.add("Unsqueeze", [graph.add("Cast", ["lengths"], "count", to=1), "axis1"], "count.column")
    mean = graph.add("Div", [total, count], "mean")
    # The last state, as a sum over the one step at which it stands: quicker than GatherND on a time-major tensor.
    end = graph.add("Equal", [steps, graph.add("Sub", ["lengths", "one"], "ends")], "at.end")
    end = graph.add("Cast", [graph.add("Unsqueeze", [end, "axis2"], "at.end.wide")], "at.end.float", to=1)
    last = graph.add("ReduceSum", [graph.add("Mul", [x, end], "end.states"), "axis0"], "last", keepdims=0)
    return graph.add("Concat", [last, highest, mean], "pooled", axis=1)


def _weighed(graph: _Graph, x: str, weights: Mapping[str, Array], long_from: int) -> str:
    """The head's logits (B, C) by their factor and bias; where messages and long texts have their own, "long" (B,) int32 stays."""
    scale = graph.constant("length.scales", weights["length_scale"])
    bias = graph.constant("length.biases", weights["length_bias"])
    if long_from:
        least = graph.constant("long.from", np.array(long_from, np.int32))
        graph.add("Cast", [graph.add("GreaterOrEqual", ["lengths", least], "is.long")], "long", to=6)
        scale, bias = (graph.add("Gather", [of, "long"], f"{of}.chosen") for of in (scale, bias))
    return graph.add("Add", [graph.add("Mul", [x, scale], "head.scaled"), bias], "head.weighed")


def _post_biased(graph: _Graph, x: str, bias: Array, flags: Array, least: int, long_from: int) -> str:
    """Logits (B, C) plus `bias` (C,) where a text of `least` pieces or more has one that `flags` (vocabulary,) marks, and is not
    long."""
    marks = graph.add("Gather", [graph.constant("post.flags", flags), "ids"], "post.marks")
    marked = graph.add("Cast", [graph.add("ReduceMax", [marks, "axis0"], "post.most", keepdims=0)], "post.marked", to=9)
    enough = graph.add(
        "GreaterOrEqual", ["lengths", graph.constant("post.from", np.array(least, np.int32))], "post.enough"
    )
    post = graph.add("And", [marked, enough], "post.either")
    if long_from:
        post = graph.add("And", [post, graph.add("Not", ["is.long"], "is.message")], "post.message")
    post = graph.add("Unsqueeze", [graph.add("Cast", [post], "post.float", to=1), "axis1"], "post.column")
    biases = graph.add("Mul", [post, graph.constant("post.bias", bias)], "post.biases")
    return graph.add("Add", [x, biases], "post.biased")


def _ngrams(graph: _Graph, table: Array, *, int8: bool, by_length: bool) -> str:
    grams = "grams"
    if by_length:  # a long text's rows are the second half of the table
        half = graph.constant("ngrams.half", np.array(len(table) // 2, np.int32))
        below = graph.add("Unsqueeze", [graph.add("Mul", ["long", half], "ngrams.below"), "axis1"], "ngrams.offset")
        grams = graph.add("Add", ["grams", below], "ngrams.places")
    rows = graph.add(
        "Gather", [graph.constant("ngrams.table", table.astype(np.float16) if int8 else table), grams], "ngrams.rows"
    )
    if int8:
        rows = graph.add("Cast", [rows], "ngrams.float", to=1)
    # (B, 1, G) x (B, G, 3): one product for each text
    values = graph.add("Unsqueeze", ["gram_values", graph.constant("ngrams.axis", np.array([1]))], "ngrams.values")
    product = graph.add("MatMul", [values, rows], "ngrams.product")
    return graph.add("Squeeze", [product, "ngrams.axis"], "ngrams")


def _quantise(source: Path, target: Path, op: str) -> None:
    """The weights of the layers' nodes of kind `op` in int8, one scale for each output; their activations are rounded as
    they come. The head's products are small and stay as they are.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    nodes = onnx.load(str(source)).graph.node
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it advises a clean-up that traced graphs need; this one is written out
    try:
        quantize_dynamic(
            str(source),
            str(target),
            op_types_to_quantize=[op],
            nodes_to_quantize=[node.name for node in nodes if node.op_type == op and node.name.startswith("layer")],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": 1},
        )
    finally:
        logging.disable(before)
