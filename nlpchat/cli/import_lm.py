"""`nlpchat import-lm`: a language model that fastai trained, as a model of ours."""

from __future__ import annotations

from typing import Any

import click


@click.command(
    "import-lm", epilog="Example:  nlpchat import-lm --weights fr_wt.pth --vocab fr_itos.pkl --arch awd-lstm -o fr-lm"
)
@click.option("--weights", required=True, type=click.Path(), help="The .pth of a fastai 1 or 2 language model.")
@click.option(
    "--vocab",
    required=True,
    multiple=True,
    type=click.Path(),
    help="Its itos.pkl or its spm.model; both (--vocab twice) when fastai 2 counted a vocabulary over SentencePiece.",
)
@click.option("--arch", required=True, type=click.Choice(["awd-lstm", "qrnn"]), help="What its layers are.")
@click.option("--backward", is_flag=True, help="The model was trained on reversed texts.")
@click.option("-o", "--output", required=True, type=click.Path(), help="The folder of the model.")
def command(weights: str, vocab: tuple[str, ...], arch: str, backward: bool, output: str) -> None:
    """Import a language model that fastai trained.

    Weights and vocabulary are read as data: nothing that such a file could execute is executed. The model's card says what
    fastai's tokenizer did that ours does not; fine-tune the model (finetune-lm --base) before it becomes a classifier.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.training.import_lm import import_lm

    made = import_lm(weights, vocab, output, arch=arch, backward=backward)
    imported: Any = made.scores["imported"]
    new = ", ".join(imported["new_rows"]) or "none"
    click.echo(f"{output}: {imported['rows']:,} rows imported, {made.vocab_size:,} pieces; new ones: {new}.")
