"""Bundles: what was saved loads again, and each damage is named with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nlpchat.bundle import CARD, MANIFEST, ONNX_INT8, TOKENIZER, WEIGHTS, Bundle, load_bundle, save_bundle
from nlpchat.classifier import Classifier
from nlpchat.errors import BundleError, OutputError
from nlpchat.text.ngrams import NgramSpec


@pytest.fixture
def copy(bundle: Bundle, make_bundle: Callable[..., Bundle]) -> Path:
    """The folder of a bundle that may be damaged."""
    return make_bundle().folder


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    content = {key: value for key, value in content.items() if value != "REMOVED"}
    path.write_text(json.dumps(content), encoding="utf-8")


def refusal(folder: Path, **options: object) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_was_saved_loads_again(bundle: Bundle) -> None:
    again = load_bundle(bundle.folder, kind="classifier")
    assert again == bundle
    assert (again.kind, again.labels, again.window, again.ngrams) == (
        "classifier",
        ("neg", "neu", "pos"),
        32,
        None,
    )
    assert set(again.files) == {TOKENIZER, ONNX_INT8}
    assert again.path(TOKENIZER).is_file()
    with pytest.raises(BundleError, match=WEIGHTS):
        again.path(WEIGHTS)


def test_ngrams_and_their_weights_are_recorded(ngram_bundle: Bundle) -> None:
    assert ngram_bundle.ngrams == NgramSpec(4096, (1, 2), (2, 5))
    assert "idf.npy" in ngram_bundle.files


def test_saving_replaces_an_older_bundle_and_leaves_nothing_beside(copy: Path, tokenizer) -> None:
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    manifest["kind"], manifest["labels"] = "lm", None
    save_bundle(copy, manifest, {TOKENIZER: tokenizer.model, WEIGHTS: b"weights"})
    assert load_bundle(copy, kind="lm").labels == ()
    assert not (copy / ONNX_INT8).exists()
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_manifest_that_would_not_load_is_not_saved(copy: Path, tokenizer, tmp_path: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    with pytest.raises(BundleError, match="kind 'lstm'"):
        save_bundle(tmp_path / "new", {**manifest, "kind": "lstm"}, {TOKENIZER: tokenizer.model})
    assert list(tmp_path.iterdir()) == []


def test_saving_into_no_folder(copy: Path, tokenizer, tmp_path: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    with pytest.raises(OutputError, match="does not exist"):
        save_bundle(tmp_path / "none" / "new", manifest, {TOKENIZER: tokenizer.model})


def test_a_truncated_graph(copy: Path) -> None:
    graph = copy / ONNX_INT8
    graph.write_bytes(graph.read_bytes()[:1000])
    said = refusal(copy)
    assert str(graph) in said
    assert "damaged" in said
    assert "again" in said


@pytest.mark.parametrize("name", [ONNX_INT8, TOKENIZER])
def test_one_changed_byte(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    assert f"{copy / name}: damaged" in refusal(copy)


def test_a_missing_file(copy: Path) -> None:
    (copy / TOKENIZER).unlink()
    assert f"{copy / TOKENIZER}: missing" in refusal(copy)


def test_the_card_may_be_edited(copy: Path) -> None:
    (copy / CARD).write_text("# My own words\n", encoding="utf-8")
    assert load_bundle(copy).folder == copy


def test_a_newer_format_is_told_before_its_unknown_contents(copy: Path) -> None:
    rewrite(copy, format=2, kind="something new", labels="REMOVED")
    said = refusal(copy)
    assert "format 2" in said
    assert "newer nlpchat" in said


def test_another_normaliser(copy: Path) -> None:
    rewrite(copy, normaliser=99, nlpchat="9.9.9")
    said = refusal(copy)
    assert "normaliser 99" in said
    assert "9.9.9" in said


def test_the_wrong_kind(copy: Path) -> None:
    assert "Give a language model" in refusal(copy, kind="lm")


def test_all_faults_of_a_manifest_at_once(copy: Path) -> None:
    rewrite(copy, window="REMOVED", created="REMOVED", scores=3)
    said = refusal(copy)
    assert "window" in said
    assert "created" in said
    assert "scores is of another type" in said


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"labels": ["pos", "neg"]}, "labels"),
        ({"files": {"../secret": "0", TOKENIZER: "0"}}, "outside the folder"),
        ({"files": {}}, TOKENIZER),
        ({"ngrams": {"buckets": 8}}, "ngrams is not"),
        ({"ngrams": {"buckets": 8, "words": [1, 2], "chars": [2, 5]}}, "idf.npy"),
        ({"ngrams": {"buckets": 0, "words": [1, 2], "chars": [2, 5]}}, "buckets"),
    ],
)
def test_what_makes_no_sense(copy: Path, changes: dict[str, object], expected: str) -> None:
    rewrite(copy, **changes)
    assert expected in refusal(copy)


def test_no_model_at_all(tmp_path: Path) -> None:
    assert "no such model folder" in refusal(tmp_path / "none")
    assert "no bundle.json" in refusal(tmp_path)
    file = tmp_path / "model.onnx"
    file.write_bytes(b"")
    assert "Give its folder" in refusal(file)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{}", b"[]", b"{}", b'{"format": "1"}'])
def test_a_manifest_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    assert MANIFEST in refusal(tmp_path)


def test_a_graph_that_onnxruntime_cannot_load(copy: Path, tokenizer) -> None:
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    saved = save_bundle(copy, manifest, {TOKENIZER: tokenizer.model, ONNX_INT8: b"no graph" * 20})
    with pytest.raises(BundleError, match="ONNX Runtime cannot load"):
        Classifier(saved)


def test_a_tokenizer_of_another_model(copy: Path) -> None:
    rewrite(copy, vocab_size=7)
    with pytest.raises(BundleError, match="do not belong together"):
        Classifier(copy)


def test_a_graph_with_other_inputs_than_promised(copy: Path, ngram_bundle: Bundle) -> None:
    manifest = json.loads((ngram_bundle.folder / MANIFEST).read_text(encoding="utf-8"))
    files = {name: ngram_bundle.path(name) for name in ngram_bundle.files}
    saved = save_bundle(copy, {**manifest, "ngrams": None}, files)
    with pytest.raises(BundleError, match="Export the model again"):
        Classifier(saved)
