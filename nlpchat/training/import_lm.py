"""A language model that fastai trained and somebody published -> a bundle of ours, with the same logits.

    fastai                                                    here
    0.encoder.weight                                          encoder.embedding_dropout.emb.weight (and the softmax)
    0.rnns.N.module.weight_ih_l0, .bias_ih_l0, .bias_hh_l0    encoder.layers.N.rnn.module. ...
    0.rnns.N.weight_hh_l0_raw                                 encoder.layers.N.rnn.weight_hh_l0_raw
    0.rnns.N.layers.M.linear.weight(_raw), .bias              encoder.layers.K.linear.weight, .bias (QRNN)
    1.decoder.bias                                            bias

Copies that fastai keeps beside these (encoder_dp, module.weight_hh_l0, decoder.weight) are compared or left. Both QRNNs have
their gates in the order z, f, o, f being what is taken of the new, and read x_t before x_{t-1}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

from nlpchat.bundle import TOKENIZER, WEIGHTS, Bundle, save_bundle
from nlpchat.errors import InputError, RecipeError, on_one_line
from nlpchat.files import digest
from nlpchat.model.build import build_lm
from nlpchat.model.encoder import LSTM, QRNN, Dropouts, EncoderShape
from nlpchat.model.language import LanguageModel
from nlpchat.text.tokens import PAD_ID
from nlpchat.training.foreign import read_itos, read_weights
from nlpchat.training.lm import lm_weights
from nlpchat.training.vocabulary import Vocabulary, of_pieces, of_words

ARCHITECTURES = (LSTM, QRNN)
WINDOW = 70  # tokens of a row, fastai's bptt
_LINEAR = re.compile(r"0\.rnns\.(\d+)\.layers\.(\d+)\.linear\.(?:module\.)?(weight_raw|weight|bias)")
_CELL = ("module.weight_ih_l0", "module.bias_ih_l0", "module.bias_hh_l0")


def import_lm(
    weights: str | Path, vocab: Sequence[str | Path], output: str | Path, *, arch: str, backward: bool = False
) -> Bundle:
    """The language model of `weights`, saved to the folder `output`.

    vocab: itos.pkl, or spm.model, or both (fastai 2 counts a vocabulary of its own over SentencePiece). arch: "awd-lstm" or
    "qrnn". backward: it reads texts from their end. Raises InputError, RecipeError, OutputError.
    """
    if arch not in ARCHITECTURES:
        raise RecipeError(f"--arch must be {' or '.join(ARCHITECTURES)}, not {arch!r}.")
    given = _Given(Path(weights), read_weights(weights))
    vocabulary = _vocabulary(vocab)
    model = _model(given, vocabulary, arch, backward)
    shape = model.encoder.shape
    made_of = [{"name": Path(p).name, "digest": digest(p)} for p in (weights, *vocab)]
    imported = {"arch": arch, "rows": vocabulary.count, "new_rows": list(vocabulary.missing)}
    manifest = {
        "kind": "lm", "architecture": shape.as_config(), "vocab_size": shape.vocab_size, "window": WINDOW, "training": made_of,
        "scores": {"imported": imported}, "created": date.today().isoformat(),
    }  # fmt: skip
    files: dict[str, Path | bytes] = {TOKENIZER: vocabulary.model, WEIGHTS: lm_weights(model)}
    return save_bundle(output, manifest, files, card=_card(shape, vocabulary, [entry["name"] for entry in made_of]))


def _model(given: _Given, vocabulary: Vocabulary, arch: str, backward: bool) -> LanguageModel:
    """Our model with the given weights, its rows in the order of our pieces."""
    table = given.table()
    if vocabulary.count != len(table):
        raise InputError(
            f"{given.path}: {len(table):,} rows, and the vocabulary has {vocabulary.count:,} words. They do not belong together."
        )
    layers = given.cells() if arch == LSTM else given.linears()
    bias = given.optional("1.decoder.bias")
    state = {
        "encoder.embedding_dropout.emb.weight": _rows(table, vocabulary.rows),
        "bias": _rows(torch.zeros(len(table)) if bias is None else bias, vocabulary.rows),
    }
    for number, layer in enumerate(layers):
        state |= {f"encoder.layers.{number}.{name}": value for name, value in layer.items()}
    try:
        model = build_lm(_shape(given, len(vocabulary.rows), table.shape[1], layers, backward), Dropouts().times(0))
        model.load_state_dict({name: value.float() for name, value in state.items()})
    except (RecipeError, RuntimeError) as fault:
        raise InputError(f"{given.path}: its shapes are not those of one {arch} ({on_one_line(fault)}).") from fault
    return model


@dataclass(frozen=True)
class _Given:
    """The tensors of a published model, asked for by name; what is missing or does not fit is an InputError."""

    path: Path
    tensors: Mapping[str, Tensor]

    def optional(self, *names: str) -> Tensor | None:
        return next((self.tensors[name] for name in names if name in self.tensors), None)

    def tensor(self, *names: str) -> Tensor:
        found = self.optional(*names)
        if found is None:
            here = ", ".join(list(self.tensors)[:4])
            raise InputError(
                f"{self.path}: no {names[0]} in it (it begins with {here}). A fastai language model's weights are needed, "
                "and --arch must be theirs."
            )
        return found

    def cells(self) -> list[dict[str, Tensor]]:
        """Of each LSTM layer, from the first up, our names and its tensors."""
        count = len({name.split(".")[2] for name in self.tensors if name.startswith("0.rnns.")})
        layers = []
        for number in range(max(1, count)):
            cell = {f"rnn.{name}": self.tensor(f"0.rnns.{number}.{name}") for name in _CELL}
            # fastai 0.7 and 2 keep the raw matrix where 1 does, but for a prefix
            recurrent = self.tensor(
                *(f"0.rnns.{number}.{name}" for name in ("weight_hh_l0_raw", "module.weight_hh_l0_raw"))
            )
            layers.append({**cell, "rnn.weight_hh_l0_raw": recurrent})
        return layers

    def linears(self) -> list[dict[str, Tensor]]:
        """Of each QRNN layer, whether a module of its own or one among several of a module, our names and its tensors."""
        found: dict[tuple[int, int], dict[str, Tensor]] = {}
        for name, value in self.tensors.items():
            if match := _LINEAR.fullmatch(name):
                found.setdefault((int(match[1]), int(match[2])), {})[match[3]] = value
        if not found:
            self.tensor("0.rnns.0.layers.0.linear.weight")
        layers = []
        for (module, layer), one in sorted(found.items()):
            weight = one.get("weight_raw", one.get("weight"))
            if weight is None or "bias" not in one:
                raise InputError(f"{self.path}: 0.rnns.{module}.layers.{layer}.linear has no weight or no bias.")
            layers.append({"linear.weight": weight, "linear.bias": one["bias"]})
        return layers

    def table(self) -> Tensor:
        """The embedding, which the softmax must share."""
        table = self.tensor("0.encoder.weight", "0.encoder_dp.emb.weight", "0.encoder_with_dropout.embed.weight")
        decoder = self.optional("1.decoder.weight")
        if decoder is not None and not torch.equal(decoder, table):
            raise InputError(
                f"{self.path}: its softmax has weights of its own (1.decoder.weight), and ours shares the embedding's. "
                "Such a model cannot be carried over."
            )
        return table


def _shape(
    given: _Given, vocab_size: int, emb: int, layers: Sequence[Mapping[str, Tensor]], backward: bool
) -> EncoderShape:
    if "linear.weight" not in layers[0]:
        hidden = layers[0]["rnn.weight_hh_l0_raw"].shape[1]
        return EncoderShape(vocab_size, emb, hidden, len(layers), pad_id=PAD_ID, backward=backward)
    gates = len(layers[-1]["linear.weight"]) // emb  # the last layer is as wide as the embedding
    if gates not in (2, 3):
        raise InputError(f"{given.path}: its last layer is not as wide as the embedding ({emb}), as fastai's QRNN is.")
    hidden = len(layers[0]["linear.weight"]) // gates
    reads = [emb, *[hidden] * (len(layers) - 1)]
    windows = tuple(layer["linear.weight"].shape[1] // width for layer, width in zip(layers, reads, strict=True))
    return EncoderShape(
        vocab_size, emb, hidden, len(layers), pad_id=PAD_ID, encoder=QRNN, window=windows,
        pooling="fo" if gates == 3 else "f", backward=backward,
    )  # fmt: skip


def _vocabulary(paths: Sequence[str | Path]) -> Vocabulary:
    lists = [path for path in paths if Path(path).suffix == ".pkl"]
    models = [path for path in paths if Path(path).suffix == ".model"]
    if len(lists) > 1 or len(models) > 1 or not paths or len(lists) + len(models) < len(paths):
        raise RecipeError("--vocab: give itos.pkl, or spm.model, or one of each.")
    itos = read_itos(lists[0]) if lists else None
    if models:
        return of_pieces(models[0], itos)
    assert itos is not None
    return of_words(itos)


def _rows(table: Tensor, rows: Sequence[int | None]) -> Tensor:
    """The rows of the old table in the order of our pieces; a new one is their mean, as fastai begins new words."""
    mean = table.float().mean(0)
    return torch.stack([mean if row is None else table[row].float() for row in rows])


def _card(shape: EncoderShape, vocabulary: Vocabulary, names: Sequence[str]) -> str:
    new = ", ".join(vocabulary.missing) or "none"
    return f"""# A language model made with fastai

Imported from {", ".join(names)}: {shape.encoder}, embedding {shape.emb}, hidden {shape.hidden}, {shape.layers} layers,
{shape.vocab_size:,} pieces{", backward" if shape.backward else ""}. Licence and training texts are those of whoever published it.

Pieces without a row of their own in the old vocabulary, which begin as the mean of all: {new}. Fine-tune it
(`nlpchat finetune-lm --base`) before a classifier is trained on it: they are learnt there.

## What fastai's tokenizer did that ours does not

* It wrote a letter or sign repeated three times or more (fastai 1: four) as "xxrep 4 a"; here signs are "! <rep>4", letters
  "oui <long>4".
* It marked repeated words (xxwrep), fields (xxfld) and single capitals otherwise; those rows are kept, and nothing reaches them.
* It never saw <url>, <mail>, <user>, <tel> or <long>: it had links and names as they were written.
* Of words it did not know each was one xxunk; here several in a row are one. Emoji that its vocabulary lacks are among them:
  there are no pieces for single bytes.
* With a list of words: spaCy kept decimals ("3,5"), abbreviations ("M.") and e-mails together, and parted "-il" at the very
  end of a text; the rules here part or keep them only where a space, a comma or a full stop follows.
"""
