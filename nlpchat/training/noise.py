"""Clean French respelt the way people type it on a telephone: what the classifier must not stumble over.

Dropped accents, missing punctuation and apostrophes, lower case, abbreviations ("qui" "ki", "c'est" "c", "je suis" "jsuis"),
stretched letters and slips. Every choice is drawn from the generator given, so that a run can be repeated.
"""

from __future__ import annotations

import re
import unicodedata
from random import Random

LONGEST = 400  # characters; longer texts are no messages, and are respelt lightly only

_PHRASES = [
    (r"je suis", ("jsuis", "chui", "jss", "chuis")), (r"je sais pas", ("jsp", "jsais pas", "chais pas")), (r"j'ai", ("g", "jai", "jé")),
    (r"c'est", ("c", "cest", "cé", "ces")), (r"c'était", ("c t", "cété", "cetait")), (r"t'es", ("t", "tes", "té")),
    (r"t'as", ("ta", "tas")), (r"il y a", ("ya", "y a", "il ya")), (r"s'il te pla[iî]t", ("stp", "steuplé")),
    (r"s'il vous pla[iî]t", ("svp",)), (r"parce que", ("pcq", "psk", "parceke", "pask")), (r"est-ce que", ("esk", "est ce que")),
    (r"qu'est-ce que", ("keske", "kesk", "qu'est ce que")), (r"ne ", ("",)), (r"n'", ("",)), (r"à demain", ("a 2m1", "a dem1")),
    (r"d'accord", ("dac", "daccord", "dak")), (r"quelqu'un", ("qqn", "qq1")), (r"quelque chose", ("qqch", "kelke chose")),
    (r"je ", ("j", "j ")),
]  # fmt: skip
_WORDS = {
    "qui": ("ki",), "que": ("ke", "k"), "quoi": ("koi", "kwa"), "quand": ("qd", "kan"), "pourquoi": ("pk", "pq", "pourkoi"),
    "pour": ("pr",), "dans": ("ds",), "avec": ("avc", "av"), "vous": ("vs", "vou"), "nous": ("ns",), "tout": ("tt",), "tous": ("ts",),
    "toujours": ("tjrs", "tjr"), "beaucoup": ("bcp", "bocou"), "maintenant": ("mtn", "mnt"), "aujourd'hui": ("ajd", "auj"),
    "demain": ("2m1", "dem1"), "bien": ("bi1", "b1"), "rien": ("ri1", "r1"), "mais": ("mé", "mai"), "est": ("é", "e"),
    "trop": ("tro",), "très": ("tres", "tré"), "merci": ("mci", "mrc"), "bonjour": ("bjr", "bjour"), "bonsoir": ("bsr",),
    "salut": ("slt",), "coucou": ("cc",), "message": ("msg",), "week-end": ("we",), "rendez-vous": ("rdv",), "comme": ("com", "cmme"),
    "comment": ("cmt", "coman"), "vraiment": ("vrmt", "vrmnt"), "même": ("mm", "meme"), "peut-être": ("ptetre", "pt-etre"),
    "problème": ("pb", "prob"), "franchement": ("frchmt", "franchmt"), "quelque": ("qq",), "faut": ("fo",), "beau": ("bo",),
    "fait": ("fé", "f"), "cet": ("c",), "ces": ("c",), "c'est": ("c",), "toi": ("twa", "toa"), "moi": ("mwa", "moa"),
    "jamais": ("jms", "jamé"), "plus": ("+", "pu"), "soirée": ("soiré", "swaré"), "grave": ("grv",), "aussi": ("ossi", "aussi"),
    "alors": ("alr",), "oui": ("oué", "wi", "ui"), "ouais": ("ouai", "we"), "non": ("nn",),
    "j'aime": ("jaime", "jm"), "après": ("ap", "apres"), "petit": ("ptit",), "suis": ("sui",),
}  # fmt: skip
_PHRASE_RULES = [(re.compile(rf"\b{pattern}", re.IGNORECASE), forms) for pattern, forms in _PHRASES]
_WORD = re.compile(r"[\w'’-]+")
_PUNCTUATION = re.compile(r"(?<![:;=8])[.,;:!?…](?![)(DPp/|*])")


def respell(text: str, random: Random) -> str:
    """`text` as somebody might have typed it; what it says, and its smileys and emoji, stay."""
    strength = random.random() if len(text) <= LONGEST else 0.3 * random.random()
    text = text.replace("’", "'")
    for pattern, forms in _PHRASE_RULES:
        if random.random() < 0.6 * strength:
            text = pattern.sub(random.choice(forms), text)
    text = _WORD.sub(lambda match: _word(match[0], random, strength), text)
    if random.random() < 0.5:
        text = "".join(
            c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn" or c == "\ufe0f"
        )
        text = unicodedata.normalize("NFC", text)
    if random.random() < 0.4:
        text = text.replace("'", random.choice(("", " ")))
    if random.random() < 0.4:
        text = _PUNCTUATION.sub("", text)
    if random.random() < 0.5:
        text = text.lower()
    return text


def _word(word: str, random: Random, strength: float) -> str:
    forms = _WORDS.get(word.lower())
    if forms and random.random() < 0.7 * strength:
        return random.choice(forms)
    if len(word) > 3 and random.random() < 0.06 * strength:
        return _slip(word, random)
    if len(word) > 2 and random.random() < 0.02 * strength:
        return word + word[-1] * random.randint(2, 5)
    if len(word) > 3 and word[-1] in "stex" and random.random() < 0.08 * strength:
        return word[:-1]  # silent endings go first
    return word


def _slip(word: str, random: Random) -> str:
    place = random.randrange(1, len(word) - 1)
    kind = random.randrange(3)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place] + word[place:]
    return word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]
