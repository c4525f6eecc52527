"""Days go into periods that fit, whole and in order; the sparklines under the table say what they are."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from nlpchat.predictions import Predictions
from nlpchat.records import LABELS, VERDICTS, Chat, Message
from nlpchat.report.summary import ChatSummary, summarise
from nlpchat.report.terminal import chat_view
from nlpchat.report.timeline import ENOUGH, Period, by_day, timeline

START = datetime(2024, 1, 1, 12)  # a Monday, the first of a month, a quarter and a year


def summary(days: dict[int, str], by: str = "author") -> ChatSummary:
    """Of a chat in which, so many days after START, messages were sent with these labels: n, u, p and ?."""
    sent = [(START + timedelta(days=day), "nup?".index(said)) for day, labels in days.items() for said in labels]
    messages = tuple(Message(at, "Zoé", f"message {i}", "text", i + 1) for i, (at, _) in enumerate(sent))
    scores = np.full((len(sent), 3), 0.2, np.float32)
    for row, (_, label) in enumerate(sent):
        scores[row] = 1 / 3 if label == 3 else np.where(np.arange(3) == label, 0.8, 0.1)
    places = np.arange(len(sent), dtype=np.int32)
    abstain = 0.5 if any("?" in labels for labels in days.values()) else 0.0
    said = Predictions(places, scores, np.ones(len(sent), np.int32), np.zeros(len(sent), np.bool_), abstain)
    return summarise(Chat("t", "whatsapp", messages, ("Zoé",)), said, by=by)


def shown(found: ChatSummary, width: int, encoding: str = "utf-8") -> list[str]:
    """The lines of the timeline, from its heading to its dates."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=stream, width=width, highlight=False, markup=False, emoji=False).print(chat_view(found))
    stream.seek(0)
    lines = [line.rstrip() for line in stream.read().splitlines()]
    start = next((i for i, line in enumerate(lines) if line.startswith("Over time")), len(lines))
    return lines[start : start + 4]


WEEK = {0: "nnnnn", 1: "nnuuu", 2: "upp", 4: "ppppuuuu"}


@pytest.mark.parametrize(
    ("width", "encoding", "lines"),
    [
        (
            80,
            "utf-8",
            [
                "Over time, by day (· fewer than 5)",
                "  negative  ████▄▄▄▄·       ▁▁▁▁  peak 100%",
                "  positive  ▁▁▁▁▁▁▁▁·       ▅▅▅▅  peak 50%",
                "            2024-01-01 to 2024-01-05",
            ],
        ),
        (
            40,
            "utf-8",
            [
                "Over time, by day (· fewer than 5)",
                "  neg  ████▄▄▄▄·       ▁▁▁▁  peak 100%",
                "  pos  ▁▁▁▁▁▁▁▁·       ▅▅▅▅  peak 50%",
                "       2024-01-01 to 2024-01-05",
            ],
        ),
        (
            80,
            "latin-1",
            [
                "Over time, by day (. fewer than 5, a digit is 10%)",
                "  negative  9   4   .       0     peak 100%",
                "  positive  0   0   .       5     peak 50%",
                "            2024-01-01 to 2024-01-05",
            ],
        ),
    ],
)
def test_what_is_drawn(width: int, encoding: str, lines: list[str]) -> None:
    assert shown(summary(WEEK), width, encoding) == lines


def test_first_and_last_date_stand_under_the_ends() -> None:
    _, negative, _, dates = shown(summary(dict.fromkeys(range(25), "nnpuu")), 80)
    line = negative.split("  peak")[0]
    assert (len(line), len(dates)) == (12 + 2 * 25, 12 + 2 * 25)
    assert dates.split() == ["2024-01-01", "2024-01-25"]


@pytest.mark.parametrize(
    ("days", "width", "unit"),
    [
        (range(40), 80, "day"),
        (range(40), 40, "week"),
        (range(90), 80, "week"),
        (range(90), 120, "day"),
        (range(0, 4 * 365, 4), 80, "month"),
        (range(0, 4 * 365, 4), 40, "quarter"),
        (range(0, 19 * 365, 9), 80, "year"),
        ([0, 3, 366 * 7000], 80, "millennium"),
    ],
)
def test_the_unit_is_the_finest_that_fits(days: range, width: int, unit: str) -> None:
    assert shown(summary(dict.fromkeys(days, "nuuuup")), width)[:1] == [f"Over time, by {unit}"]


def test_where_days_have_too_few_messages_weeks_are_shown() -> None:
    assert shown(summary(dict.fromkeys(range(28), "np")), 80)[0] == "Over time, by week"


@pytest.mark.parametrize(
    "days",
    [{}, {0: "nnnnnnnpppp"}, {0: "nnnn", 3: "p"}, {0: "nnnnnn", 3: "p"}],
    ids=["nothing", "one day", "few", "one period and a few messages"],
)
def test_fewer_than_two_periods_show_nothing(days: dict[int, str]) -> None:
    assert shown(summary(days), 80) == []
    assert summary(days).as_json()["timeline"] is None


def test_a_table_by_week_has_no_timeline_under_it() -> None:
    assert shown(summary(WEEK, by="week"), 80) == []


def test_all_neutral_is_a_line_along_the_bottom() -> None:
    _, negative, positive, _ = shown(summary({0: "uuuuu", 1: "uuuuu"}), 80)
    assert negative == "  negative  ▁▁▁▁▁▁▁▁  peak 0%"
    assert positive == "  positive  ▁▁▁▁▁▁▁▁  peak 0%"


def test_no_line_is_wider_than_the_terminal() -> None:
    found = summary(dict.fromkeys(range(500), "nuuupp?"))
    for width in range(28, 130, 3):
        lines = shown(found, width)
        assert len(lines) == 4, width
        assert max(map(len, lines)) <= width


def test_in_json() -> None:
    line = summary(WEEK).as_json()["timeline"]
    assert line["unit"] == "day"
    assert [period["from"] for period in line["periods"]] == [f"2024-01-0{day}" for day in range(1, 6)]
    assert [period["messages"] for period in line["periods"]] == [5, 5, 3, 0, 8]
    assert line["periods"][1]["counts"] == {"neg": 2, "neu": 3, "pos": 0}
    assert line["periods"][1]["shares"] == {"neg": 0.4, "neu": 0.6, "pos": 0.0}
    assert line["periods"][3]["shares"] == {"neg": 0.0, "neu": 0.0, "pos": 0.0}


def test_unsure_is_counted_and_is_neither() -> None:
    (day,) = summary({0: "np???"}).days
    assert (day.messages, day.counts["unsure"], day.share("neg")) == (5, 3, 0.2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.datetimes(), st.integers(0, 3)), max_size=30))
def test_days_count_every_message(found: list[tuple[datetime, int]]) -> None:
    days = by_day((at for at, _ in found), np.array([label for _, label in found], np.uint8), VERDICTS)
    assert [day.start for day in days] == sorted({at.date() for at, _ in found})
    for day in days:
        for place, label in enumerate(VERDICTS):
            assert day.counts[label] == sum(at.date() == day.start and said == place for at, said in found)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.dates(), st.integers(1, 12), min_size=1, max_size=40)
    | st.dictionaries(st.dates(date(2023, 1, 1), date(2024, 12, 31)), st.integers(1, 12), min_size=1, max_size=40),
    st.integers(8, 120),
)
def test_periods_hold_every_day_once_in_order(counts: dict[date, int], most: int) -> None:
    days = [Period(day, {"neg": counts[day], "neu": 0, "pos": 1}) for day in sorted(counts)]
    line = timeline(days, most)
    if line is None:
        return
    starts = [period.start for period in line.periods]
    assert 2 <= len(starts) <= most
    assert starts == sorted(set(starts))
    assert (line.first, line.last) == (days[0].start, days[-1].start)
    assert sum(period.enough for period in line.periods) >= 2
    for period, end in zip(line.periods, [*starts[1:], date.max], strict=True):
        inside = [day for day in days if period.start <= day.start < end or (day.start == end == date.max)]
        assert period.counts == {label: sum(day.counts[label] for day in inside) for label in LABELS}
    if line.unit == "week":
        assert {start.isoweekday() for start in starts} == {1}
    if line.unit in ("month", "quarter", "year"):
        assert {start.day for start in starts} == {1}


def test_enough_is_five() -> None:
    """The legend on the screen and the README say so."""
    assert ENOUGH == 5
