"""What a report's page is given, made by hand: an invented conversation whose names and texts mean harm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

RUN = "window.hacked=1"
HOSTILE = (
    f"</script><script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"<svg onload={RUN}><style>@import url(http://127.0.0.1:9/x)</style>",
    f"javascript:{RUN}",
    "<!--<script>",
    "{{page}} {{data}} ${window.hacked=1} {n}",
    "nom\u202egnp.exe\u2066 à l'envers",
    "zéro\x00 sonnette\x07 séparateurs\u2028\u2029 moitié \ud83d",
    "http://127.0.0.1:9/image.png",
    "toString", "__proto__",
)  # fmt: skip
NAMES = ("Julie", "Karim", "Léa", "Tom", "Julie")
SAID = {
    "pos": ("Trop bien cette soirée 😍", "J'adore, bravo à tous !", "merci c'est super gentil ❤️", "Génial, vivement samedi"),
    "neu": ("On se voit à 18 h ?", "ok pour demain", "Je passe prendre le pain", "C'est au 3e étage", "tu as la clé ?", "j'arrive"),
    "neg": ("C'est nul, j'en ai marre 😡", "Franchement déçue par le resto", "Encore la vaisselle… ça m'énerve", "Trop triste 😭"),
}  # fmt: skip
LABELS = ("neg", "neu", "pos")
Sent = tuple[datetime, int, int, float, str]  # when, who, label, its score, text


def sample_data(lang: str = "fr", *, messages: int = 1500, hostile: bool = True, seed: int = 7) -> dict[str, Any]:
    """A report's data of so many messages over fourteen months; hostile: in title, names, texts and warnings too."""
    sent = _sent(messages, hostile, Random(seed))
    names: list[str | None] = [*NAMES, None]
    if hostile:
        names[3:5] = [HOSTILE[0], HOSTILE[6] + "n" * 5000]
    strongest = {label: _strongest(sent, label) for label in ("pos", "neg")}
    if hostile and strongest["pos"]:
        strongest["pos"][0] |= {"text": f"👍 génial {HOSTILE[0]}", "words": [[2, 8, 0.41], [9, 18, -0.2]]}
        strongest["neg"][0]["before"][0]["text"] = HOSTILE[1]
    return {
        "lang": lang,
        "made": "2026-11-21",
        "nlpchat": "0.1.0",
        "few": 20,
        "chat": {
            "title": f"Les colocs {HOSTILE[0]}" if hostile else "Les colocs",
            "platform": "whatsapp",
            "variant": "Android, 24 h, jour/mois",
            "from": _moment(sent[0]) if sent else None,
            "to": _moment(sent[-1]) if sent else None,
            "zone": None,
            "messages": messages + 64 if messages else 0,
            "people": 7,
        },
        "read": {
            "scored": messages,
            "skipped": {"media": 51, "notice": 11, "deleted": 2},
            "cut": 1,
            "warnings": [
                {"what": "dates read as day/month: line 3 can be nothing else", "count": 1, "line": None, "examples": []},
                {"what": "lines with an impossible date, kept as text", "count": 3, "line": 77, "examples": list(HOSTILE[:2])},
            ],
        },
        "model": {
            "name": "fr-small",
            "created": "2026-11-20",
            "sets": [
                {"set": "sms_dev", "n": 560, "macro_f1": 0.671, "low": 0.62, "high": 0.718},
                {"set": "chat-invented", "n": 2986, "macro_f1": 0.876, "low": 0.864, "high": 0.887},
                {"set": "reviews", "n": 873, "macro_f1": 0.907, "low": None, "high": None},
            ],
            "abstain": 0.0,
        },
        "labels": list(LABELS),
        "whole": _part(sent),
        "people": [{"name": name, **_part(m for m in sent if m[1] == who)} for who, name in enumerate(names)],
        "time": {unit: _points(sent, unit) for unit in ("day", "week", "month")},
        "by_person": {"month": _months(sent, len(names))},
        "pairs": _pairs(sent),
        "hours": [{"h": h, **_part(m for m in sent if m[0].hour == h)} for h in range(24)],
        "weekdays": [{"d": d, **_part(m for m in sent if m[0].isoweekday() == d)} for d in range(1, 8)],
        "distribution": _distribution(sent),
        "emoji": [{"emoji": e, **_part(m for m in sent if e in m[4])} for e in ("😍", "❤️", "😡", "😭")] if sent else [],
        "stretches": _stretches(sent),
        "strongest": strongest,
        "messages": [[_moment(m), m[1] if m[1] < 5 else None, m[2], m[3], m[4]] for m in sent],
        "messages_of": messages,
    }  # fmt: skip


def _sent(messages: int, hostile: bool, random: Random) -> list[Sent]:
    """Messages in evenings and at noon, with a bad spring and a good summer; three people write most of them."""
    when, found = datetime(2025, 8, 18, 9, 12), []
    for i in range(messages):
        when += timedelta(minutes=random.choice((1, 2, 5, 9, 40, 600, 1500)) * 1500 / max(messages, 300))
        if not 8 <= when.hour <= 23:
            when += timedelta(hours=9)
        swing = 0.12 * math.sin(i / max(messages, 1) * 9)
        who = random.choices(range(6), (40, 30, 20, 7, 1, 2))[0]
        label = random.choices((0, 1, 2), (0.14 - swing + 0.05 * (who == 1), 0.6, 0.26 + swing))[0]
        text = random.choice(SAID[LABELS[label]])
        if hostile and i % 40 == 0:
            text = HOSTILE[i // 40 % len(HOSTILE)]
        found.append((when.replace(second=0, microsecond=0), who, label, round(0.5 + 0.49 * random.random(), 2), text))
    return found


def _moment(message: Sent) -> str:
    return message[0].isoformat(timespec="minutes")


def _part(messages: Iterable[Sent]) -> dict[str, Any]:
    counts = [0, 0, 0]
    for message in messages:
        counts[message[2]] += 1
    return {"n": sum(counts), "counts": counts}


def _points(sent: list[Sent], unit: str) -> list[dict[str, Any]]:
    grouped: dict[str, list[Sent]] = {}
    for message in sent:
        grouped.setdefault(START[unit](message[0].date()).isoformat(), []).append(message)
    points = [{"t": t, **_part(messages)} for t, messages in grouped.items()]
    return [{**p, "neg": _band(p["counts"][0], p["n"]), "pos": _band(p["counts"][2], p["n"])} for p in points]


START: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


def _band(count: int, n: int) -> list[float]:
    share = count / n
    half = 1.96 * math.sqrt((share * (1 - share) + 0.25 / n) / n)
    return [round(share, 4), round(max(0, share - half), 4), round(min(1, share + half), 4)]


def _months(sent: list[Sent], people: int) -> list[dict[str, Any]]:
    starts = sorted({m[0].date().replace(day=1) for m in sent})
    parts = [
        (t, who, [m for m in sent if m[1] == who and m[0].date().replace(day=1) == t])
        for t in starts
        for who in range(people)
    ]
    return [{"t": t.isoformat(), "p": who, **_part(theirs)} for t, who, theirs in parts if theirs]  # fmt: skip


def _pairs(sent: list[Sent]) -> list[dict[str, Any]]:
    found: dict[tuple[int, int], list[Sent]] = {}
    for before, after in pairwise(sent):
        if before[1] != after[1]:
            found.setdefault((after[1], before[1]), []).append(after)
    rows = [{"from": a, "to": b, **_part(messages)} for (a, b), messages in found.items()]
    return sorted(rows, key=lambda row: -row["n"])[:40]


def _distribution(sent: list[Sent]) -> dict[str, Any]:
    edges = [round(i / 10 - 1, 1) for i in range(21)]
    counts = [0] * 20
    for _, _, label, score, _ in sent:
        counts[min(19, int(10 * (1 + (label - 1) * (score - (1 - score) / 3) + 0.05 * (label == 1))))] += 1
    return {"edges": edges, "counts": counts}


def _stretches(sent: list[Sent]) -> dict[str, Any]:
    if len(sent) < 60:
        return {"pos": [], "neg": []}
    one = [{"from": _moment(sent[20]), "to": _moment(sent[31]), "n": 12, "share": 0.75}]
    return {"pos": [*one, {"from": _moment(sent[33]), "to": _moment(sent[59]), "n": 27, "share": 0.62}], "neg": one}


def _strongest(sent: list[Sent], label: str) -> list[dict[str, Any]]:
    of_label = [i for i, m in enumerate(sent) if LABELS[m[2]] == label and i >= 3]
    return [_strong(sent, i) for i in sorted(of_label, key=lambda i: -sent[i][3])[:10]]


def _strong(sent: list[Sent], i: int) -> dict[str, Any]:
    when, who, label, score, text = sent[i]
    scores = [round((1 - score) / 2, 4)] * 3
    scores[label] = score
    words, start = [], 0
    for n, word in enumerate(text.split(" ")):
        words.append([start, start + len(word), (0.45, -0.15, 0.04, 0.01, 0.22)[(n + i) % 5]])
        start += len(word) + 1
    before = [{"at": _moment(m), "who": m[1], "text": m[4], "label": LABELS[m[2]]} for m in sent[i - 3 : i]]
    before[0]["label"] = None
    return {
        "i": i, "at": when.isoformat(timespec="minutes"), "who": who, "text": text, "cut": i % 7 == 0, "scores": scores,
        "words": words, "before": before,
    }  # fmt: skip
