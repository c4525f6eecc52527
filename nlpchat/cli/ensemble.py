"""`nlpchat ensemble`: several classifiers averaged into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


@click.command(
    "ensemble",
    epilog="Example:  nlpchat ensemble forward backward -o both --held-out chats.jsonl.xz",
)
@click.argument("members", metavar="CLASSIFIER...", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the bundle.")
@click.option(
    "--held-out", multiple=True, required=True, metavar="FILE", type=click.Path(),
    help="The labelled texts that they were trained on (may be repeated; give them all): the weights are found on the groups held out.",
)  # fmt: skip
@click.option(
    "--check", multiple=True, metavar="LABELLED", type=click.Path(),
    help="Labelled texts on which the members and their mean are measured besides (may be repeated).",
)  # fmt: skip
def command(members: tuple[str, ...], output: str, held_out: tuple[str, ...], check: tuple[str, ...]) -> None:
    """Average several classifiers into one bundle that classifies as any other.

    CLASSIFIER: folders that train-classifier or export wrote, of one tokenizer: forward and backward, AWD-LSTM and QRNN,
    with n-grams or without. Their scores are averaged with the weights that make the labels of held-out groups likeliest.
    """
    if len(members) < 2:
        raise click.UsageError("give two classifiers or more.")
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.ensemble import ensemble

    told: Any = ensemble(members, output, held_out, check=check).scores
    for name, scores in told["members"].items():
        click.echo(_line(name, scores))
    whole = told["held_out"]["all held-out groups"]
    click.echo(_line("ensemble, weights of other groups", whole))
    for file, found in told["check"].items():
        for name, scores in found["members"].items():
            click.echo(_line(f"{file}: {name}", scores))
        click.echo(_line(f"{file}: ensemble", found["ensemble"]))
    click.echo(f"{output}: macro-F1 {whole['macro_f1']:.3f} on {whole['n']} texts of held-out groups.")


def _line(name: str, scores: Mapping[str, Any]) -> str:
    weight = f"{scores['weight']:.3f}" if "weight" in scores else ""
    return (
        f"{name:40} weight {weight:5}   n {scores['n']:6}   log loss {scores['log_loss']:.3f}   "
        f"accuracy {scores['accuracy']:.3f}   macro-F1 {scores['macro_f1']:.3f}"
    )
