"""Text as it was written, from strings whose UTF-8 bytes were taken for Latin-1 characters, as Meta's are.

>>> repair("J'ai rÃ©cupÃ©rÃ© les clÃ©s")
"J'ai récupéré les clés"
>>> repair("J'ai récupéré les clés")
"J'ai récupéré les clés"
"""

from __future__ import annotations

import re

from nlpchat.text.characters import whole

# One character in UTF-8, each of its bytes written as the Latin-1 character of that number.
_CHARACTER = r"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
_SEQUENCE = re.compile(_CHARACTER)
# Nobody types a control character, nor Â or Ã before a symbol: where one of these stands, the rest is believed too.
_CERTAIN = re.compile(r"[\xc2-\xf4][\x80-\xbf]{0,2}[\x80-\x9f]|[\xc2\xc3][\xa0-\xbf]")
# Rightly written French that happens to be UTF-8: "LIBERTÉ !" and "la liberté »", with a no-break space.
_TYPED = re.compile(r"[\xc4-\xdf]\xa0(?=[!?:;])|[\xe0-\xef]\xa0»")


def repair(text: str) -> str:
    """The text with Meta's mis-decoding undone: "cafÃ©" is café, and "café" stays café.

    A string that is right as it stands stays so. In one that is partly right ("“dÃ©jÃ vu”"), only the wrong parts
    change, and only when one of them leaves no doubt. Repeated until nothing changes, so that repairing twice changes
    nothing; the price is that "Ã©" becomes é even where somebody wrote it on purpose. A lone surrogate, which no
    file can hold, becomes U+FFFD.
    """
    text = whole(text)
    while not text.isascii() and (repaired := _repaired(text)) != text:
        text = repaired
    return text


def _repaired(text: str) -> str:
    """The text decoded once, wholly or in part."""
    certain = _CERTAIN.search(text) is not None
    try:
        whole = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return _SEQUENCE.sub(lambda found: _decoded(found, text), text) if certain else text
    return whole if certain or not _TYPED.search(text) else text


def _decoded(found: re.Match[str], text: str) -> str:
    """One character of a text that is partly right, unless it is rightly written French."""
    if _TYPED.match(text, found.start()):
        return found[0]
    try:
        return found[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
