"""A batch of rows -> what of it may stay, with all that is needed to find duplicates among batches.

`clean_batch` is a plain function of plain records: any executor can run it, in this process, in others, or on other machines.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nlpchat.corpus.boilerplate import is_boilerplate
from nlpchat.corpus.card_words import BuildRules, LabelRule
from nlpchat.corpus.dedup import PERMUTATIONS, Keys, Signatures, key_of, signature_of
from nlpchat.corpus.language import is_foreign
from nlpchat.corpus.reading import Row
from nlpchat.corpus.splits import side
from nlpchat.exclude import is_excluded

LEAST_LINE = 60  # characters from which a line that stands in an earlier text is dropped; "oui" may come again

EXCLUDED, UNLABELLED, OTHER_LABEL = "asked to be left out", "without a label", "another label"
FOREIGN, EMPTY, PAGE = "not in the language", "empty", "of the page, not of a person"


@dataclass(frozen=True, slots=True)
class CleanOptions:
    """How rows are cleaned. kind: of the card, text or labelled; exclude: ids, addresses and digests to leave out."""

    kind: str
    rule: LabelRule = field(default_factory=LabelRule)
    build: BuildRules = field(default_factory=BuildRules)
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """What a batch gave. sides: of a split, one for each row; keys: (rows,), equal for equal texts.

    signatures: (n, PERMUTATIONS) of the rows that `signed` numbers, (n,). lines: (rows,) how many each has; line_keys: of
    all of them in order, 0 for one too short to count; both empty unless the corpus is of texts. left_out, lines_out: why ->
    how many.
    """

    rows: tuple[Row, ...]
    sides: tuple[str, ...]
    keys: Keys
    signatures: Signatures
    signed: Keys
    lines: Keys
    line_keys: Keys
    left_out: Mapping[str, int]
    lines_out: Mapping[str, int]


def clean_batch(batch: Sequence[Row], options: CleanOptions) -> Part:
    """The rows of `batch` that may stay, cleaned: in NFC, without a page's own lines, in the language, with a label."""
    left_out: Counter[str] = Counter()
    lines_out: Counter[str] = Counter()
    rows, sides = [], []
    for row in batch:
        cleaned = _clean(row, options, lines_out)
        if isinstance(cleaned, str):
            left_out[cleaned] += 1
            continue
        rows.append(cleaned)
        # By the row as it was read: a better cleaning later does not move it to another side.
        rules = options.build
        sides.append(side(row.placed_by, valid=rules.valid, test=rules.test, salt=rules.salt))
    compared = rows if options.build.near else []
    signatures = {i: made for i, row in enumerate(compared) if (made := signature_of(row.text)) is not None}
    lines = [row.text.split("\n") for row in rows] if options.kind == "text" else []
    return Part(
        tuple(rows),
        tuple(sides),
        keys=_keys(key_of(row.text) for row in rows),
        signatures=np.array(list(signatures.values()), dtype=np.uint32).reshape(-1, PERMUTATIONS),
        signed=_keys(signatures),
        lines=_keys(map(len, lines)),
        line_keys=_keys(key_of(line) if len(line) >= LEAST_LINE else 0 for of_row in lines for line in of_row),
        left_out=dict(left_out),
        lines_out=dict(lines_out),
    )


def _keys(numbers: Iterable[int]) -> Keys:
    return np.fromiter(numbers, dtype=np.uint64)


def _clean(row: Row, options: CleanOptions, lines_out: Counter[str]) -> Row | str:
    """The row cleaned; or why it is left out."""
    if is_excluded(options.exclude, site=row.site, review_id=row.review_id, url=row.url, text=row.text):
        return EXCLUDED
    label = row.label
    if options.kind == "labelled":
        if label is None and row.rating is not None:
            label = options.rule.of_rating(row.rating)
        if label not in options.rule.keep:
            return UNLABELLED if label is None else OTHER_LABEL
    text, faults = _without_faults(unicodedata.normalize("NFC", row.text), _line_fault(options))
    if not text:
        return faults[0] if faults else EMPTY
    # What one person wrote is in one language, and looked at as a whole; a document of many is looked at line by line.
    if options.kind == "labelled" and _is_foreign(text, options.build):
        return FOREIGN
    lines_out.update(faults)
    if options.kind == "text":
        text = "\n".join(line for line in text.split("\n") if line)
    return replace(row, text=text, label=label)


def _without_faults(text: str, fault_of: Callable[[str], str | None]) -> tuple[str, list[str]]:
    """The text without its faulty lines, blank ones kept, and what was wrong with each that is gone."""
    kept, faults = [], []
    for line in map(str.strip, text.split("\n")):
        fault = fault_of(line) if line else None
        if fault is None:
            kept.append(line)
        else:
            faults.append(fault)
    return "\n".join(kept).strip(), faults


def _line_fault(options: CleanOptions) -> Callable[[str], str | None]:
    """What says why a line goes; None: it stays."""
    digests = any(one.startswith("sha256:") for one in options.exclude)

    def fault(line: str) -> str | None:
        if digests and is_excluded(options.exclude, text=line):
            return EXCLUDED
        if is_boilerplate(line):
            return PAGE
        return FOREIGN if options.kind == "text" and _is_foreign(line, options.build) else None

    return fault


def _is_foreign(text: str, rules: BuildRules) -> bool:
    return bool(rules.language) and is_foreign(text, rules.language, rules.language_from)
