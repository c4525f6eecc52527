"""The torch side of an export: a trained classifier's weights handed to `nlpchat.export`, and its logits compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from nlpchat.bundle import CARD, IDF, ONNX_FP32, ONNX_INT8, TOKENIZER, WEIGHTS, Bundle, load_bundle, save_bundle
from nlpchat.classifier import Classifier
from nlpchat.errors import BundleError
from nlpchat.evaluate import evaluate
from nlpchat.export import check_logits, write_onnx
from nlpchat.model.classifier import SentimentClassifier
from nlpchat.text.tokens import BOS_ID, PAD_ID
from nlpchat.training.cards import hard_table, seeds_table, shipped_table, unseen_table
from nlpchat.training.lm import lm_weights, load_lm
from nlpchat.training.seeds import hard_cases, over_seeds, unseen_sources

INT8_POINTS = 0.005  # of macro-F1 that rounding to int8 may cost
_PROBE = (37, 23, 40)  # texts, pieces, n-grams of the batch that torch and ONNX are compared on


def add_onnx(model: SentimentClassifier, folder: Path) -> dict[str, Path]:
    """The graphs of `model` written to `folder`, by file name; the fp32 one checked against torch. Raises BundleError."""
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    paths = write_onnx(weights, {**model.encoder.shape.as_config(), **model.kinds_config()}, folder)
    model.eval()
    inputs = _probe(model)
    with torch.no_grad():
        expected = model(
            *(torch.from_numpy(a).long() if a.dtype == np.int32 else torch.from_numpy(a) for a in inputs)
        ).numpy()
    names = ("ids", "lengths", "grams", "gram_values")
    session = onnxruntime.InferenceSession(str(paths[ONNX_FP32]), providers=["CPUExecutionProvider"])
    (said,) = session.run(["logits"], {n: (a.T if n == "ids" else a) for n, a in zip(names, inputs, strict=False)})
    check_logits(said, expected)
    return paths


def ship(
    model: str | Path, output: str | Path, *, check: Sequence[str | Path] = (), card: str | Path | None = None,
    seeds: Sequence[str | Path] = (), pools: Mapping[str, Sequence[str]] | None = None, unseen: Sequence[str | Path] = (),
    hard: str | Path | None = None,
) -> Bundle:  # fmt: skip
    """A bundle as users get it, in the folder `output`.

    For a classifier's card: seeds, the same trained with other seeds, and pools of their sets (see seeds.py); unseen, the same
    trained without sources that it was tested on; hard, labelled texts with a "kind" each.
    A classifier keeps its int8 graph alone (no torch needed, and none possible); with `check`, labelled sets on which its
    macro-F1 must be within half a point of the fp32 graph's. A language model keeps its weights, as fp16.
    Raises BundleError: the int8 graph is worse than that, or the bundle has nothing to ship; TrainingError: seeds or unseen
    are not what they should be.
    """
    bundle = load_bundle(model)
    others = [load_bundle(one, kind="classifier") for one in seeds]
    without = [load_bundle(one, kind="classifier") for one in unseen]
    if bundle.kind == "lm" and (others or without or hard):
        raise BundleError(f"{bundle.folder}: a language model has no labels to be measured by. Give a classifier.")
    text = Path(card).read_text(encoding="utf-8") if card else (bundle.folder / CARD).read_text(encoding="utf-8")
    manifest: dict[str, Any] = {
        "kind": bundle.kind, "architecture": dict(bundle.architecture), "vocab_size": bundle.vocab_size, "window": bundle.window,
        "training": list(bundle.training), "scores": dict(bundle.scores), "created": date.today().isoformat(),
    }  # fmt: skip
    files: dict[str, Path | bytes] = {TOKENIZER: bundle.path(TOKENIZER)}
    if bundle.kind == "lm":
        files[WEIGHTS] = lm_weights(load_lm(bundle), torch.float16)
        return save_bundle(output, manifest, files, card=text)
    manifest["labels"] = list(bundle.labels)
    files[ONNX_INT8] = bundle.path(ONNX_INT8)
    if bundle.ngrams:
        spec = bundle.ngrams
        manifest["ngrams"] = {"buckets": spec.buckets, "words": list(spec.words), "chars": list(spec.chars)}
        files[IDF] = bundle.path(IDF)
    scores = manifest["scores"]
    if check:
        scores["shipped"] = _checked(bundle, check)
        text += shipped_table(scores["shipped"])
    if others:
        scores["seeds"] = over_seeds([bundle, *others], pools or {})
        text += seeds_table(scores["seeds"])
    if without:
        scores["unseen"] = unseen_sources(without)
        text += unseen_table(scores["unseen"])
    if hard is not None:
        scores["hard"] = hard_cases(Classifier(bundle), hard)
        text += hard_table(scores["hard"])
    return save_bundle(output, manifest, files, card=text)


def _probe(model: SentimentClassifier) -> list[np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    batch, time, grams = _PROBE
    time = max(time, model.long_from + 8)  # messages and long texts
    ids = random.integers(PAD_ID + 1, model.encoder.shape.vocab_size, (batch, time)).astype(np.int32)
    if model.posts:
        ids[::2, 1] = model.posts[0]
    ids[:, 0] = BOS_ID
    lengths = random.integers(1, time + 1, batch).astype(np.int32)
    ids[np.arange(time)[None, :] >= lengths[:, None]] = PAD_ID
    if not model.buckets:
        return [ids, lengths]
    places = random.integers(0, model.buckets, (batch, grams)).astype(np.int32)
    return [ids, lengths, places, random.random((batch, grams)).astype(np.float32) / grams]


def _checked(bundle: Bundle, check: Sequence[str | Path]) -> dict[str, Any]:
    """The int8 graph's scores on each set; raises BundleError when one is more than INT8_POINTS below fp32's."""
    rounded, full = evaluate(bundle, check), evaluate(Classifier(bundle, graph=ONNX_FP32), check)
    found: dict[str, Any] = {}
    for name, scores in rounded.items():
        lost = full[name].macro_f1 - scores.macro_f1
        if lost > INT8_POINTS:
            raise BundleError(
                f"{bundle.folder}: in int8 the macro-F1 on {name} is {scores.macro_f1:.4f}, {100 * lost:.2f} points below fp32 "
                f"({100 * INT8_POINTS:.1f} allowed). Ship it in fp32, or train it again."
            )
        found[Path(name).name] = {**scores.brief(), "macro_f1_fp32": round(full[name].macro_f1, 4)}
    return found
