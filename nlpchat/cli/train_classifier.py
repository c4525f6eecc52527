"""`nlpchat train-classifier`: a language model and labelled texts to a classifier."""

from __future__ import annotations

from typing import Any

import click

from nlpchat.cli.recipe_options import SHARED_HELPS, exclude_option, recipe_options, training_options
from nlpchat.training.recipe import ClassifierRecipe

HELPS = {
    "epochs": "Epochs with all layers.", "gradual": "Epochs (or a part) of each phase of gradual unfreezing before.",
    "batch_tokens": "Tokens of a batch.", "lr": "Peak of the one-cycle for the head.",
    "factor": "Each lower layer's rate is its upper neighbour's divided by this.", "clip": "Gradient norm above which it is scaled down.",
    "alpha": "AR of the encoder's states (Merity et al. 2017).", "beta": "TAR of the encoder's states (Merity et al. 2017).",
    "label_smoothing": "Share of a label given to all labels equally (Szegedy et al. 2015; MultiFiT: 0.1/labels).",
    "head_dropout": "Dropout of the head.", "hidden": "Width of the head.",
    "cap": "Most rows of one file in one epoch.", "class_power": "1.0 keeps each file's shares of labels, 0.0 makes them equal.",
    "held_out": "Share of the groups kept for early stopping.", "noise": "Share of the rows respelt the way people type.",
    "split": "Share of a row's pieces cut in two (subword regularisation, Kudo 2018).",
    "window": "Most pieces read of a text.", "ngrams": "Buckets of the hashed n-gram half; 0 for none.",
    "long_from": "Pieces from which a text is long: read with n-grams, factors and thresholds of its own; 0 for never.",
    "post_from": "Pieces from which a text with a link, a mention or a hashtag is a post, with a threshold of its own; 0 for never.",
    **SHARED_HELPS,
}  # fmt: skip


def _caps(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    caps = {}
    for one in given:
        name, _, count = one.rpartition("=")
        if not name or not count.isdigit():
            raise click.BadParameter(f"{one!r} is not NAME=ROWS, as in chat_invented=20000.")
        caps[name] = int(count)
    return caps


@click.command(
    "train-classifier", epilog="Example:  nlpchat train-classifier --lm lm reviews.jsonl chats.jsonl.xz -o classifier"
)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--lm",
    required=True,
    type=click.Path(),
    help="The language model, as pretrain-lm or finetune-lm wrote it; or a classifier that is to learn on.",
)
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the classifier.")
@click.option(
    "--dev", multiple=True, type=click.Path(), help="Labelled texts to choose the epoch by, never learnt from."
)
@click.option(
    "--test", multiple=True, type=click.Path(), help="Labelled texts to measure on in the end; they choose nothing."
)
@click.option(
    "--own-split", multiple=True, metavar="NAME",
    help='Keep the split that the rows of NAME.jsonl state: learn from "train", hold out the rest (may be repeated).',
)  # fmt: skip
@click.option(
    "--cap-of", multiple=True, metavar="NAME=ROWS", callback=_caps, help="Another --cap for the file NAME.jsonl."
)
@click.option(
    "--baseline", is_flag=True, help="Train TF-IDF and a logistic regression on the same rows, and print it beside."
)
@click.option("--corrections", type=click.Path(), help="Labels put right by hand, in the table that top-losses wrote.")
@exclude_option
@recipe_options(ClassifierRecipe, HELPS)
@training_options
def command(
    data: tuple[str, ...], lm: str, output: str, dev: tuple[str, ...], test: tuple[str, ...], own_split: tuple[str, ...],
    cap_of: dict[str, int], baseline: bool, corrections: str | None, excluded: frozenset[str], resume: bool, minutes: float | None,
    **recipe: Any,
) -> None:  # fmt: skip
    """Train a sentiment classifier from a language model and labelled texts.

    DATA: .jsonl or .jsonl.xz with "text" and "label" (neg, neu, pos; others are left out and counted). Rows of one film,
    chat, application or batch are never parted between training and the held-out groups. torchrun divides it among several
    processes.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.classifier import train_classifier
    from nlpchat.training.distributed import leads
    from nlpchat.training.run import Pause

    if corrections is not None:
        from nlpchat.training.corrections import matched, read_corrections

        click.echo(f"nlpchat: {matched(read_corrections(corrections), [*data, *dev, *test])}", err=True)
    made = train_classifier(
        lm,
        data,
        output,
        ClassifierRecipe(**recipe),
        caps=cap_of,
        dev=dev,
        baseline=baseline,
        resume=resume,
        pause=Pause(minutes),
        corrections=corrections,
        excluded=excluded,
        test=test,
        own_split=own_split,
    )
    if not leads():
        return
    told: Any = made.scores
    for name, scores in {**told["held_out"], **told.get("test", {})}.items():
        beside = f"   (TF-IDF {scores['baseline']['macro_f1']:.3f})" if "baseline" in scores else ""
        click.echo(
            f"{name:32} n {scores['n']:6}   accuracy {scores['accuracy']:.3f}   macro-F1 {scores['macro_f1']:.3f}{beside}"
        )
    for name, calibration in told["calibration"].items():
        click.echo(
            f"{name}: expected calibration error {calibration['ece_before']:.3f} before, {calibration['ece_after']:.3f} after its "
            f"temperature of {calibration['temperature']:.3f} (folds of the held-out groups that it was not fitted on)."
        )
    whole = told["held_out"]["all held-out groups"]
    click.echo(f"{output}: macro-F1 {whole['macro_f1']:.3f} on {whole['n']} texts of held-out groups.")
