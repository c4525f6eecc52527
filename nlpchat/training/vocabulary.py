"""A vocabulary made elsewhere -> our tokenizer over the same words, and which row of the old weights each piece takes.

What a tokenizer of ours must have stands first: <unk>, <s>, </s> and <pad> are pieces 0 to 3, and take the rows of fastai's
xxunk, xxbos, xxeos and xxpad. The marks of `normalise` that mean what fastai's do take their rows (<cap> of xxmaj, <up> of
xxup, <rep> of xxrep); the others are new, and begin as the mean of all rows, as fastai begins words that it did not know.
The rest keep their order. A row that no text can reach (xxfld, xxfake, a second copy of a word) stays, as an unused piece.

A list of words becomes a SentencePiece model of type "word", whose normalisation rules part the text around them: the
bundle needs no other tokenizer class, and use needs no torch for it.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece

from nlpchat.errors import InputError
from nlpchat.files import read_error
from nlpchat.text.normalise import MARKS

_SPACE = "\u2581"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED = 1, 2, 3, 4, 5  # of sentencepiece_model.proto
_WORD_MODEL = 3  # TrainerSpec.ModelType
# Ours, in the order of their ids -> what fastai 2 and 1, fastai 0.7 and SentencePiece call them.
_SPECIALS = {
    "<unk>": ("xxunk", "_unk_", "<unk>"), "<s>": ("xxbos", "xbos", "_bos_", "<s>"), "</s>": ("xxeos", "_eos_", "</s>"),
    "<pad>": ("xxpad", "_pad_", "<pad>"),
}  # fmt: skip
_MARKS = {"<cap>": ("xxmaj",), "<up>": ("xxup", "t_up"), "<rep>": ("xxrep", "tk_rep")}
_NEVER_IN_A_TEXT = ("xxunk", "xxfld", "xxwrep", "xxfake", "xfld", "tk_wrep", "<unk>")
_APART = '.,;:!?()[]{}"«»…%€$£/\\#*=+&@–—°^~|'
_TAILS = (" ", ",", ".")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """model: a SentencePiece model as tokenizer.model holds it. rows: for each piece the row of the old weights; None:
    a new one. missing: which of ours the old vocabulary had no row for."""

    model: bytes
    rows: tuple[int | None, ...]
    missing: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many rows the old weights must have."""
        return 1 + max((row for row in self.rows if row is not None), default=-1)


def of_words(itos: Sequence[str]) -> Vocabulary:
    """The tokenizer that finds the words of fastai's `itos` whole in normalised text."""
    known = set(itos)
    # Normalised text has one apostrophe: a word that the list spells with the other is found too.
    words = [word if (plain := word.replace("’", "'")) in known else plain for word in itos]
    whole = _inner_apostrophes(words)
    pieces = [(_SPACE + (word.replace("'", "’") if word in whole else word), NORMAL, 0.0) for word in words]
    found = _arranged(pieces, _SPACE, NORMAL)
    model = _trained_on_rules(_parting_rules(set(words), whole))
    model.trainer_spec.model_type = _WORD_MODEL
    return _finished(model, *found)


def of_pieces(path: str | Path, itos: Sequence[str] | None = None) -> Vocabulary:
    """The tokenizer with the pieces and scores of the SentencePiece model at `path`.

    itos: the vocabulary that fastai 2 counted over those pieces, if the weights go by it; pieces that it lacks are left
    out, since the weights have no row for them. Raises InputError.
    """
    from sentencepiece import sentencepiece_model_pb2 as proto

    model: Any = proto.ModelProto()  # type: ignore[attr-defined]
    try:
        model.ParseFromString(Path(path).read_bytes())
    except OSError as fault:
        raise read_error(path, fault) from fault
    except Exception as fault:
        raise InputError(f"{path}: not a SentencePiece model. Give the spm.model that the weights go with.") from fault
    pieces = [(p.piece, USER_DEFINED if p.type == USER_DEFINED else NORMAL, p.score) for p in model.pieces]
    if not pieces:
        raise InputError(f"{path}: a SentencePiece model without a piece. Give the spm.model that the weights go with.")
    if itos is not None:
        known = {piece: (kind, score) for piece, kind, score in pieces}
        specials = {name for names in (*_SPECIALS.values(), *_MARKS.values()) for name in names}
        spelt = [_SPACE + word if word in specials and _SPACE + word in known else word for word in itos]
        pieces = [(word, *known.get(word, (UNUSED, 0.0))) for word in spelt]
    return _finished(model, *_arranged(pieces, _SPACE, USER_DEFINED))


_Piece = tuple[str, int, float]


def _arranged(pieces: Sequence[_Piece], space: str, kind: int) -> tuple[list[_Piece], list[int | None], list[str]]:
    """Ours first and last, the others between; the rows they take; which of ours are new. kind: of the marks."""
    at: dict[str, int] = {}
    for row, (piece, _, _) in enumerate(pieces):
        at.setdefault(piece, row)

    def row_of(names: Iterable[str]) -> int | None:
        return next((at[spelt] for name in names for spelt in (space + name, name) if spelt in at), None)

    first: list[_Piece] = [(name, UNKNOWN if name == "<unk>" else CONTROL, 0.0) for name in _SPECIALS]
    rows = [row_of(names) for names in _SPECIALS.values()]
    marks = {mark: row_of((*_MARKS.get(mark, ()), mark)) for mark in MARKS}
    missing = [piece for (piece, _, _), row in zip(first, rows, strict=True) if row is None]
    missing += [mark for mark, row in marks.items() if row is None]
    taken = {row: mark for mark, row in marks.items() if row is not None}
    special = set(rows)
    for row, one in enumerate(pieces):
        if row not in special:
            first.append((space + taken[row], kind, 0.0) if row in taken else _reachable(one, row, at))
            rows.append(row)
    for mark, found in marks.items():
        if found is None:
            first.append((space + mark, kind, 0.0))
            rows.append(None)
    return first, rows, missing


def _reachable(piece: _Piece, row: int, at: Mapping[str, int]) -> _Piece:
    """The piece, or an unused one whose name no text can spell (it has a space in it)."""
    name = piece[0].removeprefix(_SPACE)
    clash = name in _SPECIALS or any(c.isspace() for c in piece[0]) or not name or at[piece[0]] != row
    if piece[0] == _SPACE and at[piece[0]] == row:  # SentencePiece's own lone space
        return piece
    return (f"<row {row}>", UNUSED, 0.0) if clash or name in _NEVER_IN_A_TEXT or piece[1] == UNUSED else piece


def _finished(model: Any, pieces: Sequence[_Piece], rows: Sequence[int | None], missing: Sequence[str]) -> Vocabulary:
    del model.pieces[:]
    for piece, kind, score in pieces:
        model.pieces.add(piece=piece, type=kind, score=score)
    spec = model.trainer_spec
    spec.vocab_size = len(pieces)
    for place, (name, piece) in enumerate(zip(("unk", "bos", "eos", "pad"), _SPECIALS, strict=True)):
        setattr(spec, f"{name}_id", place)
        setattr(spec, f"{name}_piece", piece)
    spec.byte_fallback = False
    return Vocabulary(model.SerializeToString(), tuple(rows), tuple(missing))


def _inner_apostrophes(words: Sequence[str]) -> set[str]:
    """Words such as "aujourd'hui", which are one although there is an apostrophe in them."""
    known = set(words)
    found = set()
    for word in known:
        left, _, right = word.partition("'")
        if len(left) > 2 and len(right) > 1 and (left + right).isalpha() and f"{left}'" not in known:
            found.add(word)
    return found


def _parting_rules(words: set[str], whole: set[str]) -> dict[str, str]:
    """What stands in a text -> the same with spaces around each word, as spaCy's French rules part it."""
    rules = {sign: f" {sign} " for sign in _APART} | {"'": "' "}
    rules |= {mark: f" {mark} " for mark in MARKS}
    signs = {w for w in words if len(w) > 1 and not any(c.isalpha() or c.isspace() or c in "<>" for c in w)}
    rules |= {sign: f" {sign} " for sign in signs if not any(c.isdigit() for c in sign) and "'" not in sign}
    rules |= {"<3": " <3 "} if "<3" in words else {}
    if "..." not in words:
        rules["..."] = " … "
    clitics = sorted(w for w in words if len(w) > 1 and w[0] == "-" and w[1:].isalpha())
    for clitic in clitics:
        for tail in _TAILS:
            rules[clitic + tail] = f" {clitic}{rules.get(tail, tail)}"
            if "-t" in words and clitic != "-t":
                rules[f"-t{clitic}{tail}"] = f" -t{rules[clitic + tail]}"
    # SentencePiece has no rule that leaves things as they are: the other apostrophe keeps such words together.
    return rules | {word: word.replace("'", "’") for word in whole}


def _trained_on_rules(rules: Mapping[str, str]) -> Any:
    """A SentencePiece model of whatever pieces, with these rules compiled into its normaliser."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    def hexed(text: str) -> str:
        return " ".join(f"{ord(c):X}" for c in text)

    made = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "rules.tsv"
        table.write_text("".join(f"{hexed(a)}\t{hexed(b)}\n" for a, b in rules.items()), encoding="ascii")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d"]), model_writer=made, model_type="word", vocab_size=8,
            hard_vocab_limit=False, normalization_rule_tsv=str(table), minloglevel=2,
        )  # fmt: skip
    model: Any = proto.ModelProto()  # type: ignore[attr-defined]
    model.ParseFromString(made.getvalue())
    return model
