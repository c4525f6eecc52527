"""The one cleaning of text that training and use share: a str in, a str that the tokenizer knows by heart out.

    >>> normalise("TROOOP bien ce film!!!! 😂😂😂 https://exemple.fr")
    '<up> trop <long>3 bien ce film ! <rep>4 😂 <rep>3 <url>'

Named rules, applied in the order of RULES. What carries feeling is kept (emoji with their skin tones and ZWJ
sequences, smileys, capitals, stretched letters, repeated punctuation); what only varies in spelling is made one
(kinds of spaces, apostrophes, quotes). normalise(normalise(x)) == normalise(x), and the result is in NFC.

| mark            | stands for                                                       |
|-----------------|------------------------------------------------------------------|
| <url> <mail> <user> <tel> | a link, an e-mail address, a mention, a telephone number |
| <up> <cap>      | before a word: all in capitals; with a capital (of any script)   |
| <long>N         | after a word: a letter of it was written N times                 |
| <rep>N          | after punctuation, a smiley or an emoji: it was written N times  |
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nlpchat.text.characters import nfc

NORMALISER_VERSION = 1
_PASSES = 6  # a bound; two are the rule, and only for texts with unusual characters
MARKS = ("<url>", "<mail>", "<user>", "<tel>", "<up>", "<cap>", "<long>", "<rep>")

_EMOJI_BASE = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u231b\u2328\u23cf\u23e9-\u23fa\u24c2"
    "\u25aa-\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934-\u2935\u2b05-\u2b07\u2b1b-\u2b1c\u2b50\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f171\U0001f17e-\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f201-\U0001f251\U0001f300-\U0001f3fa\U0001f400-\U0001faff"
)
_MODIFIER = "\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
# One emoji as a person sees it: a base, its variation or skin tone, and whatever ZWJ joins to it; or a flag.
ONE_EMOJI = f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[{_EMOJI_BASE}][{_MODIFIER}]*(?:\u200d[{_EMOJI_BASE}][{_MODIFIER}]*)*)"
SMILEY = (
    r"(?:(?<![\w:])[:;=8][-'^o]{0,2}[)(\]\[DPpOoSs3*|/\\@$](?!\w)|<3|</3|\^_*\^|(?<!\w)[oO]_[oO](?!\w)"
    r"|(?<!\w)[Tt]_[Tt](?!\w)|(?<!\w)-_+-|(?<!\w)>[.:]?<)"
)

_INVISIBLE = re.compile("[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u200b\u200c\u200e\u200f"
                        "\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb]")  # fmt: skip
_LONE_ZWJ = re.compile(f"(?<![{_EMOJI_BASE}{_MODIFIER}])\u200d+|\u200d+(?![{_EMOJI_BASE}])")
_TYPOGRAPHY = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"',
                             "…": "...", "‐": "-", "‑": "-", "‒": "-"})  # fmt: skip
_HAS_TYPOGRAPHY = re.compile("[’‘ʼ`´“”„…‐‑‒]")
_URL = re.compile(
    r"(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?()\[\]{}'\"]|\bhttps?\b(?!:)"
    r"|\b[a-z0-9][a-z0-9-]{0,252}\.(?:fr|com|org|net|io|be|ch|eu|gouv|info)\b(?:/[^\s<>]*)?",
    re.IGNORECASE,
)
# Bounded (RFC 5321: 64 before the @; RFC 1035: 253 of a domain), or begun only where a run of letters begins: a megabyte without a
# space would be looked through once for each of its letters.
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_ISOLATED_MENTION = re.compile("@\u2068[^\u2069\n]{1,80}\u2069")  # "@Jean Dupont" as WhatsApp fences it
_MENTION = re.compile(r"@\w[\w.]*(?<![.])")
# Letters and signs that no rule meets in a new form after a first pass; whatever else is looked at again.
_UNUSUAL = re.compile(
    r"[^\x00-\x3f\x41-\x7fàâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ«»’…€°]|https?|www|<3|(?:[0-9]{2}.?){4}"
)
_PHONE = re.compile(
    r"(?<![\w+])(?:(?:\+|00)\d{1,3}[\s.-]?(?:\(0\)[\s.-]?)?\d(?:[\s.-]?\d){7,10}|0[1-9](?:[\s.-]?\d{2}){4})(?![\d])"
)
_WORD_OR_SMILEY = re.compile(rf"({SMILEY})|<(?:url|mail|user|tel|up|cap|long|rep)>|[^\W\d_][\w'-]*")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_STRETCHED_WORD = re.compile(r"(?<![\w'-])[\w'-]*?([^\W\d_])\1{2,}[\w'-]*")
_DOTS = re.compile(r"\.{2,}")
_REPEATED = re.compile(rf"(<3|[^\w\s<>.^\u200d{_MODIFIER}{_EMOJI_BASE}])\1+")
_REPEATED_EMOJI = re.compile(rf"({ONE_EMOJI})(?:\s*\1)+(?![\u200d{_MODIFIER}])")
_EMOJI_START = re.compile(rf"(?<![\s\u200d])({ONE_EMOJI})")
_EMOJI_END = re.compile(rf"({ONE_EMOJI})(?=[^\s\u200d{_MODIFIER}])")
_BEFORE_CRY = re.compile(r"(?<=[^\s!?])(?=[!?])")
_SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    """`text` as the tokenizer is to see it: NFC, one line, marks for what varies, idempotent."""
    again = text
    for _ in range(_PASSES):
        for rule in RULES.values():
            again = rule(again)
        if again == text or not _UNUSUAL.search(text):
            return again
        text = again
    return text


def _links(text: str) -> str:
    """Links, e-mails, mentions and telephone numbers to one mark each, before anything changes their letters."""
    if "@" in text:
        text = _MENTION.sub(" <user> ", _MAIL.sub(" <mail> ", text))
    if "." in text or "http" in text.lower():
        text = _URL.sub(" <url> ", text)
    return _PHONE.sub(" <tel> ", text)


def _isolated_mentions(text: str) -> str:
    """ "@Jean Dupont" in invisible fences to <user>, while the fences still say where the name ends."""
    return _ISOLATED_MENTION.sub(" <user> ", text) if "@\u2068" in text else text


def _invisible(text: str) -> str:
    """Without bidi marks, zero-width and control characters; ZWJ stays where it joins two emoji."""
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", text)
    return _LONE_ZWJ.sub("", text) if "\u200d" in text else text


def _typography(text: str) -> str:
    """One kind of apostrophe, quote, hyphen; "…" as three dots."""
    return text.translate(_TYPOGRAPHY) if _HAS_TYPOGRAPHY.search(text) else text


def _capitals(text: str) -> str:
    """Words in lower case, with <up> or <cap> before those that had capitals, whatever the script."""
    return _WORD_OR_SMILEY.sub(_capitals_of_word, text) if text != text.lower() else text


def _capitals_of_word(match: re.Match[str]) -> str:
    word = match[0]
    low = word.lower()
    if match[1] or low == word:
        return word
    letters = sum(c.isalpha() for c in word)
    upper = sum(c != c.lower() for c in word)
    mark = "<up>" if upper > 1 and 2 * upper > letters else "<cap>"
    return f" {mark} {low}"


def _stretched(text: str) -> str:
    """ "ouiiii" as "oui <long>4": a letter three times or more in a row, once, with its count after the word."""
    return _STRETCHED_WORD.sub(_unstretch, text) if _STRETCHED.search(text) else text


def _unstretch(match: re.Match[str]) -> str:
    counts: list[str] = []

    def once(run: re.Match[str]) -> str:
        counts.append(f" <long>{len(run[0])}")
        return run[1]

    return _STRETCHED.sub(once, match[0]) + "".join(counts) + " "


def _repeats(text: str) -> str:
    """ "!!!" as "! <rep>3", "😂😂" as "😂 <rep>2"; two dots or more as "...", with their count past three."""
    if ".." in text:
        text = _DOTS.sub(lambda m: "..." if len(m[0]) <= 3 else f"... <rep>{len(m[0])} ", text)
    text = _REPEATED.sub(lambda m: f"{m[1]} <rep>{len(m[0]) // len(m[1])} ", text)
    if not text.isascii():
        text = _REPEATED_EMOJI.sub(_counted_emoji, text)
    return text


def _counted_emoji(match: re.Match[str]) -> str:
    return f" {match[1]} <rep>{match[0].count(match[1])} "


def _spaces(text: str) -> str:
    """One space between words, before "!" and "?", and around emoji; none at the ends."""
    if "!" in text or "?" in text:
        text = _BEFORE_CRY.sub(" ", text)
    if not text.isascii():
        text = _EMOJI_END.sub(r"\1 ", _EMOJI_START.sub(r" \1", text))
    return _SPACES.sub(" ", text).strip()


RULES: dict[str, Callable[[str], str]] = {
    "isolated_mentions": _isolated_mentions,
    "invisible": _invisible,
    "nfc": nfc,
    "typography": _typography,
    "links": _links,
    "capitals": _capitals,
    "stretched": _stretched,
    "repeats": _repeats,
    "spaces": _spaces,
    "nfc_again": nfc,  # lower-casing can leave a composable pair behind
}
