"""An encoder becomes a language model: its states, the next token's logits, their loss."""

from __future__ import annotations

import torch
from fastai.text.models.awdlstm import RNNDropout
from torch import Tensor, nn
from torch.nn import functional

from nlpchat.model.encoder import Encoder
from nlpchat.model.softmax import linear_cross_entropy


class LanguageModel(nn.Module):
    """ids (B, T) -> states with output dropout (B, T, E), and before it; the decoder shares the embedding's weights.

    `loss` and `logits` go from the states to the vocabulary: training never needs all logits at once. Ids are given in the
    order in which the encoder reads: to a backward one, from the end of a text (see `model.direction`).
    """

    def __init__(self, encoder: Encoder, output_dropout: float = 0.1):
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
