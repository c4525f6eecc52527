"""Headers with the month as a word: what phones of several languages wrote, above all before 2016."""

from datetime import datetime, timedelta

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.whatsapp.months import MONTHS, in_numbers

FRENCH = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
ENGLISH = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
SHORT = [word[:3] for word in ENGLISH]
SPANISH = ["ene.", "feb.", "mar.", "abr.", "may.", "jun.", "jul.", "ago.", "sept.", "oct.", "nov.", "dic."]
GERMAN = ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."]
ITALIAN = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"]
PORTUGUESE = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
RUSSIAN = ["янв.", "февр.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сент.", "окт.", "нояб.", "дек."]
HUNGARIAN = ["jan.", "febr.", "márc.", "ápr.", "máj.", "jún.", "júl.", "aug.", "szept.", "okt.", "nov.", "dec."]
FORMS = [
    ("{m.day} {n} {m.year} à {m:%H:%M} - ", FRENCH, "day first"),
    ("{m.day} {n} {m.year}, {m:%H:%M} - ", SHORT, "day first"),
    ("{m:%H:%M}, {m.day} {n} {m.year} - ", SHORT, "day first"),
    ("{m:%I:%M %p}, {m.day} {n} {m.year} - ", SHORT, "day first"),
    ("{n} {m.day}, {m.year}, {m:%I:%M %p} - ", SHORT, "month first"),
    ("[{n} {m.day}, {m.year} at {m:%I:%M:00}\u202f{m:%p}] ", ENGLISH, "month first"),
    ("{m:%d}-{n}-{m.year} {m:%H:%M} - ", SHORT, "day first"),
    ("{m.day} de {n} de {m.year} {m:%H:%M} - ", SPANISH, "day first"),
    ("{m.day}. {n} {m.year}, {m:%H:%M} - ", GERMAN, "day first"),
    ("{m.day} {n} {m.year}, {m:%H:%M} - ", ITALIAN, "day first"),
    ("{m.day} de {n} de {m.year} {m:%H:%M} - ", PORTUGUESE, "day first"),
    ("{m.day} {n} {m.year} г., {m:%H:%M} - ", RUSSIAN, "day first"),
    ("{m.year}. {n} {m.day}. {m:%H:%M} - ", HUNGARIAN, "year first"),
]


@pytest.mark.parametrize(("form", "names", "order"), FORMS, ids=[form for form, _, _ in FORMS])
def test_a_year_in_every_form(form, names, order, tmp_path):
    moments = [datetime(2015, 1, 1, 9, 5) + timedelta(days=9 * n, hours=7 * n) for n in range(45)]
    bodies = ["oui", "a: b", "Mai 5\nMay I go?\n3 May 2015\n13/05/2015"]
    text = "".join(f"{form.format(m=m, n=names[m.month - 1])}Zoé: {bodies[k % 3]}\n" for k, m in enumerate(moments))
    path = tmp_path / "chat.txt"
    path.write_text(text, encoding="utf-8")
    chat = read_chat(path)
    assert [(m.sent_at, m.author, m.text) for m in chat] == [
        (moment, "Zoé", bodies[k % 3]) for k, moment in enumerate(moments)
    ]
    assert chat.warnings[0].what == f"the dates were read {order}, as they are written"
    assert len(chat.warnings) == 2


def test_the_first_of_a_month_in_french(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text("1er mai 2015 à 10:00 - Zoé: un\n2 mai 2015 à 11:00 - Zoé: deux\n", encoding="utf-8")
    assert [m.sent_at.day for m in read_chat(path)] == [1, 2]


def test_an_order_asked_in_vain_is_said(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text("May 3, 2015, 9:05 AM - Zoé: un\n", encoding="utf-8")
    chat = read_chat(path, date_order="dmy")
    assert chat.messages[0].sent_at == datetime(2015, 5, 3, 9, 5)
    assert chat.warnings[0].what == "--date-order dmy was not used: the month is written as a word"


def test_such_lines_inside_a_message_of_another_form_stay_text(tmp_path):
    body = "vois :\n13 mai 2015 à 09:05 - Zoé: collé\nMay 13, 2015 at 9:05 AM - Zoé: pasted\nMars 2015\nmai 5"
    path = tmp_path / "chat.txt"
    path.write_text(f"13/05/2024, 08:00 - Bob: {body}\n13/05/2024, 08:01 - Zoé: ok\n", encoding="utf-8")
    chat = read_chat(path)
    assert [m.text for m in chat] == [body, "ok"]
    assert [(w.count, w.line) for w in chat.warnings if "another form" in w.what] == [(2, 2)]


@pytest.mark.parametrize(
    "line", ["May May 2015, 09:05 - A: b", "13 Mai 15 Mai, 09:05 - A: b", "maybe 3, 2015, 09:05 - A: b"]
)
def test_no_header(line, tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text(f"13/05/2024, 08:00 - Bob: a\n{line}\n", encoding="utf-8")
    assert [m.text for m in read_chat(path)] == [f"a\n{line}"]


def test_numbers_for_words():
    assert in_numbers("13 de may. de 2024") == "13 de 5. de 2024"
    assert in_numbers("1er Févr. 2024") == "1er 2. 2024"
    assert set(MONTHS.values()) == set(range(1, 13))
    for names in (FRENCH, ENGLISH, SHORT, SPANISH, GERMAN, ITALIAN, PORTUGUESE, RUSSIAN, HUNGARIAN):
        assert [MONTHS[name.rstrip(".").casefold()] for name in names] == list(range(1, 13))
