"""Is a text in French? A guess by py3langid, asked only where it can be trusted.

A text counts as foreign when French is less likely than 1 in 50 among 13 languages, and it has 30 letters or more. Measured on chats,
text messages and short reviews of the project's sets: of 26,297 texts that long, 13 were taken for foreign, and 12 of them were (the
other quotes English at length); of 62 sentences in ten other languages cut at 30 letters, 58 were found. Below the floor the guess is
of no use: of 69 texts under 15 letters that it took for foreign ("jtm fort", "ftg", "tg jim"), most were chat French.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# What turns up beside French on French pages; zxx: no language. Asked about all 139, the guess takes chat spelling for Creole or Walloon.
LANGUAGES = ("fr", "en", "de", "es", "it", "pt", "nl", "ro", "pl", "tr", "ru", "ar", "zxx")
UNLIKELY = 0.02
_HEAD = 500  # characters that are looked at
_OTHER_SCRIPT = re.compile("[^\x00-\u024f\u2000-\u206f]+")


def is_foreign(text: str, language: str = "fr", least: int = 30) -> bool:
    """Whether `text` is surely not in `language`; one of fewer than `least` letters never is."""
    head = text[:_HEAD]
    if sum(map(str.isalpha, head)) < least:
        return False
    latin = _OTHER_SCRIPT.sub(" ", head)
    # "La Mauritanie (en arabe : موريتانيا)" is French: a letter of another script weighs as much as several Latin ones.
    ranked = dict(_identifier().rank(latin if 2 * len(latin) > len(head) else head))
    return bool(ranked[language] < UNLIKELY)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
