"""SentencePiece over normalised text: train, load, encode, decode.

The marks of `normalise`, common smileys and emoji are user-defined symbols (with the space that comes before them, so
that "🙂" costs one piece); every other character that the vocabulary lacks falls back to bytes, so no text is unknown.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from random import Random

import sentencepiece

from nlpchat.errors import BundleError, CorpusError, RecipeError
from nlpchat.text.normalise import MARKS, normalise

UNK_ID, BOS_ID, EOS_ID, PAD_ID = 0, 1, 2, 3
_SPACE = "\u2581"  # how SentencePiece writes a space
_SMILEYS = (
    "! ? :) :-) :( :-( ;) ;-) :D :-D :P :p :'( :/ :-/ :o :O :s :S :3 :* :-* =) =D =( 8) ^^ <3 </3 -_- o_O O_o T_T"
)
_EMOJI = (
    "😂 🤣 😭 😍 🥰 😘 😊 😁 😅 😉 🙂 😀 😃 😄 😆 😎 😋 😜 😝 🤪 😏 😇 🥳 🤗 🤩 😌 😴 🥱 😪 🤤 😔 😢 😥 😓 😩 😫 😤 😡 😠 🤬 😱 😨 😰 😳 "
    "🥺 🙄 😒 😐 😑 😬 🤔 🤨 🤷 🤦 🙈 🙏 👍 👎 👌 👏 🙌 💪 👀 👋 ✌️ 🤞 🤝 ❤️ ❤ 💕 💖 💗 💙 💚 💛 🧡 💜 🖤 💔 💋 🔥 ✨ 🎉 🎊 🎁 🎂 🌹 🌸 ☀️ 🌞 "
    "⭐ 🌟 💯 ✅ ❌ ⚠️ 🚗 🍕 🍻 🥂 🍾 😈 👿 💀 💩 🤮 🤢 🤒 😷 🥶 🥵 🙃 😞 😟 😕 🙁 ☹️ 😣 😖 🫠 🫶 🥹 😮 😲 🤯 🤭 🤫 🐶 🐱 💤 👑 💃 🕺 ⚽"
)
# Letters and signs that chats need as pieces of their own even where the training text has few of them.
_REQUIRED = (
    "abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæ0123456789.,;:!?'\"()-_/+*=%&@#€$<>^~«»°…\u200d\ufe0f🏻🏼🏽🏾🏿♀♂"
)


class Tokenizer:
    """Pieces of normalised French. `model` is the serialised SentencePiece model, as saved in tokenizer.model."""

    bos_id, eos_id, pad_id = BOS_ID, EOS_ID, PAD_ID

    def __init__(self, model: bytes):
        self.model = model
        self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)

    @classmethod
    def load(cls, path: str | Path) -> Tokenizer:
        """The tokenizer saved at `path` (a file, or a folder with tokenizer.model). Raises BundleError."""
        path = Path(path)
        path = path / "tokenizer.model" if path.is_dir() else path
        try:
            return cls(path.read_bytes())
        except (OSError, RuntimeError) as fault:
            raise BundleError(f"{path}: no SentencePiece model can be read there ({fault}).") from fault

    @property
    def vocab_size(self) -> int:
        return int(self._pieces.get_piece_size())

    def encode(self, texts: Sequence[str], *, threads: int = 1) -> list[list[int]]:
        """Piece ids of each normalised text, without bos."""
        return list(self._pieces.encode(list(texts), num_threads=threads))

    def split(self, ids: Sequence[int], share: float, random: Random) -> list[int]:
        """`ids` with about `share` of the pieces cut into two that mean the same text, drawn from `random`.

        Subword regularisation (Kudo 2018) as dropped merges (Provilkov et al. 2020): a word is met in the crumbs that its
        misspellings fall into. SentencePiece's own sampling cannot be repeated: its generator is seeded once in a thread.
        """
        halves = self._halves
        out: list[int] = []
        for piece in ids:
            cuts = halves[piece]
            if cuts and random.random() < share:
                out += cuts[int(random.random() * len(cuts))]
            else:
                out.append(piece)
        return out

    @cached_property
    def posts(self) -> tuple[int, ...]:
        """The ids of links, mentions and hashtags: what is written for everybody has them, and a message seldom."""
        marks = ("<url>", "<user>", "#")
        return tuple(i for i, name in enumerate(self.pieces(range(self.vocab_size))) if name.lstrip(_SPACE) in marks)

    @cached_property
    def _halves(self) -> list[list[tuple[int, int]]]:
        """For each piece, the pairs of pieces that it is put together from."""
        names = self.pieces(range(self.vocab_size))
        places = {name: place for place, name in enumerate(names) if self.is_text(place)}
        whole = {_SPACE + symbol for symbol in (*MARKS, *_SMILEYS.split(), *_EMOJI.split())}
        return [
            [
                (places[name[:cut]], places[name[cut:]])
                for cut in range(1, len(name))
                if name[:cut] in places and name[cut:] in places
            ]
            if name in places and name not in whole
            else []
            for name in names
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """The normalised text that `ids` stand for."""
        return str(self._pieces.decode(list(map(int, ids))))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        return [str(self._pieces.id_to_piece(int(i))) for i in ids]

    def is_text(self, piece: int) -> bool:
        """Whether the piece of this id stands for text: not for the unknown, a place in it, nothing, or a single byte."""
        other = (self._pieces.is_unknown, self._pieces.is_control, self._pieces.is_unused, self._pieces.is_byte)
        return not any(is_kind(piece) for is_kind in other)


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, seed: int = 0, threads: int = 2) -> Tokenizer:
    """A unigram tokenizer (Kudo 2018) of `vocab_size` pieces learnt from raw `texts`, which are normalised here.

    Raises CorpusError for no text, RecipeError for a vocabulary that the texts cannot fill.
    """
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(seed)
    lines = _lines(texts)
    first = next(lines, None)
    if first is None:
        raise CorpusError("no text to learn a tokenizer from: every file was empty.")
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_chain(first, lines), model_writer=model, model_type="unigram", vocab_size=vocab_size,
            character_coverage=0.9998, byte_fallback=True, normalization_rule_name="identity", split_digits=True,
            user_defined_symbols=_symbols(), required_chars=_REQUIRED, unk_id=UNK_ID, bos_id=BOS_ID, eos_id=EOS_ID,
            pad_id=PAD_ID, num_threads=threads, max_sentence_length=20_000, minloglevel=2,
        )  # fmt: skip
    except RuntimeError as fault:
        raise RecipeError(f"vocab_size={vocab_size} does not suit these texts: {fault}.") from fault
    return Tokenizer(model.getvalue())


def windowed(ids: Sequence[int], window: int) -> list[int]:
    """bos and `ids`, at most `window` in all: past it the first quarter and the last three quarters are kept.

    Reviews give their verdict at the end more often than at the beginning.
    """
    room = window - 1
    if len(ids) > room:
        head = room // 4
        ids = [*ids[:head], *ids[len(ids) - (room - head) :]]
    return [BOS_ID, *ids]


def _symbols() -> list[str]:
    return [_SPACE + symbol for symbol in (*MARKS, *_SMILEYS.split(), *_EMOJI.split())]


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        line = normalise(text)
        if line:
            yield line


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
