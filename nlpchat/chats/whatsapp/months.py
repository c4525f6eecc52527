"""The number of a month that a header writes as a word: "13 mai 2024 à 09:05 - ", "[May 13, 2024 at 9:05:01 AM] ".

One table for every language; a word stands here in full or as phones shorten it, without the dot after it. No word
means two months in two of these languages: those that do (Slavic ones in Latin letters) are left out.
"""

from __future__ import annotations

import re

# Line by line: en; fr; es, ca; pt; it; de; nl; sv, da, nb; tr; id, ms; ro; ru, uk; el; hu.
_WORDS = """
    January/Jan February/Feb March/Mar April/Apr May June/Jun July/Jul August/Aug September/Sep/Sept October/Oct
        November/Nov December/Dec
    janvier/janv février/févr mars avril/avr mai juin/juin juillet/juil août/aoû septembre octobre novembre décembre/déc
    enero/ene/gener/gen febrero/febr/febrer marzo/març abril/abr mayo/maig junio/juny julio/juliol agosto/ago/agost
        septiembre/setiembre/setembre octubre/d’octubre noviembre/novembre diciembre/dic/desembre/des
    janeiro fevereiro/fev março - maio junho julho - setembro/set outubro/out novembro dezembro/dez
    gennaio febbraio - aprile maggio/mag giugno/giu luglio/lug - settembre ottobre/ott - dicembre
    Januar/Jän/Jänner Februar/Feber März/Mär/Mrz - - Juni Juli - - Oktober/Okt - Dezember
    januari februari maart/mrt - mei - - augustus - - - -
    januar - - - maj - - augusti/august - - - -
    Ocak/Oca Şubat/Şub Mart Nisan/Nis Mayıs Haziran/Haz Temmuz/Tem Ağustos/Ağu Eylül/Eyl Ekim/Eki Kasım/Kas Aralık/Ara
    - - Maret - - - - Agustus/Agu/Ogos - - - Disember/Dis
    ianuarie/ian februarie martie aprilie - iunie/iun iulie/iul - septembrie octombrie/oct noiembrie/noi decembrie
    января/янв февраля/февр/фев марта/март/мар апреля/апр мая/май июня/июн июля/июл августа/авг сентября/сент/сен
        октября/окт ноября/нояб/ноя декабря/дек
    січня/січ лютого/лют березня/бер квітня/квіт травня/трав червня/черв липня/лип серпня/серп вересня/вер жовтня/жовт
        листопада/лист грудня/груд
    Ιανουαρίου/Ιαν Φεβρουαρίου/Φεβ Μαρτίου/Μαρ Απριλίου/Απρ Μαΐου/Μαΐ Ιουνίου/Ιουν Ιουλίου/Ιουλ Αυγούστου/Αυγ
        Σεπτεμβρίου/Σεπ Οκτωβρίου/Οκτ Νοεμβρίου/Νοε Δεκεμβρίου/Δεκ
    január február/febr március/márc április/ápr május/máj június/jún július/júl augusztus szeptember/szept október/okt
        - -
"""
_NO_WORD = "-"

MONTHS: dict[str, int] = {
    word.casefold(): place % 12 + 1
    for place, words in enumerate(_WORDS.split())
    for word in words.split("/")
    if word != _NO_WORD
}
_LONGEST_FIRST = sorted(MONTHS, key=lambda word: (-len(word), word))
# One of them, in capitals or not, as an expression: to be compiled with IGNORECASE.
ANY_MONTH = rf"(?:{'|'.join(map(re.escape, _LONGEST_FIRST))})\.?"
_WORD = re.compile(r"[^\W\d_]+(?:’[^\W\d_]+)?")


def in_numbers(written: str) -> str:
    """A date with its month as a number: "13 de may. de 2024" is "13 de 5. de 2024"."""
    return _WORD.sub(lambda word: str(MONTHS.get(word[0].casefold(), word[0])), written)
