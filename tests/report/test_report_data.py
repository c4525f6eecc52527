"""What a report counts: every cut adds up to the whole, and nothing of a message goes beyond its room."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from nlpchat.bundle import Bundle
from nlpchat.chats.pseudonyms.anonymise import anonymise
from nlpchat.chats.tally import authors_of
from nlpchat.evaluate import wilson
from nlpchat.predictions import Predictions
from nlpchat.records import Chat, Message, Warning
from nlpchat.report.data import report_data
from nlpchat.report.language import ENGLISH, FRENCH, chat_language
from nlpchat.report.scored import scored
from nlpchat.report.stretches import maximal_runs
from nlpchat.report.strongest import MESSAGE_TEXT, STRONGEST_TEXT
from nlpchat.report.summary import period

SCORES = {"n": (0.1, 0.8, 0.1), "+": (0.05, 0.05, 0.9), "-": (0.7, 0.2, 0.1), "?": (0.4, 0.3, 0.3)}
PARIS = timezone(timedelta(hours=2), "Europe/Paris")
START = datetime(2026, 3, 1, 20)


def said(signs: str, chat: Chat, abstain: float = 0.0) -> Predictions:
    """Predictions of the chat's texts, a sign for each."""
    places = [place for place, message in enumerate(chat) if message.kind == "text"]
    scores = np.array([SCORES[sign] for sign in signs], np.float32).reshape(-1, 3)
    n = len(places)
    return Predictions(np.array(places, np.int32), scores, np.ones(n, np.int32), np.zeros(n, np.bool_), abstain)


def chat_of(*lines: tuple[str | None, str] | tuple[str | None, str, float], start: datetime = START) -> Chat:
    """A chat, a message a minute or after so many hours; "[...]" is a picture, and nobody's is a notice."""
    messages: list[Message] = []
    for author, text, *hours in lines:
        start += timedelta(hours=hours[0]) if hours else timedelta(minutes=1)
        kind = "notice" if author is None else "media" if text.startswith("[") else "text"
        messages.append(Message(start, author, text, kind, len(messages) + 1))
    return Chat("Les colocs", "whatsapp", tuple(messages), authors_of(messages))


def drawn(n: int, seed: int, people: int = 5, *, aware: bool = False, abstain: float = 0.0) -> tuple[Chat, Predictions]:
    """Any chat: some texts have no author, some messages are no texts, time goes back now and then."""
    draw = Random(seed)
    at, messages = datetime(2025, 12, 27, 22, tzinfo=PARIS if aware else None), []
    for line in range(n):
        at += timedelta(minutes=draw.expovariate(1 / 400)) if draw.random() > 0.02 else -timedelta(hours=1)
        author = f"P{int(draw.paretovariate(0.7)) % people}" if draw.random() > 0.05 else None
        text = " ".join(draw.choices(("oui", "génial", "😂", "👍🏽", "<b>", "nul"), k=draw.randint(0, 9)))
        messages.append(Message(at, author, text, draw.choices(("text", "media", "notice"), (8, 1, 1))[0], line + 1))
    chat = Chat("Tous", "telegram", tuple(messages), authors_of(messages))
    texts = sum(message.kind == "text" for message in messages)
    return chat, said("".join(draw.choices("n+-?", k=texts)), chat, abstain)


def sums(rows: Sequence[dict]) -> dict[str, object]:
    """All the rows as one."""
    assert all(row["n"] == sum(row["counts"]) for row in rows)
    return {
        "n": sum(row["n"] for row in rows),
        "counts": [sum(column) for column in zip(*(r["counts"] for r in rows), strict=True)],
    }


@pytest.mark.parametrize("seed", range(8))
def test_every_cut_adds_up_to_the_whole(bundle: Bundle, seed: int):
    abstain = 0.5 * (seed % 2)
    chat, predictions = drawn(400, seed, people=(5, 60)[seed % 2], aware=seed > 3, abstain=abstain)
    data = report_data(chat, predictions, bundle)
    assert data["labels"] == ["neg", "neu", "pos", "unsure"][: 4 if abstain else 3]
    assert data["whole"] == {"n": len(predictions), "counts": list(predictions.counts().values())}
    cuts = [data["people"], *data["time"].values(), data["by_person"]["month"], data["hours"], data["weekdays"]]
    assert len(cuts) == 7
    for rows in cuts:
        assert sums(rows) == data["whole"]
    assert sum(data["distribution"]["counts"]) == data["read"]["scored"] == data["messages_of"] == len(predictions)
    assert sum(data["read"]["skipped"].values()) + len(predictions) == data["chat"]["messages"] == 400
    by_person = [
        sums([row for row in data["by_person"]["month"] if row["p"] == p])["n"] for p in range(len(data["people"]))
    ]
    assert by_person == [person["n"] for person in data["people"]]
    assert json.loads(json.dumps(data, allow_nan=False)) == data


@pytest.mark.parametrize("seed", range(3))
def test_points_are_those_of_the_calendar(bundle: Bundle, seed: int):
    chat, predictions = drawn(300, seed, aware=seed == 2)
    data = report_data(chat, predictions, bundle)
    moments = [chat.messages[place].sent_at for place in predictions.messages.tolist()]
    for unit in ("day", "month", "week"):
        expected = Counter(period(moment, unit) for moment in moments)
        starts = [datetime.fromisoformat(point["t"]) for point in data["time"][unit]]
        assert {period(start, unit): p["n"] for start, p in zip(starts, data["time"][unit], strict=True)} == expected
        assert starts == sorted(starts)
    assert all(datetime.fromisoformat(point["t"]).isoweekday() == 1 for point in data["time"]["week"])
    assert {row["h"]: row["n"] for row in data["hours"] if row["n"]} == Counter(m.hour for m in moments)
    assert {row["d"]: row["n"] for row in data["weekdays"] if row["n"]} == Counter(m.isoweekday() for m in moments)


def test_shares_have_their_wilson_interval(bundle: Bundle):
    share, low, high = wilson(np.array([0, 5, 10, 300]), np.array([10, 10, 10, 1000]))
    assert share.tolist() == [0, 0.5, 1, 0.3]
    assert low == pytest.approx([0, 0.2366, 0.7225, 0.2724], abs=1e-4)  # R: binom::binom.confint(methods = "wilson")
    assert high == pytest.approx([0.2775, 0.7634, 1, 0.3291], abs=1e-4)
    chat = chat_of(*[("A", "x")] * 10)
    (point,) = report_data(chat, said("-" * 5 + "n" * 5, chat), bundle)["time"]["day"]
    assert (point["neg"], point["pos"]) == ([0.5, 0.2366, 0.7634], [0.0, 0.0, 0.2775])


def test_a_line_of_too_many_points_is_left_out(bundle: Bundle):
    chat = chat_of(*[("A", "x", 24.0)] * 801)
    time = report_data(chat, said("n" * 801, chat), bundle)["time"]
    assert (len(time["day"]), len(time["week"])) == (0, 115)
    assert sums(time["month"])["n"] == 801


def test_people_past_thirty_are_counted_together(bundle: Bundle):
    chat = chat_of(*[(f"P{i:02}", "x") for i in range(33) for _ in range(40 - i)], (None, "P00 a créé le groupe"))
    texts = sum(message.kind == "text" for message in chat)
    data = report_data(chat, said("n" * texts, chat), bundle)
    names = [person["name"] for person in data["people"]]
    assert names == [f"P{i:02}" for i in range(30)] + [None]
    assert data["people"][30]["n"] == 10 + 9 + 8
    assert data["chat"]["people"] == 33
    assert {row[1] for row in data["messages"]} == set(range(31))


@pytest.mark.parametrize("n", [0, 1, 10])
@pytest.mark.parametrize("aware", [False, True])
def test_short_chats(bundle: Bundle, n: int, aware: bool):
    start = START.replace(tzinfo=PARIS) if aware else START
    chat = chat_of(*[("A", "merci")] * n, start=start)
    data = report_data(chat, said("+" * n, chat), bundle)
    assert data["whole"] == {"n": n, "counts": [0, 0, n]}
    assert data["chat"]["zone"] == ("Europe/Paris" if aware and n else None)
    assert data["chat"]["from"] == ("2026-03-01T20:01" if n else None)
    assert [len(data[key]) for key in ("hours", "weekdays", "messages")] == [24, 7, n]
    assert len(data["strongest"]["pos"]) == min(n, 1)
    assert data["stretches"] == {"pos": [], "neg": []}
    everything = (
        "lang made nlpchat chat read model labels whole people time by_person pairs hours weekdays distribution"
    )
    assert set(data) >= {*everything.split(), "emoji", "stretches", "strongest", "messages", "messages_of"}


def test_chats_of_notices_alone_and_of_no_names(bundle: Bundle):
    notices = chat_of((None, "a"), (None, "b"))
    assert report_data(notices, said("", notices), bundle)["people"] == []
    nameless = Chat("x", "telegram", tuple(replace(m, kind="text") for m in notices), ())
    data = report_data(nameless, said("+-", nameless), bundle)
    assert data["people"] == [{"name": None, "n": 2, "counts": [1, 0, 1]}]
    assert [row[1] for row in data["messages"]] == [None, None]
    assert data["pairs"] == []


def test_pairs_are_who_answers_whom(bundle: Bundle):
    chat = chat_of(
        ("A", "x"), ("B", "x"), ("B", "again, to nobody"), (None, "notice"), ("A", "x"), ("B", "x", 12.0), ("A", "x", 12.1),
        ("B", "[photo]"), ("A", "x"), ("C", "x"),
    )  # fmt: skip
    data = report_data(chat, said("n+n--+++", chat), bundle)
    assert [person["name"] for person in data["people"]] == ["A", "B", "C"]
    assert data["pairs"] == [
        {"from": 0, "to": 1, "n": 2, "counts": [1, 0, 1]},
        {"from": 1, "to": 0, "n": 2, "counts": [1, 0, 1]},
        {"from": 2, "to": 0, "n": 1, "counts": [0, 0, 1]},
    ]


def test_emoji_stay_whole_and_count_once_a_message(bundle: Bundle):
    family, thumb, flag, kiss = "👨‍👩‍👧", "👍🏽", "🇫🇷", "👩🏽‍❤️‍💋‍👨🏻"
    text = f"{family}{family}{thumb}{flag} {kiss} © -> 1"
    chat = chat_of(*[("A", text)] * 3, ("A", "👍"), ("A", "👍"), ("A", "❤"), ("A", "❤️\n❤️"), ("A", "❤️"))
    data = report_data(chat, said("+-nnn+++", chat), bundle)
    found = {one["emoji"]: (one["n"], one["counts"]) for one in data["emoji"]}
    assert found == {**dict.fromkeys((family, thumb, flag, kiss), (3, [1, 1, 1])), "❤️": (3, [0, 0, 3])}


def test_an_endless_emoji_is_none(bundle: Bundle):
    chat = chat_of(*[("A", "👨" + "‍👨" * 100_000)] * 3)
    assert report_data(chat, said("+++", chat), bundle)["emoji"] == []


def test_stretches_are_runs_of_one_mood(bundle: Bundle):
    signs = "n" * 30 + "-" * 10 + "n-" + "n" * 40 + "-+" * 5 + "n" * 20 + "-" * 7 + "n" * 30 + "-" * 9
    chat = chat_of(*[("A", "x")] * len(signs))
    found = report_data(chat, said(signs, chat), bundle)["stretches"]
    place = {message.sent_at.isoformat(timespec="minutes"): place for place, message in enumerate(chat)}
    runs = {label: [(place[one["from"]], place[one["to"]]) for one in found[label]] for label in found}
    assert runs == {"neg": [(30, 41), (149, 157), (82, 90)], "pos": [(83, 91)]}  # that of seven is too short
    for label, sign in (("neg", "-"), ("pos", "+")):
        for one in found[label]:
            run = signs[place[one["from"]] : place[one["to"]] + 1]
            assert one["n"] == len(run)
            assert one["share"] == pytest.approx(run.count(sign) / len(run), abs=1e-4)
            assert one["share"] > 2 * signs.count(sign) / len(signs)


@pytest.mark.parametrize("seed", range(30))
def test_the_best_run_is_the_best_there_is(seed: int):
    draw = Random(seed)
    is_hit = [draw.random() < draw.choice((0.1, 0.6)) for _ in range(60)]
    cost = draw.choice((0.15, 0.4, 0.7))
    runs = maximal_runs(np.flatnonzero(is_hit), cost)
    values = [hit - cost for hit in is_hit]
    best = max(sum(values[a:b]) for a in range(60) for b in range(a + 1, 61))
    assert max((run.high - run.low for run in runs), default=best) == pytest.approx(best)
    assert all(before.stop <= after.start for before, after in pairwise(runs))
    for run in runs:
        assert run.high - run.low == pytest.approx(sum(values[run.start : run.stop]))
        assert all(sum(values[run.start : cut]) > 0 for cut in range(run.start + 1, run.stop + 1))


def test_a_mood_without_end_is_no_stretch(bundle: Bundle):
    chat = chat_of(*[("A", "x")] * 50)
    assert report_data(chat, said("+" * 50, chat), bundle)["stretches"] == {"pos": [], "neg": []}


def test_the_strongest_and_what_came_before(bundle: Bundle):
    long = "é" * 700
    chat = chat_of(
        ("A", "un"), ("B", "[photo]"), (None, "notice"), ("B", "deux"), ("A", long), ("B", "MERCI "), ("A", "merci")
    )
    asked = []

    def explained(texts, labels):
        asked.append((texts, labels))
        return [(Word(0, 1, 0.123456),) for _ in texts]

    data = report_data(chat, said("nn-++", chat), bundle, explained=explained)
    assert asked == [(["MERCI ", "é" * STRONGEST_TEXT], ["pos", "neg"])]
    (good,), (bad,) = data["strongest"]["pos"], data["strongest"]["neg"]
    assert (bad["i"], bad["who"], bad["text"], bad["cut"]) == (4, 0, "é" * STRONGEST_TEXT, True)
    assert (good["text"], good["cut"], good["words"], good["at"]) == (
        "MERCI ",
        False,
        [[0, 1, 0.1235]],
        "2026-03-01T20:06",
    )
    assert good["scores"] == pytest.approx([0.05, 0.05, 0.9], abs=1e-4)
    before = [(one["who"], one["text"], one["label"]) for one in bad["before"]]
    assert before == [(0, "un", "neu"), (1, "[photo]", None), (1, "deux", "neu")]
    assert [one["text"] for one in good["before"]] == ["[photo]", "deux", "é" * 200]


class Word:
    def __init__(self, start: int, end: int, weight: float):
        self.start, self.end, self.weight = start, end, weight


@pytest.mark.parametrize("room", [0, 500, 5_000, 20_000])
def test_messages_stay_within_their_room(bundle: Bundle, room: int):
    chat, predictions = drawn(500, room)
    rows = report_data(chat, predictions, bundle, most_text=room)["messages"]
    page = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        page = page.replace(sign, "\\u003c")
    assert len(page.encode()) <= room + 2
    assert len(rows) < len(predictions)
    assert bool(rows) == bool(room)
    assert [row[0] for row in rows] == in_order(chat, predictions, rows)


def in_order(chat: Chat, predictions: Predictions, rows: list[list]) -> list[str]:
    """The times of the rows as they come in the chat; fails where one is not there."""
    texts = iter(chat.messages[place] for place in predictions.messages.tolist())
    return [next(m.sent_at for m in texts if m.sent_at.isoformat(timespec="minutes") == row[0] and m.text == row[4])
            .isoformat(timespec="minutes") for row in rows]  # fmt: skip


def test_the_strongest_are_kept_before_the_newest(bundle: Bundle):
    signs = "+-" + "n" * 98
    chat = chat_of(*[("A", f"texte {i:03}") for i in range(100)])
    rows = report_data(chat, said(signs, chat), bundle, most_text=1_000)["messages"]
    kept = [int(row[4][-3:]) for row in rows]
    assert kept[:2] == [0, 1]
    assert kept[2:] == list(range(102 - len(kept), 100))
    assert rows[0][:4] == ["2026-03-01T20:01", 0, 2, 0.9]
    assert 10 < len(rows) < 30


def test_everything_that_fits_is_kept_and_cut(bundle: Bundle):
    chat = chat_of(("A", "x" * 1_000_000), ("B" * 1_000_000, "y"))
    data = report_data(replace(chat, title="t" * 1_000_000, warnings=(Warning("w" * 9_999, 3, 1, ("e" * 9_999,)),)),
                       said("+-", chat), bundle)  # fmt: skip
    assert [len(row[4]) for row in data["messages"]] == [MESSAGE_TEXT, 1]
    assert len(json.dumps(data)) < 12_000


def test_unsure_has_the_best_score_that_it_has(bundle: Bundle):
    chat = chat_of(("A", "x"), ("A", "y"))
    data = report_data(chat, said("?+", chat, 0.5), bundle)
    assert [row[2:4] for row in data["messages"]] == [[3, 0.4], [2, 0.9]]
    assert data["model"]["abstain"] == 0.5


def test_what_the_model_is(bundle: Bundle):
    part = {"n": 9, "macro_f1": 0.7, "interval": [0.6, 0.8], "accuracy": 1.0}
    told = {"held_out": {"films": {**part, "n": 70}, "chat_like": part, "sms_dev": part, "x": {"n": 1}},
            "shipped": {"sms_dev.jsonl": {**part, "macro_f1": 0.65}}, "prior": {"neg": 0.2}}  # fmt: skip
    chat = chat_of()
    model = report_data(chat, said("", chat), replace(bundle, scores=told))["model"]
    assert model["name"] == "tiny"
    assert [one["set"] for one in model["sets"]] == ["sms_dev", "chat_like", "films"]
    assert model["sets"][0] == {"set": "sms_dev", "n": 9, "macro_f1": 0.65, "low": 0.6, "high": 0.8}
    assert report_data(chat, said("", chat), bundle)["model"]["sets"] == []


def test_stand_ins_hold(bundle: Bundle):
    chat = chat_of(
        ("Zoé Martin", "salut Léo"), ("Léo Dupont", "ça va Zoé ? +33 6 12 34 56 78"), (None, "Zoé Martin a créé")
    )
    chat = replace(chat, title="Léo Dupont", warnings=(Warning("lignes", 1, 2, ("Zoé",)),))
    (shown,) = anonymise([chat])
    page = json.dumps(report_data(shown, said("+-", shown), bundle), ensure_ascii=False)
    assert "Personne 1" in page
    for name in ("Zoé", "Léo", "Martin", "Dupont", "34 56"):
        assert name not in page


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Hello, are you there? We will be at the station", "yes I am, where are you?"], "en"),
        (["coucou t où", "jsuis là, c trop bien", "the end of the day"], "fr"),
        (["ok", "👍", "the"], "fr"),
        (["Wo bist du denn?", "Ich komme gleich mit dem Bus"], "fr"),
        ([], "fr"),
    ],
)
def test_the_language_of_a_chat(texts: list[str], language: str):
    assert chat_language(chat_of(*[("A", text) for text in texts])) == language


def test_notices_tell_the_language_too():
    chat = chat_of((None, "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share "
                          "them. You created this group and added the people who are in it."), ("A", "ok"))  # fmt: skip
    assert chat_language(chat) == "en"
    assert not FRENCH & ENGLISH


def test_columns_are_of_one_length():
    chat, predictions = drawn(100, 1)
    columns = scored(chat, predictions)
    assert {len(c) for c in (columns.label, columns.message, columns.scores, columns.sent, columns.person)} == {
        len(columns)
    }
    assert len(columns.clock) == len(columns.people.author) == 100
