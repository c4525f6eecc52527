"""What in a text points to a person without being a name: numbers, addresses, links, files, places, mentions.

One part per kind, joined into the single expression that nlpchat.chats.pseudonyms.anonymise runs. Every part is bounded or
begins at a boundary, so that a megabyte of one character costs one pass. What looks alike and is left alone:
dates, times, prices, "1 000 000", "3,14159".
"""

from __future__ import annotations

import re
from unicodedata import normalize

from nlpchat.chats.marks import MARKS, SPACES

_SEP = rf"{SPACES}./\-\u2010\u2011\u2013"

# Between words: spaces, punctuation, symbols, emoji. What is left are letters of every script, their signs, digits.
BETWEEN = (
    r"\s\x00-\x2f:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u3000-\u303f"
    r"\ufe00-\ufe0f\ufeff\uff00-\uff0f\U0001f000-\U0001faff\U000e0000-\U000e007f"
)
WORD = re.compile(rf"[^{BETWEEN}]+")

# Stand-ins of an earlier run: taken first, and left as they are.
CODE = r"(?:\d{1,7}|[A-Z]\d[A-Z2-7]{4,40})"
_KEPT = (
    rf"@?(?:Personne|Conversation) {CODE}(?!\w)|\[(?:téléphone|courriel|lien|numéro|contact|lieu) {CODE}\]"
    rf"|fichier-{CODE}(?:\.[a-z0-9]{{1,5}})?(?!\w)"
)
STAND_IN = re.compile(rf"(?:Personne|Conversation) (?P<code>{CODE})|fichier-{CODE}(?:\.[a-z0-9]{{1,5}})?")

_EXTENSIONS = """
3gp 7z aac amr apk avi bmp csv doc docx epub gif gpx heic heif html ics jpeg jpg json key kml log m4a md mkv mov mp3 mp4
mpeg numbers odp ods odt oga ogg opus pages pdf png ppt pptx psd rar rtf svg tar tgs tif tiff txt vcf wav webm webp wma
wmv xls xlsm xlsx xml zip
"""
EXTENSIONS = frozenset(_EXTENSIONS.split())
_EXT = "|".join(sorted(EXTENSIONS, key=lambda ending: (-len(ending), ending)))
_FILE = rf"(?<![\w.+~%-])(?P<file>[\w+~%-][\w.+~%-]{{0,199}}\.(?i:{_EXT})(?!\w))"
_TAGGED = rf"<[^<>:\n]{{1,40}}: ?(?P<tagged>[^<>\n]{{1,250}}\.[A-Za-z0-9]{{1,5}})(?=[{SPACES}]?>)"
# A name with spaces in it, up to "(fichier joint)"; in what is known to be media, also up to a bullet or the end.
_JOINED = rf"^[{MARKS}]*(?P<joined>[^\n]{{1,200}}?\.(?i:{_EXT}))(?=[{SPACES}]\([^()\n]{{2,40}}\)[{MARKS}]*$)"
_LISTED = (
    rf"(?:^[{MARKS}]*|(?<=, )(?=[^\s,][^\n,]{{0,150}}\.))(?P<listed>[^\n]{{1,150}}?\.(?=\d?[A-Za-z])[A-Za-z0-9]{{2,5}})"
    rf"(?=[{MARKS}]*(?:$|,[{SPACES}]|[{SPACES}][(•]))"
)
# A shared contact or place, one line (Telegram's media).
_LABELLED = r"^(?P<label>contact|location): [^\n]+"

_EMAIL = r"(?<![\w.+-])(?P<email>[\w.+-]{1,256}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
# Endings that are no French word; after any other one, a path must follow: "wa.me/33612345678", but not "fini.la".
_ENDINGS = (
    "com|fr|org|net|info|io|co|eu|app|dev|tv|biz|gouv|edu|gov|ch|ca|uk|ru|ly|gl|gg|ai|xyz|online|site|shop|paris|bzh"
)
_REST = r"[^\s<>«»\"\u2066-\u2069]"
_LINK = (
    rf"(?P<link>(?i:(?:https?|ftp)://{_REST}+|(?<![\w@.-])www\.{_REST}+"
    rf"|(?<![\w@.-])(?:[\w-]{{1,63}}\.){{1,6}}(?:(?:{_ENDINGS})(?![\w-]|\.\w)(?:[/:?#]{_REST}*)?|[a-z]{{2,24}}/{_REST}+)))"
)
LINK_TAIL = ".,;:!?)]}'’…"

# "@06 12 34 56 78" is a number with an "@" before it.
_MENTION = (
    r"@(?:\u2068(?P<isolated>[^\u2069\n]{1,120})\u2069?"
    rf"|(?P<plain>(?!\d{{1,4}}[{SPACES}/(]{{1,2}}\d)\w(?:[\w.-]{{0,60}}\w)?))"
)
_PLACE = r"(?P<place>(?<![\d.])-?\d{1,3}\.\d{4,20}\s?[,;]\s?-?\d{1,3}\.\d{4,20}(?!\d))"

_IBAN = (
    rf"(?<![A-Za-z0-9])[A-Z]{{2}}\d\d(?=(?:[A-Z{SPACES}]{{0,7}}\d){{8}})(?:[{SPACES}-]?[A-Z0-9]{{4}}){{3,7}}"
    rf"(?:[{SPACES}-]?[A-Z0-9]{{1,3}})?(?![A-Za-z0-9])"
)
_SECURITY = rf"[1278][{SPACES}]?\d\d[{SPACES}]?\d\d[{SPACES}]?\d[\dAB][{SPACES}]?\d{{3}}[{SPACES}]?\d{{3}}(?:[{SPACES}]?\d\d)?(?!\d)"
_CARD = rf"\d{{4}}(?:[{SPACES}-]\d{{4}}){{3}}(?!\d)|\d{{4}}[{SPACES}-]\d{{6}}[{SPACES}-]\d{{5}}(?!\d)"
_ALONE = r"(?<!\d)(?<!\d[.,/-])"
_NUMBER = rf"(?P<number>{_IBAN}|{_ALONE}(?:{_CARD}|{_SECURITY}|\d{{16,}}))"

_DATE = (
    r"(?!\d\d(?:/\d\d/|\.\d\d\.|-\d\d-)(?:(?:19|20)\d\d(?!\d)|\d\d"
    rf"[{SPACES}]{{1,2}}\d\d?[{SPACES}]?[:.h]))"
)
_THOUSANDS = rf"(?!\+\d{{1,2}}(?:[{SPACES}]\d{{3}}){{2}}(?![{SPACES}]?\d))"
# By what they begin with: 0, then +, then anything else.
_FROM_ZERO = (
    rf"0033[{_SEP}]{{0,2}}(?:\(0\))?[{_SEP}]{{0,2}}0?\d(?:[{_SEP}]?\d\d){{4}}(?!\d)",
    rf"00[{_SEP}]?[1-9](?:[{_SEP}]?\d){{8,13}}(?!\d)",
    rf"{_DATE}0[1-9](?:[{_SEP}]{{0,2}}\d\d){{4}}(?![\d:])",
    rf"0[{SPACES}.]?\d{{3}}(?:[{SPACES}.]\d{{3}}){{2}}(?!\d)",
    # Belgium, Switzerland, Germany.
    rf"0\d{{2,3}}/\d{{2,3}}(?:[.{SPACES}]?\d{{2,3}}){{1,3}}(?!\d)",
    rf"{_DATE}0\d{{2,4}}[{SPACES}.\-/](?:\d{{6,9}}|\d{{3,5}}[{SPACES}.-]\d{{2,5}}(?:[{SPACES}.-]\d{{2,4}})?"
    rf"|\d\d(?:[{SPACES}.-]\d\d){{2,3}})(?!\d)",
)
_FROM_PLUS = (
    rf"\+33[{_SEP}]{{0,2}}(?:\(0\))?[{_SEP}]{{0,2}}0?\d(?:[{_SEP}]?\d\d){{4}}(?!\d)",
    rf"{_THOUSANDS}\+(?:[{_SEP}()]{{0,3}}\d){{8,15}}(?!\d)",
)
_FROM_ELSE = (
    rf"\(0\d?\)[{_SEP}]?\d?(?:[{_SEP}]?\d\d){{4}}(?!\d)",
    rf"[67](?:[{SPACES}.-]\d\d){{4}}(?![\d:])",
    # Italy, North America.
    rf"3\d\d[{SPACES}.-]\d{{6,7}}(?!\d)",
    rf"\(?[2-9]\d\d\)?[{SPACES}.-]{{1,2}}\d{{3}}[{SPACES}.-]\d{{4}}(?!\d)",
    r"\d{9,15}(?!\d)",
)
_PHONE = (
    rf"(?P<phone>{_ALONE}(?:(?=0)(?:{'|'.join(_FROM_ZERO)})|(?<!\+)(?=\+)(?:{'|'.join(_FROM_PLUS)})"
    rf"|{'|'.join(_FROM_ELSE)}))"
)


def expression(names: str, inner: str, *, media: bool) -> str:
    """The whole expression; names: of known people and titles, between word boundaries, inner: anywhere.

    A named group of it says what was found: kept, label, joined, listed, tagged, file, email, link, named, inner,
    isolated, plain, place, number or phone.
    """
    parts = [_TAGGED, _LABELLED] if media else [_TAGGED, _JOINED]
    parts += [rf"(?=[\w+~%.@\[-])(?:(?P<kept>{_KEPT})|{_EMAIL}|{_LINK})"]
    parts += [_LISTED, _FILE] if media else [_FILE]
    parts += [rf"@?(?<![^{BETWEEN}])(?P<named>{names})(?![^{BETWEEN}])"] if names else []
    parts += [_MENTION, rf"(?=[\d+(A-Z-])(?:{_PLACE}|{_NUMBER}|{_PHONE})"]
    # Nothing begins inside a word: a letter after a letter or digit is passed over at once.
    gated = rf"(?:(?<![^\W_])|(?![^\W\d_]))(?:{'|'.join(parts)})"
    return rf"(?P<inner>{inner})|{gated}" if inner else gated


# Texts without any of this hold nothing that an expression above could find, names aside.
# It begins with a set of characters, so that the search runs over all others without trying anything.
TRIGGER = r"[@:.\d](?:(?<=@)|(?<=:)//|(?<=\.)\w|(?<=\d)(?:[^\w\n]{0,3}\d){7}|(?<=[A-Z]{2}\d)\d)"


def fold(word: str) -> str:
    """The word without case and accents: "AMÉLIE" and "amelie" are one; other scripts keep their signs."""
    if word.isascii():
        return word.lower()
    bare = "".join(c for c in normalize("NFKD", word) if not "\u0300" <= c <= "\u036f")
    return normalize("NFC", bare.casefold()).replace("œ", "oe").replace("æ", "ae")


def phone_key(written: str) -> str:
    """The digits of a number as they are dialled from abroad: 06 12..., +33 (0)6 12... and 0033 6 12... are one."""
    digits = "".join(c for c in written if c.isdecimal())
    digits = digits.removeprefix("00")
    if digits.startswith("330") and len(digits) == 12:
        return "33" + digits[3:]
    if digits.startswith("0") and len(digits) == 10:
        return "33" + digits[1:]
    return "33" + digits if len(digits) == 9 and digits[0] in "67" else digits
