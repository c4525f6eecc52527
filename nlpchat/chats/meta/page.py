"""The dated blocks of an HTML page of Meta's: who, when, what was written and what was attached.

Found by shape, since the names of the classes change every few years: the date is an element that holds a date and
nothing else; the block is the element around it; its first words are the sender's name, and what lies between is the
message. Where a page has a class known to be of dates, only elements of that class are dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from nlpchat.chats.meta.block import INLINE, Card, Element, fill, words
from nlpchat.chats.meta.dates import LONGEST, is_dated, moment_of

# The class of a date: since 2021, 2018 to 2020, and in some pages since 2021.
_DATE_CLASSES = ("_a6-o", "_2lem", "_a72d")
# Of the page of 2017, which has all conversations.
_LEGACY = "message_header"
# Elements nested deeper are taken for part of the one that is so deep: no page of Meta's comes near it.
_DEEPEST = 100
# A block with more blocks in it than this is no message that mentions dates but the page around the messages.
_MENTIONED = 4

_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip


@dataclass(slots=True)
class Page:
    """What a page holds. cards: in its order; threads: of a page of 2017, each one's people and cards."""

    title: str = ""
    owner: str = ""
    instagram: bool = False
    cards: list[Card] = field(default_factory=list)
    threads: list[tuple[str, list[Card]]] = field(default_factory=list)


def page_of(html: str) -> Page:
    """What the page holds; damaged HTML gives what can be read of it. Raises ValueError where it cannot be parsed."""
    parser = _Parser(html)
    try:
        parser.feed(html)
        parser.close()
    except AssertionError as fault:
        # how the standard library's parser refuses "<![" and its like
        raise ValueError(str(fault)) from fault
    parser.close_all()
    return parser.page


@dataclass(slots=True, eq=False)
class _Node(Element):
    # the date among the direct children; how many cards there were when it opened; the cards of a conversation of 2017
    date: Element | None = None
    opened: int = 0
    thread: list[Card] | None = None


class _Parser(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page(instagram="your_instagram_activity/" in html)
        self._stack = [_Node("")]
        self._legacy = f'"{_LEGACY}"' in html
        self._date_class = next((name for name in _DATE_CLASSES if _has_dates(html, name)), "")
        self._skip = 0
        self._deep: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._skip += 1
            return
        top = self._stack[-1]
        if len(self._stack) > _DEEPEST and tag not in _VOID:
            self._deep.append(tag)
            return
        known = dict(attrs)
        link = (known.get("src") or known.get("href") or known.get("data") or "") if tag != "base" else ""
        node = _Node(tag, tuple((known.get("class") or "").split()), link, opened=len(self.page.cards))
        top.children.append(node)
        if tag in _VOID:
            return
        if self._legacy and "thread" in node.classes:
            node.thread = []
        self._stack.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._skip = max(0, self._skip - 1)
            return
        if self._deep:
            if tag == self._deep[-1]:
                self._deep.pop()
            return
        if not any(node.tag == tag for node in self._stack[1:]):
            return
        while self._stack[-1].tag != tag:
            self._close()
        self._close()

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self._stack[-1].children.append(data)

    def close_all(self) -> None:
        while len(self._stack) > 1:
            self._close()

    def _close(self) -> None:
        node = self._stack.pop()
        parent = self._stack[-1]
        if node.tag == "title":
            self.page.title = self.page.title or words(node)
        elif node.tag == "h1":
            self.page.owner = self.page.owner or words(node)
        elif self._legacy:
            self._close_legacy(node, parent)
        elif node.date is not None and self._add(node):
            if len(self.page.cards) - parent.opened > _MENTIONED:
                # what is kept of a page does not grow with its messages
                parent.children.clear()
        elif self._is_date(node):
            parent.date = node

    def _is_date(self, node: _Node) -> bool:
        if self._date_class:
            return self._date_class in node.classes
        if len(node.children) > 2 or node.tag in ("li", "ul"):
            return False
        shown = words(node)
        return len(shown) <= LONGEST and (moment_of(shown) is not None or is_dated(shown))

    def _add(self, node: _Node) -> bool:
        """Whether the element is a block: a sender before a date. Blocks inside it are dates that it mentions."""
        assert node.date is not None
        inside = len(self.page.cards) - node.opened
        if inside > _MENTIONED:
            return False
        parts = [c for c in node.children[: node.children.index(node.date)] if not isinstance(c, str)]
        sender = next((at for at, part in enumerate(parts) if words(part)), None)
        if sender is None:
            return False
        del self.page.cards[node.opened :]
        card = Card(words(parts[sender]), words(node.date))
        fill(card, parts[sender + 1 :])
        self.page.cards.append(card)
        return True

    def _close_legacy(self, node: _Node, parent: _Node) -> None:
        """A page of 2017: the header of a message, then its paragraphs beside it, all in the conversation."""
        if node.thread is not None:
            self.page.threads.append((" ".join(words(node).split()), node.thread))
            parent.children.pop()
        if parent.thread is None or node.tag in INLINE:
            return
        user, meta = _of_class(node, "user"), _of_class(node, "meta")
        if meta is not None:
            parent.thread.append(Card(words(user) if user else "", words(meta)))
        elif parent.thread:
            fill(parent.thread[-1], [node])
        else:
            return
        parent.children.pop()


def _has_dates(html: str, name: str) -> bool:
    shown = re.finditer(rf'class="[^"<>]*(?<![\w-]){name}(?![\w-])[^"<>]*"[^<>]*>(?:\s*<[^<>]*>)*([^<]+)', html)
    return any(is_dated(found[1].strip()) for _, found in zip(range(20), shown, strict=False))


def _of_class(node: Element, name: str) -> Element | None:
    if name in node.classes:
        return node
    inner = (_of_class(child, name) for child in node.inner)
    return next((found for found in inner if found is not None), None)
