"""The LSTM encoder: token ids in, one state per token out. Its classic form is fastai's AWD-LSTM, weight for weight.

Letters: B batch, T time, H width of a layer.
"""

from __future__ import annotations

from fastai.text.models.awdlstm import WeightDropout
from torch import Tensor, nn

from nlpchat.model.encoder import Dropouts, Encoder, EncoderShape, Layer, State
from nlpchat.model.language import LanguageModel

__all__ = ["Dropouts", "EncoderShape", "LSTMEncoder", "LSTMLayer", "LanguageModel", "State"]


class _WeightDropout(WeightDropout):  # type: ignore[misc]
    """fastai's, which at rate 0.0 would hand the LSTM the parameter itself and register it there a second time."""

    def _setweights(self) -> None:
        if self.weight_p:
            super()._setweights()
            return
        for name in self.layer_names:
            setattr(self.module, name, getattr(self, f"{name}_raw").clone())


class LSTMLayer(Layer):
    """One layer around a weight-dropped LSTM; its state is (h, c), each (1, B, H)."""

    def build(self, shape: EncoderShape, layer: int, drop: Dropouts) -> None:
        self.rnn = _WeightDropout(nn.LSTM(self.reads, self.width, batch_first=True), drop.weight)

    def recurrence(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        out: tuple[Tensor, tuple[Tensor, Tensor]] = self.rnn(x, state)
        return out

    def first_state(self, batch: int) -> tuple[Tensor, ...]:
        weight: Tensor = self.rnn.weight_hh_l0_raw
        return weight.new_zeros(1, batch, self.width), weight.new_zeros(1, batch, self.width)


class LSTMEncoder(Encoder):
    """ids (B, T) int64 -> states (B, T, E)."""

    layer_kind = LSTMLayer
