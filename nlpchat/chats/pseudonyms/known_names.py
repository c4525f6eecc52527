"""Where known people and titles are named inside texts: "Amélie", "d'AMELIE", "Dupont Amélie", "les déménageurs".

Names are looked for as whole words, without regard to case and accents, by the forms that do occur: the words of
all texts are folded once, and those that belong to a name go into one expression, as a tree of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from unicodedata import normalize

from nlpchat.chats.pseudonyms.personal import BETWEEN, WORD, fold

# Words of every text: never a name by themselves, though part of one ("Marie de La Tour").
_FUNCTION_WORDS = """
a ai alors and apres as au aussi aux avant avec avoir bien bon ca ce cela ces cet cette ceux chez comme dans de del
della den der des di donc dos du el elle elles en entre es est et ete etre eu eux fait faut for from il ils in je jour
la le les leur leurs lui ma mai mais mars me meme mes moi mon ne no non nos not notre nous ok on ont or ou oui par pas
plus pour quand que qui quoi sa sans se ses si soi son sont sous sur ta te tes the toi ton tous tout toute toutes tres
tu un une van vers von vos votre vous y you zu
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
# Words that people put into contacts' names: replaced where they are the whole name, not as a part of one.
_LABEL_WORDS = """
agence ami amie amies amis amour belle boulot bureau chef cheri cherie club coeur coiffeur college copain copine cousin
cousine docteur ecole equipe famille femme fille fils frere garage grand grande groupe homme hotel kine lycee madame
maison maman mamie mari medecin mere mobile monsieur nouveau nouvelle numero oncle papa papi papy parents pere perso
petit petite portable pro prof soeur tante taxi tel travail vieux voisin voisine whatsapp
"""
_LABELS = frozenset(_LABEL_WORDS.split())
_LETTERS = 3
_MOST_FORMS = 64
# "Amélie Dupont", "Amélie-Dupont", "Amélie 🌸 Dupont"; in "Amélie, Dupont" two people may be meant.
_GAP = rf"(?:(?![,;:!?…\n()\[\]«»\"])[{BETWEEN}]){{1,3}}"
# Written without spaces: found anywhere in a text.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_END = "\0"
_Tree = dict[str, "_Tree"]


@dataclass(slots=True)
class KnownNames:
    """What is known by name. phrases: folded words, to (kind, name); words: one folded word, to who has it.

    exact: to be met as written only: names of one or two letters, titles of one word. inner: names of scripts
    without spaces. spans: names of several words, as written from their first word to their last.
    """

    phrases: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    words: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    exact: dict[str, tuple[str, str]] = field(default_factory=dict)
    inner: dict[str, tuple[str, str]] = field(default_factory=dict)
    spans: dict[str, tuple[str, str]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def add_person(self, name: str) -> None:
        """Takes in a person: the full name in either order, and its first and last names of three letters or more."""
        self.people.setdefault(name_key(name), name)
        written = WORD.findall(name)
        parts = tuple(map(fold, written))
        if _UNSPACED.search(name) and len(name) > 1:
            self.inner.setdefault(name, ("person", name))
        if len(parts) > 1:
            self.phrases.setdefault(parts, ("person", name))
            self.phrases.setdefault(parts[::-1], ("person", name))
            self.spans.setdefault(_span(name), ("person", name))
            self._add_word("".join(parts), 0, name)
        elif parts and parts[0] not in FUNCTION_WORDS:
            if _letters(parts[0]) >= _LETTERS:
                self._add_word(parts[0], 0, name)
            elif _letters(parts[0]):
                self.exact.setdefault(written[0], ("person", name))
        for place, part in enumerate(parts if len(parts) > 1 else ()):
            if _letters(part) >= _LETTERS and part not in FUNCTION_WORDS and part not in _LABELS:
                self._add_word(part, 1 if place == 0 else 2, name)

    def _add_word(self, word: str, rank: int, name: str) -> None:
        self.words.setdefault(word, []).append((rank, name))

    def add_title(self, title: str) -> None:
        """Takes in a title; one of a single word ("Famille") is met with its own capitals only."""
        written = WORD.findall(title)
        parts = tuple(map(fold, written))
        if _UNSPACED.search(title) and len(title) > 1:
            self.inner.setdefault(title, ("chat", title))
        if len(parts) > 1:
            self.phrases.setdefault(parts, ("chat", title))
            self.spans.setdefault(_span(title), ("chat", title))
        elif parts and _letters(parts[0]) >= _LETTERS and parts[0] not in FUNCTION_WORDS:
            self.exact.setdefault(written[0], ("chat", title))

    def resolve(self, text: str) -> tuple[str, str] | None:
        """Who or what is named so: ("person" or "chat", name); None for nobody known.

        A first name that two people have is a person of its own: which of the two is meant, no text says.
        """
        if (name := self.people.get(name_key(text))) is not None:
            return "person", name
        if text in self.exact or text in self.inner:
            return self.exact.get(text) or self.inner[text]
        if text in self.spans:
            return self.spans[text]
        parts = tuple(map(fold, WORD.findall(text)))
        if (found := self.phrases.get(parts)) is not None:
            return found
        holders = self.words.get("".join(parts))
        if not holders:
            return None
        best = min(rank for rank, _ in holders)
        names = dict.fromkeys(name for rank, name in holders if rank == best)
        return ("person", next(iter(names))) if len(names) == 1 else ("person", "".join(parts))

    def sought(self) -> frozenset[str]:
        """The folded words that names are made of: whatever a text has of a name is written in a form of one of these."""
        exact = (fold(word) for name in (*self.exact, *self.spans) for word in WORD.findall(name))
        return frozenset(self.words).union(exact, *self.phrases)

    def forms(self, vocabulary: Iterable[str]) -> tuple[str, frozenset[str]]:
        """The expression of every name in the forms that this vocabulary has, and the words that call for it: of
        several the longest, which is the rarest as a rule."""
        needed = self.sought()
        written: dict[str, list[str]] = {}
        hot: set[str] = set()
        for word in vocabulary:
            folded = fold(word)
            if folded in needed:
                written.setdefault(folded, []).append(word)
            if word in self.exact:
                hot.add(word)
        tree: _Tree = {}
        for word in hot:
            _insert(tree, word)
        for span in self.spans:
            hot.add(max(WORD.findall(span), key=len))
            _insert(tree, span)
        for folded in self.words:
            for word in written.get(folded, ()):
                hot.add(word)
                _insert(tree, word)
        for parts in self.phrases:
            choices = [written.get(part, []) for part in parts]
            for chosen in islice(product(*choices), _MOST_FORMS):
                hot.add(max(chosen, key=len))
                _insert(tree, *chosen)
        return _tree_expression(tree), frozenset(hot)

    def inner_expression(self) -> str:
        """Names that have no word boundaries around them, longest first."""
        return "|".join(map(re.escape, sorted(self.inner, key=len, reverse=True)))


def name_key(name: str) -> str:
    """What makes two written names one person: NFC, without case, outer spaces and WhatsApp's "~"."""
    return normalize("NFC", name).strip().removeprefix("~").strip("\u00a0\u202f \u2068\u2069\u200e").casefold()


def _span(name: str) -> str:
    found = list(WORD.finditer(name))
    return name[found[0].start() : found[-1].end()]


def _letters(word: str) -> int:
    return sum(map(str.isalpha, word))


def _insert(tree: _Tree, *words: str) -> None:
    for place, word in enumerate(words):
        for character in (" ", *word) if place else word:
            tree = tree.setdefault(character, {})
    tree[_END] = {}


def _tree_expression(tree: _Tree) -> str:
    """The tree as an expression, longest first; a space stands for the gap between two words."""
    branches = list(_branches(tree))
    if not branches:
        return ""
    ends = "" if _END in tree else None
    body = branches[0] if len(branches) == 1 and ends is None else f"(?:{'|'.join(branches)})"
    return body if ends is None else body + "?"


def _branches(tree: _Tree) -> Iterator[str]:
    for first, subtree in tree.items():
        if first == _END:
            continue
        run, below = [first], subtree
        while len(below) == 1 and _END not in below:
            ((character, below),) = below.items()
            run.append(character)
        yield "".join(_GAP if c == " " else re.escape(c) for c in run) + _tree_expression(below)
