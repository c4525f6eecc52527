"""`nlpchat export`: a trained model to the bundle that users get."""

from __future__ import annotations

import click


@click.command("export", epilog="Example:  nlpchat export runs/fr/classifier -o my-model --check sms.jsonl")
@click.argument("model", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the bundle.")
@click.option(
    "--check", multiple=True, type=click.Path(), help="Labelled texts on which int8 may lose half a point of macro-F1."
)
@click.option("--card", type=click.Path(), help="A card.md to go with it; the model's own if not given.")
def command(model: str, output: str, check: tuple[str, ...], card: str | None) -> None:
    """Write a trained classifier as ONNX, and check that it says the same.

    What is written needs no torch: the int8 graph, the tokenizer and the card. Of a language model, the weights in fp16 are
    kept, to fine-tune from.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.export import ship

    made = ship(model, output, check=check, card=card)
    size = sum(path.stat().st_size for path in made.folder.iterdir() if path.is_file())
    click.echo(f"{output}: a {made.kind} of {size / 1e6:.1f} MB.")
