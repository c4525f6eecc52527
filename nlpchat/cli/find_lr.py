"""`nlpchat find-lr`: the learning-rate range test of a training that has not begun."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlpchat.cli.pretrain_lm import HELPS
from nlpchat.cli.recipe_options import recipe_options
from nlpchat.cli.train_classifier import HELPS as CLASSIFIER_HELPS
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe, PretrainRecipe

if TYPE_CHECKING:
    from nlpchat.training.run import Pause


@click.group("find-lr", epilog="Example:  nlpchat find-lr finetune-lm chat.zip -o lr.png")
def command() -> None:
    """Find a learning rate for a training: a picture and a suggestion.

    The rate rises step by step while the training's own batches go through, until the loss explodes; then everything is
    forgotten. The losses lie in a table beside the picture. Each kind of training takes the options of its own command.
    """


def _test_options(decorated: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--steps", default=100, show_default=True, help="Steps of the test, unless the loss explodes before."
        ),
        click.option("--end", default=10.0, show_default=True, help="Its highest rate."),
        click.option("--start", default=1e-7, show_default=True, help="Its lowest rate."),
        click.option(
            "-o",
            "--output",
            required=True,
            type=click.Path(path_type=Path),
            help="The picture, a .png; a .csv joins it.",
        ),
    ):
        decorated = option(decorated)
    return decorated


@command.command(
    "pretrain-lm", epilog="Example:  nlpchat find-lr pretrain-lm wiki.txt.xz --tokenizer tokenizer -o lr.png"
)
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option("--tokenizer", required=True, type=click.Path(), help="As train-tokenizer wrote it.")
@click.option("--cap", type=int, help="Most tokens of one file (about); the test needs no more than it reads.")
@_test_options
@recipe_options(PretrainRecipe, HELPS)
def pretrain(texts: tuple[str, ...], tokenizer: str, cap: int | None, output: Path, start: float, end: float, steps: int,
             **recipe: Any) -> None:  # fmt: skip
    """Find a rate for pretrain-lm."""
    _require()
    from nlpchat.training.chosen import CorpusOptions
    from nlpchat.training.lm import pretrain_lm

    chosen = PretrainRecipe(**recipe)
    _find(
        lambda folder, pause: pretrain_lm(texts, tokenizer, folder, chosen, CorpusOptions(cap=cap), pause=pause),
        output, start, end, steps, chosen.seed,
    )  # fmt: skip


@command.command("finetune-lm", epilog="Example:  nlpchat find-lr finetune-lm chat.zip -o lr.png")
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option("--base", type=click.Path(), help="The language model; the one that comes with nlpchat if not given.")
@click.option("--cap", type=int, help="Most tokens of one file (about); the test needs no more than it reads.")
@_test_options
@recipe_options(FinetuneRecipe, {**HELPS, "factor": "Each lower layer's rate is its upper neighbour's divided by this.",
                                 "frozen_epochs": "Epochs of embedding and softmax alone; the test is of all layers."})  # fmt: skip
def finetune(texts: tuple[str, ...], base: str | None, cap: int | None, output: Path, start: float, end: float, steps: int,
             **recipe: Any) -> None:  # fmt: skip
    """Find a rate for finetune-lm, all layers open."""
    _require()
    from nlpchat.bundle import default_folder
    from nlpchat.training.chosen import CorpusOptions
    from nlpchat.training.lm import finetune_lm

    chosen = FinetuneRecipe(**recipe)
    lm = base or default_folder("lm")
    _find(
        lambda folder, pause: finetune_lm(lm, texts, folder, chosen, CorpusOptions(0.05, cap), pause=pause),
        output, start, end, steps, chosen.seed,
    )  # fmt: skip


@command.command(
    "train-classifier",
    epilog="Example:  nlpchat find-lr train-classifier --lm lm reviews.jsonl chats.jsonl.xz -o lr.png",
)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path())
@click.option("--lm", required=True, type=click.Path(), help="The language model to train on.")
@_test_options
@recipe_options(ClassifierRecipe, CLASSIFIER_HELPS)
def classifier(
    data: tuple[str, ...], lm: str, output: Path, start: float, end: float, steps: int, **recipe: Any
) -> None:
    """Find a rate for train-classifier, all layers open."""
    _require()
    from nlpchat.training.classifier import train_classifier

    chosen = ClassifierRecipe(**recipe)
    _find(
        lambda folder, pause: train_classifier(lm, data, folder, chosen, pause=pause),
        output,
        start,
        end,
        steps,
        chosen.seed,
    )


def _require() -> None:
    from nlpchat.training import require_extra

    require_extra()


def _find(
    training: Callable[[Path, Pause], Any], output: Path, start: float, end: float, steps: int, seed: int
) -> None:
    from nlpchat.errors import OutputError
    from nlpchat.training.find_lr import Range, find_lr, write_found

    if output.suffix.lower() != ".png" or not output.parent.is_dir():
        raise OutputError(f"{output}: the picture is a .png in a folder that exists. Give such a path.")
    found = find_lr(training, Range(start, end, steps, seed=seed))
    table = write_found(found, output)
    if found.valley is None or found.steep is None:
        click.echo(f"{output}, {table}: the loss never fell, so no rate is suggested. Give another --start and --end.")
        return
    click.echo(
        f"{output}, {table}: --lr {found.valley:.1e} (valley, fastai's choice; the loss falls fastest at {found.steep:.1e})."
    )
