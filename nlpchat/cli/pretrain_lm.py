"""`nlpchat pretrain-lm`: texts to a language model."""

from __future__ import annotations

from typing import Any

import click

from nlpchat.cli.recipe_options import SHARED_HELPS, exclude_option, recipe_options, training_options
from nlpchat.training.recipe import PretrainRecipe

HELPS = {
    "emb": "Width of the embedding.", "hidden": "Width of each layer.", "layers": "Layers of the encoder.",
    "encoder": "What the layers are: AWD-LSTM, or QRNN (quicker to train).",
    "window": "QRNN: tokens that each layer's gates see, 1 or 2, from the first layer up; the last one counts for those above.",
    "zoneout": "QRNN: probability that a unit keeps its state, in training.",
    "backward": "Read texts from their end; fine-tuned models and classifiers made of it do so too.",
    "norm": "LayerNorm before each layer, or none.", "residual": "Each layer adds to what it reads.",
    "epochs": "Times through the texts.", "batch": "Rows of a batch.", "bptt": "Tokens of a row (truncated backpropagation).",
    "lr": "Peak of the one-cycle.", "clip": "Gradient norm above which it is scaled down.",
    "alpha": "AR, activation regularisation (Merity et al. 2017; MultiFiT: 2).",
    "beta": "TAR, temporal activation regularisation (Merity et al. 2017; MultiFiT: 1).", **SHARED_HELPS,
}  # fmt: skip


@click.command("pretrain-lm", epilog="Example:  nlpchat pretrain-lm wiki.txt.xz --tokenizer tokenizer --epochs 2 -o lm")
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option("--tokenizer", required=True, type=click.Path(), help="As train-tokenizer wrote it.")
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the model.")
@click.option("--held-out", default=0.01, show_default=True, help="Share of the documents to measure on.")
@click.option("--cap", type=int, help="Most tokens of one file (about), so that none drowns the others.")
@exclude_option
@recipe_options(PretrainRecipe, HELPS)
@training_options
def command(texts: tuple[str, ...], tokenizer: str, output: str, held_out: float, cap: int | None, excluded: frozenset[str],
            resume: bool, minutes: float | None, **recipe: Any) -> None:  # fmt: skip
    """Train a language model from texts.

    TEXTS: .txt, .txt.xz, .jsonl(.xz) with a "text" field, or chat exports. Ctrl-C keeps everything; the same command with
    --resume goes on. losses.csv and losses.png in the model's folder show how it went. `torchrun --nproc-per-node 2 -m nlpchat
    pretrain-lm ...` trains in two processes, as it does the other training commands.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.chosen import CorpusOptions
    from nlpchat.training.distributed import leads
    from nlpchat.training.lm import pretrain_lm
    from nlpchat.training.run import Pause

    made = pretrain_lm(
        texts,
        tokenizer,
        output,
        PretrainRecipe(**recipe),
        CorpusOptions(held_out, cap, excluded),
        resume=resume,
        pause=Pause(minutes),
    )
    if leads():
        click.echo(
            f"{output}: perplexity {made.scores['perplexity']}, accuracy {made.scores['accuracy']} on held-out text."
        )
