"""Day first or month first: each kind of evidence, in the order in which it counts, and what is said of it."""

from datetime import date
from pathlib import Path

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.whatsapp.calendars import date_in, year_of
from nlpchat.chats.whatsapp.date_order import Evidence, attached_date, date_of, decide

HERE = Path(__file__).parent


def read(folder, *headers, bodies=("x",), **options):
    path = folder / "chat.txt"
    lines = [f"{header}Ann: {bodies[n % len(bodies)]}\n" for n, header in enumerate(headers)]
    path.write_text("".join(lines), encoding="utf-8")
    return read_chat(path, **options)


def said(chat) -> str:
    return chat.warnings[0].what


@pytest.mark.parametrize(
    ("name", "days", "why"),
    [
        ("D1_us_no_day_over_27.txt", ["05-03", "05-14", "05-20", "05-25"], "month first: 3 of 4 lines have a date that exists in no other order"),  # noqa: E501
        ("D2_fr_all_le_12.txt", ["03-01", "03-02", "03-05", "03-09"], "day first: month first they would spread 9 days"),
        ("D3_us_all_le_12.txt", ["03-01", "03-02", "03-05", "03-09"], "month first: day first they would spread 9 days"),
    ],
)  # fmt: skip
def test_files_of_one_order(name, days, why):
    chat = read_chat(HERE / "synthetic" / name)
    assert [f"{m.sent_at:%m-%d}" for m in chat] == days
    assert f"the dates were read {why}" in said(chat)
    assert ("give --date-order" in said(chat)) == ("spread" in why)


@pytest.mark.parametrize(
    ("text", "first_day", "why"),
    [
        # Alone it could be either; AM or PM leans to the month, and both readings are said.
        ("3/4/24, 9:10 PM - A: x\n", "2024-03-04", "2024-04-03 (day first) or 2024-03-04 (month first), and AM or PM"),
        ("3/4/24, 21:10 - A: x\n", "2024-04-03", "2024-04-03 (day first) or 2024-03-04 (month first)"),
        ("3/4/24, 9:10 PM - A: IMG-20240304-WA0001.jpg (file attached)\n", "2024-03-04", "1 of 1 dates in names of"),
        ("3/4/24, 9:10 PM - A: IMG-20240403-WA0001.jpg (file attached)\n", "2024-04-03", "1 of 1 dates in names of"),
        ("3/4/24, 9:10 - A: IMG-20240304-WA0001.jpg (file attached)\n", "2024-03-04", "1 of 1 dates in names of"),
        ("5/6/24, 9:10 - A: x\n6/5/24, 9:10 - A: y\n", "2024-05-06", "day first they would go back in time once"),
        ("5/6/24, 9:10 PM - A: x\n5/7/24, 9:10 PM - A: y\n4/8/24, 9:10 PM - A: z\n", "2024-06-05", "back in time once"),
        ("03.04.24, 09:10 - A: x\n", "2024-04-03", "and dots or dashes mostly stand for the first"),
        ("03-04-24, 9:10 PM - A: x\n", "2024-04-03", "and dots or dashes mostly stand for the first"),
        ("01.03.24, 9:10 - A: x\n01.06.24, 9:10 - A: x\n01.09.24, 9:10 - A: x\n", "2024-03-01", "dots or dashes"),
        (
            "13/4/24, 9:10 PM - A: x\n14/4/24, 9:10 PM - A: x\n",
            "2024-04-13",
            "day first: 2 of 2 lines have a date that exists in no other order",
        ),
        ("4/13/24, 9:10 - A: x\n", "2024-04-13", "month first: 1 of 1 lines have a date that exists in no other order"),
        ("5/5/24, 9:10 - A: x\n", "2024-05-05", "either order gives the same days"),
        ("2024-05-06, 09:10 - A: x\n", "2024-05-06", "the dates were read year first, as they are written"),
        ("24/05/06, 09:10 - A: x\n45/05/07, 9:10 - A: x\n", "2024-05-06", "the dates were read year first: 1 of 2"),
    ],
)
def test_each_evidence(text, first_day, why, tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text(text)
    chat = read_chat(path)
    assert f"{chat.messages[0].sent_at:%Y-%m-%d}" == first_day
    assert why in said(chat)


def test_a_day_over_12_weighs_more_than_going_back_in_time(tmp_path):
    chat = read(tmp_path, "9/1/24, 9:10 - ", "8/2/24, 9:10 - ", "7/3/24, 9:10 - ", "4/25/24, 9:10 - ")
    assert [m.sent_at.month for m in chat] == [9, 8, 7, 4]
    assert "1 of 4 lines have a date that exists in no other order" in said(chat)


def test_going_back_in_time_weighs_more_than_names_of_files(tmp_path):
    names = ("IMG-20240506-WA0001.jpg (file attached)", "x", "x")
    chat = read(tmp_path, "6/5/24, 9:10 - ", "7/5/24, 9:10 - ", "1/6/24, 9:10 - ", bodies=names)
    assert chat.messages[0].sent_at.date() == date(2024, 5, 6)
    chat = read(
        tmp_path, "5/6/24, 9:10 - ", "5/7/24, 9:10 - ", "6/1/24, 9:10 - ", bodies=("IMG-20240605-WA0001.jpg", "x")
    )
    assert chat.messages[0].sent_at.date() == date(2024, 5, 6)


def test_one_message_of_a_clock_that_was_wrong_changes_nothing(tmp_path):
    days = [f"{m}/{d}/24, 9:10 AM - " for m in (1, 2, 3) for d in (2, 5, 9, 12)]
    chat = read(tmp_path, *days[:6], "1/1/39, 9:10 AM - ", *days[6:])
    assert [m.sent_at.month for m in chat if m.sent_at.year == 2024] == [1] * 4 + [2] * 4 + [3] * 4
    assert "day first they would go back in time" in said(chat)


def test_lines_that_only_exist_the_other_way_are_kept_as_text_and_said(tmp_path):
    days = [f"{d:02}/05/2024, 09:10 - " for d in range(1, 29)]
    chat = read(tmp_path, *days[:20], "05/31/2024, 09:10 - ", *days[20:])
    assert len(chat) == 28
    assert chat.messages[19].text == "x\n05/31/2024, 09:10 - Ann: x"
    assert (
        said(chat)
        == "the dates were read day first: 16 of 29 lines have a date that exists in no other order, 1 have none in this one"
    )


@pytest.mark.parametrize(
    ("header", "order", "expected", "sentence"),
    [
        ("02/03/24, 09:05 - ", "mdy", date(2024, 2, 3), "the dates were read month first, as asked"),
        ("02/03/24, 09:05 - ", "dmy", date(2024, 3, 2), "the dates were read day first, as asked"),
        ("02/03/24, 09:05 - ", "ymd", date(2002, 3, 24), "the dates were read year first, as asked"),
        ("2024-05-13, 09:05 - ", "ymd", date(2024, 5, 13), "the dates were read year first, as they are written"),
        ("2024-05-13, 09:05 - ", "mdy", date(2024, 5, 13),
         "--date-order mdy was not used: the year is written first"),
        ("13/05/2024, 09:05 - ", "ymd", date(2024, 5, 13),
         "--date-order ymd was not used: the year is written last; the dates were read day first: 1 of 1 lines have a date "
         "that exists in no other order"),
    ],
)  # fmt: skip
def test_the_order_that_is_asked_for_wins_where_it_can(header, order, expected, sentence, tmp_path):
    chat = read(tmp_path, header, date_order=order)
    assert (chat.messages[0].sent_at.date(), said(chat)) == (expected, sentence)


def test_the_whole_file_decides_not_its_beginning(tmp_path):
    """The first days lean to day first; the only proof stands after many thousand lines."""
    headers = ["3/4/2024, 9:10 - "] * 9000 + ["3/14/2024, 9:10 - "]
    chat = read(tmp_path, *headers)
    assert {m.sent_at.date() for m in chat} == {date(2024, 3, 4), date(2024, 3, 14)}
    assert "1 of 9,001 lines have a date that exists in no other order" in said(chat)


def test_islamic_days_are_said_to_be_near(tmp_path):
    chat = read(tmp_path, "18/8/1443, 09:10 - ")
    assert abs(chat.messages[0].sent_at.date() - date(2022, 3, 21)).days <= 1
    assert "each may be a day off" in said(chat)


def test_no_evidence_at_all():
    assert decide(Evidence()).order == "dmy"


@pytest.mark.parametrize(
    ("parts", "order", "expected"),
    [
        ((31, 4, 2024), "dmy", None), ((4, 31, 2024), "mdy", None), ((29, 2, 2023), "dmy", None),
        ((29, 2, 2024), "dmy", date(2024, 2, 29)), ((0, 1, 24), "dmy", None), ((24, 1, 2), "ymd", date(2024, 1, 2)),
        ((1, 1, 0), "dmy", date(2000, 1, 1)), ((1, 1, 9999), "dmy", date(9999, 1, 1)),
    ],
)  # fmt: skip
def test_dates_of_numbers(parts, order, expected):
    assert date_of(parts, order) == expected


@pytest.mark.parametrize(
    ("year", "month", "day", "expected"),
    [
        (2565, 3, 18, date(2022, 3, 18)), (65, 3, 18, date(2022, 3, 18)), (2567, 2, 29, date(2024, 2, 29)),
        # The Persian year begins in spring: 1403 has a day 366.
        (1400, 1, 1, date(2021, 3, 21)), (1403, 1, 1, date(2024, 3, 20)), (1403, 12, 30, date(2025, 3, 20)),
        (1404, 1, 1, date(2025, 3, 21)), (1402, 12, 30, None), (1402, 7, 31, None), (1402, 13, 1, None),
        (1397, 6, 31, date(2018, 9, 22)), (1397, 7, 1, date(2018, 9, 23)), (1445, 13, 1, None), (1445, 1, 31, None),
    ],
)  # fmt: skip
def test_other_calendars(year, month, day, expected):
    assert date_in(year, month, day) == expected


def test_persian_days_follow_one_another():
    days = [date_in(year, month, day) for year in range(1388, 1425) for month in range(1, 13) for day in range(1, 32)]
    known = [day.toordinal() for day in days if day is not None]
    assert known == list(range(known[0], known[0] + len(known)))


@pytest.mark.parametrize(
    ("written", "era", "year"),
    [(4, "R", 2022), (31, "H", 2019), (63, "昭和", 1988), (2565, "BE", 2022), (65, "BE", 2022), (113, "民國", 2024),
     (2024, "г.", 2024), (1445, "هـ", 1445), (2024, "", 2024)],
)  # fmt: skip
def test_years_of_eras(written, era, year):
    assert year_of(written, era) == year


@pytest.mark.parametrize(
    ("text", "expected"),
    [("IMG-20240304-WA0001.jpg", date(2024, 3, 4)), ("00000001-PHOTO-2024-03-04-16-00-15.jpg", date(2024, 3, 4)),
     ("IMG-20241399-WA1.jpg", None), ("06-2024", None)],
)  # fmt: skip
def test_dates_in_names_of_files(text, expected):
    assert attached_date(text) == expected
