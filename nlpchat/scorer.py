"""A batch of texts -> its scores: the ONNX graph of a classifier bundle, and how its inputs are laid out.

Inputs of the graph: ids (time, batch) int32 filled up with pad, lengths (batch,) int32; for a bundle with
n-grams also grams (batch, G) int32 and gram_values (batch, G) float32. Output: logits (batch, 3), in
the order of LABELS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlpchat.bundle import IDF, ONNX_FP32, ONNX_INT8, TOKENIZER, Bundle
from nlpchat.errors import BundleError, on_one_line
from nlpchat.text.ngrams import hashed_ngrams, padded, tfidf
from nlpchat.text.tokens import PAD_ID, Tokenizer, windowed

if TYPE_CHECKING:
    import onnxruntime

Floats = npt.NDArray[np.float32]
# ONNX Runtime's fused sum and LayerNorm takes, on a CPU, longer than the two apart: a seventh of a batch's time.
SLOWER = ["SkipLayerNormFusion"]


class Scorer:
    """The tokenizer and the graph of a bundle. `scores` may be called from several threads at once.

    graph: the file to run; the int8 one if the bundle has it, or else the fp32 one. threads: cores for one
    batch. Raises BundleError.
    """

    def __init__(self, bundle: Bundle, *, graph: str | None = None, threads: int = 1):
        if graph is None:
            graph = ONNX_INT8 if ONNX_INT8 in bundle.files else ONNX_FP32
        self.bundle = bundle
        self.tokenizer = Tokenizer.load(bundle.path(TOKENIZER))
        if self.tokenizer.vocab_size != bundle.vocab_size:
            raise BundleError(
                f"{bundle.folder}: its tokenizer has {self.tokenizer.vocab_size} pieces and its model "
                f"{bundle.vocab_size}; they do not belong together. Copy or install the model again."
            )
        self._session = _session(bundle, graph, threads)
        self._idf = np.load(bundle.path(IDF), allow_pickle=False).astype(np.float32) if bundle.ngrams else None

    def scores(self, texts: Sequence[str], ids: Sequence[Sequence[int]]) -> Floats:
        """(batch, 3), rows of sum 1. texts: normalised; ids: their pieces, uncut and without bos."""
        logits = self.logits(texts, ids)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores: Floats = powers / powers.sum(axis=1, keepdims=True)
        return scores

    def logits(self, texts: Sequence[str], ids: Sequence[Sequence[int]]) -> Floats:
        """(batch, 3), as they come out of the graph."""
        inputs = self._inputs(texts, [windowed(some, self.bundle.window) for some in ids])
        (logits,) = self._session.run(["logits"], inputs)
        return np.asarray(logits, np.float32)

    def _inputs(self, texts: Sequence[str], ids: Sequence[Sequence[int]]) -> Mapping[str, npt.NDArray[np.generic]]:
        lengths = np.array([len(some) for some in ids], np.int32)
        batch = np.full((len(ids), lengths.max()), PAD_ID, np.int32)
        batch[np.arange(batch.shape[1]) < lengths[:, None]] = np.concatenate(ids)
        inputs: dict[str, npt.NDArray[np.generic]] = {
            "ids": np.ascontiguousarray(batch.T),
            "lengths": lengths,
        }
        if self.bundle.ngrams is not None and self._idf is not None:
            ngrams = hashed_ngrams(texts, self.bundle.ngrams)
            inputs["grams"], inputs["gram_values"] = padded(ngrams, tfidf(ngrams, self._idf))
        return inputs


def _session(bundle: Bundle, graph: str, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as faults

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()  # where it was imported before nlpchat, and on Windows
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # every batch has another shape
    options.log_severity_level = 3  # errors only; they are raised as well
    try:
        session = onnxruntime.InferenceSession(
            str(bundle.path(graph)), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER
        )
    except (
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.NotImplemented,
    ) as fault:
        raise BundleError(
            f"{bundle.folder / graph}: ONNX Runtime cannot load it ({on_one_line(fault)[:200]})."
        ) from fault
    wanted = {"ids", "lengths", *(("grams", "gram_values") if bundle.ngrams else ())}
    found = {node.name for node in session.get_inputs()}
    if found != wanted:
        raise BundleError(
            f"{bundle.folder / graph}: it reads {', '.join(sorted(found))} where bundle.json promises "
            f"{', '.join(sorted(wanted))}. Export the model again."
        )
    return session
