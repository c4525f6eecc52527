"""QRNN beside LSTM: tokens/s of language-model training, and messages/s of the classifier in int8, as ratios of one run. By hand:

    python tests/benchmarks/encoders.py [--tokens 40000] [--emb 400] [--hidden 400] [--layers 2] [--vocab 10000]
    python tests/benchmarks/encoders.py --only training --device cuda --emb 400 --hidden 1152 --layers 3 --batch 128
    python tests/benchmarks/encoders.py --only passes --device cuda --emb 400 --hidden 1550 --layers 4 --batch 64

Stock is fastai's AWD_LSTM with its own loss over all logits. The QRNN comes twice, window 2 then 1: with the LSTM's width, and
with the width that gives its layers as many weights as the LSTM's. What is compared is timed in turn, RUNS times, on the same random
tokens; the median counts. A random text has the cost of a real one: nothing depends on what the tokens are. Messages are of 16
pieces and bos, in batches of 64, by ONNX Runtime on one thread for each core. "passes" is the layers alone, forward and backward in
bf16, without dropout: torch's nn.LSTM (cuDNN on a GPU) beside the QRNN.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from fastai.callback.core import TrainEvalCallback
from fastai.callback.rnn import ModelResetter, RNNCallback
from fastai.callback.training import GradientClip
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.optimizer import Adam
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_lm_config
from fastai.text.models.core import get_language_model
from torch import nn

from nlpchat.bundle import ONNX_INT8
from nlpchat.model.build import build_encoder, build_lm
from nlpchat.model.classifier import SentimentClassifier
from nlpchat.model.encoder import Dropouts, EncoderShape
from nlpchat.scorer import SLOWER
from nlpchat.training.export import add_onnx
from nlpchat.training.lm import RNNOutputs
from nlpchat.training.loop import Autocast

RUNS = 3
MESSAGES, PIECES = 64, 17  # of an inference batch; pieces with bos
Case = tuple[Callable[[], nn.Module], Callable[[nn.Module], Callable], list]


class Random:
    """`count` batches of random tokens, as a DataLoaders' train part."""

    n_inp = 1

    def __init__(self, count: int, given: argparse.Namespace):
        generator = torch.Generator().manual_seed(0)
        rows = torch.randint(4, given.vocab, (count, given.batch, given.bptt + 1), generator=generator).to(given.device)
        self.batches = [(row[:, :-1], row[:, 1:]) for row in rows]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


def seconds(model: nn.Module, loss: Callable, data: Random, callbacks: list) -> float:
    """One epoch of `data`, after two batches to warm up."""
    cbs = [TrainEvalCallback(), GradientClip(0.4), *callbacks]
    dls = DataLoaders(data, [], device=data.batches[0][0].device)
    learn = Learner(dls, model, loss_func=loss, opt_func=Adam, default_cbs=False, cbs=cbs)
    whole = data.batches
    data.batches = whole[:2]
    learn.fit(1, 1e-3)
    data.batches = whole
    _wait(data.batches[0][0])
    begun = time.perf_counter()
    learn.fit(1, 1e-3)
    _wait(data.batches[0][0])
    return time.perf_counter() - begun


def _wait(some: torch.Tensor) -> None:
    if some.is_cuda:
        torch.cuda.synchronize()


def layer_weights(shape: EncoderShape) -> int:
    return sum(p.numel() for p in build_encoder(shape).layers.parameters())


def as_many(shape: EncoderShape, **changed: object) -> EncoderShape:
    """`shape` with `changed`, of the width whose layers come nearest to as many weights as `shape`'s."""
    wanted, low, high = layer_weights(shape), 1, 8 * shape.hidden
    while low < high:
        middle = (low + high) // 2
        if layer_weights(_like(shape, hidden=middle, **changed)) < wanted:
            low = middle + 1
        else:
            high = middle
    return _like(shape, hidden=low, **changed)


def _like(shape: EncoderShape, **changed: object) -> EncoderShape:
    return EncoderShape(**{**{name: getattr(shape, name) for name in shape.__slots__}, **changed})


def training(given: argparse.Namespace) -> None:
    """tokens/s of each, printed beside stock."""
    data = Random(max(3, given.tokens // (given.batch * given.bptt)), given)
    tokens = len(data) * given.batch * given.bptt
    print(f"training: {tokens} tokens, {vars(given)}; median of {RUNS}")
    lstm = EncoderShape(given.vocab, given.emb, given.hidden, given.layers)
    shapes = {
        "LSTM": lstm,
        "QRNN, as wide": _like(lstm, encoder="qrnn"),
        "QRNN, as many": as_many(lstm, encoder="qrnn"),
    }
    drop = Dropouts()

    def stock() -> tuple[nn.Module, Callable, list]:
        config = {**awd_lstm_lm_config, "emb_sz": given.emb, "n_hid": given.hidden, "n_layers": given.layers}
        model = get_language_model(AWD_LSTM, given.vocab, config=config).to(given.device)
        return model, CrossEntropyLossFlat(), [ModelResetter(), RNNCallback()]

    def stock_bf16() -> tuple[nn.Module, Callable, list]:
        model, loss, callbacks = stock()
        return model, lambda out, y: loss(out.float(), y), [*callbacks, Autocast(torch.bfloat16)]

    def ours(shape: EncoderShape, low: torch.dtype | None) -> tuple[nn.Module, Callable, list]:
        model = build_lm(shape, drop).to(given.device)
        return model, model.loss, [RNNOutputs(), Autocast(low)]

    makers = {"stock AWD_LSTM, fp32": stock, "stock AWD_LSTM, bf16": stock_bf16}
    for low, name in ((None, "fp32"), (torch.bfloat16, "bf16")):
        for kind, shape in shapes.items():
            makers[f"{kind}, {name}"] = lambda shape=shape, low=low: ours(shape, low)
    times: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(RUNS):
        for name, make in makers.items():
            times[name].append(seconds(*_parts(make, data)))
    for kind, shape in shapes.items():
        print(f"  {kind}: hidden {shape.hidden}, {layer_weights(shape):,} weights in its layers")
    base = statistics.median(times["stock AWD_LSTM, fp32"])
    for name, measured in times.items():
        took = statistics.median(measured)
        print(f"{name:24} {tokens / took:9.0f} tokens/s   {base / took:.2f} x stock in fp32")


def _parts(make: Callable, data: Random) -> tuple[nn.Module, Callable, Random, list]:
    model, loss, callbacks = make()
    return model, loss, data, callbacks


def passes(given: argparse.Namespace) -> None:
    """Milliseconds of one forward and backward pass of the layers alone, printed beside nn.LSTM."""
    shape = EncoderShape(given.vocab, given.emb, given.hidden, given.layers, encoder="qrnn")
    x = torch.randn(given.batch, given.bptt, given.emb, device=given.device)
    sizes = [given.emb, *[given.hidden] * (given.layers - 1), given.emb]
    lstm = nn.ModuleList(nn.LSTM(n, m, batch_first=True) for n, m in pairwise(sizes)).to(given.device)
    qrnn = build_encoder(shape, Dropouts().times(0)).layers.to(given.device)
    first = [layer.first_state(given.batch) for layer in qrnn]

    def through_lstm(seen: torch.Tensor) -> torch.Tensor:
        for layer in lstm:
            seen = layer(seen)[0]
        return seen

    def through_qrnn(seen: torch.Tensor) -> torch.Tensor:
        for layer, state in zip(qrnn, first, strict=True):
            seen = layer(seen, state)[0]
        return seen

    times: dict[str, list[float]] = {"nn.LSTM": [], "QRNN": []}
    for _ in range(3 + given.batches):
        for name, through in (("nn.LSTM", through_lstm), ("QRNN", through_qrnn)):
            _wait(x)
            begun = time.perf_counter()
            with torch.autocast(given.device, dtype=torch.bfloat16):
                out = through(x)
            out.float().sum().backward()
            _wait(x)
            times[name].append(1000 * (time.perf_counter() - begun))
    print(f"passes: {vars(given)}; bf16, forward and backward, median of {given.batches}")
    base = statistics.median(times["nn.LSTM"][3:])
    for name, measured in times.items():
        took = statistics.median(measured[3:])
        print(f"{name:24} {took:9.2f} ms   {base / took:.2f} x nn.LSTM")


def inference(given: argparse.Namespace) -> None:
    """Messages/s of classifiers in int8, pre-norm residual as the default model is, printed beside the LSTM."""
    lstm = EncoderShape(given.vocab, given.emb, given.hidden, given.layers, "pre", True)
    shapes = {
        "LSTM": lstm, "QRNN, as wide": _like(lstm, encoder="qrnn"), "QRNN, window 1": _like(lstm, encoder="qrnn", window=(1,)),
        "QRNN, as many": as_many(lstm, encoder="qrnn"), "QRNN, a layer more": _like(lstm, encoder="qrnn", layers=given.layers + 1),
    }  # fmt: skip
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        sessions = {name: _session(shape, Path(folder)) for name, shape in shapes.items()}
    random = np.random.default_rng(0)
    ids = random.integers(4, given.vocab, (PIECES, MESSAGES)).astype(np.int32)
    inputs = {"ids": ids, "lengths": np.full(MESSAGES, PIECES, np.int32)}
    rates: dict[str, list[float]] = {name: [] for name in sessions}
    with ThreadPoolExecutor(cores) as pool:
        for _ in range(RUNS):
            for name, session in sessions.items():
                begun = time.perf_counter()
                list(pool.map(lambda _, s=session: s.run(["logits"], inputs), range(given.batches)))
                rates[name].append(MESSAGES * given.batches / (time.perf_counter() - begun))
    print(f"inference: int8, {PIECES - 1} pieces and bos, batches of {MESSAGES}, {cores} cores; median of {RUNS}")
    base = statistics.median(rates["LSTM"])
    for name, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{name:24} {rate:9.0f} messages/s   {rate / base:.2f} x LSTM   (hidden {shapes[name].hidden})")


def _session(shape: EncoderShape, folder: Path) -> onnxruntime.InferenceSession:
    model = SentimentClassifier(build_encoder(shape), classes=3, hidden=96, dropout=0.2)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    graph = str(add_onnx(model, folder)[ONNX_INT8])
    return onnxruntime.InferenceSession(graph, options, disabled_optimizers=SLOWER)  # as the product runs it


def main() -> None:
    parser = argparse.ArgumentParser()
    sizes = {"tokens": 40_000, "vocab": 10_000, "emb": 400, "hidden": 400, "layers": 2, "batch": 64, "bptt": 70}
    for name, value in {**sizes, "batches": 60}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=("training", "inference", "passes"))
    given = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    for part in (training, inference, passes):
        if given.only in (None, part.__name__):
            part(given)


if __name__ == "__main__":
    main()
