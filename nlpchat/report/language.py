"""The language that a report about a chat is best written in: French or English."""

from __future__ import annotations

import re

from nlpchat.records import Chat

# Messages looked at, spread over the whole; and characters of each.
SAMPLE, LENGTH = 2_000, 300
# English only where its words are so many, and so many times French's.
LEAST, TIMES = 5, 1.5

_WORD = re.compile(r"[^\W\d_]+")
# Words that are frequent in one and rare in the other, notices of the applications among what is read. None is in both.
_FRENCH = (
    "je tu il elle nous vous ils elles le la les un une des du de et est suis es sont pas que qui quoi dans pour avec sur "
    "mais ou où c j l qu ça ce cette moi toi lui mon ma mes ton ta tes au aux oui si ai avons avez y en on très bien "
    "tout trop fait être avoir sans chez quand comme aussi"
)
_ENGLISH = (
    "i you he she it we they the and is are was were be been to of that this these for with not but in at my your his her "
    "our their what when where who how have has had do does did will would can could just don im yes so if "
    "from about there here because too very"
)
FRENCH, ENGLISH = frozenset(_FRENCH.split()), frozenset(_ENGLISH.split())


def chat_language(chat: Chat) -> str:
    """ "fr" or "en", by the function words of messages and notices; "fr" in doubt, and for every other language."""
    step = max(1, len(chat.messages) // SAMPLE)
    words = [
        word
        for message in chat.messages[::step]
        for word in _WORD.findall(message.text[:LENGTH].lower().replace("’", "'"))
    ]
    french = sum(word in FRENCH for word in words)
    english = sum(word in ENGLISH for word in words)
    return "en" if english >= LEAST and english > TIMES * french else "fr"
