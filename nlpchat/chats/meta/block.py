"""What one dated block of a page of Meta's says: its words line by line, its files, links and reactions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nlpchat.records import Reaction

# Of the second of so many elements is a message's text, where its parts have an element each, empty or not.
_SLOTS = 3

INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "br", "code", "em", "font", "i", "img", "label", "small", "span", "strong", "sub",
    "sup", "time", "u",
})  # fmt: skip
_PLAYERS = frozenset({"img", "video", "audio", "source", "object", "embed"})
_EMOJI = (
    r"(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|[©®‼-㊙\U0001f000-\U0001faff]"
    r"[\ufe0f\U0001f3fb-\U0001f3ff]*[\U000e0020-\U000e007f]*)"
)
_REACTION = re.compile(
    rf"\s*(?P<emoji>{_EMOJI}(?:\u200d{_EMOJI})*)\s*(?P<actor>.*?)\s*(?:\([^()]*\d[^()]*\))?\s*", re.S
)
_ADDRESS = re.compile(r"(?:IP|adresse IP|IP address)\s?:\s?[0-9a-f.:]+", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Element:
    """An element of a page as far as it is open or needed: its address (src or href) and what it holds."""

    tag: str
    classes: tuple[str, ...] = ()
    link: str = ""
    children: list[Element | str] = field(default_factory=list)

    @property
    def inner(self) -> list[Element]:
        """The elements in it, without the text between them."""
        return [child for child in self.children if isinstance(child, Element)]


@dataclass(slots=True)
class Card:
    """One dated block. text: its words; besides: further words, of what was shared or of a call."""

    sender: str
    date: str
    text: str = ""
    besides: str = ""
    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)


def words(node: Element) -> str:
    """The text of an element, lines and all, without what stands around it."""
    reader = _Reader()
    reader.read(node)
    return reader.text


def fill(card: Card, parts: list[Element]) -> None:
    """Adds to a card what these elements hold."""
    written, besides = _split(parts)
    main, rest = _Reader(), _Reader()
    for node in written:
        main.read(node, card)
    for node in besides:
        rest.read(node, card)
    more = "\n".join(line for line in rest.text.split("\n") if not _ADDRESS.fullmatch(line.strip()))
    card.text = "\n".join(filter(None, (card.text, main.text)))
    card.besides = "\n".join(filter(None, (card.besides, more)))


def _split(parts: list[Element]) -> tuple[list[Element], list[Element]]:
    """What was written and what goes with it, where each has its place; else everything is what was written."""
    if len(parts) != 1:
        return parts, []
    node = parts[0]
    while True:
        inner = [child for child in node.children if isinstance(child, Element)]
        if any(isinstance(child, str) and child.strip() for child in node.children) or not inner:
            return parts, []
        if len(inner) > 1:
            break
        node = inner[0]
    if len(inner) < _SLOTS or any(child.tag != "div" for child in inner):
        return parts, []
    return [inner[1]], [inner[0], *inner[2:]]


class _Reader:
    """Reads elements into lines: a block element begins one, <br> ends one, and what is inline runs on."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []

    @property
    def text(self) -> str:
        self._flush()
        return "\n".join(self._lines)

    def read(self, node: Element, card: Card | None = None) -> None:
        """Adds the element's words; with a card, files, links and reactions go there and not among the words."""
        if node.tag == "br":
            self._line.append("\n")
            return
        if card is not None and self._attach(node, card):
            return
        block = node.tag not in INLINE
        if block:
            self._flush()
        for child in node.children:
            if isinstance(child, str):
                self._line.append(child)
            else:
                self.read(child, card)
        if block:
            self._flush()

    def _attach(self, node: Element, card: Card) -> bool:
        if node.tag in _PLAYERS:
            links = [node.link, *(c.link for c in node.children if isinstance(c, Element) and c.tag == "source")]
            _add_once(card.files, [link.rpartition("/")[2] for link in links if not link.startswith("data:")])
            return True
        if node.tag == "a" and node.link:
            return self._attach_link(node, card)
        if node.tag == "ul":
            return _add_reactions(node, card)
        return False

    def _attach_link(self, node: Element, card: Card) -> bool:
        outside = re.match(r"(?:https?:|mailto:|//)", node.link) is not None
        if not outside:
            _add_once(card.files, [node.link.rpartition("/")[2]])
            return True
        if any(isinstance(child, Element) and child.tag in _PLAYERS for child in node.children):
            return False
        # A link in the midst of words is one of them.
        if "".join(self._line).strip() or words(node) != node.link:
            return False
        _add_once(card.links, [node.link])
        return True

    def _flush(self) -> None:
        line = "".join(self._line).replace("\r\n", "\n").replace("\r", "\n").strip()
        self._line.clear()
        if line:
            self._lines.append(line)


def _add_once(names: list[str], more: list[str]) -> None:
    names += [name for name in dict.fromkeys(more) if name and name not in names]


def _add_reactions(node: Element, card: Card) -> bool:
    """Whether a list is one of reactions, which are then added: an emoji and a name on each line."""
    lines = [words(child) for child in node.children if isinstance(child, Element)]
    found = [_REACTION.fullmatch(line) for line in lines]
    if not found or not all(found):
        return False
    card.reactions += [Reaction(one["actor"] or None, one["emoji"]) for one in found if one is not None]
    return True
