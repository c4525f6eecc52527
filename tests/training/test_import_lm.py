"""Published fastai models, made here in their exact layouts: the logits are those of a plain re-implementation."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from torch import Tensor, nn

from nlpchat.bundle import TOKENIZER, Bundle
from nlpchat.classifier import Classifier
from nlpchat.errors import InputError, RecipeError
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import Tokenizer
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.classifier import train_classifier
from nlpchat.training.foreign import read_itos, read_weights
from nlpchat.training.generate import generate
from nlpchat.training.import_lm import import_lm
from nlpchat.training.lm import finetune_lm, load_lm
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe
from nlpchat.training.vocabulary import of_words

# fastai 1's order of its own; "\n" and a doubled xxfake are what its Vocab holds too.
ITOS = [
    "xxunk", "xxpad", "xxbos", "xxeos", "xxfld", "xxmaj", "xxup", "xxrep", "xxwrep", "le", "film", "est", "c'", "bien", ",", ".", "…",
    "aujourd'hui", "-ce", "-il", "-t", "a", "que", "!", "?", "3", ":)", "l’", "été", "\n", "xxfake", "xxfake", "peut-être", "était",
]  # fmt: skip
FASTAI_2 = ["xxunk", "xxpad", "xxbos", "xxeos", "xxfld", "xxrep", "xxwrep", "xxup", "xxmaj"]
EMB, HIDDEN = 8, 12
Weights = dict[str, Tensor]


def lstm_weights(rows: int, layers: int = 3) -> Weights:
    """A model of fastai 1: `0.rnns.N.weight_hh_l0_raw` beside the dropped copy that its module keeps."""
    torch.manual_seed(1)
    table = torch.randn(rows, EMB)
    weights = {"0.encoder.weight": table, "0.encoder_dp.emb.weight": table}
    for layer in range(layers):
        reads, width = (EMB if layer == 0 else HIDDEN), (EMB if layer == layers - 1 else HIDDEN)
        raw = torch.randn(4 * width, width) / 3
        weights |= {
            f"0.rnns.{layer}.weight_hh_l0_raw": raw, f"0.rnns.{layer}.module.weight_ih_l0": torch.randn(4 * width, reads) / 3,
            f"0.rnns.{layer}.module.weight_hh_l0": raw * (torch.rand_like(raw) > 0.5),
            f"0.rnns.{layer}.module.bias_ih_l0": torch.randn(4 * width), f"0.rnns.{layer}.module.bias_hh_l0": torch.randn(4 * width),
        }  # fmt: skip
    return {**weights, "1.decoder.weight": table, "1.decoder.bias": torch.randn(rows)}


def lstm_logits(weights: Weights, ids: Tensor) -> Tensor:
    """By torch's own nn.LSTM, (B, T) -> (B, T, V)."""
    x = weights["0.encoder.weight"][ids]
    layer = 0
    while f"0.rnns.{layer}.module.weight_ih_l0" in weights:
        here = f"0.rnns.{layer}."
        wide = weights[f"{here}module.weight_ih_l0"]
        lstm = nn.LSTM(wide.shape[1], len(wide) // 4, batch_first=True)
        raw = f"{here}weight_hh_l0_raw" if f"{here}weight_hh_l0_raw" in weights else f"{here}module.weight_hh_l0_raw"
        lstm.load_state_dict(
            {"weight_ih_l0": wide, "weight_hh_l0": weights[raw], "bias_ih_l0": weights[f"{here}module.bias_ih_l0"],
             "bias_hh_l0": weights[f"{here}module.bias_hh_l0"]}
        )  # fmt: skip
        x = lstm(x)[0]
        layer += 1
    return x @ weights["0.encoder.weight"].T + weights["1.decoder.bias"]


def qrnn_weights(rows: int, names: str, layers: int = 3, gates: int = 3, *, dropped: bool = False) -> Weights:
    """names: of a layer's linear, with {} for its number. dropped: as WeightDropout keeps it, a raw matrix and a copy."""
    torch.manual_seed(2)
    table = torch.randn(rows, EMB)
    weights = {"0.encoder.weight": table, "0.encoder_dp.emb.weight": table}
    for layer in range(layers):
        reads, width = (2 * EMB if layer == 0 else HIDDEN), (EMB if layer == layers - 1 else HIDDEN)
        weight, bias, here = torch.randn(gates * width, reads), torch.randn(gates * width), names.format(layer)
        if dropped:
            copy = weight * (torch.rand_like(weight) > 0.5)
            weights |= {f"{here}.weight_raw": weight, f"{here}.module.weight": copy, f"{here}.module.bias": bias}
        else:
            weights |= {f"{here}.weight": weight, f"{here}.bias": bias}
    return {**weights, "1.decoder.weight": table, "1.decoder.bias": torch.randn(rows)}


def qrnn_logits(
    table: Tensor, bias: Tensor, layers: list[tuple[Tensor, Tensor]], ids: Tensor, gates: int = 3
) -> Tensor:
    """The loop of fastai's QRNNLayer, step by step."""
    x = table[ids]
    for weight, offset in layers:
        width = len(weight) // gates
        h, before, out = torch.zeros(len(x), width), torch.zeros_like(x[:, 0]), []
        for t in range(x.shape[1]):
            seen = torch.cat([x[:, t], before], -1) if weight.shape[1] == 2 * x.shape[-1] else x[:, t]
            parts = (seen @ weight.T + offset).split(width, -1)
            z, f = parts[0].tanh(), parts[1].sigmoid()
            h = f * z + (1 - f) * h
            out.append(parts[2].sigmoid() * h if gates == 3 else h)
            before = x[:, t]
        x = torch.stack(out, 1)
    return x @ table.T + bias


def pickled(path: Path, content: Any, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def saved(path: Path, content: Any, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path


def same_logits(bundle: Bundle, source: list[int | None], theirs: Any, text: str) -> None:
    """What the bundle says of `text` on every row that was there before, against what `theirs` says of the same rows."""
    tokenizer = Tokenizer.load(bundle.path(TOKENIZER))
    ids = [1, *tokenizer.encode([normalise(text)])[0]]
    rows = [source[i] for i in ids]
    assert None not in rows
    assert len(set(rows)) > 6
    kept = [i for i, row in enumerate(source) if row is not None]
    with torch.no_grad():
        model = load_lm(bundle).eval()
        ours = model.logits(model(torch.tensor([ids, ids]))[0])[..., kept]
        expected = theirs(torch.tensor([rows, rows]))[..., [source[i] for i in kept]]
    assert torch.allclose(ours, expected, atol=1e-5)
    assert expected.std() > 0.1


TEXT = "Le film est BIEN ! aujourd'hui, c'est bien."


@pytest.mark.parametrize("layout", ["fastai 1", "fastai 1 with its optimizer", "fastai 2", "fastai 0.7", "old zip"])
def test_an_lstm_says_what_nn_lstm_says(layout: str, tmp_path: Path) -> None:
    weights = lstm_weights(len(ITOS))
    content: Any = weights
    options: dict[str, Any] = {}
    if layout == "fastai 1 with its optimizer":
        some = torch.optim.Adam([nn.Parameter(torch.ones(3))])
        content = {"model": weights, "opt": some.state_dict()}
    elif layout == "fastai 2":
        from fastcore.foundation import L

        content = {
            "model": {n: v for n, v in weights.items() if "module.weight_hh" not in n},
            "opt": {"state": [{"step": 3, "grad_avg": torch.ones(2)}], "hypers": L({"lr": 1e-3, "mom": 0.9})},
        }
    elif layout == "fastai 0.7":
        content = {
            n.replace("weight_hh_l0_raw", "module.weight_hh_l0_raw"): v
            for n, v in weights.items()
            if "module.weight_hh" not in n
        }
        content["0.encoder_with_dropout.embed.weight"] = content.pop("0.encoder_dp.emb.weight")
    elif layout == "old zip":
        options = {"_use_new_zipfile_serialization": False}
    path = saved(tmp_path / "w.pth", content, **options)
    made = import_lm(path, [pickled(tmp_path / "itos.pkl", ITOS)], tmp_path / "lm", arch="awd-lstm")
    same_logits(made, [*of_words(ITOS).rows], lambda ids: lstm_logits(weights, ids), TEXT)
    assert (made.architecture["emb"], made.architecture["hidden"], made.architecture["layers"]) == (EMB, HIDDEN, 3)
    assert [entry["name"] for entry in made.training] == ["w.pth", "itos.pkl"]
    card = (made.folder / "card.md").read_text(encoding="utf-8")
    assert "<url>, <mail>, <user>, <tel>, <long>" in card
    assert "spaCy kept decimals" in card


@pytest.mark.parametrize(
    ("names", "gates", "dropped"),
    [
        ("0.rnns.{}.layers.0.linear", 3, False),
        ("0.rnns.{}.layers.0.linear", 3, True),
        ("0.rnns.0.layers.{}.linear", 3, False),  # one module of several layers
        ("0.rnns.{}.layers.0.linear", 2, False),  # without output gate
    ],
)
def test_a_qrnn_says_what_its_loop_says(names: str, gates: int, dropped: bool, tmp_path: Path) -> None:
    weights = qrnn_weights(len(ITOS), names, gates=gates, dropped=dropped)
    raw, offset = ("weight_raw", "module.bias") if dropped else ("weight", "bias")
    layers = [(weights[f"{names.format(n)}.{raw}"], weights[f"{names.format(n)}.{offset}"]) for n in range(3)]
    made = import_lm(
        saved(tmp_path / "w.pth", weights), [pickled(tmp_path / "itos.pkl", ITOS)], tmp_path / "lm", arch="qrnn"
    )
    table, bias = weights["0.encoder.weight"], weights["1.decoder.bias"]
    same_logits(made, [*of_words(ITOS).rows], lambda ids: qrnn_logits(table, bias, layers, ids, gates), TEXT)
    assert made.architecture["encoder"] == "qrnn"
    assert made.architecture["window"] == [2, 1, 1]


# -- vocabularies of words --
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("le film est bien", ["le", "film", "est", "bien"]),
        ("Le film, c'est BIEN.", ["xxmaj", "le", "film", ",", "c'", "est", "xxup", "bien", "."]),
        ("l'été… l’été", ["l’", "été", "…", "l’", "été"]),
        ("aujourd'hui est-ce que a-t-il ?", ["aujourd'hui", "est", "-ce", "que", "a", "-t", "-il", "?"]),
        ("a-t-il, est-ce. que", ["a", "-t", "-il", ",", "est", "-ce", ".", "que"]),
        ("peut-être :) bien!!!", ["peut-être", ":)", "bien", "!", "xxrep", "3"]),
        ("inconnu film", ["xxunk", "film"]),
        ("xxfld xxfake", ["xxunk"]),  # rows that no text may reach; several unknown words in a row are one
    ],
)
def test_words_are_found_whole(text: str, words: list[str]) -> None:
    vocabulary = of_words(ITOS)
    tokenizer = Tokenizer(vocabulary.model)
    rows = [vocabulary.rows[i] for i in tokenizer.encode([normalise(text)])[0]]
    assert [ITOS[row] for row in rows if row is not None] == words


def test_each_word_is_one_piece_and_each_row_is_taken_once() -> None:
    vocabulary = of_words(ITOS)
    tokenizer = Tokenizer(vocabulary.model)
    taken = [row for row in vocabulary.rows if row is not None]
    assert sorted(taken) == list(range(len(ITOS)))
    assert vocabulary.rows[:4] == (0, 2, 3, 1)  # unk, bos, eos, pad
    assert tokenizer.pieces(range(4)) == ["<unk>", "<s>", "</s>", "<pad>"]
    assert vocabulary.missing == ("<url>", "<mail>", "<user>", "<tel>", "<long>")
    assert vocabulary.rows[-5:] == (None,) * 5
    for word in ("le", "film", "bien", "peut-être", "était", "que"):
        (ids,) = tokenizer.encode([word])
        assert [ITOS[row] for i in ids if (row := vocabulary.rows[i]) is not None] == [word]


def test_a_vocabulary_of_the_size_of_the_published_ones() -> None:
    vocabulary = of_words([*ITOS, *(f"mot{n}" for n in range(60_000))])
    tokenizer = Tokenizer(vocabulary.model)
    ids = tokenizer.encode(["le mot59999 est mot0"])[0]
    assert [vocabulary.rows[i] for i in ids] == [9, len(ITOS) + 59_999, 11, len(ITOS)]


def test_old_names_of_the_special_words() -> None:
    old = ["_unk_", "_pad_", "xbos", "t_up", "tk_rep", "le", "film"]
    vocabulary = of_words(old)
    assert vocabulary.rows[:4] == (0, 2, None, 1)
    assert vocabulary.missing == ("</s>", "<url>", "<mail>", "<user>", "<tel>", "<cap>", "<long>")
    ids = Tokenizer(vocabulary.model).encode([normalise("LE film")])[0]
    assert [vocabulary.rows[i] for i in ids] == [3, 5, 6]


# -- SentencePiece vocabularies --
@pytest.fixture(scope="module")
def spm(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As fastai trains one: its special words as symbols, <unk> after them, no bos, eos or pad."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.read_text(encoding="utf-8").lower().splitlines()), model_writer=made, model_type="unigram",
        vocab_size=300, hard_vocab_limit=False, unk_id=9, pad_id=-1, bos_id=-1, eos_id=-1, character_coverage=0.9998,
        user_defined_symbols=[f"▁{name}" for name in FASTAI_2], minloglevel=2,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("spm") / "spm.model"
    path.write_bytes(made.getvalue())
    return path


def spelt(path: Path) -> list[str]:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def test_sentencepiece_keeps_its_pieces_and_rows(spm: Path, text: Path, tmp_path: Path) -> None:
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    weights = lstm_weights(theirs.get_piece_size())
    made = import_lm(saved(tmp_path / "w.pth", weights), [spm], tmp_path / "lm", arch="awd-lstm")
    tokenizer = Tokenizer.load(made.path(TOKENIZER))
    from nlpchat.training.vocabulary import of_pieces

    source = [*of_pieces(spm).rows]
    assert source[:4] == [0, 2, 3, 1]
    for line in text.read_text(encoding="utf-8").lower().splitlines()[:60]:
        if "<" in normalise(line):  # marks, which the old one spelt otherwise
            continue
        clean = normalise(line)
        expected = [
            0 if i == 9 else i for i in theirs.encode(clean)
        ]  # fastai looked pieces up: unknown ones were xxunk
        assert [source[i] for i in tokenizer.encode([clean])[0]] == expected
    capital = theirs.encode("xxmaj demain")
    assert capital[0] == 8
    assert [source[i] for i in tokenizer.encode([normalise("Demain")])[0]] == capital
    same_logits(made, source, lambda ids: lstm_logits(weights, ids), "on se voit demain soir à la maison")


def test_fastai_2_counts_its_own_vocabulary_over_the_pieces(spm: Path, tmp_path: Path) -> None:
    pieces = spelt(spm)
    kept = [piece for n, piece in enumerate(pieces[10:]) if len(piece) == 1 or n % 3]
    itos = [*FASTAI_2, *sorted(kept)]
    weights = lstm_weights(len(itos))
    made = import_lm(
        saved(tmp_path / "w.pth", weights),
        [pickled(tmp_path / "vocab.pkl", itos), spm],
        tmp_path / "lm",
        arch="awd-lstm",
    )
    from nlpchat.training.vocabulary import of_pieces

    vocabulary = of_pieces(spm, itos)
    tokenizer = Tokenizer.load(made.path(TOKENIZER))
    (ids,) = tokenizer.encode(["on se voit demain soir à la maison"])
    said = [itos[row] for i in ids if (row := vocabulary.rows[i]) is not None]
    assert "".join(said).replace("▁", " ").strip() == "on se voit demain soir à la maison"
    same_logits(made, [*vocabulary.rows], lambda x: lstm_logits(weights, x), "on se voit demain soir à la maison")


# -- what an import is good for --
def test_what_fastai_itself_saves(tmp_path: Path) -> None:
    """Its own model through its own learn.save, with and without the optimizer."""
    from fastai.learner import save_model
    from fastai.optimizer import Adam
    from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_lm_config
    from fastai.text.models.core import get_language_model

    torch.manual_seed(3)
    config = {**awd_lstm_lm_config, "emb_sz": EMB, "n_hid": HIDDEN, "n_layers": 2}
    theirs = get_language_model(AWD_LSTM, len(ITOS), config)
    theirs[1].decoder.bias.data.normal_()
    optimizer = Adam([[p] for p in theirs.parameters()], lr=1e-3)
    theirs(torch.tensor([[2, 9, 10]]))[0].sum().backward()
    optimizer.step()
    theirs.eval()

    def logits(ids: Tensor) -> Tensor:
        theirs.reset()
        found: Tensor = theirs(ids)[0]
        return found

    itos = pickled(tmp_path / "itos.pkl", ITOS)
    for with_opt in (False, True):
        save_model(tmp_path / "w.pth", theirs, optimizer, with_opt=with_opt)
        made = import_lm(tmp_path / "w.pth", [itos], tmp_path / "lm", arch="awd-lstm")
        same_logits(made, [*of_words(ITOS).rows], logits, TEXT)


def test_it_becomes_a_classifier(text: Path, chats: Path, tmp_path: Path) -> None:
    """Words and all: fine-tuned, trained, exported, and it writes text on the way."""
    lines = text.read_text(encoding="utf-8").lower().split("\n")
    words = sorted({word for line in lines for word in line.split() if word.isalpha()} - set(ITOS))
    itos = [*ITOS, *words]
    weights = saved(tmp_path / "w.pth", lstm_weights(len(itos), layers=1))
    made = import_lm(weights, [pickled(tmp_path / "i.pkl", itos)], tmp_path / "lm", arch="awd-lstm")
    recipe = FinetuneRecipe(batch=8, bptt=12, lr=0.02, dropout=0.1, frozen_epochs=0)
    tuned = finetune_lm(made, [text], tmp_path / "tuned", recipe, CorpusOptions(0.1))
    assert float(tuned.scores["perplexity"]) < len(itos) / 2  # type: ignore[arg-type]
    assert not [t for t in generate(tuned, "film", number=8, tokens=12) if "xx" in t or "<row" in t or "⁇" in t]
    quick = ClassifierRecipe(epochs=1, gradual=0.0, batch_tokens=2000, lr=0.02, hidden=8, window=32, ngrams=0)
    classifier = Classifier(train_classifier(tuned, [chats], tmp_path / "c", quick))
    said = classifier.predict(["c'est bien, le film", "wxkz"])
    assert [one.tokens for one in said] == [6, 1]


def test_a_backward_model_is_said_to_be_one(tmp_path: Path) -> None:
    weights = saved(tmp_path / "w.pth", lstm_weights(len(ITOS)))
    made = import_lm(weights, [pickled(tmp_path / "i.pkl", ITOS)], tmp_path / "lm", arch="awd-lstm", backward=True)
    assert made.architecture["backward"] is True


# -- nothing is executed --
class _Touch:
    """What an attacker's file asks for when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_do_something_does_nothing(protocol: int, tmp_path: Path) -> None:
    bad = pickled(tmp_path / "itos.pkl", ["le", _Touch(tmp_path / "done")], protocol)
    with pytest.raises(InputError, match=r"itos.pkl: no vocabulary can be read there: it asks for \w+.mkdir") as caught:
        read_itos(bad)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"w.pth: no weights can be read there without executing") as caught:
        read_weights(saved(tmp_path / "w.pth", {"0.encoder.weight": _Touch(tmp_path / "done")}))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "done").exists()
    pickle.loads(bad.read_bytes())  # noqa: S301 - this once, to see that it would have done it
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_vocabularies_of_every_protocol(protocol: int, tmp_path: Path) -> None:
    words = ["xxunk", "été", "c'", "😂"]
    assert read_itos(pickled(tmp_path / "a.pkl", words, protocol)) == words
    assert read_itos(pickled(tmp_path / "b.pkl", tuple(words), protocol)) == words
    assert read_itos(pickled(tmp_path / "c.pkl", {word: n for n, word in enumerate(words)}, protocol)) == words


def test_a_vocabulary_that_python_2_pickled(tmp_path: Path) -> None:
    path = tmp_path / "itos.pkl"
    path.write_bytes(b"(lp0\nS'xxunk'\np1\naS'\\xc3\\xa9t\\xc3\\xa9'\np2\na.")
    assert read_itos(path) == ["xxunk", "été"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (["le", 3], "not a list of words"),
        ([], "not a list of words"),
        ({"le": 0, "film": 5}, "not a list of words"),
        ("le film", "not a list of words"),
    ],
)
def test_another_content_is_said(content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read_itos(pickled(tmp_path / "i.pkl", content))


def test_faults(tmp_path: Path, spm: Path) -> None:
    weights, itos = lstm_weights(len(ITOS)), pickled(tmp_path / "itos.pkl", ITOS)
    good = saved(tmp_path / "w.pth", weights)
    with pytest.raises(InputError, match="no such file"):
        import_lm(tmp_path / "none.pth", [itos], tmp_path / "x", arch="awd-lstm")
    with pytest.raises(InputError, match=r"34 rows, and the vocabulary has 35 words\. They do not belong together"):
        import_lm(good, [pickled(tmp_path / "more.pkl", [*ITOS, "mot"])], tmp_path / "x", arch="awd-lstm")
    with pytest.raises(InputError, match=r"no 0.rnns.0.layers.0.linear.weight in it \(it begins with 0.encoder.weight"):
        import_lm(good, [itos], tmp_path / "x", arch="qrnn")
    untied = saved(tmp_path / "u.pth", {**weights, "1.decoder.weight": torch.zeros(len(ITOS), EMB)})
    with pytest.raises(InputError, match=r"its softmax has weights of its own"):
        import_lm(untied, [itos], tmp_path / "x", arch="awd-lstm")
    odd = saved(tmp_path / "o.pth", {**weights, "0.rnns.1.module.weight_ih_l0": torch.zeros(48, 5)})
    with pytest.raises(InputError, match="its shapes are not those of one awd-lstm"):
        import_lm(odd, [itos], tmp_path / "x", arch="awd-lstm")
    with pytest.raises(InputError, match="not a state dict"):
        import_lm(saved(tmp_path / "l.pth", [1, 2]), [itos], tmp_path / "x", arch="awd-lstm")
    (tmp_path / "w.model").write_bytes(b"\xff\xff nothing")
    with pytest.raises(InputError, match=r"w\.model: not a SentencePiece model"):
        import_lm(good, [tmp_path / "w.model"], tmp_path / "x", arch="awd-lstm")
    for vocab in ([], [itos, itos], [tmp_path / "vocab.txt"], [spm, spm]):
        with pytest.raises(RecipeError, match=r"--vocab: give itos.pkl, or spm.model, or one of each"):
            import_lm(good, vocab, tmp_path / "x", arch="awd-lstm")
    with pytest.raises(RecipeError, match="--arch must be awd-lstm or qrnn"):
        import_lm(good, [itos], tmp_path / "x", arch="gru")
    assert not (tmp_path / "x").exists()
