"""`nlpchat adapt`: a classifier at home in one's own conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from nlpchat.cli.recipe_options import training_options


@click.command(
    "adapt", epilog="Example:  nlpchat adapt chat.txt -o my-model && nlpchat classify chat.txt --model my-model"
)
@click.argument("exports", metavar="EXPORT...", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the new classifier.")
@click.option(
    "--samples", multiple=True, metavar="LABELLED", type=click.Path(),
    help="Labelled texts to learn from (may be repeated); those that come with nlpchat if not given.",
)  # fmt: skip
@click.option(
    "--check", multiple=True, metavar="LABELLED", type=click.Path(),
    help="Labelled texts on which it is measured besides (may be repeated).",
)  # fmt: skip
@click.option(
    "--base", type=click.Path(), help="The language model to begin with; the one that comes with nlpchat if not given."
)
@click.option(
    "--model", type=click.Path(), help="The classifier to average with; the one that comes with nlpchat if not given."
)
@click.option("--seed", type=int, default=0, show_default=True)
@training_options
def command(
    exports: tuple[str, ...], output: str, samples: tuple[str, ...], check: tuple[str, ...], base: str | None, model: str | None,
    seed: int, resume: bool, minutes: float | None,
) -> None:  # fmt: skip
    """Make a classifier at home in your own conversations.

    EXPORT is what `nlpchat parse` reads. The language model that comes with nlpchat learns how people write there (no labels
    are needed), and becomes a classifier on the labelled messages that come with nlpchat; averaged with the one that ships, it
    is the new model. It holds what it learnt of these conversations: keep it as you keep them. Ctrl-C keeps everything; the
    same command with --resume goes on.
    """
    from nlpchat.training import require_extra

    require_extra()
    from dataclasses import replace

    from nlpchat.training.adapt import CLASSIFIER, LM, adapt
    from nlpchat.training.run import Pause

    made = adapt(
        exports, output, samples=samples, check=check, lm=replace(LM, seed=seed), classifier=replace(CLASSIFIER, seed=seed),
        base=base, model=model, resume=resume, pause=Pause(minutes),
    )  # fmt: skip
    click.echo(
        f"{made.messages:,} messages read. Perplexity of those held out: {made.before:.1f} before, {made.after:.1f} after."
    )
    told: Any = made.scores
    _tell(told["members"], told["held_out"]["all held-out groups"], "labelled texts held out")
    for file, found in told["check"].items():
        _tell(found["members"], found["ensemble"], f"texts of {file}")
    click.echo(f"{output}: use it with  nlpchat classify {exports[0]} --model {output}")


def _tell(members: Mapping[str, Any], together: Mapping[str, Any], what: str) -> None:
    named = zip(("as it ships", "adapted alone", "both together"), (*members.values(), together), strict=True)
    for name, scores in named:
        click.echo(f"{name:14} macro-F1 {scores['macro_f1']:.3f} on {scores['n']:,} {what}")
