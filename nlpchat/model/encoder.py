"""What every encoder is: a shape, its dropouts, and layers between an embedding and the states, one state per token.

Two forms, chosen by `EncoderShape`, whatever the layers are made of (`lstm.py`, `qrnn.py`):

* classic (norm="none", residual=False): as the AWD-LSTM of Merity et al. 2017 in fastai;
* pre-norm residual (norm="pre", residual=True): each layer reads LayerNorm(x) and adds to x; the embedding is scaled by
  sqrt(width) as in Vaswani et al. 2017, section 3.4. Small corpora leave the unigram loss far sooner with it.

Dropouts are AWD's own (variational, embedding, weight), taken from fastai.
Letters: B batch, T time, V vocabulary, E width of the embedding, H hidden width of a layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastai.text.models.awdlstm import EmbeddingDropout, RNNDropout
from torch import Tensor, nn

from nlpchat.errors import RecipeError

State = list[tuple[Tensor, ...]]  # of each layer, tensors of (1, B, its width)

LSTM, QRNN = "awd-lstm", "qrnn"
_QRNN_FIELDS = ("window", "zoneout", "pooling")


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """What an encoder is made of. Raises RecipeError for a shape that cannot be.

    backward: it reads texts from their end to their beginning (see `model.direction`). Of a QRNN alone: window, tokens
    that each layer's gates see (1 or 2), from the first layer up, the last one standing for the layers above it;
    zoneout, probability that a unit keeps its state in training; pooling, "fo" (with output gate) or "f".
    """

    vocab_size: int
    emb: int = 400
    hidden: int = 1152
    layers: int = 3
    norm: str = "none"
    residual: bool = False
    pad_id: int = 3
    encoder: str = LSTM
    window: tuple[int, ...] = (2, 1)
    zoneout: float = 0.0
    pooling: str = "fo"
    backward: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", tuple(self.window))  # a bundle.json has lists
        faults = [
            f"{name} must be at least 1"
            for name in ("vocab_size", "emb", "hidden", "layers")
            if getattr(self, name) < 1
        ]
        for name, known in (("norm", ("none", "pre")), ("encoder", (LSTM, QRNN)), ("pooling", ("fo", "f"))):
            if getattr(self, name) not in known:
                faults.append(f'{name} must be "{known[0]}" or "{known[1]}", not {getattr(self, name)!r}')
        if not self.window or not set(self.window) <= {1, 2}:
            faults.append(f"window must be 1 or 2 for each layer, as in 2,1, not {self.window}")
        if not 0 <= self.zoneout < 1:
            faults.append(f"zoneout must be 0.0 or more and below 1.0, not {self.zoneout}")
        if faults:
            raise RecipeError(f"encoder: {'; '.join(faults)}.")

    def window_of(self, layer: int) -> int:
        """Tokens that the gates of `layer` (from 0) see."""
        return self.window[min(layer, len(self.window) - 1)]

    def as_config(self) -> dict[str, Any]:
        """What a bundle keeps of it: nothing that an LSTM has no use for, so that an older nlpchat still reads one."""
        config = {"encoder": self.encoder, **asdict(self), "window": list(self.window)}
        unused = _QRNN_FIELDS if self.encoder == LSTM else ()
        return {k: v for k, v in config.items() if k not in unused and (k != "backward" or v)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> EncoderShape:
        """The shape that `as_config` was made of. Raises RecipeError: not an encoder of ours; TypeError: unknown keys."""
        if config.get("encoder") not in (LSTM, QRNN):
            raise RecipeError("its encoder is not one that this nlpchat knows. Install a newer nlpchat.")
        return cls(**config)


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


class Layer(nn.Module):
    """One layer: (norm,) a recurrence of `width`, (projection back to the width it read, residual sum).

    A kind of encoder says `recurrence` and `first_state`; `build` is called before the projection is made.
    """

    def __init__(self, shape: EncoderShape, layer: int, drop: Dropouts):
        super().__init__()
        last = layer == shape.layers - 1
        self.reads = shape.emb if layer == 0 or shape.residual else shape.hidden
        self.width = shape.hidden if shape.residual or not last else shape.emb
        self.norm = nn.LayerNorm(self.reads) if shape.norm == "pre" else None
        self.build(shape, layer, drop)
        project = shape.residual and self.width != self.reads
        self.project = nn.Linear(self.width, self.reads, bias=False) if project else None
        self.residual = shape.residual

    def build(self, shape: EncoderShape, layer: int, drop: Dropouts) -> None:
        raise NotImplementedError

    def recurrence(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, T, reads) and the state before it -> (B, T, width) and the state after it."""
        raise NotImplementedError

    def first_state(self, batch: int) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        out, state = self.recurrence(x if self.norm is None else self.norm(x), state)
        if self.project is not None:
            out = self.project(out)
        return (x + out if self.residual else out), state


class Encoder(nn.Module):
    """ids (B, T) int64, in the order in which it reads -> states (B, T, E). Keeps its state between calls until `reset()`."""

    layer_kind: type[Layer] = Layer

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
        self.layers = nn.ModuleList(self.layer_kind(shape, layer, drop) for layer in range(shape.layers))
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
            state.append(tuple(part.detach() for part in after))
        self.state = state
        out: Tensor = x if self.final_norm is None else self.final_norm(x)
        return out

    def first_state(self, batch: int) -> State:
        """Zeros, what each layer keeps for a batch of `batch` rows."""
        return [layer.first_state(batch) for layer in self.layers]  # type: ignore[operator]

    def reset(self) -> None:
        self.state = None

    def groups(self) -> list[list[nn.Parameter]]:
        """Parameters from the bottom up (embedding, then each layer), for discriminative learning rates."""
        groups = [list(self.embedding.parameters()), *(list(layer.parameters()) for layer in self.layers)]
        if self.final_norm is not None:
            groups[-1] += list(self.final_norm.parameters())
        return groups
