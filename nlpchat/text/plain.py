"""Normalised text -> text that people read: the inverse of `normalise`, as far as there is one.

    >>> plain("<cap> quel <up> beau film ! <rep>3 😂 <rep>2 oui <long>4")
    'Quel BEAU film !!! 😂😂 ouiiii'

Undone: capitals, repeated signs and emoji. Guessed: of a stretched word the last letter is stretched, whichever it was. Not to be
undone: which link, address, name or number a mark stood for (a word in brackets stands there), line breaks and the kinds of
spaces, apostrophes and quotes, capitals inside a word.
"""

from __future__ import annotations

import re

_STANDS_FOR = {"<url>": "[lien]", "<mail>": "[e-mail]", "<user>": "@[nom]", "<tel>": "[téléphone]"}
_MOST = 40  # times a sign is written out, whatever a count says
_CAPITAL = re.compile(r"<(up|cap)>\s*([^\W\d_][\w'’-]*)")
_LONG = re.compile(r"(\w)\s*<long>\s?(\d+)")
_REPEATED = re.compile(r"(\.\.\.|</?3|\S[\u200d\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*(?:\u200d\S+)*)\s*<rep>\s?(\d+)")
_FLAG = re.compile(r"([\U0001f1e6-\U0001f1ff]{2})\s*<rep>\s?(\d+)")
_LEFT_OVER = re.compile(r"\s*<(?:up|cap|long|rep)>(?:\d+)?")
# Spaces that French does not write; a tokenizer of words leaves them where it parted the text.
_BEFORE = re.compile(r" (?=(?:[,.)\]](?!\S)|…(?!\S)))")
_ELISION = re.compile(r"\b((?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quelqu)['’]) (?=[^\W\d_])", re.IGNORECASE)
_CLITIC = re.compile(r"(?<=\w) (?=-(?:t|ce|elles?|en|ils?|je|la|le|les|leur|là|moi|nous|on|toi|tu|vous|y)\b)")


def plain(text: str) -> str:
    """The text without marks, as a person would have typed it."""
    text = _CAPITAL.sub(lambda m: m[2].upper() if m[1] == "up" else m[2][:1].upper() + m[2][1:], text)
    text = _LONG.sub(lambda m: m[1] * _times(m[2]), text)
    text = _FLAG.sub(lambda m: m[1] * _times(m[2]), text)
    text = _REPEATED.sub(lambda m: "." * _times(m[2]) if m[1] == "..." else m[1] * _times(m[2]), text)
    text = _LEFT_OVER.sub("", text)
    for mark, word in _STANDS_FOR.items():
        text = text.replace(mark, word)
    text = _CLITIC.sub("", _ELISION.sub(r"\1", _BEFORE.sub("", text)))
    return " ".join(text.split())


def _times(count: str) -> int:
    return max(1, min(int(count[:3]), _MOST))
