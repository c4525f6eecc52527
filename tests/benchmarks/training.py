"""Tokens/s of language-model training beside stock fastai at the same size, as ratios of one run. By hand:

    python tests/benchmarks/training.py [--tokens 40000] [--vocab 10000] [--emb 400] [--hidden 400] [--layers 2]

Stock is `language_model_learner` with fastai's AWD_LSTM and its own loss over all logits; ours is LSTMEncoder in its classic
and its pre-norm residual form, in fp32 and in bf16. Each is timed in turn, three times, on the same random tokens; the
median counts. A random text has the cost of a real one: nothing in training depends on what the tokens are.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable

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

from nlpchat.model.lstm import Dropouts, EncoderShape, LanguageModel, LSTMEncoder
from nlpchat.training.lm import RNNOutputs
from nlpchat.training.loop import Autocast

BATCH, BPTT, RUNS = 64, 70, 3


class Random:
    """`count` batches of random tokens, as a DataLoaders' train part."""

    n_inp = 1

    def __init__(self, count: int, vocab: int):
        generator = torch.Generator().manual_seed(0)
        rows = torch.randint(4, vocab, (count, BATCH, BPTT + 1), generator=generator)
        self.batches = [(row[:, :-1], row[:, 1:]) for row in rows]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


def seconds(model: nn.Module, loss: Callable, data: Random, callbacks: list) -> float:
    """One epoch of `data`, after one batch to warm up."""
    cbs = [TrainEvalCallback(), GradientClip(0.4), *callbacks]
    learn = Learner(DataLoaders(data, []), model, loss_func=loss, opt_func=Adam, default_cbs=False, cbs=cbs)
    whole = data.batches
    data.batches = whole[:1]
    learn.fit(1, 1e-3)
    data.batches = whole
    begun = time.perf_counter()
    learn.fit(1, 1e-3)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, value in (("tokens", 40_000), ("vocab", 10_000), ("emb", 400), ("hidden", 400), ("layers", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    data = Random(max(2, given.tokens // (BATCH * BPTT)), given.vocab)
    drop = Dropouts()

    def stock() -> tuple[nn.Module, Callable, list]:
        config = {**awd_lstm_lm_config, "emb_sz": given.emb, "n_hid": given.hidden, "n_layers": given.layers}
        return (
            get_language_model(AWD_LSTM, given.vocab, config=config),
            CrossEntropyLossFlat(),
            [ModelResetter(), RNNCallback()],
        )

    def ours(norm: str, residual: bool, low: torch.dtype | None) -> tuple[nn.Module, Callable, list]:
        shape = EncoderShape(given.vocab, given.emb, given.hidden, given.layers, norm, residual)
        model = LanguageModel(LSTMEncoder(shape, drop), drop.output)
        return model, model.loss, [RNNOutputs(), Autocast(low)]

    makers = {
        "stock fastai AWD_LSTM, fp32": stock,
        "ours, classic, fp32": lambda: ours("none", False, None),
        "ours, classic, bf16": lambda: ours("none", False, torch.bfloat16),
        "ours, pre-norm residual, fp32": lambda: ours("pre", True, None),
        "ours, pre-norm residual, bf16": lambda: ours("pre", True, torch.bfloat16),
    }
    times: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(RUNS):
        for name, make in makers.items():
            model, loss, callbacks = make()
            times[name].append(seconds(model, loss, data, callbacks))
    tokens = len(data) * BATCH * BPTT
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    print(f"{tokens} tokens, batch {BATCH}, bptt {BPTT}, {vars(given)}; median of {RUNS}")
    base = statistics.median(times["stock fastai AWD_LSTM, fp32"])
    for name, measured in times.items():
        took = statistics.median(measured)
        print(f"{name:32} {tokens / took:8.0f} tokens/s   {base / took:.2f} x stock")


if __name__ == "__main__":
    main()
