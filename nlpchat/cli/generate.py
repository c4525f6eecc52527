"""`nlpchat generate`: what a language model would write next."""

from __future__ import annotations

import click


@click.command("generate", epilog='Example:  nlpchat generate --temperature 0.7 --number 3 "Le film était"')
@click.argument("prompt", default="")
@click.option(
    "--model", type=click.Path(), help="A language model's folder; the one that comes with nlpchat by default."
)
@click.option("--tokens", default=30, show_default=True, help="Pieces to write.")
@click.option(
    "--temperature", default=0.8, show_default=True, help="Below 1 surer, above 1 wilder; 0: always the likeliest."
)
@click.option("--top-k", default=50, show_default=True, help="Draw from so many of the likeliest pieces; 0 for all.")
@click.option("--seed", default=0, show_default=True, help="Of the draws: the same seed gives the same texts.")
@click.option("--number", default=1, show_default=True, help="How many texts, one a line.")
def command(
    prompt: str, model: str | None, tokens: int, temperature: float, top_k: int, seed: int, number: int
) -> None:
    """Write on from a beginning, as a language model expects it.

    PROMPT: the beginning (for a model that reads backward, the end). What is written are likely words, not facts: a small model
    runs on without meaning much.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.report.printable import one_line
    from nlpchat.training.generate import generate

    for text in generate(model, prompt, tokens=tokens, temperature=temperature, top_k=top_k, seed=seed, number=number):
        click.echo(one_line(text, len(text) + 1))
