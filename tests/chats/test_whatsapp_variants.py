"""Every header that a phone is known to write, or that its language's own dates and times lead one to expect."""

import tempfile
from datetime import datetime
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats import read_chat

ARABIC, PERSIAN, DEVANAGARI, FULLWIDTH = "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９"
AM_PM = ("AM", "PM")


def french(hour: int) -> str:
    """Samsung's day periods."""
    return ("nuit" if hour < 4 else "matin" if hour < 12 else "midi" if hour < 13 else "après-midi" if hour < 18
            else "soir")  # fmt: skip


def senegalese(hour: int) -> str:
    return "nuit" if hour < 4 else "mat." if hour < 12 else "ap.m." if hour < 18 else "soir"


def german(hour: int) -> str:
    words = ("nachts", "morgens", "vorm.", "mittags", "nachm.", "abends")
    return words[sum(hour >= begin for begin in (5, 10, 12, 13, 18))]


def chinese(hour: int) -> str:
    words = ("凌晨", "清晨", "上午", "中午", "下午", "晚上")
    return words[sum(hour >= begin for begin in (5, 8, 12, 13, 19))]


def era(moment: datetime) -> str:
    return f"R{moment.year - 2018}" if moment >= datetime(2019, 5, 1) else f"H{moment.year - 1988}"


# Name, header, the words for before and after noon (or the word for an hour), digits. {e}: Japanese year, {b}: Buddhist.
VARIANTS = [
    # The rows of the table that was put together from real exports.
    ("F1", "{dd}/{MM}/{y}, {HH}:{mm} - "),
    ("F2", "{dd}/{MM}/{y} à {HH}:{mm} - "),
    ("F3", "{dd}.{MM}.{yy} à {HH}:{mm} - "),
    ("F4", "{dd}/{MM}/{y} {HH}:{mm} - "),
    ("F5", "{dd}/{MM}/{y}, {h}:{mm} {a} - ", french),
    ("F6-CM", "{dd}/{MM}/{y}, {h}:{mm}\u202f{a} - ", ("matin", "soir")),
    ("F6-SN", "{dd}/{MM}/{y} à {h}:{mm} {a} - ", senegalese),
    ("F7", "{y}-{MM}-{dd} {HH} h {mm} - "),
    ("F7-iOS", "[{y}-{MM}-{dd} {HH} h {mm} min {ss} s] "),
    ("F8", "[{dd}/{MM}/{y} {HH}:{mm}:{ss}] "),
    ("F9", "[{dd}/{MM}/{y}, {HH}:{mm}:{ss}] "),
    ("F10", "[{dd}/{MM}/{y} à {HH}:{mm}:{ss}] "),
    ("F11", "[{M}/{d}/{yy} {H}:{mm}:{ss}] "),
    ("F12", "{dd}/{MM}/{y} {HH}:{mm}:{ss}: "),
    ("E1", "{M}/{d}/{yy}, {h}:{mm}\u202f{a} - ", AM_PM),
    ("E1-old", "{M}/{d}/{yy}, {h}:{mm} {a} - ", AM_PM),
    ("E2", "[{dd}/{MM}/{y}, {h}:{mm}:{ss}\u202f{a}] ", AM_PM),
    ("E2-24", "[{M}/{d}/{yy}, {HH}:{mm}:{ss}] "),
    ("E3-CA", "{y}-{MM}-{dd}, {h}:{mm} {a} - ", ("a.m.", "p.m.")),
    ("E3-ZA", "{y}/{MM}/{dd}, {h}:{mm} {a} - ", ("am", "pm")),
    ("E4", "{M}/{d}/{yy}, {h}:{mm}:{ss} {a}: ", AM_PM),
    ("E4-24", "{dd}/{MM}/{y} {HH}:{mm}:{ss}: "),
    ("S1", "{d}/{M}/{y} {h}:{mm} {a} - ", ("a.\u00a0m.", "p.\u00a0m.")),
    ("S1-24", "{d}/{M}/{yy}, {h}:{mm} {a} - ", ("a. m.", "p. m.")),
    ("D1", "{dd}.{MM}.{yy}, {HH}:{mm} - "),
    ("D1-iOS", "[{dd}.{MM}.{yy}, {h}:{mm}:{ss} {a}] ", AM_PM),
    ("D1-12", "{dd}.{MM}.{yy}, {h}:{mm} {a} - ", german),
    ("D1-um", "{dd}.{MM}.{yy} um {HH}:{mm} - "),
    ("X1", "{d}.{M}.{y} klo {H}.{mm}.{ss} - "),
    ("X2", "[{M}/{d}/{yy} {HH}.{mm}.{ss}] "),
    ("X3", "[{HH}:{mm}:{ss}, {M}/{d}/{yy}] "),
    ("X4", "[{d}\u200f/{M}\u200f/{y}، {h}:{mm}:{ss}\u00a0{a}] ", ("ص", "م"), ARABIC),
    ("X4-western", "[{d}\u200f/{M}\u200f/{y}, {h}:{mm}:{ss} {a}] ", ("ص", "م")),
    ("X5-ja", "[{M}/{d}/{e}, {HH}:{mm}:{ss}] "),
    ("X5-ja-first", "{e}/{M}/{d} {H}:{mm} - "),
    ("X5-th", "[{M}/{d}/{b} BE, {HH}:{mm}:{ss}] "),
    ("X5-th-plain", "{d}/{M}/{b} {HH}:{mm} - "),
    ("X6-zh", "{y}/{M}/{d} {a}{h}:{mm} - ", ("上午", "下午")),
    ("X6-zh-flexible", "{y}/{M}/{d} {a}{h}:{mm} - ", chinese),
    ("X6-ja", "{y}/{MM}/{dd} {a}{h}:{mm} - ", ("午前", "午後")),
    ("X6-ko", "{y}. {M}. {d}. {a} {h}:{mm} - ", ("오전", "오후")),
    ("X6-ko-yy", "{yy}. {M}. {d}. {a} {h}:{mm} - ", ("오전", "오후")),
    ("X6-ko-iOS", "[{y}. {M}. {d}. {a} {h}:{mm}:{ss}] ", ("오전", "오후")),
    ("X7-cs", "{dd}.{MM}.{yy} {HH}:{mm} - "),
    ("X7-hr", "{d}. {M}. {y}. {HH}:{mm}:{ss} "),
    ("X7-hr-12", "{d}. {M}. {y}. {h}:{mm}:{ss} {a} - ", ("a: m", "p: m")),
    ("X7-nl", "{dd}-{MM}-{y} {HH}:{mm} - "),
    ("X8-dash", "{MM}/{dd}/{yy}, {h}:{mm}:{ss} {a} – ", AM_PM),
    ("X8-dates", "{d}–{M}–{y}, {HH}:{mm} - "),
    ("X8-hyphens", "{d}-{M}-{yy}, {h}:{mm} {a} - ", ("am", "pm")),
    ("X8-thin", "{M}/{d}/{yy}, {h}:{mm}\u2009{a} - ", AM_PM),
    # What other phones' languages write.
    ("hu", "{y}. {MM}. {dd}. {H}:{mm} - "),
    ("hu-12", "[{y}. {MM}. {dd}. {a} {h}:{mm}:{ss}] ", ("de.", "du.")),
    ("tr", "{dd}.{MM}.{y} {HH}:{mm} - "),
    ("tr-12", "{d}.{M}.{y} {a} {h}:{mm} - ", ("ÖÖ", "ÖS")),
    ("sv", "{y}-{MM}-{dd} {HH}:{mm} - "),
    ("sv-12", "{y}-{MM}-{dd} {h}:{mm} {a} - ", ("fm", "em")),
    ("da", "{dd}.{MM}.{y} {HH}.{mm} - "),
    ("nb", "{dd}.{MM}.{y}, kl. {HH}:{mm} - "),
    ("bg", "{d}.{MM}.{y} г., {H}:{mm} ч. - "),
    ("bg-12", "{d}.{MM}.{yy} г., {h}:{mm} {a} - ", ("пр.об.", "сл.об.")),
    ("lv", "{dd}.{MM}.{yy}. {HH}:{mm} - "),
    ("lt", "{y}-{MM}-{dd} {HH}:{mm} - "),
    ("et", "{dd}.{MM}.{y} kell {HH}:{mm} - "),
    ("sq", "{d}.{M}.{y}, {h}:{mm} {a} - ", ("e paradites", "e pasdites")),
    ("el", "{d}/{M}/{yy}, {h}:{mm} {a} - ", ("π.μ.", "μ.μ.")),
    ("ru", "{dd}.{MM}.{y}, {HH}:{mm} - "),
    ("uk-12", "{dd}.{MM}.{yy}, {h}:{mm} {a} - ", ("дп", "пп")),
    ("pl", "{d}.{MM}.{y}, {HH}:{mm} - "),
    ("sk", "{d}. {M}. {y} {H}:{mm} - "),
    ("sl-12", "{d}. {MM}. {yy} {h}:{mm} {a} - ", ("dop.", "pop.")),
    ("ro", "{dd}.{MM}.{y}, {HH}:{mm} - "),
    ("ca", "{d}/{M}/{yy} {h}:{mm} {a} - ", ("a. m.", "p. m.")),
    ("pt-BR", "{dd}/{MM}/{y} {HH}:{mm} - "),
    ("pt-às", "{dd}/{MM}/{y} às {HH}:{mm} - "),
    ("it-12", "{dd}/{MM}/{yy}, {h}:{mm} {a} - ", AM_PM),
    ("nl-12", "[{dd}-{MM}-{y}, {h}:{mm}:{ss} {a}] ", ("a.m.", "p.m.")),
    ("he", "\u200f{d}.{M}.{y}, {H}:{mm} - "),
    ("he-12", "{d}.{M}.{y}, {h}:{mm} {a} - ", ("לפנה״צ", "אחה״צ")),
    ("fa", "{y}/{M}/{d},\u200f {H}:{mm} - ", None, PERSIAN),
    ("fa-12", "{y}/{M}/{d}، {h}:{mm} {a} - ", ("ق.ظ.", "ب.ظ."), PERSIAN),
    ("ur", "{d}/{M}/{yy}، {h}:{mm} {a} - ", AM_PM),
    ("hi", "{dd}/{MM}/{yy}, {h}:{mm} {a} - ", ("पूर्वाह्न", "अपराह्न")),
    ("mr", "{d}/{M}/{yy}, {h}:{mm} {a} - ", ("म.पू.", "म.उ."), DEVANAGARI),
    ("ta", "{d}/{M}/{yy}, {a} {h}:{mm} - ", ("முற்பகல்", "பிற்பகல்")),
    ("th", "{d}/{M}/{y} {HH}:{mm} - "),
    ("th-12", "{d}/{M}/{y} {h}:{mm} {a} - ", ("ก่อนเที่ยง", "หลังเที่ยง")),
    ("vi-12", "{h}:{mm} {a}, {dd}/{MM}/{y} - ", ("SA", "CH")),
    ("id", "{dd}/{MM}/{yy} {HH}.{mm} - "),
    ("ms", "{d}/{MM}/{y}, {h}:{mm} {a} - ", ("PG", "PTG")),
    ("fil", "{M}/{d}/{yy}, {h}:{mm} {a} - ", AM_PM),
    ("zh-Hant-iOS", "[{y}/{M}/{d} {a}{h}:{mm}:{ss}] ", ("上午", "下午")),
    ("zh-words", "{y}年{M}月{d}日 {a}{h}:{mm} - ", ("上午", "下午")),
    ("fullwidth", "{dd}/{MM}/{y}, {HH}:{mm} - ", None, FULLWIDTH),
    ("mark-before", "\u200e[{dd}/{MM}/{y} {HH}:{mm}:{ss}] "),
    ("bom-before", "\ufeff{dd}.{MM}.{yy}, {HH}:{mm} - "),
]  # fmt: skip
NAMES = st.sampled_from(["Alice", "Bob", "Zoé", "Éric 🎉", "+33 6 12 34 56 78", "N'Golo (travail)", "مريم", "明美"])
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=30)
MOMENTS = st.datetimes(datetime(2014, 1, 1), datetime(2029, 12, 31, 23, 59, 59))


def written(variant: tuple, moment: datetime) -> str:
    """The header of a moment as this phone writes it."""
    _, form, periods, digits = (*variant, None, None)[:4]
    hour = moment.hour
    word = "" if periods is None else periods(hour) if callable(periods) else periods[hour >= 12]
    header = form.format(
        d=moment.day, dd=f"{moment.day:02}", M=moment.month, MM=f"{moment.month:02}", y=moment.year,
        yy=f"{moment.year % 100:02}", e=era(moment), b=moment.year + 543, H=hour, HH=f"{hour:02}",
        h=(hour - 1) % 12 + 1, mm=f"{moment.minute:02}", ss=f"{moment.second:02}", a=word,
    )  # fmt: skip
    return header.translate(str.maketrans("0123456789", digits)) if digits else header


def precise(variant: tuple, moment: datetime) -> datetime:
    return moment.replace(microsecond=0, second=moment.second if "{ss}" in variant[1] else 0)


def order_of(variant: tuple) -> str:
    form = variant[1]
    place = {
        "dmy": form.index("{d"),
        "mdy": form.index("{M"),
        "ymd": min(form.find(y) % 999 for y in ("{y", "{e", "{b")),
    }
    return min(place, key=place.get)


def name_of(variant: tuple) -> str:
    return variant[0]


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_every_hour_of_a_day_in_every_variant(variant, tmp_path):
    moments = [datetime(2024, 5, 24, hour, 5, 9) for hour in range(24)] + [datetime(2024, 5, 31, 0, 0, 0)]
    path = tmp_path / "chat.txt"
    path.write_bytes("".join(f"{written(variant, m)}Zoé: {m.hour} oui : non\n" for m in moments).encode())
    chat = read_chat(path)
    assert [(m.sent_at, m.author, m.text) for m in chat] == [
        (precise(variant, m), "Zoé", f"{m.hour} oui : non") for m in moments
    ]
    assert len(chat.warnings) == 2, "the order of day and month, and the missing zone, alone are said"


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("bom", [False, True], ids=["plain", "bom"])
@settings(max_examples=90, deadline=None)
@given(variant=st.sampled_from(VARIANTS), moments=st.lists(MOMENTS, min_size=1, max_size=12), data=st.data())
def test_reading_gives_back_what_was_written(end, bom, variant, moments, data):
    sent = []
    for moment in sorted(moments):
        # An "x" at both ends keeps a drawn text from being a header, a notice, or marks only.
        lines = [f"x{line}x" for line in data.draw(st.lists(WORDS, min_size=1, max_size=3))]
        sent.append((moment, data.draw(NAMES), lines))
    text = "".join(f"{written(variant, m)}{name}: {end.join(lines)}{end}" for m, name, lines in sent)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.txt"
        path.write_bytes(text.encode("utf-8-sig" if bom else "utf-8"))
        order = order_of(variant)
        chat = read_chat(path, date_order=order)
    assert [(m.sent_at, m.author, m.text, m.kind) for m in chat] == [
        (precise(variant, m), name, normalize("NFC", "\n".join(lines)), "text") for m, name, lines in sent
    ]


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ("[3/18/R4, 14:56:01] ", datetime(2022, 3, 18, 14, 56, 1)),
        ("[3/18/H31, 14:56:01] ", datetime(2019, 3, 18, 14, 56, 1)),
        ("[3/18/S64, 14:56:01] ", datetime(1989, 3, 18, 14, 56, 1)),
        ("令和4/3/18 14:56 - ", datetime(2022, 3, 18, 14, 56)),
        ("[3/18/2565 BE, 14:56:01] ", datetime(2022, 3, 18, 14, 56, 1)),
        ("18/3/65 14:56 - ", datetime(2022, 3, 18, 14, 56)),
        ("۱۴۰۳/۱/۱، ۱۴:۵۶ - ", datetime(2024, 3, 20, 14, 56)),
        ("1403/12/30, 14:56 - ", datetime(2025, 3, 20, 14, 56)),
        ("2023-12-20, 5:46 P.M. - ", datetime(2023, 12, 20, 17, 46)),
        ("2023-12-20, 0:30 AM - ", datetime(2023, 12, 20, 0, 30)),
        ("2023-12-20, 13:05 PM - ", datetime(2023, 12, 20, 13, 5)),
        ("13/05/24, 9:05 min. - ", datetime(2024, 5, 13, 21, 5)),
        ("13/05/24, 12:05 min. - ", datetime(2024, 5, 13, 0, 5)),
        ("\u202a13/05/24\u202c, 09:05 - ", datetime(2024, 5, 13, 9, 5)),
        ("13/05/24, 09:05 -\u200f ", datetime(2024, 5, 13, 9, 5)),
        ("13／05／2024, 09：05 - ", datetime(2024, 5, 13, 9, 5)),
    ],
)  # fmt: skip
def test_one_header_alone(header, moment, tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes(f"{header}Zoé: oui\n".encode())
    (message,) = read_chat(path)
    assert (message.sent_at, message.author, message.text) == (moment, "Zoé", "oui")


def test_the_era_changes_in_the_middle_of_a_file(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes("[4/30/H31, 23:59:00] 明美: 平成\n[5/1/R1, 0:00:10] 明美: 令和\n".encode())
    assert [m.sent_at for m in read_chat(path)] == [datetime(2019, 4, 30, 23, 59), datetime(2019, 5, 1, 0, 0, 10)]


def test_a_letter_that_is_no_era_begins_no_message(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes(b"13/05/2024, 08:00 - Bob: ok\nQ4/3/18 14:56 - Bob: rien\n")
    assert [m.text for m in read_chat(path)] == ["ok\nQ4/3/18 14:56 - Bob: rien"]
