"""`nlpchat export`: a trained model to the bundle that users get."""

from __future__ import annotations

import click


def _pools(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, list[str]]:
    pools = {}
    for one in given:
        name, _, sets = one.partition("=")
        pools[name] = [part for part in sets.split(",") if part]
        if not name or not pools[name]:
            raise click.BadParameter(f"{one!r} is not NAME=SET,SET, as in films=allocine,senscritique.")
    return pools


@click.command("export", epilog="Example:  nlpchat export runs/fr/classifier -o my-model --check sms.jsonl")
@click.argument("model", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the bundle.")
@click.option(
    "--check", multiple=True, type=click.Path(), help="Labelled texts on which int8 may lose half a point of macro-F1."
)
@click.option("--card", type=click.Path(), help="A card.md to go with it; the model's own if not given.")
@click.option(
    "--seed-of", "seeds", multiple=True, metavar="CLASSIFIER", type=click.Path(),
    help="The same trained with another seed (may be repeated): the card says how far they differ.",
)  # fmt: skip
@click.option(
    "--pool", "pools", multiple=True, metavar="NAME=SET,SET", callback=_pools,
    help="With --seed-of: these held-out sets counted together, by their two poles.",
)  # fmt: skip
@click.option(
    "--unseen", multiple=True, metavar="CLASSIFIER", type=click.Path(),
    help="The same trained without whole sources, which it was tested on (train-classifier --test; may be repeated).",
)  # fmt: skip
@click.option("--hard", type=click.Path(), help='Labelled texts with a "kind" each: the card shows what it gets wrong.')
def command(
    model: str, output: str, check: tuple[str, ...], card: str | None, seeds: tuple[str, ...], pools: dict[str, list[str]],
    unseen: tuple[str, ...], hard: str | None,
) -> None:  # fmt: skip
    """Write a trained classifier as ONNX, and check that it says the same.

    What is written needs no torch: the int8 graph, the tokenizer and the card. Of a language model, the weights in fp16 are
    kept, to fine-tune from.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.export import ship

    made = ship(model, output, check=check, card=card, seeds=seeds, pools=pools, unseen=unseen, hard=hard)
    size = sum(path.stat().st_size for path in made.folder.iterdir() if path.is_file())
    click.echo(f"{output}: a {made.kind} of {size / 1e6:.1f} MB.")
