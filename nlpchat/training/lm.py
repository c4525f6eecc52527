"""Texts and a recipe in, a language model out: pretrained from nothing, or fine-tuned from another one."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save

from nlpchat.bundle import TOKENIZER, WEIGHTS, Bundle, load_bundle, save_bundle
from nlpchat.corpus.store import PIECE_TOKENS, TokenStore, cut, open_store, write_store
from nlpchat.errors import BundleError, RecipeError, TrainingError, on_one_line
from nlpchat.files import digest, digest_bytes, make_folder, written_beside
from nlpchat.model.build import build_lm
from nlpchat.model.direction import backward_line
from nlpchat.model.encoder import Dropouts, EncoderShape
from nlpchat.model.language import LanguageModel
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import BOS_ID, Tokenizer
from nlpchat.training.batches import LanguageModelBatches
from nlpchat.training.cards import lm_card
from nlpchat.training.checkpoints import seed_everything
from nlpchat.training.chosen import Chosen, CorpusOptions
from nlpchat.training.curve import draw_curve
from nlpchat.training.distributed import join, only_first, ours
from nlpchat.training.loop import low_precision, train
from nlpchat.training.recipe import FinetuneRecipe, PretrainRecipe
from nlpchat.training.regularise import RNNOutputs, regularised
from nlpchat.training.run import HeldOut, Pause, Phase, Run, Schedule
from nlpchat.training.texts import Document

_ENCODE_LINES = 4000
LOSSES, CURVE = "losses.csv", "losses.png"


def pretrain_lm(
    texts: Sequence[str | Path], tokenizer: str | Path, output: str | Path, recipe: PretrainRecipe,
    options: CorpusOptions | None = None, *, resume: bool = False, pause: Pause | None = None,
) -> Bundle:  # fmt: skip
    """A language model learnt from `texts` alone, saved to the folder `output`.

    tokenizer: a file or folder as `train-tokenizer` writes. Raises TrainingError, CorpusError, InputError.
    """
    join()
    pieces = Tokenizer.load(tokenizer)
    shape = EncoderShape(
        vocab_size=pieces.vocab_size, emb=recipe.emb, hidden=recipe.hidden, layers=recipe.layers, norm=recipe.norm,
        residual=recipe.residual, pad_id=pieces.pad_id, encoder=recipe.encoder, window=recipe.windows(),
        zoneout=recipe.zoneout, backward=recipe.backward,
    )  # fmt: skip
    seed_everything(recipe.seed)
    model = build_lm(shape, Dropouts(*recipe.rates()).times(recipe.dropout))
    job = _Job(model, pieces, Path(output), recipe, options or CorpusOptions(), ())
    return job.run(texts, resume, pause)


def finetune_lm(
    base: str | Path | Bundle, texts: Sequence[str | Path], output: str | Path, recipe: FinetuneRecipe,
    options: CorpusOptions | None = None, *, resume: bool = False, pause: Pause | None = None,
) -> Bundle:  # fmt: skip
    """The language model `base`, made at home in `texts` (files or chats), saved to the folder `output`.

    Raises BundleError: base is no language model; TrainingError, CorpusError, ChatFormatError, InputError.
    """
    join()
    bundle = base if isinstance(base, Bundle) else load_bundle(base, kind="lm")
    seed_everything(recipe.seed)
    model = load_lm(bundle, Dropouts(*recipe.rates()).times(recipe.dropout))
    pieces = Tokenizer.load(bundle.path(TOKENIZER))
    job = _Job(
        model, pieces, Path(output), recipe, options or CorpusOptions(0.05), bundle.training, str(bundle.files[WEIGHTS])
    )
    return job.run(texts, resume, pause)


def load_lm(bundle: Bundle, drop: Dropouts | None = None) -> LanguageModel:
    """The language model of a bundle in fp32, ready to train on (in eval mode it is deterministic). Raises BundleError."""
    shape = shape_of(bundle, bundle.architecture)
    try:
        model = build_lm(shape, drop or Dropouts())
        weights = {name: value.float() for name, value in load_file(bundle.path(WEIGHTS)).items()}
        model.load_state_dict(weights)
    except RuntimeError as fault:
        raise BundleError(
            f"{bundle.folder}: its weights and its description do not fit ({on_one_line(fault)}). Make it again."
        ) from fault
    return model


def shape_of(bundle: Bundle, config: Mapping[str, Any]) -> EncoderShape:
    """The shape that `config`, of this bundle's architecture, describes. Raises BundleError."""
    try:
        return EncoderShape.from_config(config)
    except RecipeError as fault:
        raise BundleError(f"{bundle.folder}: {fault}") from fault
    except TypeError as fault:
        raise BundleError(
            f"{bundle.folder}: its encoder is described in words that this nlpchat does not know ({fault}). "
            "Install a newer nlpchat."
        ) from fault


def lm_weights(model: LanguageModel, dtype: torch.dtype = torch.float32) -> bytes:
    """The weights as a safetensors file."""
    return save({name: value.detach().to(dtype).contiguous() for name, value in model.state_dict().items()})


@torch.no_grad()
def perplexity(
    model: LanguageModel, store: TokenStore, *, rows: int = 32, bptt: int = 70, low: torch.dtype | None = None
) -> HeldOut:
    """Mean loss in nats of each next token of `store` in its own order, and the share guessed right (accuracy)."""
    batches = LanguageModelBatches(store, batch=rows, bptt=min(bptt, max(1, store.tokens - 1)), seed=None)
    was_training, carried = model.training, model.encoder.state
    model.eval()
    model.reset()
    device = next(model.parameters()).device
    loss = hits = count = 0.0
    for batch in batches:
        ids, following = (part.to(device) for part in batch)
        with torch.autocast(device.type, dtype=low or torch.bfloat16, enabled=low is not None):
            states = model(ids)[0]
            loss += float(model.loss(states, following)) * following.numel()
            hits += sum(float((model.logits(s).argmax(-1) == f).sum()) for s, f in zip(states, following, strict=True))
        count += following.numel()
    model.train(was_training)
    model.encoder.state = carried
    return HeldOut(loss / count, hits / count)


@dataclass
class _Job:
    """One training of a language model: from texts to a saved bundle."""

    model: LanguageModel
    pieces: Tokenizer
    output: Path
    recipe: PretrainRecipe | FinetuneRecipe
    options: CorpusOptions
    learnt_before: Sequence[Any]
    base: str = ""

    def run(self, texts: Sequence[str | Path], resume: bool, pause: Pause | None) -> Bundle:
        training = [{"name": Path(t).name, "digest": digest(t)} for t in texts]
        work = work_folder(self.output)
        stores = self._stores(texts, work, training)
        recipe = self.recipe
        device = "cuda" if torch.cuda.is_available() else "cpu"
        low = low_precision(recipe.precision, device)
        self.model.to(device)
        model = self.model
        run = Run(
            model=model, groups=lambda m: m.groups(), loss=model.loss, work=work,  # type: ignore[operator]
            recipe=recipe.digest(stores[0].sha256, self.base), weight_decay=recipe.weight_decay, clip=recipe.clip,
            schedule=Schedule(recipe.schedule, recipe.warmup, recipe.momenta()), low=low,
            held_out=lambda: perplexity(model, stores[1], low=low),
            callbacks=regularised(RNNOutputs(), recipe.alpha, recipe.beta),
        )  # fmt: skip
        fine_tuned = isinstance(recipe, FinetuneRecipe)
        before = (
            only_first(lambda: perplexity(model, stores[1], low=low)) if fine_tuned else None
        )  # its weights are the base's
        measured = train(run, self._phases(stores[0]), resume=resume, pause=pause)

        def finish() -> Bundle:
            bundle = self._save(work, training, stores, measured, before)
            shutil.rmtree(work)
            return bundle

        return only_first(finish) or load_bundle(self.output, kind="lm")

    def _phases(self, store: TokenStore) -> list[Phase]:
        recipe = self.recipe

        def batches(epochs: int, seed: int) -> LanguageModelBatches:
            return LanguageModelBatches(
                store, batch=recipe.batch, bptt=recipe.bptt, epochs=epochs, seed=seed, share=ours()
            )

        if isinstance(recipe, PretrainRecipe):
            return [Phase("pretrain", batches(recipe.epochs, recipe.seed), recipe.lr)]
        phases = []
        if recipe.frozen_epochs:
            few = batches(recipe.frozen_epochs, recipe.seed + 1)
            phases.append(Phase("softmax and embedding", few, recipe.frozen_lr * recipe.lr, freeze_to=-1))
        if recipe.epochs:
            phases.append(Phase("all layers", batches(recipe.epochs, recipe.seed), recipe.lr, factor=recipe.factor))
        return phases

    def _stores(
        self, texts: Sequence[str | Path], work: Path, training: list[dict[str, Any]]
    ) -> tuple[TokenStore, TokenStore]:
        """Held-in and held-out tokens; those of a stopped run are taken again when nothing has changed."""
        options = self.options
        key = json.dumps(
            [
                training,
                digest_bytes(self.pieces.model),
                options.held_out,
                options.cap,
                self._backward,
                *sorted(options.excluded),
            ]
        )
        stamp = work / "corpus.json"

        def same() -> bool:
            return stamp.exists() and stamp.read_text(encoding="utf-8") == key

        def write() -> None:
            chosen = Chosen(texts, options)
            for name, held_out in (("held-out", True), ("train", False)):
                write_store(
                    self._encoded(chosen.documents(held_out=held_out)), work / name, vocab_size=self.pieces.vocab_size,
                    tokenizer=digest_bytes(self.pieces.model),
                )  # fmt: skip
            with written_beside(stamp) as beside:
                beside.write_text(key, encoding="utf-8")

        only_first(lambda: None if same() else write())
        if not same():
            raise TrainingError(
                f"{work}: not what process 0 wrote there. Give the processes of several machines one folder that all see, "
                "and the same texts."
            )
        return open_store(work / "train"), open_store(work / "held-out")

    def _encoded(self, documents: Iterator[Document]) -> Iterator[Sequence[int]]:
        """Each document as pieces of at most PIECE_TOKENS; every line begins with bos, read backward or not."""
        waiting: list[Document] = []
        lines = 0
        for document in documents:
            waiting.append(document)
            lines += len(document.lines)
            if lines >= _ENCODE_LINES:
                yield from self._encode(waiting)
                waiting, lines = [], 0
        yield from self._encode(waiting)

    def _encode(self, documents: list[Document]) -> Iterator[Sequence[int]]:
        flat = iter(self.pieces.encode([normalise(line) for d in documents for line in d.lines], threads=2))
        for document in documents:
            lines = [[BOS_ID, *next(flat)] for _ in document.lines]
            if self._backward:
                lines = [backward_line(line) for line in reversed(lines)]
            yield from cut([i for line in lines for i in line], PIECE_TOKENS)

    @property
    def _backward(self) -> bool:
        return self.model.encoder.shape.backward

    def _save(
        self, work: Path, training: list[Any], stores: tuple[TokenStore, TokenStore], measured: list[Any], before: HeldOut | None
    ) -> Bundle:  # fmt: skip
        draw_curve(work / LOSSES, work / CURVE)
        last = measured[-1]
        scores = {
            "perplexity": round(math.exp(last["held_out_loss"]), 2), "accuracy": last["held_out_score"],
            "held_out_tokens": stores[1].tokens, "trained_tokens": last["tokens"], "measured": measured,
        }  # fmt: skip
        if before is not None:
            scores["perplexity_before"] = round(math.exp(before.loss), 2)
        manifest = {
            "kind": "lm", "architecture": self.model.encoder.shape.as_config(), "vocab_size": self.pieces.vocab_size,
            "window": self.recipe.bptt, "training": [*self.learnt_before, *training], "scores": scores,
            "created": date.today().isoformat(),
        }  # fmt: skip
        files: dict[str, Path | bytes] = {
            TOKENIZER: self.pieces.model, WEIGHTS: lm_weights(self.model), LOSSES: work / LOSSES, CURVE: work / CURVE,
        }  # fmt: skip
        return save_bundle(self.output, manifest, files, card=lm_card(manifest, self.recipe.as_config()))


def work_folder(output: Path) -> Path:
    """Where a run keeps its shards, checkpoint and losses until its model is saved; made now, so that an output that
    cannot be written is said now, not after hours. Raises OutputError."""
    return make_folder(output.with_name(f"{output.name}.work"))
