"""Several classifiers -> one bundle that says the weighted mean of their scores.

As ULMFiT averages the classifiers of a forward and of a backward language model (Howard and Ruder 2018, section 3.3), but
with weights: those for which the mean makes the labels of held-out groups likeliest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpchat.bundle import IDF, MANIFEST, ONNX_FP32, ONNX_INT8, TOKENIZER, Bundle, load_bundle, save_bundle
from nlpchat.classifier import Classifier
from nlpchat.corpus.labelled import Labelled, read_labelled
from nlpchat.errors import BundleError, OutputError, TrainingError
from nlpchat.evaluate import scores_of
from nlpchat.files import digest
from nlpchat.prior import assumed_prior
from nlpchat.records import LABELS
from nlpchat.training.batches import Example
from nlpchat.training.calibration import expected_calibration_error, folds
from nlpchat.training.cards import ensemble_card
from nlpchat.training.ensemble_graph import Member, ensemble_graph
from nlpchat.training.examples import examples_of, source_of
from nlpchat.training.recipe import ClassifierRecipe

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

TOLERANCE = 1e-4  # of a score, between the graph and the members averaged in numpy
_COMPARED = 500  # texts on which that is looked at
_LEAST_WEIGHT = 0.005  # a member that counts for less is left out: it would cost time and change no label
_LEAST_SCORE = 1e-7  # a score of 0.0 counts as this: a loss of 16.1
_ROUNDS = 5_000


def ensemble(
    members: Sequence[str | Path | Bundle], output: str | Path, held_out: Sequence[str | Path], *,
    check: Sequence[str | Path] = (), weights: Sequence[float] | None = None,
) -> Bundle:  # fmt: skip
    """The bundle, in the folder `output`, that averages the classifiers `members`: trained folders or exported bundles.

    held_out: the labelled files that they learnt from; the weights are chosen on their groups that train-classifier held out.
    check: labelled files that are only measured on. weights: given, one for each member, instead of found on those groups.
    Raises BundleError (members that do not fit together, or a graph that does
    not say what they say), CorpusError, InputError, OutputError, TrainingError.
    """
    output = Path(output)
    if not output.parent.is_dir():
        raise OutputError(
            f"{output}: the folder {output.parent} does not exist. Make it first, or give another output."
        )
    named = _named(members)
    bundles = list(named.values())
    _check_alike(named)
    rows, share = _held_out_rows(bundles, held_out)
    checks = _checks(bundles, [Path(path) for path in check])
    texts, labels = [row.text for row in rows], np.array([row.label for row in rows])
    read = _read(bundles, texts)
    fixed = np.array(weights, np.float64) / sum(weights) if weights else None
    find = weights_of if fixed is None else lambda _read, _labels: fixed
    counted = find(read, labels)
    scores = _scores(named, read, labels, rows, counted, find)
    if prior := _prior(bundles, counted):
        scores["prior"] = prior
    scores["check"] = {
        name: _measured(named, _read(bundles, [row.text for row in some]), _places(some), counted)
        for name, some in checks.items()
    }
    kept = [(bundle, float(weight)) for bundle, weight in zip(bundles, counted, strict=True) if weight]
    manifest = _manifest(named, counted, kept, scores, share)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        files = _files(kept, work)
        _check_mean(save_bundle(work / "made", manifest, files), kept, texts[:_COMPARED])
        return save_bundle(output, manifest, files, card=ensemble_card(manifest))


def weights_of(read: Floats, labels: Ints) -> npt.NDArray[np.float64]:
    """(k,) of sum 1: the weights of the mean of `read` (k, n, 3) that makes the labels (n,) likeliest; tiny ones are 0.0, and
    without any label they are equal.

    By expectation maximisation: a member's new weight is its share of the mean at the labels (Dempster et al. 1977,
    section 4.3). The loss is convex in the weights, and the order of the members changes nothing.
    """
    at = np.maximum(read[:, np.arange(len(labels)), labels].astype(np.float64), _LEAST_SCORE)
    weights = np.full(len(at), 1 / len(at))
    for _ in range(_ROUNDS if len(labels) else 0):
        before = weights
        counted = weights[:, None] * at
        weights = (counted / counted.sum(0)).mean(1)
        if np.abs(weights - before).max() < 1e-9:
            break
    weights = np.where(weights < min(_LEAST_WEIGHT, 1 / len(at)), 0.0, weights)
    found: npt.NDArray[np.float64] = weights / weights.sum()
    return found


def mean_scores(read: Floats, weights: Floats) -> npt.NDArray[np.float32]:
    """(n, 3): the weighted mean of `read` (k, n, 3)."""
    mean: npt.NDArray[np.float32] = np.einsum("k,knc->nc", weights, read).astype(np.float32)
    return mean


# -- who may be averaged --
def _named(members: Sequence[str | Path | Bundle]) -> dict[str, Bundle]:
    """The members by the shortest ends of their paths that tell them apart. Raises BundleError, TrainingError."""
    bundles = [one if isinstance(one, Bundle) else load_bundle(one, kind="classifier") for one in members]
    first: dict[str, Bundle] = {}
    for bundle in bundles:
        content = digest(bundle.folder / MANIFEST)
        if content in first:
            raise TrainingError(f"{bundle.folder}: the same classifier as {first[content].folder}. Give each one once.")
        first[content] = bundle
    names = _names([bundle.folder for bundle in bundles])
    return dict(zip(names, bundles, strict=True))


def _names(paths: Sequence[Path]) -> dict[str, Path]:
    """The paths, each different one once, by their shortest ends that tell them apart: "a/lm" and "b/lm"."""
    whole = {path.resolve().parts: path for path in paths}
    longest = max(map(len, whole), default=1)
    depth = next(d for d in range(1, longest + 1) if len({parts[-d:] for parts in whole}) == len(whole))
    return {"/".join(parts[-depth:]): path for parts, path in whole.items()}


def _check_alike(named: Mapping[str, Bundle]) -> None:
    """Raises BundleError: they do not read texts in the same way, so that one graph could not feed them all."""
    told = [(bundle, *_reading(bundle)) for bundle in named.values()]
    first, *same = told[0]
    for bundle, *other in told[1:]:
        for what, mine, theirs in zip(("tokenizer", "normaliser", "window"), other, same, strict=False):
            if mine != theirs:
                raise BundleError(
                    f"{bundle.folder}: its {what} ({mine}) is not that of {first.folder} ({theirs}). Only classifiers that read texts "
                    "alike can be averaged: train it on a language model with the same tokenizer, and with the same --window."
                )
    specs = {bundle.ngrams: bundle for bundle in named.values() if bundle.ngrams}
    if len(specs) > 1:
        (mine, one), (theirs, other_one), *_ = specs.items()
        raise BundleError(
            f"{other_one.folder}: its n-grams ({theirs}) are not those of {one.folder} ({mine}). Train it with the same --ngrams."
        )


def _reading(bundle: Bundle) -> tuple[str, int, int]:
    return bundle.files[TOKENIZER][:12], bundle.normaliser, bundle.window


def _held_out_rows(bundles: Sequence[Bundle], paths: Sequence[str | Path]) -> tuple[tuple[Example, ...], float]:
    """The rows that no member has learnt from, and the share of the groups that they are: the smallest that was held out."""
    for path in paths:
        content = digest(path)
        for bundle in bundles:
            for entry in bundle.training:
                if entry.get("digest") == content and source_of(str(entry["name"])) != source_of(path):
                    raise TrainingError(
                        f"{path}: {bundle.folder} learnt from this file when it was called {entry['name']}, and by that name its "
                        "groups were held out. Give it that name again."
                    )
    share = min(_share(bundle) for bundle in bundles)
    named = {source_of(path) for path in paths}
    own = sorted({str(one) for bundle in bundles for one in _own_split(bundle) if one in named})
    rows = examples_of(paths, share, own_split=own).held_out
    if not rows:
        raise TrainingError("no group is held out: each set is one group, or too small. Give all files learnt from.")
    return rows, share


def _checks(bundles: Sequence[Bundle], paths: Sequence[Path]) -> dict[str, tuple[Labelled, ...]]:
    """The rows of each file by its name, which says so when they show what was learnt by heart."""
    learnt = {entry.get("digest") for bundle in bundles for entry in bundle.training}
    return {
        f"{name} (learnt from)" if digest(path) in learnt else name: read_labelled(path).rows
        for name, path in _names(paths).items()
    }


def _own_split(bundle: Bundle) -> Sequence[object]:
    own = bundle.architecture.get("own_split", [])
    return own if isinstance(own, list) else []


def _share(bundle: Bundle) -> float:
    recipe = bundle.architecture.get("recipe")
    share = recipe.get("held_out") if isinstance(recipe, dict) else None
    return float(share) if isinstance(share, int | float) else ClassifierRecipe.held_out


# -- measures --
def _prior(bundles: Sequence[Bundle], weights: Floats) -> dict[str, float]:
    """The shares of labels for which the mean's scores hold: the members' weighted; none where one does not say."""
    if not all("prior" in bundle.scores for bundle in bundles):
        return {}
    mean = np.einsum("k,kc->c", weights, np.stack([assumed_prior(bundle) for bundle in bundles]))
    return {label: round(float(share), 6) for label, share in zip(LABELS, mean, strict=True)}


def _read(bundles: Sequence[Bundle], texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """(k, n, 3): what each member says, as it runs."""
    return np.stack([Classifier(bundle).predict(texts).scores for bundle in bundles])


def _scores(
    named: Mapping[str, Bundle], read: Floats, labels: Ints, rows: Sequence[Example], weights: Floats,
    find: Callable[[Floats, Ints], Floats],
) -> dict[str, Any]:  # fmt: skip
    """Of the held-out groups: the members' own scores, and the ensemble's, each group read by the weights that `find` finds
    without it."""
    fold = folds(len(rows), [row.group for row in rows], 0)
    mean = np.empty(read.shape[1:], np.float32)
    for number in np.unique(fold):
        away = fold == number
        mean[away] = mean_scores(read[:, away], find(read[:, ~away], labels[~away]))
    sources = np.array([row.source for row in rows])
    parts = {s: sources == s for s in dict.fromkeys(sources.tolist())}
    held_out: dict[str, Any] = {name: dict(scores_of(labels[at], mean[at]).brief()) for name, at in parts.items()}
    held_out["all held-out groups"] = _told(mean, labels)
    return {"held_out": held_out, "members": _measured(named, read, labels, weights)["members"]}


def _measured(named: Mapping[str, Bundle], read: Floats, labels: Ints, weights: Floats) -> dict[str, Any]:
    """The scores of each member and of their mean on one set."""
    members = {
        name: {"weight": round(float(weight), 4), **_told(scores, labels)}
        for name, scores, weight in zip(named, read, weights, strict=True)
    }
    return {"members": members, "ensemble": _told(mean_scores(read, weights), labels)}


def _told(scores: npt.NDArray[Any], labels: Ints) -> dict[str, Any]:
    at_label = np.maximum(scores[np.arange(len(labels)), labels].astype(np.float64), _LEAST_SCORE)
    return {
        **scores_of(labels, scores).brief(),
        "log_loss": round(float(-np.log(at_label).mean()), 4), "ece": round(expected_calibration_error(scores, labels), 4),
    }  # fmt: skip


def _places(rows: Sequence[Labelled]) -> Ints:
    return np.array([LABELS.index(row.label) for row in rows], dtype=np.int64)


# -- the bundle --
def _manifest(
    named: Mapping[str, Bundle], weights: Floats, kept: Sequence[tuple[Bundle, float]], scores: dict[str, Any], share: float
) -> dict[str, Any]:  # fmt: skip
    bundles = list(named.values())
    members = [
        {
            "name": name, "digest": digest(bundle.folder / MANIFEST), "graph": bundle.files[_graph(bundle)],
            "weight": round(float(weight), 6), "architecture": dict(bundle.architecture), "created": bundle.created,
        }
        for (name, bundle), weight in zip(named.items(), weights, strict=True)
    ]  # fmt: skip
    training = {(e["name"], e["digest"]): dict(e) for bundle in bundles for e in bundle.training}
    spec = next((bundle.ngrams for bundle, _ in kept if bundle.ngrams), None)
    ngrams = {"buckets": spec.buckets, "words": list(spec.words), "chars": list(spec.chars)} if spec else None
    return {
        "kind": "classifier", "labels": list(LABELS), "vocab_size": bundles[0].vocab_size, "window": bundles[0].window,
        "architecture": {"ensemble": members, "recipe": {"held_out": share}}, "ngrams": ngrams,
        "training": list(training.values()), "scores": scores, "created": date.today().isoformat(),
    }  # fmt: skip


def _files(kept: Sequence[tuple[Bundle, float]], work: Path) -> dict[str, Path | bytes]:
    """The graphs, written to `work`, the tokenizer, and the idf of the n-grams: all ones where each member has its own."""
    import onnx

    files: dict[str, Path | bytes] = {TOKENIZER: kept[0][0].path(TOKENIZER)}
    with_ngrams = [bundle for bundle, _ in kept if bundle.ngrams]
    own_idf = len({bundle.files[IDF] for bundle in with_ngrams}) > 1
    if with_ngrams:
        files[IDF] = with_ngrams[0].path(IDF)
    if own_idf:
        idf = np.load(with_ngrams[0].path(IDF), allow_pickle=False)
        np.save(work / IDF, np.ones_like(idf, dtype=np.float16), allow_pickle=False)
        files[IDF] = work / IDF
    for name in (ONNX_INT8, ONNX_FP32):
        if not _has(kept, name):
            continue
        parts = [
            Member(
                str(bundle.folder), onnx.load(str(bundle.path(_graph(bundle, name)))), weight,
                np.load(bundle.path(IDF), allow_pickle=False) if own_idf and bundle.ngrams else None,
            )
            for bundle, weight in kept
        ]  # fmt: skip
        onnx.save(ensemble_graph(parts), str(work / name))
        files[name] = work / name
    return files


def _has(kept: Sequence[tuple[Bundle, float]], name: str) -> bool:
    """Whether the ensemble has this graph: in fp32 where all members have it, in int8 where one has."""
    there = [name in bundle.files for bundle, _ in kept]
    return any(there) if name == ONNX_INT8 else all(there)


def _graph(bundle: Bundle, wanted: str = ONNX_INT8) -> str:
    """The member's graph that runs: the wanted one, or the one that it has."""
    return wanted if wanted in bundle.files else ONNX_FP32


def _check_mean(made: Bundle, kept: Sequence[tuple[Bundle, float]], texts: Sequence[str]) -> None:
    """Nothing, when each graph says what the members say, averaged in numpy. Raises BundleError with how far they are apart."""
    weights = np.array([weight for _, weight in kept])
    for name in (ONNX_INT8, ONNX_FP32):
        if name not in made.files:
            continue
        read = np.stack([Classifier(bundle, graph=_graph(bundle, name)).predict(texts).scores for bundle, _ in kept])
        apart = float(np.abs(Classifier(made, graph=name).predict(texts).scores - mean_scores(read, weights)).max())
        if not apart <= TOLERANCE:
            raise BundleError(
                f"{name} of the ensemble does not say the mean of its members: scores {apart:.2e} apart, {TOLERANCE:.0e} allowed. "
                "Please report this with the members' bundle.json."
            )
