"""One form of header a file; another from some line on is followed when the chat goes on in it, and only then."""

from datetime import datetime, timedelta

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.whatsapp import reader

ANDROID = "%d/%m/%Y, %H:%M - "
IOS = "[%d/%m/%Y %H:%M:%S] "
ENGLISH = "%m/%d/%y, %I:%M %p - "
START = datetime(2023, 5, 20, 8, 0)
SWITCH = "the headers change their form here, and were followed"
KEPT = "lines that look like headers of another form, kept as text"


def lines(form: str, start: datetime, count: int, names=("Alice", "Bob"), step=timedelta(hours=7)) -> list[str]:
    """So many messages, written in this form."""
    return [f"{start + n * step:{form}}{names[n % len(names)]}: message {n}" for n in range(count)]


def read(folder, *parts, **options):
    path = folder / "chat.txt"
    path.write_text("\n".join(line for part in parts for line in part) + "\n", encoding="utf-8")
    return read_chat(path, **options)


def told(chat, what):
    return [(w.count, w.line) for w in chat.warnings if w.what == what]


@pytest.mark.parametrize(
    ("before", "after"),
    [(ANDROID, IOS), (IOS, ANDROID), (ANDROID, ENGLISH), (ENGLISH, ANDROID), (ANDROID, "%d.%m.%y, %H:%M - ")],
)
@pytest.mark.parametrize("counts", [(40, 40), (300, 12), (12, 300)])
def test_a_new_phone_is_followed_and_said(before, after, counts, tmp_path):
    later = START + timedelta(days=120)
    chat = read(tmp_path, lines(before, START, counts[0]), lines(after, later, counts[1]))
    assert [m.text for m in chat] == [f"message {n}" for count in counts for n in range(count)]
    moments = [m.sent_at for m in chat]
    assert moments == sorted(moments)
    assert (moments[0], moments[counts[0]]) == (START, later)
    assert [m.line for m in chat] == list(range(1, sum(counts) + 1))
    assert told(chat, SWITCH) == [(1, counts[0] + 1)]
    assert told(chat, KEPT) == []
    assert "; then " in chat.variant


def test_each_part_has_its_own_order_of_day_and_month(tmp_path):
    chat = read(tmp_path, lines(ANDROID, START, 40), lines(ENGLISH, START + timedelta(days=120), 40))
    decisions = [w.what for w in chat.warnings if "the dates were read" in w.what]
    assert ["day first" in what for what in decisions] == [True, False]
    assert "month first" in decisions[1]


def test_two_phones_by_turns(tmp_path):
    parts = [lines((ANDROID, IOS)[n % 2], START + timedelta(days=40 * n), 30 - 5 * n) for n in range(5)]
    chat = read(tmp_path, *parts)
    assert len(chat) == sum(map(len, parts))
    assert [line for _, line in told(chat, SWITCH)] == [31, 56, 76, 91]


def test_a_later_part_across_blocks_of_the_text(tmp_path):
    long = "mot " * 40
    first = [f"{line} {long}" for line in lines(ANDROID, START, 3000, step=timedelta(hours=1))]
    second = [f"{line} {long}" for line in lines(IOS, START + timedelta(days=200), 3000, step=timedelta(hours=1))]
    chat = read(tmp_path, first, second)
    assert len(chat) == 6000
    assert [m.line for m in chat] == list(range(1, 6001))
    assert told(chat, SWITCH) == [(1, 3001)]


@pytest.mark.parametrize("count", [1, 2, 7, 60])
@pytest.mark.parametrize("names", [("Alice", "Bob"), ("Paul", "Zoé")])
def test_a_pasted_conversation_stays_text(count, names, tmp_path):
    pasted = lines(IOS, START - timedelta(days=90), count, names)
    host = START + timedelta(days=30)
    chat = read(
        tmp_path, lines(ANDROID, START, 50), [f"{host:{ANDROID}}Bob: regarde :"], pasted,
        lines(ANDROID, host + timedelta(minutes=5), 50),
    )  # fmt: skip
    assert len(chat) == 101
    assert chat.messages[50].text == "\n".join(["regarde :", *pasted])
    (warning,) = [w for w in chat.warnings if w.what == KEPT]
    assert (warning.count, warning.line, warning.examples) == (count, 52, tuple(pasted[:3]))
    assert told(chat, SWITCH) == []


def test_a_conversation_pasted_at_the_very_end_stays_text(tmp_path):
    chat = read(tmp_path, lines(ANDROID, START, 50), lines(IOS, START - timedelta(days=3), 30))
    assert (len(chat), told(chat, KEPT), told(chat, SWITCH)) == (50, [(30, 51)], [])


def test_strangers_talking_later_stay_text(tmp_path):
    chat = read(tmp_path, lines(ANDROID, START, 50), lines(IOS, START + timedelta(days=90), 30, ("Paul", "Zoé")))
    assert (len(chat), told(chat, KEPT), told(chat, SWITCH)) == (50, [(30, 51)], [])


def test_what_is_longer_than_any_message_is_another_export(tmp_path):
    """Two exports put one after the other, the second beginning before the first ends."""
    second = [f"{line} {'mot ' * 30}" for line in lines(IOS, START - timedelta(days=3), 600)]
    assert sum(map(len, second)) > 65_536
    chat = read(tmp_path, lines(ANDROID, START, 50), second)
    assert (len(chat), told(chat, SWITCH)) == (650, [(1, 51)])


def test_pasted_lines_after_a_change_of_form_stay_text(tmp_path):
    later = START + timedelta(days=60)
    second = lines(IOS, later, 40)
    pasted = lines(ANDROID, START - timedelta(days=20), 4)
    chat = read(tmp_path, lines(ANDROID, START, 40), second[:20], pasted, second[20:])
    assert len(chat) == 80
    assert chat.messages[59].text == "\n".join(["message 19", *pasted])
    assert told(chat, SWITCH) == [(1, 41)]
    assert told(chat, KEPT) == [(4, 61)]


def test_lines_of_the_same_form_with_other_widths_are_no_headers(tmp_path):
    chat = read(
        tmp_path, ["[17.9.2019, 16:37:47] Ada: un", "[1.9.19, 00:00:00] Ada: deux", "[17.09.2019, 16:38:06] Ada: trois"]
    )
    assert [m.text for m in chat] == ["un\n[1.9.19, 00:00:00] Ada: deux", "trois"]


def test_an_asked_order_holds_for_every_part(tmp_path):
    low = datetime(2023, 1, 1, 8, 0)
    chat = read(
        tmp_path, lines(ANDROID, low, 12, step=timedelta(days=1)),
        lines("%d/%m/%y %H:%M - ", low + timedelta(days=31), 12, step=timedelta(days=1)), date_order="dmy",
    )  # fmt: skip
    assert [m.sent_at for m in chat] == [low + timedelta(days=n) for n in (*range(12), *range(31, 43))]


def test_the_missing_zone_is_said_of_every_chat(tmp_path):
    chat = read(tmp_path, lines(ANDROID, START, 3))
    assert told(chat, reader.NO_ZONE) == [(1, None)]
    assert all(m.sent_at.tzinfo is None for m in chat)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [(1, 0, 3), (1, 1, 3), (1, 1, 60), (1, 5, 12), (2, 0, 3), (2, 0, 60), (2, 1, 12), (4, 0, 12), (4, 5, 60)],
)
def test_a_paste_longer_than_the_conversation_around_it_stays_text(before, after, count, tmp_path):
    chat = read(
        tmp_path, lines(ANDROID, START, before), lines(IOS, START - timedelta(days=90), count, ("Paul", "Zoé")),
        lines(ANDROID, START + timedelta(days=30), after),
    )  # fmt: skip
    assert len(chat) == before + after
    assert set(chat.authors) <= {"Alice", "Bob"}
    assert told(chat, KEPT) == [(count, before + 1)]
