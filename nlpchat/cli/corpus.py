"""`nlpchat corpus`: what models learn from: listed, shown, built, checked."""

from __future__ import annotations

from pathlib import Path

import click

_corpora = click.option(
    "--corpora",
    type=click.Path(),
    help="The folder of cards; ./corpora by default, or else the one that came with nlpchat.",
)


@click.group("corpus", epilog="Example:  nlpchat corpus show allocine")
def command() -> None:
    """List, show, build and check what models learn from.

    A corpus is a folder with a card.toml: its licence, where its files come from, by which rule it was labelled, who is in
    it and how they are left out. The texts themselves lie elsewhere, on your disk.
    """


@command.command("list", epilog="Example:  nlpchat corpus list")
@_corpora
def list_(corpora: str | None) -> None:
    """List the corpora, a line for each."""
    from nlpchat.corpus.card import corpora_folder, read_cards
    from nlpchat.corpus.shown import cards_table

    click.echo(cards_table(read_cards(corpora_folder(corpora))), nl=False)


@command.command("show", epilog="Example:  nlpchat corpus show allocine")
@click.argument("name")
@_corpora
def show(name: str, corpora: str | None) -> None:
    """Show the card of the corpus NAME: may I use it, then what is it."""
    from nlpchat.corpus.card import corpora_folder, find_card
    from nlpchat.corpus.shown import card_text

    click.echo(card_text(find_card(corpora_folder(corpora), name)), nl=False)


@command.command("build", epilog="Example:  nlpchat corpus build tweets --data ../data -o tweets")
@click.argument("name")
@click.argument("files", metavar="[FILES]...", nargs=-1, type=click.Path())
@click.option("--data", type=click.Path(), help="Where the files lie that the card names; their digests are checked.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder to build in.")
@click.option("--tokenizer", type=click.Path(), help="A tokenizer's folder: token shards are written too.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Ids to leave out, beside those of exclude.txt in the folder of cards (may be repeated).",
)
@click.option("--workers", "count", type=click.IntRange(min=1), help="Processes that clean.  [default: one a core]")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Clean on the workers of this Dask cluster (tcp://HOST:8786) instead."
)
@_corpora
def build(
    name: str,
    files: tuple[str, ...],
    data: str | None,
    output: Path,
    tokenizer: str | None,
    exclude: tuple[str, ...],
    count: int | None,
    scheduler: str | None,
    corpora: str | None,
) -> None:
    """Build the corpus NAME from its files, or from FILES of your own.

    FILES are .txt (a blank line between documents) or .jsonl (a "text" on each line, and a "label", or the rating that
    `nlpchat scrape` writes), packed as .xz or .gz or not. Texts in another language, a page's own lines and texts that are there
    twice are left out and counted; what stays is split into train, valid and test by film, shop or document, so that a
    row keeps its side when more are added. Ctrl-C loses nothing: the same line goes on.
    """
    from nlpchat.corpus.build import build_corpus, files_of, ids_to_leave_out
    from nlpchat.corpus.card import corpora_folder, find_card
    from nlpchat.corpus.shown import built_text
    from nlpchat.workers import usable_cores, workers

    if files and data:
        raise click.UsageError("give FILES or --data, not both.")

    def say(line: str) -> None:
        click.echo(line, err=True)

    folder = corpora_folder(corpora)
    card = find_card(folder, name)
    with workers(count or usable_cores(), scheduler) as executor:
        built = build_corpus(
            card,
            files or files_of(card, data, say),
            output,
            exclude=ids_to_leave_out(folder, exclude),
            tokenizer=tokenizer,
            executor=executor,
            say=say,
        )
    click.echo(built_text(card, built), nl=False)


@command.command("check", epilog="Example:  nlpchat corpus check --data ../data")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--data", type=click.Path(), help="Where the texts lie: their digests and counts are checked too.")
@click.option("--pipelines", type=click.Path(), help="The folder of pipelines; the one beside the cards by default.")
@_corpora
def check(names: tuple[str, ...], data: str | None, pipelines: str | None, corpora: str | None) -> None:
    """Check the cards, their samples, and what the pipelines learn from.

    All faults are said at once. With names only those corpora are looked at, and no pipeline.
    """
    from nlpchat.corpus.card import corpora_folder
    from nlpchat.corpus.check import check_corpora
    from nlpchat.errors import CorpusError

    folder = corpora_folder(corpora)
    checked = check_corpora(folder, names, data=data, pipelines=pipelines or folder.parent / "pipelines")
    if checked.faults:
        raise CorpusError(
            f"{folder}: {len(checked.faults)} fault(s):" + "".join(f"\n  - {one}" for one in checked.faults)
        )
    if checked.missing:
        click.echo(f"{data}: not there, and not looked at: {', '.join(checked.missing)}", err=True)
    click.echo(
        f"{checked.cards} corpora, {checked.files} files of data, {checked.used} uses in pipelines: nothing is wrong."
    )


@command.command(
    "relabel",
    epilog="Example:  nlpchat corpus relabel corpora/chat-read/labels.tsv.xz --data ../data -o chat_read.jsonl",
)
@click.argument("table", type=click.Path())
@click.option("--data", required=True, type=click.Path(), help="The folder of the texts that were labelled.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The labelled texts, .jsonl or .jsonl.xz."
)
def relabel_(table: str, data: str, output: Path) -> None:
    """Put the labels of TABLE to their texts.

    TABLE names texts by file and digest, for texts that may not be passed on: whoever has the files makes the labelled set anew.
    Texts that are not in the data are counted and left out.
    """
    from nlpchat.corpus.relabel import relabel

    told = relabel(table, data, output)
    for file, count in told.missing.items():
        click.echo(f"{file}: {count:,} labelled texts are not in it; another version of the file?", err=True)
    labels = ", ".join(f"{label} {count:,}" for label, count in told.labels.most_common())
    click.echo(f"{output}: {sum(told.labels.values()):,} labelled texts ({labels}).")
