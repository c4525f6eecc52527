"""`nlpchat finetune-lm`: a language model made at home in other texts."""

from __future__ import annotations

from typing import Any

import click

from nlpchat.cli.pretrain_lm import HELPS
from nlpchat.cli.recipe_options import exclude_option, recipe_options, training_options
from nlpchat.training.recipe import FinetuneRecipe


@click.command("finetune-lm", epilog="Example:  nlpchat finetune-lm chat.zip reviews.jsonl -o my-lm")
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option(
    "--base", type=click.Path(), help="The language model to begin with; the one that comes with nlpchat if not given."
)
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the new model.")
@click.option("--held-out", default=0.05, show_default=True, help="Share of the documents to measure on.")
@click.option("--cap", type=int, help="Most tokens of one file (about), so that none drowns the others.")
@exclude_option
@recipe_options(
    FinetuneRecipe,
    {**HELPS, "factor": "Each lower layer's rate is its upper neighbour's divided by this.",
     "frozen_epochs": "Epochs of embedding and softmax alone, first.",
     "frozen_lr": "Peak of those, as a multiple of --lr (MultiFiT: 10)."},
)  # fmt: skip
@training_options
def command(texts: tuple[str, ...], base: str | None, output: str, held_out: float, cap: int | None, excluded: frozenset[str],
            resume: bool, minutes: float | None, **recipe: Any) -> None:  # fmt: skip
    """Adapt a language model to other texts or chats.

    TEXTS: .txt, .txt.xz, .jsonl(.xz) with a "text" field, or any export that `nlpchat parse` reads. Ctrl-C keeps everything;
    the same command with --resume goes on. torchrun divides it among several processes.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.bundle import default_folder
    from nlpchat.training.chosen import CorpusOptions
    from nlpchat.training.distributed import leads
    from nlpchat.training.lm import finetune_lm
    from nlpchat.training.run import Pause

    made = finetune_lm(
        base or default_folder("lm"), texts, output, FinetuneRecipe(**recipe), CorpusOptions(held_out, cap, excluded), resume=resume,
        pause=Pause(minutes),
    )  # fmt: skip
    if leads():
        click.echo(
            f"{output}: perplexity {made.scores['perplexity']}, accuracy {made.scores['accuracy']} on held-out text."
        )
