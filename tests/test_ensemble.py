"""Averaging classifiers: the graph says the weighted mean, and the weights follow who can read what."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from nlpchat.bundle import IDF, ONNX_INT8, TOKENIZER, Bundle, save_bundle
from nlpchat.classifier import Classifier
from nlpchat.errors import BundleError, OutputError, TrainingError
from nlpchat.files import digest
from nlpchat.records import LABELS
from nlpchat.text.tokens import train_tokenizer
from nlpchat.training.ensemble import ensemble, weights_of
from nlpchat.training.examples import examples_of

from .conftest import LINES, NEGATIVE, NGRAMS, OTHERS, POSITIVE

Variant = Callable[..., Bundle]
TEXTS = [
    "c'est génial",
    "c'est nul",
    "on se voit demain",
    "merci 😍",
    "",
    "je trouve ça horrible " * 20,
    "triste mais super",
]


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 labelled texts in 200 groups: a third each of what the hand-made bundle reads as neg, neu and pos."""
    rows = []
    for n in range(600):
        label, words = (("neg", NEGATIVE), ("neu", OTHERS), ("pos", POSITIVE))[n % 3]
        text = f"{OTHERS[n % len(OTHERS)]} {n} c'est {words[n // 3 % len(words)]}"
        rows.append({"text": text, "label": label, "film": f"film {n // 3}"})
    path = tmp_path_factory.mktemp("said") / "said.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    """A bundle made over: the columns of its pieces' and n-grams' weights multiplied by `columns`, other files or words in its manifest."""

    def make(
        bundle: Bundle,
        name: str,
        *,
        columns: Sequence[float] = (1, 1, 1),
        files: dict[str, bytes] | None = None,
        idf: np.ndarray | None = None,
        **words: object,
    ) -> Bundle:
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(str(bundle.path(ONNX_INT8)))
        for table in graph.graph.initializer:
            if table.name in ("pieces", "table"):
                weights = numpy_helper.to_array(table) * np.array(columns, np.float32)
                table.CopyFrom(numpy_helper.from_array(weights, table.name))
        content: dict[str, bytes | Path] = {one: bundle.path(one) for one in bundle.files}
        content |= {ONNX_INT8: graph.SerializeToString(), **(files or {})}
        if idf is not None:
            np.save(tmp_path / f"{name}.npy", idf.astype(np.float16))
            content[IDF] = tmp_path / f"{name}.npy"
        manifest = json.loads((bundle.folder / "bundle.json").read_text(encoding="utf-8")) | words
        return save_bundle(tmp_path / name, manifest, content)

    return make


def scores(bundle: Bundle, texts: Sequence[str] = TEXTS) -> np.ndarray:
    return Classifier(bundle, threads=1).predict(texts).scores


def weights_in(made: Bundle) -> dict[str, float]:
    return {one["name"]: one["weight"] for one in made.architecture["ensemble"]}  # type: ignore[index]


def test_it_says_the_weighted_mean(bundle: Bundle, variant: Variant, said: Path, tmp_path: Path) -> None:
    only_pos, only_neg = variant(bundle, "only_pos", columns=(0, 1, 3)), variant(bundle, "only_neg", columns=(3, 1, 0))
    made = ensemble([only_pos, only_neg], tmp_path / "both", [said])
    weights = weights_in(made)
    assert all(0.2 < weight < 0.8 for weight in weights.values())
    assert sum(weights.values()) == pytest.approx(1, abs=1e-5)
    expected = weights["only_pos"] * scores(only_pos) + weights["only_neg"] * scores(only_neg)
    assert np.abs(scores(made)[4] - (0, 1, 0)).max() == 0  # of no text nothing is asked
    spoken = [n for n, text in enumerate(TEXTS) if text]
    assert np.abs(scores(made) - expected)[spoken].max() < 2e-5  # the weights in the manifest have six digits
    told = made.scores
    both = told["held_out"]["all held-out groups"]  # type: ignore[index]
    assert all(both["log_loss"] < one["log_loss"] - 0.05 for one in told["members"].values())  # type: ignore[attr-defined]
    assert both["n"] == len(examples_of([said], 0.1).held_out) > 40


def test_one_member_says_what_it_said(ngram_bundle: Bundle, said: Path, tmp_path: Path) -> None:
    made = ensemble([ngram_bundle], tmp_path / "one", [said])
    assert weights_in(made) == {"tiny": 1.0}
    assert np.abs(scores(made) - scores(ngram_bundle)).max() < 1e-6


def test_the_order_of_the_members_changes_nothing(bundle: Bundle, variant: Variant, said: Path, tmp_path: Path) -> None:
    members = [bundle, variant(bundle, "pos", columns=(0, 1, 1)), variant(bundle, "loud", columns=(3, 1, 0.5))]
    one, other = (ensemble(some, tmp_path / name, [said]) for some, name in ((members, "a"), (members[::-1], "b")))
    assert weights_in(one) == pytest.approx(weights_in(other), abs=1e-6)
    assert np.abs(scores(one) - scores(other)).max() < 1e-6
    assert one.scores["held_out"] == other.scores["held_out"]


def test_a_member_that_cannot_read_the_texts_is_left_out(
    bundle: Bundle, variant: Variant, said: Path, tmp_path: Path
) -> None:
    blind = variant(bundle, "blind", columns=(0, 0, 0))
    made = ensemble([blind, bundle], tmp_path / "both", [said])
    assert weights_in(made) == {"blind": 0.0, "tiny": 1.0}
    assert np.abs(scores(made) - scores(bundle)).max() < 1e-6
    # Not even its graph is there: the ensemble is hardly larger than the one member that counts.
    assert made.path(ONNX_INT8).stat().st_size < bundle.path(ONNX_INT8).stat().st_size + 1_000
    wrong = variant(bundle, "wrong", columns=(-1, 1, -1))
    assert weights_in(ensemble([bundle, wrong], tmp_path / "again", [said]))["wrong"] == 0.0


def test_members_with_ngrams_of_their_own_idf_and_without(
    bundle: Bundle, ngram_bundle: Bundle, variant: Variant, said: Path, tmp_path: Path
) -> None:
    idf = np.random.default_rng(0).uniform(0.2, 4, NGRAMS.buckets)
    other = variant(ngram_bundle, "other", columns=(1, 1, 0), idf=idf)
    half = variant(bundle, "half", columns=(0, 1, 1))
    assert np.abs(scores(other) - scores(variant(ngram_bundle, "idf of 1", columns=(1, 1, 0))))[:4].max() > 0.01
    members = [half, variant(ngram_bundle, "plain", columns=(0, 1, 1)), other]
    made = ensemble(members, tmp_path / "all", [said])
    weights = weights_in(made)
    kept = [one for one in members if weights[one.folder.name]]
    assert {"plain", "other"} <= {one.folder.name for one in kept}
    expected = sum(weights[one.folder.name] * scores(one) for one in kept)
    assert np.abs(scores(made) - expected)[:4].max() < 2e-5
    assert made.ngrams == NGRAMS
    assert (np.load(made.path(IDF)) == 1).all()


def test_an_ensemble_can_be_a_member(bundle: Bundle, variant: Variant, said: Path, tmp_path: Path) -> None:
    only_pos, only_neg = variant(bundle, "only_pos", columns=(0, 1, 3)), variant(bundle, "only_neg", columns=(3, 1, 0))
    inner = ensemble([only_pos, only_neg], tmp_path / "inner", [said])
    made = ensemble([inner, variant(bundle, "loud", columns=(4, 1, 0))], tmp_path / "outer", [said])
    assert weights_in(made)["inner"] > 0
    assert len(scores(made)) == len(TEXTS)


def test_its_manifest_and_card_say_of_whom_it_is_made(
    bundle: Bundle, variant: Variant, said: Path, tmp_path: Path
) -> None:
    learnt = [{"name": "lines", "digest": "0" * 64, "rows": 1}, {"name": "more", "digest": "1" * 64}]
    other = variant(bundle, "other", columns=(0, 1, 1), training=learnt, architecture={"recipe": {"held_out": 0.05}})
    made = ensemble([bundle, other], tmp_path / "both", [said], check=[said])
    first, second = made.architecture["ensemble"]  # type: ignore[misc]
    assert first["digest"] == digest(bundle.folder / "bundle.json")
    assert second["graph"] == other.files[ONNX_INT8]
    assert [entry["name"] for entry in made.training] == ["lines", "more"]
    # The share of groups that every member held out: the smallest.
    held_out = made.scores["held_out"]["all held-out groups"]  # type: ignore[index]
    assert held_out["n"] == len(examples_of([said], 0.05).held_out)
    check = made.scores["check"]["said.jsonl"]  # type: ignore[index]
    assert (check["ensemble"]["n"], set(check["members"])) == (600, {"tiny", "other"})
    card = (made.folder / "card.md").read_text(encoding="utf-8")
    assert first["digest"] in card
    assert f"| {held_out['macro_f1']:.3f} |" in card
    assert f"| said.jsonl | **ensemble** |  | 600 | {check['ensemble']['accuracy']:.3f} |" in card


def test_the_weights_are_the_best_there_are() -> None:
    random = np.random.default_rng(0)
    read = random.dirichlet([1, 1, 1], (2, 300)).astype(np.float32)
    labels = random.integers(0, 3, 300)
    read[0, :180][np.arange(180), labels[:180]] += 0.6  # one knows most of the first, the other of the rest
    read[1, 120:][np.arange(180), labels[120:]] += 0.4
    read /= read.sum(2, keepdims=True)

    def loss(weight: float) -> float:
        mean = weight * read[0] + (1 - weight) * read[1]
        return float(-np.log(mean[np.arange(300), labels]).mean())

    found = weights_of(read, labels)
    assert 0.1 < found[0] < 0.9
    assert loss(found[0]) <= min(map(loss, np.linspace(0, 1, 1001))) + 1e-7


def test_what_does_not_fit_together_is_refused(
    bundle: Bundle, ngram_bundle: Bundle, variant: Variant, said: Path, tmp_path: Path
) -> None:
    other = train_tokenizer(LINES[:-20], vocab_size=bundle.vocab_size, threads=1)
    cases = [
        (
            variant(bundle, "pieces", files={TOKENIZER: other.model}),
            r"pieces: its tokenizer \(\w+\) is not that of .*tiny",
        ),
        (variant(bundle, "window", window=16), r"window: its window \(16\) is not that of .*tiny \(32\)"),
        (bundle, "the same classifier as"),
    ]
    for member, said_of_it in cases:
        with pytest.raises((BundleError, TrainingError), match=said_of_it):
            ensemble([bundle, member], tmp_path / "both", [said])
    fewer = variant(ngram_bundle, "fewer", ngrams={"buckets": 2048, "words": [1, 2], "chars": [2, 5]})
    with pytest.raises(BundleError, match=r"fewer: its n-grams .*2048.* are not those of .*4096"):
        ensemble([ngram_bundle, fewer], tmp_path / "both", [said])
    with pytest.raises(OutputError, match="does not exist"):
        ensemble([bundle, fewer], tmp_path / "none" / "both", [said])
    assert not (tmp_path / "both").exists()


def test_graphs_of_different_versions_are_refused(bundle: Bundle, variant: Variant, said: Path, tmp_path: Path) -> None:
    import onnx

    half = variant(bundle, "half", columns=(0, 1, 1))
    graph = onnx.load(str(variant(bundle, "older", columns=(1, 1, 0)).path(ONNX_INT8)))
    graph.opset_import[0].version = 16
    older = variant(bundle, "older")
    older = save_bundle(
        older.folder,
        json.loads((older.folder / "bundle.json").read_text(encoding="utf-8")),
        {TOKENIZER: older.path(TOKENIZER).read_bytes(), ONNX_INT8: graph.SerializeToString()},
    )
    with pytest.raises(BundleError, match=r"older: its graph was written for operator set 16, that of .*half for 17"):
        ensemble([half, older], tmp_path / "both", [said])


def test_texts_that_a_member_may_have_learnt_from_are_refused(
    bundle: Bundle, variant: Variant, said: Path, tmp_path: Path
) -> None:
    learnt = variant(bundle, "learnt", training=[{"name": "avis.jsonl", "digest": digest(said), "rows": 600}])
    with pytest.raises(TrainingError, match=r"learnt from this file when it was called avis\.jsonl"):
        ensemble([bundle, learnt], tmp_path / "both", [said])
    one_group = tmp_path / "one.jsonl"
    one_group.write_text('{"text": "oui", "label": "pos", "film": "a"}\n' * 3, encoding="utf-8")
    with pytest.raises(TrainingError, match="no group is held out"):
        ensemble([bundle, variant(bundle, "other", columns=(1, 1, 2))], tmp_path / "both", [one_group])


def test_a_graph_that_does_not_say_the_mean_is_not_written(
    bundle: Bundle, variant: Variant, said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlpchat.training.ensemble.TOLERANCE", -1.0)
    with pytest.raises(BundleError, match="does not say the mean of its members"):
        ensemble([bundle, variant(bundle, "half", columns=(0, 1, 1))], tmp_path / "both", [said])
    assert not (tmp_path / "both").exists()
    assert tuple(bundle.labels) == LABELS
