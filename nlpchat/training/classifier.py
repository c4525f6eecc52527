"""A language model and labelled texts in, a sentiment classifier out (Howard and Ruder 2018, section 3.3)."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import nn

from nlpchat.bundle import IDF, TOKENIZER, WEIGHTS, Bundle, load_bundle, save_bundle
from nlpchat.errors import BundleError, TrainingError, on_one_line
from nlpchat.evaluate import scores_of
from nlpchat.files import digest
from nlpchat.model.build import build_encoder
from nlpchat.model.classifier import SentimentClassifier
from nlpchat.model.encoder import Dropouts
from nlpchat.records import LABELS
from nlpchat.text.tokens import Tokenizer
from nlpchat.training.batches import ClassifierBatches, Example
from nlpchat.training.cards import classifier_card
from nlpchat.training.checkpoints import seed_everything
from nlpchat.training.corrections import corrected, corrected_examples, read_corrections
from nlpchat.training.curve import draw_curve
from nlpchat.training.distributed import join, only_first, ours
from nlpchat.training.examples import Encoding, Examples, examples_of, source_of
from nlpchat.training.halves import Halves, labels_of
from nlpchat.training.lm import CURVE, LOSSES, load_lm, shape_of, work_folder
from nlpchat.training.loop import low_precision, train
from nlpchat.training.measures import Measures
from nlpchat.training.recipe import ClassifierRecipe
from nlpchat.training.regularise import EncoderStates, regularised
from nlpchat.training.run import HeldOut, Pause, Phase, Run, Schedule


def train_classifier(
    lm: str | Path | Bundle, data: Sequence[str | Path], output: str | Path, recipe: ClassifierRecipe, *,
    caps: Mapping[str, int] | None = None, dev: Sequence[str | Path] = (), baseline: bool = False, resume: bool = False,
    pause: Pause | None = None, corrections: str | Path | None = None, excluded: frozenset[str] = frozenset(),
    test: Sequence[str | Path] = (), own_split: Sequence[str] = (),
) -> Bundle:  # fmt: skip
    """A classifier of neg, neu and pos on the encoder of `lm`, saved to the folder `output` and exported to ONNX.

    lm: a language model, or a classifier with its weights, whose encoder and head then learn on (its n-grams are fitted anew).
    caps: most rows of a source in one epoch, by `source_of` its file. dev: labelled files that are never learnt from and
    help to choose the epoch, beside the held-out groups. baseline: TF-IDF is trained on the same rows and its scores
    are put beside. corrections: a table of labels put right by hand, as `top_losses` writes. excluded: who asked to be left
    out (see nlpchat/exclude.py). test: labelled files that are measured on in the end and choose nothing. own_split: sources
    (by `source_of`) whose makers' split is kept, so that their "train" is learnt from and the rest held out.
    Raises BundleError, CorpusError, InputError, TrainingError.
    """
    join()
    bundle = lm if isinstance(lm, Bundle) else load_bundle(lm)
    sources = {source_of(path) for path in data}
    for option, named in (("--cap-of", caps or ()), ("--own-split", own_split)):
        if unknown := set(named) - sources:
            raise TrainingError(f"{option} names no file that is trained on: {', '.join(sorted(unknown))}.")
    examples = examples_of(data, recipe.held_out, excluded, own_split)
    by_hand = read_corrections(corrections) if corrections is not None else None
    examples = corrected_examples(examples, by_hand) if by_hand else examples
    missing = set(range(len(LABELS))) - {example.label for example in examples.train}
    if missing:
        named = ", ".join(LABELS[label] for label in sorted(missing))
        raise TrainingError(
            f"no text to learn from has the label {named}: each of {', '.join(LABELS)} must occur. Add some."
        )
    if not examples.held_out:
        raise TrainingError("no group could be held out: each set is one group, or too small. Give more data.")
    dev_sets = {source_of(path): examples_of([path], 0.0).train for path in dev}
    if by_hand:
        dev_sets = {name: tuple(corrected(rows, by_hand)) for name, rows in dev_sets.items()}
    test_sets = {source_of(path): examples_of([path], 0.0).train for path in test}
    measures = Measures(examples.held_out, dev_sets, test_sets, baseline)
    job = _Job(bundle, examples, measures, Path(output), recipe, dict(caps or {}), excluded, tuple(sorted(own_split)))
    return job.run([*data, *([corrections] if corrections is not None else [])], resume, pause)


@dataclass
class _Job:
    """One training of a classifier: from examples to a saved bundle."""

    lm: Bundle
    examples: Examples
    measures: Measures
    output: Path
    recipe: ClassifierRecipe
    caps: dict[str, int]
    excluded: frozenset[str] = frozenset()
    own_split: tuple[str, ...] = ()
    tokenizer: Tokenizer = field(init=False)
    model: SentimentClassifier = field(init=False)
    halves: Halves = field(init=False)
    low: torch.dtype | None = None

    def run(self, data: Sequence[str | Path], resume: bool, pause: Pause | None) -> Bundle:
        work = work_folder(self.output)
        recipe = self.recipe
        training = [{"name": Path(p).name, "digest": digest(p)} for p in data]
        seed_everything(recipe.seed)
        self.tokenizer = Tokenizer.load(self.lm.path(TOKENIZER))
        drop = Dropouts(*recipe.rates()).times(recipe.dropout)
        first = load_classifier(self.lm)[0] if self.lm.kind == "classifier" else None
        encoder = build_encoder(first.encoder.shape, drop) if first else load_lm(self.lm, drop).encoder
        self.model = SentimentClassifier(
            encoder, classes=len(LABELS), hidden=recipe.hidden, dropout=recipe.head_dropout, buckets=recipe.ngrams,
            long_from=recipe.long_from, posts=self.tokenizer.posts if recipe.post_from else (), post_from=recipe.post_from,
        )  # fmt: skip
        if first:
            self._go_on_from(first)
        self.halves = Halves(self.model, self.tokenizer, recipe)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.low = low_precision(recipe.precision, device)
        self.model.to(device)
        run = Run(
            model=self.model, groups=lambda m: m.groups(), work=work, weight_decay=recipe.weight_decay,  # type: ignore[operator]
            loss=nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing), clip=recipe.clip, low=self.low,
            recipe=recipe.digest(json.dumps(self._given(training))),
            held_out=self._held_out, keep_best=True, schedule=Schedule(recipe.schedule, recipe.warmup, recipe.momenta()),
            callbacks=regularised(EncoderStates(), recipe.alpha, recipe.beta),
        )  # fmt: skip
        measured = train(run, self._phases(), resume=resume, pause=pause)

        def finish() -> Bundle:
            self.model.cpu()
            held_out = self.examples.held_out
            self.halves.trained()
            halves = self.halves.stack(self._capped(), held_out) if recipe.ngrams else {}
            halves["neutral_shift"] = self.halves.shift(held_out, list(self.measures.dev.values()))
            told = {"halves": halves, "calibration": self.halves.calibrate(held_out)}
            told["prior"] = self.halves.prior(held_out)
            bundle = self._save(work, training, measured, told)
            shutil.rmtree(work)
            return bundle

        return only_first(finish) or load_bundle(self.output, kind="classifier")

    def _go_on_from(self, first: SentimentClassifier) -> None:
        """The encoder's and the head's weights of another classifier. Raises BundleError: its head is of another width."""
        try:
            self.model.encoder.load_state_dict(first.encoder.state_dict())
            self.model.head.load_state_dict(first.head.state_dict())
        except RuntimeError as fault:
            width = self.lm.architecture.get("head_hidden")
            raise BundleError(
                f"{self.lm.folder}: its head is {width} wide, and --hidden {self.recipe.hidden} asks for another. Give that."
            ) from fault

    def _given(self, training: list[Any]) -> list[Any]:
        """By which a stopped run is known again, beside its recipe."""
        chosen = [sorted(self.measures.dev), *([list(self.own_split)] if self.own_split else [])]
        return [training, sorted(self.caps.items()), *chosen, self.lm.files[WEIGHTS], *sorted(self.excluded)]

    # -- phases --
    def _phases(self) -> list[Phase]:
        """Gradual unfreezing: the head alone, then with one layer more at a time, then all for `epochs`."""
        recipe = self.recipe
        layers = self.model.encoder.shape.layers
        phases = []
        if recipe.gradual:
            for opened in range(layers):
                name = "head" if opened == 0 else f"head and {opened} of {layers} layers"
                batches = self._batches(recipe.gradual, recipe.seed + 1 + opened)
                phases.append(Phase(name, batches, recipe.lr, freeze_to=-1 - opened, factor=recipe.factor))
        batches = self._batches(recipe.epochs, recipe.seed)
        return [*phases, Phase("all layers", batches, recipe.lr, factor=recipe.factor)]

    def _batches(self, epochs: float, seed: int) -> ClassifierBatches:
        recipe = self.recipe
        return ClassifierBatches(
            self.examples.train, Encoding(self.tokenizer, recipe.window, recipe.noise, recipe.split), epochs=epochs,
            batch_tokens=recipe.batch_tokens, caps=self.caps, default_cap=recipe.cap, power=recipe.class_power, seed=seed,
            pad_id=self.tokenizer.pad_id, share=ours(),
        )  # fmt: skip

    # -- measures --
    def _held_out(self) -> HeldOut:
        """Loss on the held-out groups; the score is the mean macro-F1 of the held-out groups and of each dev set."""
        device, dev = self.model.encoder.embedding.weight.device.type, self.measures.dev
        with torch.autocast(device, dtype=self.low or torch.bfloat16, enabled=self.low is not None):
            read = {name: self.halves.logits(rows) for name, rows in {"": self.examples.held_out, **dev}.items()}
        logits, labels = read[""], labels_of(self.examples.held_out)
        loss = float(nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)))
        scores = [scores_of(labels, logits).macro_f1]
        scores += [scores_of(labels_of(rows), read[name]).macro_f1 for name, rows in dev.items()]
        return HeldOut(loss, float(np.mean(scores)))

    def _capped(self) -> list[Example]:
        """Training rows with each source cut to twice its cap, in their own order."""
        room = Counter({e.source: 2 * self.caps.get(e.source, self.recipe.cap) for e in self.examples.train})
        kept = []
        for example in np.random.default_rng(self.recipe.seed).permutation(np.arange(len(self.examples.train))):
            one = self.examples.train[example]
            if room[one.source] > 0:
                room[one.source] -= 1
                kept.append(one)
        return kept

    # -- the result --
    def _save(self, work: Path, training: list[Any], measured: list[Any], told: dict[str, Any]) -> Bundle:
        from nlpchat.training.export import add_onnx

        draw_curve(work / LOSSES, work / CURVE)
        ngrams = self.recipe.ngrams > 0
        scores = self.measures.scores(
            lambda rows: self.halves.logits(rows, ngrams=ngrams), self._capped, self.recipe.class_power
        )
        manifest = {
            "kind": "classifier", "labels": list(LABELS), "vocab_size": self.tokenizer.vocab_size, "window": self.recipe.window,
            "architecture": {
                **self.model.encoder.shape.as_config(), "head_hidden": self.recipe.hidden, **self.model.kinds_config(),
                "recipe": self.recipe.as_config(),
                "caps": self.caps, "own_split": list(self.own_split),
            },
            "ngrams": {"buckets": self.recipe.ngrams, "words": [1, 2], "chars": [2, 5]} if ngrams else None,
            "training": [*self.lm.training, *(one for one in training if one not in self.lm.training)],
            "scores": {**scores, **told, "measured": measured},
            "created": date.today().isoformat(),
        }  # fmt: skip
        files: dict[str, Path | bytes] = {
            TOKENIZER: self.tokenizer.model, WEIGHTS: save({n: v.contiguous() for n, v in self.model.state_dict().items()}),
            LOSSES: work / LOSSES, CURVE: work / CURVE,
        }  # fmt: skip
        if ngrams:
            np.save(work / IDF, self.halves.idf.astype(np.float16), allow_pickle=False)  # type: ignore[union-attr]
            files[IDF] = work / IDF
        files |= add_onnx(self.model, work)
        card = classifier_card(manifest, len(self.examples.train), self.examples.left_out, list(self.measures.dev))
        return save_bundle(self.output, manifest, files, card=card)


def load_classifier(bundle: Bundle) -> tuple[SentimentClassifier, Tokenizer]:
    """The classifier of a bundle that still has its weights, in eval mode. Raises BundleError: it is shipped without them."""
    weights = bundle.path(WEIGHTS)
    config: dict[str, Any] = dict(bundle.architecture)
    recipe = config.pop("recipe", {})
    hidden = config.pop("head_hidden", 0)
    kinds = {name: config.pop(name, absent) for name, absent in (("long_from", 0), ("posts", ()), ("post_from", 0))}
    for name in ("caps", "own_split"):
        config.pop(name, None)
    encoder = build_encoder(shape_of(bundle, config), Dropouts().times(0))
    try:
        model = SentimentClassifier(
            encoder, classes=len(bundle.labels), hidden=hidden, dropout=recipe["head_dropout"],
            buckets=bundle.ngrams.buckets if bundle.ngrams else 0, **kinds,
        )  # fmt: skip
        told = load_file(weights)
        told.setdefault("post_bias", torch.zeros(len(bundle.labels)))  # of before posts were told from messages
        model.load_state_dict(told)
    except (KeyError, RuntimeError) as fault:
        raise BundleError(
            f"{bundle.folder}: its weights and its description do not fit ({on_one_line(fault)}). Make it again."
        ) from fault
    return model.eval(), Tokenizer.load(bundle.path(TOKENIZER))
