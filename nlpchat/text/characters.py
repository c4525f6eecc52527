"""A string as any file can hold it: whole characters, in NFC. Standard library only."""

from __future__ import annotations

import unicodedata


def whole(text: str) -> str:
    """The text with U+FFFD for each half of a character, which JSON can hold and no file or tokenizer can.

    >>> whole("a\\ud83d!")
    'a\\ufffd!'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def nfc(text: str) -> str:
    """The text in NFC, of whole characters."""
    return text if text.isascii() else unicodedata.normalize("NFC", whole(text))
