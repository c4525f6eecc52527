"""The QRNN encoder (Bradbury et al. 2017): token ids in, one state per token out, nothing serial but a running average.

Each layer sees its last 1 or 2 inputs x_t, x_{t-1} and keeps a state h_t (equations 3 and 4, with f for their 1 - f, as in
fastai and torchqrnn, so that their weights fit):

    z, f, o = tanh(W_z x), sigmoid(W_f x), sigmoid(W_o x)
    h_t = f_t * z_t + (1 - f_t) * h_{t-1}
    out_t = o_t * h_t          (pooling "fo"; "f" gives h_t itself)

`linear.weight` is (3H, window * n): rows in the order z, f, o; columns x_t, then x_{t-1}.
Letters: B batch, T time, n width that a layer reads, H its own width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlpchat.model.encoder import Dropouts, Encoder, EncoderShape, Layer
from nlpchat.model.forget_mult import forget_mult


class QRNNLayer(Layer):
    """One layer around a QRNN with weight-dropped gates; its state is (h,) or, for window 2, (h, last input), each (1, B, ...)."""

    def build(self, shape: EncoderShape, layer: int, drop: Dropouts) -> None:
        self.window = shape.window_of(layer)
        self.zoneout, self.weight_dropout = shape.zoneout, drop.weight
        self.output_gate = shape.pooling == "fo"
        self.linear = nn.Linear(self.window * self.reads, (3 if self.output_gate else 2) * self.width)

    def recurrence(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        weight = functional.dropout(self.linear.weight, self.weight_dropout, self.training)
        gates = functional.linear(self._seen(x, state), weight, self.linear.bias).chunk(2 + self.output_gate, -1)
        z, f = gates[0].tanh(), gates[1].sigmoid()
        if self.zoneout and self.training:
            # Section 2.1: dropout of the gate without its rescaling. Where f is 0, the state stays.
            f = f * torch.empty_like(f).bernoulli_(1 - self.zoneout)
        h = forget_mult(z, f, state[0][0])
        out = gates[2].sigmoid() * h if self.output_gate else h
        # Copies, or what is carried along would keep all steps in memory, and in each checkpoint.
        after = h[:, -1][None].clone()
        return out, (after,) if self.window == 1 else (after, x[:, -1][None].clone())

    def _seen(self, x: Tensor, state: tuple[Tensor, ...]) -> Tensor:
        """(B, T, n) -> (B, T, window * n): each input, with the one before it beside it."""
        if self.window == 1:
            return x
        before = torch.cat([state[1].transpose(0, 1).to(x.dtype), x[:, :-1]], 1)
        return torch.cat([x, before], -1)

    def first_state(self, batch: int) -> tuple[Tensor, ...]:
        zeros = self.linear.weight.new_zeros
        h = zeros(1, batch, self.width)
        return (h,) if self.window == 1 else (h, zeros(1, batch, self.reads))


class QRNNEncoder(Encoder):
    """ids (B, T) int64 -> states (B, T, E)."""

    layer_kind = QRNNLayer
