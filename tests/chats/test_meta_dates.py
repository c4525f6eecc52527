"""The dates on Meta's pages: every form that is known, in every language of the table."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats.meta.dates import _MONTHS, LONGEST, is_dated, moment_of, month_order


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jan 2, 2006, 3:04 PM", datetime(2006, 1, 2, 15, 4)),
        ("Jun 11, 2026 1:38 pm", datetime(2026, 6, 11, 13, 38)),
        ("Oct 19, 2019 at 2:37 PM", datetime(2019, 10, 19, 14, 37)),
        ("Oct 19, 2019, 2:37\u202fPM", datetime(2019, 10, 19, 14, 37)),
        ("19 Oct 2019, 14:37", datetime(2019, 10, 19, 14, 37)),
        ("Sep 22, 2017 12:05 am", datetime(2017, 9, 22, 0, 5)),
        ("Sep 22, 2017 12:05 pm", datetime(2017, 9, 22, 12, 5)),
        ("Aug 31, 2026 4:34:56 am", datetime(2026, 8, 31, 4, 34, 56)),
        ("13 de enero de 2024, 10:30", datetime(2024, 1, 13, 10, 30)),
        ("ene 13, 2024 10:30 p. m.", datetime(2024, 1, 13, 22, 30)),
        ("jun. 07, 2024 5:44 am", datetime(2024, 6, 7, 5, 44)),
        ("11 juin 2026, 13:38", datetime(2026, 6, 11, 13, 38)),
        ("11 juin 2026 à 13:38", datetime(2026, 6, 11, 13, 38)),
        ("11 juin 2026\u202f13:38", datetime(2026, 6, 11, 13, 38)),
        ("1er août 2026 à 9 h 05", datetime(2026, 8, 1, 9, 5)),
        ("1 août 2026 à 9 h 05", datetime(2026, 8, 1, 9, 5)),
        ("févr. 07, 2024 5:44 am", datetime(2024, 2, 7, 5, 44)),
        ("Févr. 07, 2024 5:44 PM", datetime(2024, 2, 7, 17, 44)),
        ("déc. 25, 2023 11:59 pm", datetime(2023, 12, 25, 23, 59)),
        ("mar. 5 mars 2024, 10:00", datetime(2024, 3, 5, 10, 0)),
        ("samedi 6 juillet 2019 à 18h30", datetime(2019, 7, 6, 18, 30)),
        ("04.12.2016, 13:54", datetime(2016, 12, 4, 13, 54)),
        ("4. Dez. 2016, 13:54", datetime(2016, 12, 4, 13, 54)),
        ("Sonntag, 4. Dezember 2016 um 13:54", datetime(2016, 12, 4, 13, 54)),
        ("4 gen 2020, 09:15", datetime(2020, 1, 4, 9, 15)),
        ("4 de dez. de 2020 09:15", datetime(2020, 12, 4, 9, 15)),
        ("4 mrt. 2020 09:15", datetime(2020, 3, 4, 9, 15)),
        ("4 мар 2020 г., 09:15", datetime(2020, 3, 4, 9, 15)),
        ("4 декабря 2020 г. в 09:15", datetime(2020, 12, 4, 9, 15)),
        ("4. desember 2016 kl. 13.54", datetime(2016, 12, 4, 13, 54)),
        ("3월 5, 2024 3:12 오후", datetime(2024, 3, 5, 15, 12)),
        ("2024년 3월 5일 오후 3:12", datetime(2024, 3, 5, 15, 12)),
        ("2024年3月5日 15:12", datetime(2024, 3, 5, 15, 12)),
        ("٥ مارس ٢٠٢٤، ٣:١٢ م", datetime(2024, 3, 5, 15, 12)),
        ("2024-03-05 15:12", datetime(2024, 3, 5, 15, 12)),
        ("25/12/2023 15:12", datetime(2023, 12, 25, 15, 12)),
        ("Oct 19, 2019, 13:37 PM", datetime(2019, 10, 19, 13, 37)),
        ("31 avr. 2024, 10:00", None),
        ("32 mai 2024, 10:00", None),
        ("Oct 19, 2019, 25:37", None),
        ("Oct 19, 2019", None),
        ("rendez-vous le 4 juin 2024 à 13:00", None),
        ("4 juin 2024 à 13:00 chez Zoé", None),
        ("13:00", None),
        ("", None),
    ],
)
def test_forms(text, expected):
    moment = moment_of(text)
    assert (moment.local if moment else None) == expected
    assert moment is None or moment.offset is None


@pytest.mark.parametrize(
    "text",
    [
        "dimanche 4 décembre 2016, 13:54 UTC-07",
        "Sunday, December 4, 2016 at 1:54pm PDT",
        "Sunday, December 4, 2016 at 13:54 PDT",
        "Sunday, 4 December 2016 at 13:54 UTC-07:00",
        "Sonntag, 4. Dezember 2016 um 13:54 UTC-07",
        "4. desember 2016 kl. 13:54 UTC-07",
    ],
)
def test_the_dates_of_2017_say_how_far_they_are_from_utc(text):
    moment = moment_of(text)
    assert moment.offset == timedelta(hours=-7)
    assert moment.utc.isoformat() == "2016-12-04T20:54:00+00:00"


def test_each_month_name_is_of_one_month_in_every_language():
    numbers: dict[str, set[int]] = {}
    for language, table in _MONTHS.items():
        months = table.split("|")
        assert len(months) == 12, language
        for number, names in enumerate(months, 1):
            for name in names.split():
                numbers.setdefault(name, set()).add(number)
                assert moment_of(f"7 {name} 2024 5:44").local.month == number
                assert moment_of(f"{name}. 07, 2024 5:44 PM").local == datetime(2024, number, 7, 17, 44)
    assert {name for name, seen in numbers.items() if len(seen) > 1} == set()


def test_the_order_of_slashed_dates_is_that_of_the_page():
    assert month_order(["3/4/2024 10:00", "3/14/2024 10:00"]) == (True, "")
    assert month_order(["3/4/2024 10:00", "14/3/2024 10:00"]) == (False, "")
    assert month_order(["3/3/2024 10:00", "3/4/2024 10:00"]) == (False, "3/4/2024 10:00")
    assert month_order(["11 juin 2026 13:38"]) == (False, "")
    assert moment_of("3/4/2024 10:00", month_first=True).local == datetime(2024, 3, 4, 10)
    assert moment_of("3.4.2024 10:00", month_first=True).local == datetime(2024, 4, 3, 10)


def test_a_date_of_an_unknown_language_is_seen_as_one():
    assert is_dated("11 kesäkuuta 2026 klo 13.38")
    assert not is_dated("on se voit demain à 13:38 ?")
    assert not is_dated("2024")


DATES = st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1)).map(lambda d: d.replace(second=0, microsecond=0))


@settings(max_examples=300, deadline=None)
@given(DATES, st.sampled_from(sorted(_MONTHS)), st.booleans())
def test_what_is_written_is_read_back(date, language, twelve):
    name = _MONTHS[language].split("|")[date.month - 1].split()[-1]
    half = f"{date.hour % 12 or 12}:{date:%M} {'pm' if date.hour >= 12 else 'am'}"
    written = f"{name}. {date.day}, {date.year} {half}" if twelve else f"{date.day} {name} {date.year}, {date:%H:%M}"
    assert moment_of(written).local == date


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=LONGEST + 5) | st.text("0123456789 :./-hapm,月日年avjuin+UTC", max_size=LONGEST))
def test_any_text_is_a_date_or_none(text):
    moment = moment_of(text)
    assert moment is None or moment.utc is not None
