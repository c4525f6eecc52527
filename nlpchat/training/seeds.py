"""Several trainings of one recipe -> how much their scores differ; what was not trained on; what is got wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier
from nlpchat.corpus.labelled import read_labelled
from nlpchat.errors import TrainingError
from nlpchat.evaluate import wilson

SHOWN = 20  # texts got wrong that a card shows
_MEASURES = ("macro_f1", "two_pole_accuracy", "ece")


def over_seeds(bundles: Sequence[Bundle], pools: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """{set: {measure: {"n", "mean", "sd", "least", "most", "interval"}}} of classifiers trained alike but for their seed.

    bundles: as train-classifier wrote them, the one that ships first; interval: 95%, of that one. pools: a name -> sets that are
    counted together, by their two poles. Raises TrainingError: recipes that differ in more than the seed, one seed twice, or a
    pool of sets that are not there.
    """
    _check_alike(bundles)
    read = [_held_out(bundle) for bundle in bundles]
    for name, sets in pools.items():
        if missing := [one for one in sets if any("two_pole_accuracy" not in some.get(one, {}) for some in read)]:
            raise TrainingError(f"--pool {name}: {', '.join(missing)} was not measured by its two poles.")
        for some in read:
            some[name] = _pooled([some[one] for one in sets])
    found: dict[str, Any] = {}
    for name in read[0]:
        for measure in _MEASURES:
            if all(measure in some.get(name, {}) for some in read):
                found.setdefault(name, {})[measure] = _spread(measure, [some[name] for some in read])
    return {"seeds": [_recipe(bundle).get("seed") for bundle in bundles], "sets": found}


def unseen_sources(bundles: Sequence[Bundle]) -> dict[str, Any]:
    """{set: its scores} of sources that one of the classifiers has learnt nothing of: the sets that each was tested on."""
    found: dict[str, Any] = {}
    for bundle in bundles:
        tests = bundle.scores.get("test")
        if not isinstance(tests, dict) or not tests:
            raise TrainingError(f"{bundle.folder}: it was tested on nothing. Train it with --test, or leave it out.")
        found |= tests
    return found


def hard_cases(classifier: Classifier, path: str | Path) -> dict[str, Any]:
    """How a classifier does on labelled texts of a "kind" each, and up to `SHOWN` that it gets wrong, of every kind in turn."""
    rows = read_labelled(path, group_fields=("kind",)).rows
    said = classifier.predict([row.text for row in rows])
    kinds: dict[str, dict[str, Any]] = {}
    for row, one in zip(rows, said, strict=True):
        kind = kinds.setdefault(row.group or "other", {"n": 0, "right": 0, "wrong": []})
        kind["n"] += 1
        kind["right"] += row.label == one.label
        if row.label != one.label:
            kind["wrong"].append(
                {"text": row.text, "label": row.label, "said": one.label, "score": round(max(one.scores), 3)}
            )
    shown: list[dict[str, Any]] = []
    for turn in range(max(len(kind["wrong"]) for kind in kinds.values())):
        shown += [{"kind": name, **kind["wrong"][turn]} for name, kind in kinds.items() if turn < len(kind["wrong"])]
    order = list(kinds)
    return {
        "kinds": {name: {"n": kind["n"], "right": kind["right"]} for name, kind in kinds.items()},
        "wrong": sorted(shown[:SHOWN], key=lambda one: order.index(one["kind"])),
    }


def _check_alike(bundles: Sequence[Bundle]) -> None:
    first = bundles[0]
    seeds = [_recipe(bundle).get("seed") for bundle in bundles]
    for bundle in bundles[1:]:
        mine, theirs = ({k: v for k, v in _recipe(one).items() if k != "seed"} for one in (bundle, first))
        if mine != theirs or bundle.training != first.training:
            other = [k for k in {**mine, **theirs} if mine.get(k) != theirs.get(k)] or ["what it learnt from"]
            raise TrainingError(
                f"{bundle.folder}: not the training of {first.folder} with another seed; they differ in {', '.join(other)}."
            )
    if len(set(seeds)) < len(seeds):
        raise TrainingError(
            f"two of the classifiers have the same seed ({', '.join(map(str, seeds))}). Give each one once."
        )


def _recipe(bundle: Bundle) -> dict[str, Any]:
    recipe = bundle.architecture.get("recipe")
    return dict(recipe) if isinstance(recipe, dict) else {}


def _held_out(bundle: Bundle) -> dict[str, dict[str, Any]]:
    held_out = bundle.scores.get("held_out")
    if not isinstance(held_out, dict):
        raise TrainingError(
            f"{bundle.folder}: it says nothing of held-out groups. Give classifiers that were trained here."
        )
    return {name: dict(scores) for name, scores in held_out.items()}


def _pooled(sets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    n = sum(int(one["two_pole_n"]) for one in sets)
    right = sum(float(one["two_pole_accuracy"]) * int(one["two_pole_n"]) for one in sets)
    return {"n": n, "two_pole_n": n, "two_pole_accuracy": right / n}


def _spread(measure: str, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = [float(one[measure]) for one in told]
    n = int(told[0]["two_pole_n" if measure == "two_pole_accuracy" else "n"])
    interval = list(told[0]["interval"]) if measure == "macro_f1" else None
    if measure == "two_pole_accuracy":
        interval = [round(float(one), 4) for one in wilson(values[0] * n, n)[1:]]
    return {
        "n": n, "mean": round(float(np.mean(values)), 4), "sd": round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None,
        "least": round(min(values), 4), "most": round(max(values), 4), "interval": interval,
    }  # fmt: skip
