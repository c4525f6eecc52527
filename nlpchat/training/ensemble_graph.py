"""Classifiers' ONNX graphs in one: it reads what they read, and its logits are the log of the weighted mean of their scores.

    ids, lengths -----------------------------> member 0 -> softmax -> * weight 0 \\
    grams, gram_values [-> its own idf]       > member 1 -> softmax -> * weight 1 -> sum -> log -> logits (B, 3)

Letters: B batch, G n-grams of the longest text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpchat.errors import BundleError

INPUTS = ("ids", "lengths", "grams", "gram_values")
_LEAST_SCORE = 1e-30  # a score of 0.0 counts as this, so that its logarithm is a number
_LEAST_NORM = 1e-6  # as in text.ngrams.tfidf


@dataclass(frozen=True)
class Member:
    """A classifier's graph and how much it counts.

    idf: (buckets,) float16, where the n-grams that come in carry no idf and this member's own is put to them here.
    """

    name: str
    graph: Any  # onnx.ModelProto
    weight: float
    idf: npt.NDArray[np.float16] | None = None


def ensemble_graph(members: Sequence[Member]) -> Any:
    """The ONNX model that averages the members; weights of sum 1. Raises BundleError: their graphs are of different versions."""
    from onnx import TensorProto, helper

    inputs: dict[str, Any] = {}
    nodes: list[Any] = []
    constants: list[Any] = []
    counted = []
    for number, member in enumerate(members):
        prefix = f"member{number}."
        inputs |= {value.name: value for value in member.graph.graph.input if value.name not in inputs}
        own = set()
        if member.idf is not None:
            own = {"gram_values"}
            _own_idf(member.idf, prefix, nodes, constants)
        body = _renamed(member.graph.graph, prefix, set(INPUTS) - own)
        nodes += body.node
        constants += body.initializer
        constants.append(helper.make_tensor(f"{prefix}weight", TensorProto.FLOAT, [], [member.weight]))
        nodes.append(helper.make_node("Softmax", [f"{prefix}logits"], [f"{prefix}scores"], f"{prefix}scores", axis=-1))
        counted.append(f"{prefix}counted")
        nodes.append(helper.make_node("Mul", [f"{prefix}scores", f"{prefix}weight"], counted[-1:], counted[-1]))
    constants.append(helper.make_tensor("least.score", TensorProto.FLOAT, [], [_LEAST_SCORE]))
    nodes += [
        helper.make_node("Sum", counted, ["mean"], "mean"),
        helper.make_node("Max", ["mean", "least.score"], ["mean.above"], "mean.above"),
        helper.make_node("Log", ["mean.above"], ["logits"], "log"),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])]
    graph = helper.make_graph(
        nodes, "nlpchat ensemble", [inputs[name] for name in INPUTS if name in inputs], outputs, constants
    )
    versions = max(member.graph.ir_version for member in members)
    return helper.make_model(graph, opset_imports=_opsets(members), ir_version=versions, producer_name="nlpchat")


def _own_idf(idf: npt.NDArray[np.float16], prefix: str, nodes: list[Any], constants: list[Any]) -> None:
    """gram_values (B, G) without idf -> the same with this one, each text's again of length 1 (text.ngrams.tfidf)."""
    from onnx import helper, numpy_helper

    constants += [
        numpy_helper.from_array(idf.astype(np.float16), f"{prefix}idf"),
        numpy_helper.from_array(np.array([1]), f"{prefix}idf.axis"),
        numpy_helper.from_array(np.array(_LEAST_NORM, np.float32), f"{prefix}idf.least"),
    ]
    steps: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
        ("Gather", ["idf", "grams"], "idf.rows", {}),
        ("Cast", ["idf.rows"], "idf.float", {"to": 1}),
        ("Mul", ["gram_values", "idf.float"], "idf.values", {}),
        ("Mul", ["idf.values", "idf.values"], "idf.squares", {}),
        ("ReduceSum", ["idf.squares", "idf.axis"], "idf.sum", {"keepdims": 1}),
        ("Sqrt", ["idf.sum"], "idf.root", {}),
        ("Max", ["idf.root", "idf.least"], "idf.norm", {}),
        ("Div", ["idf.values", "idf.norm"], "gram_values", {}),
    )
    for op, takes, gives, attributes in steps:
        inside = [name if name in INPUTS else prefix + name for name in takes]
        nodes.append(helper.make_node(op, inside, [prefix + gives], prefix + gives, **attributes))


def _renamed(graph: Any, prefix: str, kept: set[str]) -> Any:
    """A copy of `graph` in which every name but those `kept` begins with `prefix`, in the bodies of its loops too."""
    from onnx import GraphProto

    copy = GraphProto()
    copy.CopyFrom(graph)
    _rename(copy, prefix, kept)
    return copy


def _rename(graph: Any, prefix: str, kept: set[str]) -> None:
    def new(name: str) -> str:
        return prefix + name if name and name not in kept else name

    for node in graph.node:
        node.name = new(node.name)
        node.input[:] = [new(name) for name in node.input]
        node.output[:] = [new(name) for name in node.output]
        for attribute in node.attribute:
            for body in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                _rename(body, prefix, kept)
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = new(value.name)


def _opsets(members: Sequence[Member]) -> list[Any]:
    """The operator sets that the members need. Raises BundleError: two need different versions of one."""
    from onnx import helper

    found: dict[str, tuple[int, str]] = {}
    for member in members:
        for opset in member.graph.opset_import:
            domain = "" if opset.domain == "ai.onnx" else opset.domain
            version, first = found.setdefault(domain, (opset.version, member.name))
            if version != opset.version:
                raise BundleError(
                    f"{member.name}: its graph was written for operator set {opset.version}{domain and f' of {domain}'}, that of "
                    f"{first} for {version}, so they were exported by different versions of nlpchat. Train it again."
                )
    return [helper.make_opsetid(domain, version) for domain, (version, _) in found.items()]
