"""What a reader of exports was in doubt about, in French: its warnings are English sentences, and a French report says none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from string import Formatter

# A sentence as a reader says it, and below it in French; the first that fits is taken. What stands in braces is a number
# (in French with its words: {n:one|many}), or what _FIELDS tells; {said} is a sentence of this table again. Those with
# a name come first, so that nothing is looked for inside of a name. tests/report/test_doubts.py reads the readers
# and finds what is missing here.
_TABLE = """
{name}: a page on which no message was understood
    « {name} » : une page où aucun message n’a été compris
there were {n} texts; {name} was read
    il y avait {n} textes ; « {name} » a été lu

{said}: {n} (first: line {line})
    {said} : {n} (d’abord ligne {line})
{said}: {n}
    {said} : {n}
from here on, {said}
    à partir d’ici, {said}

the times are the phone's own, without a time zone
    les heures sont celles du téléphone, sans fuseau horaire
the times are as the page has them, which names no time zone; --tz sets one
    les heures sont celles de la page, qui ne dit pas son fuseau horaire ; --tz en donne un
the times are in UTC; --tz gives another zone
    les heures sont en UTC ; --tz donne un autre fuseau
conversations with times of two kinds, read without a time zone
    conversations aux heures de deux sortes, lues sans fuseau horaire

the text is not UTF-8 and was read as Windows-1252 (cp1252)
    le texte n’est pas en UTF-8 et a été lu comme du Windows-1252 (cp1252)
{n} places are not valid UTF-8 and were replaced by \ufffd
    {n} {n:endroit n’est|endroits ne sont} pas de l’UTF-8 valide et {n:a été remplacé|ont été remplacés} par \ufffd

{n} exports of this conversation were read as one
    {n} exports de cette conversation ont été lus comme un seul
{n} messages that several of the exports hold, counted once
    {n} {n:message présent|messages présents} dans plusieurs de ces exports, {n:compté|comptés} une seule fois
messages that were in two parts, counted once
    messages présents dans deux parties, comptés une seule fois
conversations of the export without a message, left out
    conversations de l’export sans aucun message, laissées de côté
codes of stand-ins that were taken already, made longer in order of appearance
    codes de pseudonymes déjà pris, allongés dans l’ordre d’apparition

lines before the first message, left out
    lignes avant le premier message, laissées de côté
lines with an impossible date or time, kept as text
    lignes dont la date ou l’heure est impossible, gardées comme texte
lines that look like headers of another form, kept as text
    lignes qui ressemblent à des en-têtes d’une autre forme, gardées comme texte
lines that begin with a sender and go on as a sentence before ": ", taken for notices
    lignes qui commencent par un expéditeur et continuent en phrase avant « : », prises pour des notifications
the headers change their form here, and were followed
    les en-têtes changent de forme ici, et ont été suivis
texts in angle brackets that come again, taken for media that was left out
    textes entre chevrons qui reviennent, pris pour des médias omis
short texts with WhatsApp's own mark, taken for notices or media
    textes courts qui portent la marque de WhatsApp, pris pour des notifications ou des médias
messages that all begin with the same words before ": ", taken for a part of their sender's name
    messages dont les premiers mots, toujours les mêmes avant « : », ont été pris pour une partie du nom de l’expéditeur

entries that are no messages, left out
    entrées qui ne sont pas des messages, laissées de côté
messages that their author unsent, left out
    messages retirés par leur auteur, laissés de côté
messages that Telegram Desktop could not export, left out
    messages que Telegram Desktop n’a pas pu exporter, laissés de côté
messages without a usable time, left out
    messages sans heure utilisable, laissés de côté
messages whose date was not understood, left out
    messages dont la date n’a pas été comprise, laissés de côté
messages without a sender, taken for notices
    messages sans expéditeur, pris pour des notifications
messages whose sender the exporter did not know, under No-Sender
    messages dont l’outil d’export ne connaissait pas l’expéditeur, mis sous No-Sender
messages with neither words nor media, taken for notices
    messages sans mots ni médias, pris pour des notifications
messages without text or media, taken for notices
    messages sans texte ni médias, pris pour des notifications
forwarded messages, counted as words of who forwarded them
    messages transférés, comptés comme les mots de qui les a transférés
messages written by way of a bot, counted as words of who sent them
    messages écrits par l’intermédiaire d’un bot, comptés comme les mots de qui les a envoyés
messages with over {n} reactions of one kind, the rest left out
    messages qui ont plus de {n} réactions d’une même sorte, le reste laissé de côté
answers that repeat what they answer, the repetition left out
    réponses qui répètent ce à quoi elles répondent, la répétition laissée de côté

dates that could be day/month or month/day, read as day/month
    dates qui pourraient être jour/mois ou mois/jour, lues comme jour/mois
--date-order {code} was not used: the month is written as a word
    --date-order {code} n’a pas servi : le mois est écrit en lettres
--date-order {code} was not used: the year is written first
    --date-order {code} n’a pas servi : l’année est écrite en premier
--date-order {code} was not used: the year is written last; {said}
    --date-order {code} n’a pas servi : l’année est écrite en dernier ; {said}
{said}; of the Islamic calendar, so that each may be a day off
    {said} ; elles sont du calendrier musulman, et chacune peut être décalée d’un jour
{said}; if that is wrong, give --date-order {code}
    {said} ; si c’est faux, donnez --date-order {code}
the dates were read {order}, as they are written
    les dates ont été lues {order}, comme elles sont écrites
the dates were read {order}, as asked
    les dates ont été lues {order}, comme demandé
the dates were read {order}: {said}
    les dates ont été lues {order} : {said}

{n} of {whole} lines have a date that exists in no other order
    {n} {n:ligne|lignes} sur {whole} {n:a|ont} une date qui n’existe dans aucun autre ordre
{n} of {whole} lines have a date that exists in no other order, {none} have none in this one
    {n} {n:ligne|lignes} sur {whole} {n:a|ont} une date qui n’existe dans aucun autre ordre, {none} n’en {none:a|ont} pas dans celui-ci
either order gives the same days
    les deux ordres donnent les mêmes jours
{order} they would go back in time {often}
    lues {order}, elles remonteraient le temps {often}
{order} they would go back in time {often} instead of {least}
    lues {order}, elles remonteraient le temps {often} au lieu de {least}
{n} of {whole} dates in names of attached files agree
    {n} {n:date|dates} sur {whole} dans les noms des fichiers joints {n:concorde|concordent}
they could mean {this} (day first) or {that} (month first)
    elles pourraient vouloir dire {this} (le jour d’abord) ou {that} (le mois d’abord)
they could mean {this} (day first) or {that} (month first), and dots or dashes mostly stand for the first
    elles pourraient vouloir dire {this} (le jour d’abord) ou {that} (le mois d’abord), et points ou tirets annoncent surtout le jour d’abord
they could mean {this} (day first) or {that} (month first), and AM or PM is mostly American
    elles pourraient vouloir dire {this} (le jour d’abord) ou {that} (le mois d’abord), et AM ou PM est surtout américain
{order} they would spread {few} days over {many}
    lues {order}, elles étaleraient {few} {few:jour|jours} sur {many}
"""  # noqa: E501

_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre")  # fmt: skip
_ORDERS = {"day first": "le jour d’abord", "month first": "le mois d’abord", "year first": "l’année d’abord"}
_COUNT = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,12})"
# So many sentences stand inside one another at most; what goes deeper was made up.
_DEEPEST = 8


def in_french(what: str) -> str:
    """The sentence of a warning in French; as it is where this table does not know it.

    >>> in_french("2 exports of this conversation were read as one")
    '2 exports de cette conversation ont été lus comme un seul'
    """
    return _french(what, _DEEPEST) or what


def _french(what: str, deepest: int) -> str | None:
    """The sentence in French, None for one that is not known; the first row that fits decides, so that it is one pass."""
    for pattern, french in _ROWS if deepest else ():
        if found := pattern.fullmatch(what):
            values = {field: _value(field, part, deepest) for field, part in found.groupdict().items()}
            return None if None in values.values() else french.format_map(values)
    return None


class _Count(int):
    """A number as French writes it; by `{n:one|many}` the word that goes with it."""

    def __format__(self, words: str) -> str:
        if words:
            one, many = words.split("|")
            return one if self < 2 else many
        return f"{int(self):,}".replace(",", "\u202f")


def _count(digits: str) -> _Count:
    return _Count(digits.replace(",", ""))


def _day(iso: str) -> str:
    if iso == "no date":
        return "aucune date"
    year, month, day = map(int, iso.split("-"))
    return f"le {'1er' if day == 1 else day} {_MONTHS[month - 1]} {year}"


def _often(english: str) -> str:
    return "une fois" if english == "once" else f"{_count(english.removesuffix(' times'))} fois"


_DAY = r"(?:[0-9]{4}-(?:0[1-9]|1[0-2])-[0-9]{2}|no date)"
# What stands in braces, but for numbers: how English writes it, and how it is put into French.
_FIELDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "name": (".+", str),
    "said": (".+", str),
    "code": ("dmy|mdy|ymd", str),
    "order": ("|".join(_ORDERS), _ORDERS.__getitem__),
    "often": (f"once|{_COUNT} times", _often),
    "this": (_DAY, _day),
    "that": (_DAY, _day),
}


def _value(field: str, part: str, deepest: int) -> object:
    if field == "said":
        return _french(part, deepest - 1)
    return _FIELDS.get(field, (_COUNT, _count))[1](part)


def _rows(table: str) -> Iterator[tuple[re.Pattern[str], str]]:
    lines = [line.strip() for line in table.splitlines() if line.strip()]
    for english, french in zip(lines[::2], lines[1::2], strict=True):
        parts = (
            re.escape(words) + (f"(?P<{field}>{_FIELDS.get(field, (_COUNT,))[0]})" if field else "")
            for words, field, _, _ in Formatter().parse(english)
        )
        yield re.compile("".join(parts), re.DOTALL), re.sub(r" (?=[:;»])|(?<=«) ", "\u00a0", french)


_ROWS = tuple(_rows(_TABLE))
