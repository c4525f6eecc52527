"""A shape becomes an encoder: the one place that knows every kind of encoder."""

from __future__ import annotations

from nlpchat.model.encoder import LSTM, QRNN, Dropouts, Encoder, EncoderShape
from nlpchat.model.language import LanguageModel
from nlpchat.model.lstm import LSTMEncoder
from nlpchat.model.qrnn import QRNNEncoder

ENCODERS: dict[str, type[Encoder]] = {LSTM: LSTMEncoder, QRNN: QRNNEncoder}


def build_encoder(shape: EncoderShape, drop: Dropouts | None = None) -> Encoder:
    """The encoder of `shape`, with fresh weights."""
    return ENCODERS[shape.encoder](shape, drop)


def build_lm(shape: EncoderShape, drop: Dropouts) -> LanguageModel:
    """The language model on an encoder of `shape`, with fresh weights."""
    return LanguageModel(build_encoder(shape, drop), drop.output)
