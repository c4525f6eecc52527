"""The LSTM encoder: fastai's own in its classic form, causal and stateful in both; the softmax equal to torch's."""

from __future__ import annotations

import pytest
import torch
from fastai.text.models.awdlstm import AWD_LSTM
from torch import nn
from torch.nn import functional

from nlpchat.errors import RecipeError
from nlpchat.model.classifier import SentimentClassifier, concat_pooling
from nlpchat.model.lstm import Dropouts, EncoderShape, LanguageModel, LSTMEncoder
from nlpchat.model.softmax import linear_cross_entropy

CLASSIC = EncoderShape(50, emb=8, hidden=12, layers=3)
RESIDUAL = EncoderShape(50, emb=8, hidden=12, layers=2, norm="pre", residual=True)
SHAPES = pytest.mark.parametrize("shape", [CLASSIC, RESIDUAL], ids=["classic", "residual"])


def test_the_classic_form_is_fastais_awd_lstm() -> None:
    torch.manual_seed(0)
    theirs = AWD_LSTM(50, 8, 12, 3, pad_token=3).eval()
    ours = LSTMEncoder(CLASSIC).eval()
    ours.embedding.weight.data.copy_(theirs.encoder.weight)
    for mine, other in zip(ours.layers, theirs.rnns, strict=True):
        mine.rnn.load_state_dict(other.state_dict())  # type: ignore[union-attr, operator]
    ids = torch.randint(4, 50, (2, 7))
    theirs.reset()
    for _ in range(2):  # the second time with the state that the first left
        assert torch.allclose(ours(ids), theirs(ids), atol=1e-6)


@SHAPES
def test_two_halves_are_the_whole(shape: EncoderShape) -> None:
    encoder = LSTMEncoder(shape).eval()
    ids = torch.randint(4, 50, (3, 10))
    whole = encoder(ids)
    encoder.reset()
    halves = torch.cat([encoder(ids[:, :4]), encoder(ids[:, 4:])], 1)
    assert torch.allclose(whole, halves, atol=1e-6)


@SHAPES
def test_what_comes_later_changes_nothing_before(shape: EncoderShape) -> None:
    encoder = LSTMEncoder(shape).eval()
    ids = torch.randint(4, 50, (1, 9))
    other = ids.clone()
    other[0, 6:] = 3
    first = encoder(ids)
    encoder.reset()
    assert torch.equal(first[:, :6], encoder(other)[:, :6])


@SHAPES
def test_groups_hold_every_parameter_once(shape: EncoderShape) -> None:
    model = LanguageModel(LSTMEncoder(shape))
    grouped = [id(p) for group in model.groups() for p in group]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())
    assert len(model.groups()) == shape.layers + 1


def test_dropout_is_only_for_training() -> None:
    encoder = LSTMEncoder(CLASSIC, Dropouts(0.5, 0.5, 0.5, 0.5, 0.5))
    ids = torch.randint(4, 50, (2, 5))
    encoder.train()
    assert not torch.equal(encoder(ids), encoder(ids))
    encoder.eval()
    encoder.reset()
    first = encoder(ids)
    encoder.reset()
    assert torch.equal(first, encoder(ids))


def test_impossible_shapes_are_refused_all_at_once() -> None:
    with pytest.raises(RecipeError, match=r"emb must be at least 1; layers must be at least 1; norm must be"):
        EncoderShape(50, emb=0, layers=0, norm="post")


def test_the_chunked_softmax_is_cross_entropy() -> None:
    torch.manual_seed(1)
    states = torch.randn(3, 400, 16, requires_grad=True)
    weight, bias = torch.randn(60, 16, requires_grad=True), torch.randn(60, requires_grad=True)
    targets = torch.randint(0, 60, (3, 400))
    ours = linear_cross_entropy(states, weight, bias, targets)
    theirs = functional.cross_entropy((states @ weight.t() + bias).flatten(0, 1), targets.flatten())
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    for mine, other in zip(
        torch.autograd.grad(2 * ours, (states, weight, bias)),
        torch.autograd.grad(2 * theirs, (states, weight, bias)),
        strict=True,
    ):
        assert torch.allclose(mine, other, atol=1e-5)


def test_in_bf16_it_stays_near() -> None:
    states, weight, bias = torch.randn(100, 16), torch.randn(60, 16), torch.randn(60)
    targets = torch.randint(0, 60, (100,))
    exact = linear_cross_entropy(states, weight, bias, targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near = linear_cross_entropy(states, weight, bias, targets)
    assert near.item() == pytest.approx(exact.item(), rel=0.01)


def test_pooling_reads_each_text_to_its_own_end() -> None:
    states = torch.randn(3, 6, 4)
    lengths = torch.tensor([6, 1, 3])
    pooled = concat_pooling(states, lengths)
    for row, length in enumerate(lengths.tolist()):
        own = states[row, :length]
        expected = torch.cat([own[-1], own.amax(0), own.mean(0)])
        assert torch.allclose(pooled[row], expected, atol=1e-6)


@SHAPES
def test_padding_does_not_change_a_classification(shape: EncoderShape) -> None:
    model = SentimentClassifier(LSTMEncoder(shape), classes=3, hidden=5, dropout=0.0, buckets=16).eval()
    nn.init.normal_(model.ngram_weight)
    ids = torch.randint(4, 50, (1, 4))
    alone = model(ids, torch.tensor([4]))
    wider = torch.cat([torch.cat([ids, torch.full((1, 5), 3)], 1), torch.randint(4, 50, (1, 9))])
    assert torch.allclose(alone[0], model(wider, torch.tensor([4, 9]))[0], atol=1e-6)
    with_grams = model(ids, torch.tensor([4]), torch.tensor([[2, 7]]), torch.tensor([[0.5, 0.25]]))
    assert torch.allclose(with_grams, alone + 0.5 * model.ngram_weight[2] + 0.25 * model.ngram_weight[7], atol=1e-6)


def test_a_long_text_has_factors_and_ngrams_of_its_own() -> None:
    model = SentimentClassifier(LSTMEncoder(RESIDUAL), classes=3, hidden=5, dropout=0.0, buckets=16, long_from=5).eval()
    nn.init.normal_(model.ngram_weight)
    assert model.ngram_weight.shape == (32, 3)
    ids = torch.randint(4, 50, (2, 5))
    lengths, grams, values = torch.tensor([4, 5]), torch.tensor([[2], [2]]), torch.tensor([[0.5], [0.5]])
    plain = model(ids, lengths)
    both = model(ids, lengths, grams, values)
    expected = plain + 0.5 * model.ngram_weight[torch.tensor([2, 18])]
    assert torch.allclose(both, expected, atol=1e-6)
    model.length_scale.copy_(torch.tensor([[1.0], [3.0]]))
    model.length_bias.copy_(torch.tensor([[0.0, 0.0, 0.0], [0.1, 0.2, 0.3]]))
    moved = model(ids, lengths)
    assert torch.allclose(moved[0], plain[0], atol=1e-6)
    assert torch.allclose(moved[1], 3 * plain[1] + torch.tensor([0.1, 0.2, 0.3]), atol=1e-5)


def test_a_post_has_a_mark_and_is_neither_a_line_about_a_link_nor_long() -> None:
    model = SentimentClassifier(
        LSTMEncoder(RESIDUAL), classes=3, hidden=5, dropout=0.0, long_from=6, posts=[40, 41], post_from=3
    ).eval()
    ids = torch.full((5, 6), 7)
    ids[0, 2], ids[1, 2], ids[2, 0], ids[3, 1] = 40, 41, 40, 40
    lengths = torch.tensor([5, 3, 2, 6, 5])  # two posts; too short; long; without a mark
    assert model.is_post(ids, lengths).tolist() == [True, True, False, False, False]
    plain = model(ids, lengths)
    model.post_bias.copy_(torch.tensor([0.0, -1.0, 0.5]))
    moved = model(ids, lengths) - plain
    assert torch.allclose(moved[:2], model.post_bias.expand(2, 3), atol=1e-5)
    assert not moved[2:].any()
