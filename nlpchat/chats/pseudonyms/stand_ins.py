"""Stand-ins for people and what belongs to them: "Personne 1", "[lien 3]"; with a key, "Personne K7Q2XX".

Without a key they are numbered in order of first appearance, so they hold for one run. With a key, the code comes
from HMAC-SHA256 (RFC 2104) of the kind and the name: the same name and key give the same code in every run, and
nobody without the key can try names out.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import normalize

from nlpchat.chats.pseudonyms.personal import STAND_IN

StandInKind = Literal["person", "chat", "phone", "email", "link", "file", "number", "contact", "place"]

_WRITTEN: dict[StandInKind, str] = {
    "person": "Personne {}", "chat": "Conversation {}", "file": "fichier-{}", "phone": "[téléphone {}]",
    "email": "[courriel {}]", "link": "[lien {}]", "number": "[numéro {}]", "contact": "[contact {}]",
    "place": "[lieu {}]",
}  # fmt: skip
# Characters of a code: a letter, a digit, and so many of base32; 28 bits.
_CODE = 4


@dataclass(slots=True)
class StandIns:
    """The stand-ins given out in one run.

    key: None for numbers. taken: stand-ins that the chats hold already, never given to somebody else.
    lengthened: how many codes met one that was given out, and got more characters (in the order of appearance).
    """

    key: str | None = None
    taken: set[str] = field(default_factory=set)
    given: dict[tuple[StandInKind, str], str] = field(default_factory=dict)
    counts: Counter[StandInKind] = field(default_factory=Counter)
    lengthened: int = 0

    def reserve(self, names: Iterable[str]) -> None:
        """Keeps these from being given out: people who are stand-ins of an earlier run stay themselves."""
        self.taken.update(name for name in names if STAND_IN.fullmatch(name))

    def of(self, kind: StandInKind, name: str) -> str:
        """The stand-in of a name; the same for every way to write it in upper and lower case."""
        if kind in ("person", "chat", "file") and STAND_IN.fullmatch(name):
            return name
        identity = (kind, normalize("NFC", name).casefold())
        known = self.given.get(identity)
        if known is None:
            known = self.given[identity] = self._new(*identity)
            self.taken.add(known)
        return known

    def _new(self, kind: StandInKind, identity: str) -> str:
        written = _WRITTEN[kind]
        if self.key is None:
            while True:
                self.counts[kind] += 1
                numbered = written.format(self.counts[kind])
                if numbered not in self.taken:
                    return numbered
        message = f"{kind}\0{identity}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self.key.encode("utf-8", "surrogatepass"), message, hashlib.sha256).digest()
        letters = b32encode(digest).decode().rstrip("=")
        # A letter and a digit first, so that no code reads like a name; 0 and 1 would read like O and I.
        begin = f"{chr(ord('A') + digest[0] % 26)}{2 + digest[1] % 8}"
        length = _CODE
        while (coded := written.format(begin + letters[4 : 4 + length])) in self.taken and length < len(letters) - 4:
            length += 1
        self.lengthened += length > _CODE
        return coded
