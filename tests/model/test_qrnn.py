"""The QRNN encoder: the paper's equations, causal and stateful; what a bundle says of it; texts read backward."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from nlpchat.errors import RecipeError
from nlpchat.model.build import build_encoder, build_lm
from nlpchat.model.classifier import SentimentClassifier
from nlpchat.model.direction import backward_ids, backward_line
from nlpchat.model.encoder import Dropouts, EncoderShape
from nlpchat.model.lstm import LSTMEncoder
from nlpchat.model.qrnn import QRNNEncoder, QRNNLayer

CLASSIC = EncoderShape(50, emb=8, hidden=12, layers=3, encoder="qrnn")
RESIDUAL = EncoderShape(50, emb=8, hidden=12, layers=2, norm="pre", residual=True, encoder="qrnn")
F_POOLING = EncoderShape(50, emb=8, hidden=12, layers=2, encoder="qrnn", window=(1, 2), pooling="f")
SHAPES = pytest.mark.parametrize("shape", [CLASSIC, RESIDUAL, F_POOLING], ids=["classic", "residual", "f-pooling"])
NONE = Dropouts().times(0)


def by_the_paper(layer: QRNNLayer, x: Tensor) -> Tensor:
    """Bradbury et al. 2017, section 2, step by step. x: (B, T, n)."""
    weight, bias = layer.linear.weight.double(), layer.linear.bias.double()
    h = x.new_zeros(len(x), layer.width)
    before = torch.zeros_like(x[:, 0])
    out = []
    for now in x.unbind(1):
        seen = torch.cat([now, before], 1) if layer.window == 2 else now
        gates = (seen @ weight.t() + bias).split(layer.width, 1)
        forget = torch.sigmoid(gates[1])
        h = forget * torch.tanh(gates[0]) + (1 - forget) * h
        out.append(torch.sigmoid(gates[2]) * h if layer.output_gate else h)
        before = now
    return torch.stack(out, 1)


@SHAPES
def test_each_layer_is_the_papers(shape: EncoderShape) -> None:
    torch.manual_seed(0)
    encoder = build_encoder(shape, NONE)
    assert isinstance(encoder, QRNNEncoder)
    for layer in encoder.layers:
        assert isinstance(layer, QRNNLayer)
        x = torch.randn(3, 7, layer.reads)
        out, _ = layer.recurrence(x, layer.first_state(3))
        assert torch.allclose(out.double(), by_the_paper(layer, x.double()), atol=1e-6)


def test_windows_and_widths_are_fastais() -> None:
    """MultiFiT's: window 2 in the first layer, then 1; the last layer as wide as the embedding; rows z, f, o."""
    shapes = [tuple(layer.linear.weight.shape) for layer in build_encoder(CLASSIC).layers]  # type: ignore[union-attr, arg-type]
    assert shapes == [(3 * 12, 2 * 8), (3 * 12, 12), (3 * 8, 12)]
    assert tuple(build_encoder(F_POOLING).layers[1].linear.weight.shape) == (2 * 8, 2 * 12)  # type: ignore[union-attr, arg-type]


@SHAPES
def test_two_parts_are_the_whole(shape: EncoderShape) -> None:
    encoder = build_encoder(shape).eval()
    ids = torch.randint(4, 50, (3, 10))
    whole = encoder(ids)
    for cut in (1, 4, 9):
        encoder.reset()
        parts = torch.cat([encoder(ids[:, :cut]), encoder(ids[:, cut:])], 1)
        assert torch.allclose(whole, parts, atol=1e-6)


@SHAPES
def test_what_comes_later_changes_nothing_before(shape: EncoderShape) -> None:
    encoder = build_encoder(shape).eval()
    ids = torch.randint(4, 50, (1, 9))
    other = ids.clone()
    other[0, 6:] = 3
    first = encoder(ids)
    encoder.reset()
    second = encoder(other)
    assert torch.equal(first[:, :6], second[:, :6])
    assert not torch.equal(first[:, 6:], second[:, 6:])


@SHAPES
def test_groups_hold_every_parameter_once(shape: EncoderShape) -> None:
    model = build_lm(shape, Dropouts())
    grouped = [id(p) for group in model.groups() for p in group]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())
    assert len(model.groups()) == shape.layers + 1


def test_dropouts_and_zoneout_are_only_for_training() -> None:
    ids = torch.randint(4, 50, (2, 30))
    for shape, drop in (
        (CLASSIC, replace(NONE, weight=0.5)), (CLASSIC, replace(NONE, hidden=0.5)), (replace(CLASSIC, zoneout=0.5), NONE),
    ):  # fmt: skip
        encoder = build_encoder(shape, drop).train()
        first = encoder(ids)
        encoder.reset()
        assert not torch.equal(first, encoder(ids))
        encoder.eval()
        encoder.reset()
        first = encoder(ids)
        encoder.reset()
        assert torch.equal(first, encoder(ids))


def test_zoneout_keeps_the_state() -> None:
    """Without an output gate, a unit that is zoned out says again what it said."""
    layer = QRNNLayer(EncoderShape(50, emb=40, hidden=40, layers=1, encoder="qrnn", pooling="f", zoneout=0.3), 0, NONE)
    out, _ = layer.recurrence(torch.randn(20, 30, 40), layer.first_state(20))
    kept = (out[:, 1:] == out[:, :-1]).float().mean().item()
    assert kept == pytest.approx(0.3, abs=0.02)


@SHAPES
def test_padding_does_not_change_a_classification(shape: EncoderShape) -> None:
    for backward in (False, True):
        encoder = build_encoder(replace(shape, backward=backward))
        model = SentimentClassifier(encoder, classes=3, hidden=5, dropout=0.0).eval()
        ids = torch.randint(4, 50, (1, 4))
        alone = model(ids, torch.tensor([4]))
        wider = torch.cat([torch.cat([ids, torch.full((1, 5), 3)], 1), torch.randint(4, 50, (1, 9))])
        assert torch.allclose(alone[0], model(wider, torch.tensor([4, 9]))[0], atol=1e-6)


def test_a_backward_classifier_reads_from_the_end() -> None:
    for shape in (CLASSIC, EncoderShape(50, emb=8, hidden=12, layers=2)):
        torch.manual_seed(0)
        forward = SentimentClassifier(build_encoder(shape), classes=3, hidden=5, dropout=0.0).eval()
        backward = SentimentClassifier(
            build_encoder(replace(shape, backward=True)), classes=3, hidden=5, dropout=0.0
        ).eval()
        backward.load_state_dict(forward.state_dict())
        said = backward(torch.tensor([[1, 10, 11, 12, 3], [1, 20, 21, 22, 23]]), torch.tensor([4, 5]))
        expected = forward(torch.tensor([[1, 12, 11, 10, 3], [1, 23, 22, 21, 20]]), torch.tensor([4, 5]))
        assert torch.equal(said, expected)


@given(st.lists(st.lists(st.integers(4, 99), max_size=6), min_size=1, max_size=4))
def test_turning_round_twice_changes_nothing(texts: list[list[int]]) -> None:
    lengths = torch.tensor([1 + len(text) for text in texts])
    ids = nn.utils.rnn.pad_sequence([torch.tensor([1, *text]) for text in texts], batch_first=True, padding_value=3)
    turned = backward_ids(ids, lengths)
    assert torch.equal(backward_ids(turned, lengths), ids)
    for row, text, length in zip(turned.tolist(), texts, lengths.tolist(), strict=True):
        assert row[:length] == backward_line([1, *text]) == [1, *text[::-1]]
        assert set(row[length:]) <= {3}


def test_a_shape_is_read_as_it_was_written() -> None:
    for shape in (CLASSIC, RESIDUAL, F_POOLING, replace(RESIDUAL, backward=True, zoneout=0.1), EncoderShape(50)):
        assert EncoderShape.from_config(shape.as_config()) == shape


def test_what_an_older_nlpchat_wrote_is_still_read_and_still_written() -> None:
    sizes = {"vocab_size": 50, "emb": 8, "hidden": 12, "layers": 2}
    config = {"encoder": "awd-lstm", **sizes, "norm": "pre", "residual": True, "pad_id": 3}
    shape = EncoderShape.from_config(config)
    assert isinstance(build_encoder(shape), LSTMEncoder)
    assert shape.as_config() == config


def test_impossible_shapes_are_refused_all_at_once() -> None:
    said = (
        r'encoder must be "awd-lstm" or "qrnn".*pooling must be.*window must be 1 or 2 .*not \(2, 3\); zoneout must be'
    )
    with pytest.raises(RecipeError, match=said):
        EncoderShape(50, encoder="gru", window=(2, 3), zoneout=1.0, pooling="fio")
    with pytest.raises(RecipeError, match="not one that this nlpchat knows"):
        EncoderShape.from_config({"encoder": "transformer"})
