"""Text that a terminal shows and does not obey: chats are other people's words, escape sequences among them."""

from __future__ import annotations

import re

# Control characters, and the marks that turn the direction of whatever follows them on the line.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with what a terminal would obey made visible or taken out; tabs and line ends stay.

    >>> printable("a\\x1b[31mb")
    'a␛[31mb'
    """
    return text if text.isprintable() else _OBEYED.sub(_shown, text)


def one_line(text: str, most: int) -> str:
    """The text on one line, printable, of at most so many characters."""
    words = printable(" ".join(text.split()))
    return words if len(words) <= most else words[: most - 1] + "…"


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else ""
