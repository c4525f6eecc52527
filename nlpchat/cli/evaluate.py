"""`nlpchat evaluate`: how good a classifier is on labelled texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nlpchat.evaluate import Scores


@click.command("evaluate", epilog="Example:  nlpchat evaluate --model runs/fr/classifier sms.jsonl --json")
@click.argument("data", metavar="DATA...", nargs=-1, required=True)
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap behind the interval.")
@click.option(
    "--baseline",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Train TF-IDF and a logistic regression on FILE (may be repeated) and print them beside; needs [train].",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, the scores of each FILE under its path.")
def command(data: tuple[str, ...], model: str | None, seed: int, baseline: tuple[str, ...], as_json: bool) -> None:
    """Measure a classifier on labelled texts.

    DATA are .jsonl or .jsonl.xz files with a text and a label on each line (neg, neu or pos; others are left
    out and counted). Macro-F1 is the mean over the labels that a file has, with the 95% interval of 1,000
    bootstrap resamples; for a file without neutrals the two-pole score compares only neg and pos.
    """
    from nlpchat.evaluate import evaluate

    if baseline:
        from nlpchat.training import require_extra

        require_extra()
    found = dict(evaluate(model, data, seed=seed))
    beside: Mapping[str, Scores] = {}
    if baseline:
        from nlpchat.training.baseline import baseline_scores

        beside = baseline_scores(baseline, data, seed=seed)
    if as_json:
        told = {name: scores.as_json() for name, scores in found.items()}
        for name, scores in beside.items():
            told[name]["baseline"] = scores.as_json()
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    from nlpchat.report.terminal import scores_view

    found |= {f"{name} (TF-IDF)": scores for name, scores in beside.items()}
    Console(highlight=False, markup=False, emoji=False).print(scores_view(found))
