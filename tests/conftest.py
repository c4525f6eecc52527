"""A small real classifier bundle: a tokenizer learnt here, and an ONNX graph that knows a few words."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nlpchat.bundle import IDF, ONNX_INT8, TOKENIZER, Bundle, save_bundle
from nlpchat.records import LABELS
from nlpchat.text.ngrams import NgramSpec, hashed_ngrams
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import PAD_ID, Tokenizer, train_tokenizer

WINDOW = 32
NGRAMS = NgramSpec(buckets=4096)
POSITIVE = ("génial", "super", "adore", "bravo", "😍", "merci")
NEGATIVE = ("nul", "triste", "déteste", "affreux", "😡", "horrible")
WORDS = (
    "maison voiture téléphone semaine demain soirée famille cinéma restaurant travail vacances montagne "
    "plage anniversaire cadeau chocolat musique chanson histoire livre acteur réalisateur scénario "
    "serveur livraison produit qualité prix service client chambre hôtel piscine matin midi dimanche "
    "samedi lundi prochain dernier toujours jamais parfois souvent beaucoup presque vraiment franchement "
    "heureusement malheureusement"
)
OTHERS = WORDS.split()
LINES = [f"{OTHERS[i]} avec {OTHERS[i - 7]} et puis {OTHERS[i - 19]}" for i in range(len(OTHERS))] + [
    f"{before} {word} {after}"
    for word in (*POSITIVE, *NEGATIVE, "demain", "ce soir", "train", "réunion")
    for before in ("c'est", "je trouve ça", "le film est", "on se voit", "Franchement")
    for after in ("non ?", "ce soir", "pour tout le monde !", "hier à la maison")
]


def pytest_configure() -> None:
    """A script's background jobs ignore Ctrl-C, and so would the programs that tests interrupt on purpose."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_tokenizer(LINES, vocab_size=600, threads=1)


@pytest.fixture(scope="session")
def make_bundle(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bundle]:
    """A new classifier bundle, to read or to damage. ngrams: whether it reads n-grams beside the pieces."""

    def make(*, ngrams: bool = False) -> Bundle:
        manifest = {
            "kind": "classifier",
            "architecture": {"words": "mean"},
            "labels": list(LABELS),
            "vocab_size": tokenizer.vocab_size,
            "window": WINDOW,
            "ngrams": {"buckets": NGRAMS.buckets, "words": [1, 2], "chars": [2, 5]} if ngrams else None,
            "training": [{"name": "lines", "digest": "0" * 64, "rows": len(LINES)}],
            "scores": {},
            "created": "2026-01-01",
        }
        files: dict[str, bytes | Path] = {
            TOKENIZER: tokenizer.model,
            ONNX_INT8: _graph(tokenizer, ngrams=ngrams),
        }
        if ngrams:
            files[IDF] = _idf(tmp_path_factory.mktemp("idf") / IDF)
        return save_bundle(tmp_path_factory.mktemp("bundle") / "tiny", manifest, files, card="# tiny\n")

    return make


@pytest.fixture(scope="session")
def bundle(make_bundle: Callable[..., Bundle]) -> Bundle:
    return make_bundle()


@pytest.fixture(scope="session")
def ngram_bundle(make_bundle: Callable[..., Bundle]) -> Bundle:
    return make_bundle(ngrams=True)


def _idf(path: Path) -> Path:
    np.save(path, np.ones(NGRAMS.buckets, np.float16), allow_pickle=False)
    return path


def _piece_weights(tokenizer: Tokenizer) -> np.ndarray:
    """(vocabulary, 3): what each piece says of each label; a word's weight is spread over its pieces."""
    weights = np.zeros((tokenizer.vocab_size, 3), np.float32)
    weights[:, LABELS.index("neu")] = 0.3
    for words, label in ((POSITIVE, "pos"), (NEGATIVE, "neg")):
        for pieces in tokenizer.encode([normalise(f"c'est {word}") for word in words]):
            weights[pieces[-1], LABELS.index(label)] = 9.0
    return weights


def _gram_weights() -> np.ndarray:
    """(buckets, 3): as above, for the words themselves."""
    weights = np.zeros((NGRAMS.buckets, 3), np.float32)
    words_only = NgramSpec(NGRAMS.buckets, words=(1, 1), chars=(1, 0))
    for words, label in ((POSITIVE, "pos"), (NEGATIVE, "neg")):
        weights[hashed_ngrams(list(words), words_only).indices, LABELS.index(label)] = 30.0
    return weights


def _graph(tokenizer: Tokenizer, *, ngrams: bool) -> bytes:
    """logits = mean over a text's pieces of their weights (+ the sum over its n-grams of value * weight)."""
    from onnx import TensorProto, checker, helper, numpy_helper

    ints, floats = TensorProto.INT32, TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("ids", ints, ["time", "batch"]),
        helper.make_tensor_value_info("lengths", ints, ["batch"]),
    ]
    constants = {
        "pad": np.array(PAD_ID, np.int32),
        "pieces": _piece_weights(tokenizer),
        "first": np.array([0], np.int64),
        "last": np.array([-1], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["pieces", "ids"], ["embedded"]),
        helper.make_node("Equal", ["ids", "pad"], ["padded"]),
        helper.make_node("Not", ["padded"], ["real"]),
        helper.make_node("Cast", ["real"], ["mask"], to=floats),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
        helper.make_node("Mul", ["embedded", "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "first"], ["sums"], keepdims=0),
        helper.make_node("Cast", ["lengths"], ["counts"], to=floats),
        helper.make_node("Unsqueeze", ["counts", "last"], ["counts2"]),
        helper.make_node("Div", ["sums", "counts2"], ["means" if ngrams else "logits"]),
    ]
    if ngrams:
        inputs += [
            helper.make_tensor_value_info("grams", ints, ["batch", "grams"]),
            helper.make_tensor_value_info("gram_values", floats, ["batch", "grams"]),
        ]
        constants |= {"table": _gram_weights(), "second": np.array([1], np.int64)}
        nodes += [
            helper.make_node("Gather", ["table", "grams"], ["weights"]),
            helper.make_node("Unsqueeze", ["gram_values", "last"], ["values3"]),
            helper.make_node("Mul", ["weights", "values3"], ["weighted"]),
            helper.make_node("ReduceSum", ["weighted", "second"], ["said"], keepdims=0),
            helper.make_node("Add", ["means", "said"], ["logits"]),
        ]
    outputs = [helper.make_tensor_value_info("logits", floats, ["batch", 3])]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
