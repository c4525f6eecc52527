"""Text of the templates that quote, name, abbreviate and translate.

A renderer takes what a template was given, `values` by position and `named` by name, all of it text already, and gives
what a reader of the page sees there. What it cannot know is a HOLE; `paragraphs` judges the sentence around it.

>>> quotation(["Eurêka !"], {}), japanese(["chat", "猫", "neko"], {}), after("p.")(["12"], {})
('« Eurêka ! »', 'chat (猫, neko)', 'p. 12')
"""

from __future__ import annotations

import re
from collections.abc import Callable

Values = list[str]
Named = dict[str, str]
Renderer = Callable[[Values, Named], str]

# Characters that stand for something until the last step; private use, so that no text needs them.
HOLE = "\ue000"  # something was here that cannot be rendered: a banner more often than a word
LOST = "\ue005"  # a number or a formula was here: its sentence says nothing without
PIPE = "\ue001"  # a "|" that is text
FORMULA, FORMULA_END = "\ue006", "\ue007"  # around a formula that was rendered
QUOTE = "\ue002"  # a "'" that is text, never half of a "''"
BROKEN = "\ue003"  # braces or brackets that nothing closes: their paragraph is lost
CUT = "\ue004"  # a note or comment that nothing closes: the rest of its line is lost
MARKS = (HOLE, LOST, PIPE, QUOTE, BROKEN, CUT, FORMULA, FORMULA_END)

TEXT_NAMES = ("texte", "text", "contenu", "citation", "content")
LANGUAGES = {
    "ar": "arabe", "be": "biélorusse", "bg": "bulgare", "br": "breton", "ca": "catalan", "co": "corse", "cs": "tchèque",
    "da": "danois", "de": "allemand", "el": "grec", "en": "anglais", "eo": "espéranto", "es": "espagnol",
    "eu": "basque", "fa": "persan", "fi": "finnois", "fr": "français", "ga": "irlandais", "grc": "grec ancien",
    "gsw": "alsacien", "he": "hébreu", "hi": "hindi", "hr": "croate", "hu": "hongrois", "hy": "arménien",
    "it": "italien", "ja": "japonais", "ko": "coréen", "la": "latin", "lb": "luxembourgeois", "nl": "néerlandais",
    "no": "norvégien", "oc": "occitan", "pl": "polonais", "pt": "portugais", "ro": "roumain", "ru": "russe",
    "sk": "slovaque", "sl": "slovène", "sr": "serbe", "sv": "suédois", "tr": "turc", "uk": "ukrainien",
    "vi": "vietnamien", "zh": "chinois",
}  # fmt: skip

_OF_A_LAND = re.compile(r"(?<= [IVX]) d.*|(?<=[IVX]{2}) d.*|(?<= Ier) d.*")
_PARENTHESIS = re.compile(r"\([^()]*\)\s*$")


def at(values: Values, index: int) -> str:
    return values[index].strip() if index < len(values) else ""


def first(values: Values, named: Named) -> str:
    """What it was given first, or under one of the names of a text; nothing when it was given nothing."""
    if values and values[0].strip():
        return values[0]
    return next((named[name] for name in TEXT_NAMES if named.get(name)), "")


def second(values: Values, named: Named) -> str:
    if len(values) > 1 and values[1].strip():
        return values[1]
    return next((named[name] for name in TEXT_NAMES if named.get(name)), HOLE)


def last(values: Values, named: Named) -> str:
    return values[-1] if values else first(values, named)


def block(values: Values, named: Named) -> str:
    """What was given, in paragraphs of its own."""
    return f"\n\n{first(values, named)}\n\n"


def quotation(values: Values, named: Named) -> str:
    text = first(values, named).strip()
    return f"« {text} »" if text else HOLE


def quotation_block(values: Values, named: Named) -> str:
    return f"\n\n{quotation(values, named)}\n\n"


def foreign_quotation(values: Values, named: Named) -> str:
    return quotation(values[1:] if len(values) > 1 else values, named)


def aside(values: Values, named: Named) -> str:
    """— between dashes —; {{incise|...|stop}} leaves the second out."""
    text = first(values, named).strip()
    return f"— {text}" + ("" if len(values) > 1 else " —")


def after(word: str) -> Renderer:
    """The word, and what was given after it: {{p.|12}}, {{Mme|Curie}}."""
    return lambda values, named: f"{word} {first(values, named)}".rstrip()


def around(left: str, right: str) -> Renderer:
    return lambda values, named: f"{left}{first(values, named)}{right}"


def nth_suffix(suffix: str) -> Renderer:
    """The suffix of an ordinal, and its noun: {{e|siècle}}."""
    return lambda values, named: f"{suffix} {first(values, named)}".rstrip()


def linked(values: Values, named: Named) -> str:
    """{{lien|langue=en|trad=Blue Note|fr=Note bleue|texte=note}}: what the reader sees of it."""
    for name in ("texte", "fr"):
        if named.get(name):
            return named[name]
    return at(values, 0) or named.get("trad") or HOLE


def sovereign(values: Values, named: Named) -> str:
    """{{souverain|Charles IX (roi de France)}}: without what only tells it from others."""
    return named.get("texte") or _PARENTHESIS.sub("", first(values, named)).strip() or HOLE


def sovereign_alone(values: Values, named: Named) -> str:
    """{{souverain2|Charles II d'Espagne}}: "Charles II"."""
    return named.get("texte") or _OF_A_LAND.sub("", sovereign(values, named))


def named_language(values: Values, named: Named) -> str:
    """{{en lang|de|Kanton Glarus}}: "en allemand : Kanton Glarus"."""
    language = LANGUAGES.get(at(values, 0).lower())
    return f"en {language} : {second(values, named)}" if language else second(values, named)


def language_before(code: str) -> Renderer:
    return lambda values, named: f"{LANGUAGES[code]} : {first(values, named)}"


def japanese(values: Values, named: Named) -> str:
    """{{japonais|sens|漢字|romaji|plus}}: "sens (漢字, romaji, plus)"."""
    meaning, *forms = [value.strip() for value in values] or [""]
    inside = ", ".join(form for form in forms if form)
    return f"{meaning} ({inside})" if meaning and inside else meaning or inside or HOLE


def chinese(values: Values, named: Named) -> str:
    """{{chinois|s=汉字|t=漢字|p=hànzì}}: "chinois simplifié : 汉字 ; chinois traditionnel : 漢字 ; pinyin : hànzì"."""
    labels = (("c", "chinois"), ("s", "chinois simplifié"), ("t", "chinois traditionnel"), ("p", "pinyin"))
    shown = {"c": at(values, 0), "p": at(values, 1)} | named
    return " ; ".join(f"{label} : {shown[key]}" for key, label in labels if shown.get(key)) or HOLE


def korean(values: Values, named: Named) -> str:
    shown = [value.strip() for value in (*values, named.get("hangeul", ""), named.get("hanja", "")) if value.strip()]
    return f"coréen : {', '.join(shown)}" if shown else HOLE


def ship(values: Values, named: Named) -> str:
    """{{navire|HMS|Hood|1918}}: "HMS Hood"."""
    return " ".join(value.strip() for value in values[:2]) or HOLE


def twinned(values: Values, named: Named) -> str:
    """{{jumelage|Tainan|Taïwan}}: "Tainan (Taïwan)"."""
    return f"{at(values, 0)} ({at(values, 1)})" if len(values) > 1 else HOLE


def verse(values: Values, named: Named) -> str:
    """{{Bible|Gn|1|1}}: "Gn 1,1"."""
    book, *rest = [value.strip() for value in values] or [""]
    return f"{book} {','.join(rest[:2])}".strip() or HOLE


def sounds(values: Values, named: Named) -> str:
    text = "".join(value.strip() for value in values)
    return text if text.startswith(("[", "/")) or not text else f"[{text}]"


def columns(values: Values, named: Named) -> str:
    return "\n\n" + "\n".join(values) + "\n\n"
