"""`nlpchat train-tokenizer`: texts to a SentencePiece model."""

from __future__ import annotations

import click

from nlpchat.cli.recipe_options import exclude_option


@click.command("train-tokenizer", epilog="Example:  nlpchat train-tokenizer texts/*.txt.xz --pieces 10000 -o tokenizer")
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder to write tokenizer.model to.")
@click.option("--pieces", default=10_000, show_default=True, help="Size of the vocabulary.")
@click.option("--lines", default=1_000_000, show_default=True, help="Most lines to learn from, spread over all files.")
@click.option("--seed", default=0, show_default=True)
@exclude_option
def command(texts: tuple[str, ...], output: str, pieces: int, lines: int, seed: int, excluded: frozenset[str]) -> None:
    """Learn a SentencePiece tokenizer from texts.

    TEXTS: .txt, .txt.xz, .jsonl(.xz) with a "text" field, or chat exports.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.tokenizer import tokenizer_from_files

    made = tokenizer_from_files(texts, output, pieces=pieces, lines=lines, seed=seed, excluded=excluded)
    click.echo(f"{output}: a tokenizer of {made.vocab_size} pieces.")
