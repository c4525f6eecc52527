"""The LSTM encoder: token ids in, one state per token out.

Two forms, chosen by `EncoderShape`:

* classic (norm="none", residual=False): the AWD-LSTM of Merity et al. 2017 as in fastai, weight for weight;
* pre-norm residual (norm="pre", residual=True): each layer reads LayerNorm(x) and adds to x; the embedding is scaled by
  sqrt(width) as in Vaswani et al. 2017, section 3.4. Small corpora leave the unigram loss far sooner with it.

Dropouts are AWD's own (variational, embedding, weight), taken from fastai.
Letters: B batch, T time, V vocabulary, E width of the embedding, H hidden width of a layer.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from fastai.text.models.awdlstm import EmbeddingDropout, RNNDropout, WeightDropout
from torch import Tensor, nn
from torch.nn import functional

from nlpchat.errors import RecipeError
from nlpchat.model.softmax import linear_cross_entropy

State = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """What an encoder is made of. Raises RecipeError for a shape that cannot be."""

    vocab_size: int
    emb: int = 400
    hidden: int = 1152
    layers: int = 3
    norm: str = "none"
    residual: bool = False
    pad_id: int = 3

    def __post_init__(self) -> None:
        faults = [
            f"{name} must be at least 1"
            for name in ("vocab_size", "emb", "hidden", "layers")
            if getattr(self, name) < 1
        ]
        if self.norm not in ("none", "pre"):
            faults.append(f'norm must be "none" or "pre", not {self.norm!r}')
        if faults:
            raise RecipeError(f"encoder: {'; '.join(faults)}.")

    def as_config(self) -> dict[str, Any]:
        return {"encoder": "awd-lstm", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Dropouts:
    """AWD-LSTM's five rates (fastai's names: input_p, hidden_p, weight_p, embed_p, output_p), times `scale`."""

    input: float = 0.25
    hidden: float = 0.15
    weight: float = 0.2
    embed: float = 0.02
    output: float = 0.1

    def times(self, scale: float) -> Dropouts:
        return Dropouts(**{name: rate * scale for name, rate in asdict(self).items()})


class _WeightDropout(WeightDropout):  # type: ignore[misc]
    """fastai's, which at rate 0.0 would hand the LSTM the parameter itself and register it there a second time."""

    def _setweights(self) -> None:
        if self.weight_p:
            super()._setweights()
            return
        for name in self.layer_names:
            setattr(self.module, name, getattr(self, f"{name}_raw").clone())


class LSTMLayer(nn.Module):
    """One layer: (norm,) weight-dropped LSTM, (projection back to the width it read, residual sum)."""

    def __init__(self, shape: EncoderShape, layer: int, drop: Dropouts):
        super().__init__()
        last = layer == shape.layers - 1
        n_in = shape.emb if layer == 0 or shape.residual else shape.hidden
        self.width = shape.hidden if shape.residual or not last else shape.emb
        self.norm = nn.LayerNorm(n_in) if shape.norm == "pre" else None
        self.rnn = _WeightDropout(nn.LSTM(n_in, self.width, batch_first=True), drop.weight)
        project = shape.residual and self.width != n_in
        self.project = nn.Linear(self.width, n_in, bias=False) if project else None
        self.residual = shape.residual

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        out, state = self.rnn(x if self.norm is None else self.norm(x), state)
        if self.project is not None:
            out = self.project(out)
        return (x + out if self.residual else out), state


class LSTMEncoder(nn.Module):
    """ids (B, T) int64 -> states (B, T, E). Keeps its hidden state between calls until `reset()`."""

    def __init__(self, shape: EncoderShape, drop: Dropouts | None = None):
        super().__init__()
        drop = drop or Dropouts()
        self.shape = shape
        self.embedding_dropout = EmbeddingDropout(
            nn.Embedding(shape.vocab_size, shape.emb, padding_idx=shape.pad_id), drop.embed
        )
        self.scale = math.sqrt(shape.emb) if shape.norm == "pre" else 1.0
        init = 1 / math.sqrt(shape.emb) if shape.norm == "pre" else 0.1
        self.embedding.weight.data.uniform_(-init, init)
        self.input_dropout = RNNDropout(drop.input)
        self.layers = nn.ModuleList(LSTMLayer(shape, layer, drop) for layer in range(shape.layers))
        self.hidden_dropouts = nn.ModuleList(RNNDropout(drop.hidden) for _ in range(shape.layers - 1))
        self.final_norm = nn.LayerNorm(shape.emb) if shape.norm == "pre" else None
        self.state: State | None = None

    @property
    def embedding(self) -> nn.Embedding:
        return self.embedding_dropout.emb  # type: ignore[no-any-return]

    def forward(self, ids: Tensor) -> Tensor:
        x = self.input_dropout(self.embedding_dropout(ids) * self.scale)
        if self.state is None or self.state[0][0].shape[1] != ids.shape[0]:
            self.state = self.first_state(ids.shape[0])
        state: State = []
        for number, (layer, before) in enumerate(zip(self.layers, self.state, strict=True)):
            if number:
                x = self.hidden_dropouts[number - 1](x)
            x, after = layer(x, before)
            state.append((after[0].detach(), after[1].detach()))
        self.state = state
        out: Tensor = x if self.final_norm is None else self.final_norm(x)
        return out

    def first_state(self, batch: int) -> State:
        """Zeros, (1, B, H) twice for each layer."""
        zeros = self.embedding.weight.new_zeros
        widths: list[Any] = [layer.width for layer in self.layers]
        return [(zeros(1, batch, width), zeros(1, batch, width)) for width in widths]

    def reset(self) -> None:
        self.state = None

    def groups(self) -> list[list[nn.Parameter]]:
        """Parameters from the bottom up (embedding, then each layer), for discriminative learning rates."""
        groups = [list(self.embedding.parameters()), *(list(layer.parameters()) for layer in self.layers)]
        if self.final_norm is not None:
            groups[-1] += list(self.final_norm.parameters())
        return groups


class LanguageModel(nn.Module):
    """ids (B, T) -> states with output dropout (B, T, E), and before it; the decoder shares the embedding's weights.

    `loss` and `logits` go from the states to the vocabulary: training never needs all logits at once.
    """

    def __init__(self, encoder: LSTMEncoder, output_dropout: float = 0.1):
        super().__init__()
        self.encoder = encoder
        self.output_dropout = RNNDropout(output_dropout)
        self.bias = nn.Parameter(torch.zeros(encoder.shape.vocab_size))

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        raw = self.encoder(ids)
        return self.output_dropout(raw), raw

    def loss(self, states: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats of the next tokens `targets` (B, T)."""
        return linear_cross_entropy(states, self.encoder.embedding.weight, self.bias, targets)

    def logits(self, states: Tensor) -> Tensor:
        return functional.linear(states, self.encoder.embedding.weight, self.bias)

    def reset(self) -> None:
        self.encoder.reset()

    def groups(self) -> list[list[nn.Parameter]]:
        """Each layer from the bottom up, then the embedding with the softmax that shares it: fastai's order."""
        embedding, *layers = self.encoder.groups()
        return [*layers, [*embedding, self.bias]]
