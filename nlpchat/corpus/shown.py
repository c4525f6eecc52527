"""A card as a person reads it: first whether they may use the corpus, then whether they want to."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nlpchat.corpus.card import Card, Source
from nlpchat.corpus.card_words import TIERS, TRAINING_USES

if TYPE_CHECKING:
    from nlpchat.corpus.build import Built

_WIDTH, _MARGIN = 100, 15
_OTHER_SPLITS = (
    "These are not the splits that the card states: something was left out as asked, or nlpchat, py3langid or datasketch is "
    "of another version."
)
# use -> what it means to somebody who reads a table
_LEARNS = {"pretrain": "language model", "finetune-lm": "fine-tuning", "classifier": "classifier"}


def size(card: Card) -> str:
    """How large it is: "12,345 rows", "1,234,567 words"; "" for one that names no file."""
    if card.rows:
        return f"{card.rows:,} rows"
    return f"{card.words:,} words" if card.words else ""


def learnt(card: Card) -> str:
    """What may be learnt from it: "language model", ...; "never"; "no file yet"."""
    if not TRAINING_USES & set(card.use):
        return "never"
    if not card.sources:
        return "no file yet"
    return ", ".join(word for use, word in _LEARNS.items() if use in card.use)


def cards_table(cards: Sequence[Card]) -> str:
    """A line for each card: name, kind, tier, size, what is learnt from it."""
    rows = [("corpus", "kind", "tier", "size", "learnt from")]
    rows += [(card.name, card.kind, card.tier, size(card), learnt(card)) for card in cards]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(f"{'  '.join(map(str.ljust, row, widths)).rstrip()}\n" for row in rows)


def built_text(card: Card, built: Built) -> str:
    """What came out of a build, in a few lines."""
    splits = ", ".join(
        f"{name} {split.rows:,}" + (f" ({built.tokens[name]:,} tokens)" if name in built.tokens else "")
        for name, split in built.splits.items()
    )
    lines = [f"{built.folder}: {sum(split.rows for split in built.splits.values()):,} rows: {splits}."]
    for what, counts in (("Rows", built.left_out), ("Lines", built.lines_out)):
        if counts:
            lines.append(f"{what} left out: {', '.join(f'{count:,} {why}' for why, count in counts.items())}.")
    if card.splits and built.of_card:
        same = all(built.splits[name].sha256 == split.sha256 for name, split in card.splits.items())
        lines.append("The splits are those that the card states." if same else _OTHER_SPLITS)
    return "".join(f"{line}\n" for line in lines)


def card_text(card: Card) -> str:
    """The card in plain lines of at most 100 characters."""
    return "\n".join(line.rstrip() for line in _lines(card)) + "\n"


def _lines(card: Card) -> Iterator[str]:
    yield f"{card.name}: {card.title}"
    yield ""
    yield from textwrap.wrap(card.about, _WIDTH)
    yield ""
    yield from _said("licence", card.licence)
    yield from _said("tier", f"{card.tier}: {TIERS[card.tier]}")
    yield from _said("learnt from", learnt(card))
    yield from _said("people in it", card.personal_data)
    if card.leave_out:
        yield from _said("to be left out", card.leave_out)
    if card.site:
        allowed = (
            "a robot may fetch it" if card.site.fetchable else "no robot fetches it; pages that you saved are read"
        )
        yield from _said("site", f"{card.site.name}: {allowed} (as of {card.site.as_of})")
        yield from _said("robots.txt", card.site.robots)
        yield from _said("terms", card.site.terms)
    yield ""
    yield from _said("kind", f"{card.kind}; {size(card) or 'no file named'}")
    yield from _said("how", card.how)
    if card.labels:
        yield from _said("labels", card.labels)
    yield from _said("group", card.group)
    yield from _said("limits", card.limits)
    for name, split in card.splits.items():
        yield from _said(name, f"{split.rows:,} rows, {split.words:,} words, sha256 {split.sha256}")
    for source in card.sources:
        yield ""
        yield from _source(source)


def _source(source: Source) -> Iterator[str]:
    counts = f" ({', '.join(f'{label} {rows:,}' for label, rows in source.counts.items())})" if source.counts else ""
    yield f"{source.file}: {f'{source.rows:,} rows{counts}' if source.rows else f'{source.words or 0:,} words'}"
    yield from _said("", source.what)
    yield from _said("from", source.origin)
    yield from _said("licence", source.licence)
    yield from _said("sha256", f"{source.sha256} (unpacked)")


def _said(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"{name:<{_MARGIN}} ",
        subsequent_indent=" " * (_MARGIN + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )
