"""Shares over time: by day, week and month, each person's months, the hours of the day, the days of the week."""

from __future__ import annotations

from typing import Literal

import numpy as np

from nlpchat.evaluate import wilson
from nlpchat.records import LABELS, Label
from nlpchat.report.scored import Days, Ints, Scored

Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")

MOST_POINTS = 800  # of a line; a longer one is left out, and a coarser one is there
MOST_BY_PERSON = 4_000  # of everyone's months together
_THURSDAY = 3  # the weekday of 1970-01-01, Monday being 0


def over_time(scored: Scored) -> dict[str, list[dict[str, object]]]:
    """A point for each day, week (its Monday) and month (its first) that has messages; none where they are too many."""
    return {unit: _points(scored, starts(scored.sent, unit)) for unit in UNITS}


def months_by_person(scored: Scored) -> list[dict[str, object]]:
    """A point for each month and person, in order of time; the last people are left out where they are too many."""
    months, month = np.unique(starts(scored.sent, "month"), return_inverse=True)
    people = len(scored.people.names)
    table = scored.counts(month * people + scored.person, len(months) * people)
    table = table.reshape(len(months), people, len(scored.verdicts))
    n = table.sum(2)
    kept = np.cumsum((n > 0).sum(0)) <= MOST_BY_PERSON
    return [
        {"t": str(months[at]), "p": person, "n": int(n[at, person]), "counts": table[at, person].tolist()}
        for at, person in np.argwhere((n > 0) & kept).tolist()
    ]


def hours(scored: Scored) -> list[dict[str, object]]:
    """Each of the 24 hours, with messages or without."""
    hour = (scored.sent - scored.sent.astype("datetime64[D]")).astype("timedelta64[h]").astype(np.int64)
    return [{"h": h, "n": sum(row), "counts": row} for h, row in enumerate(scored.counts(hour, 24).tolist())]


def weekdays(scored: Scored) -> list[dict[str, object]]:
    """Each of the seven days, Monday being 1."""
    table = scored.counts(_weekday(scored.sent.astype("datetime64[D]")), 7).tolist()
    return [{"d": d, "n": sum(row), "counts": row} for d, row in enumerate(table, 1)]


def starts(sent: Days, unit: Unit) -> Days:
    """(n,) datetime64[D]: the first day of the day, week or month that each moment is in."""
    day = sent.astype("datetime64[D]")
    if unit == "week":
        monday: Days = day - _weekday(day).astype("timedelta64[D]")
        return monday
    return day if unit == "day" else sent.astype("datetime64[M]").astype("datetime64[D]")


def _weekday(day: Days) -> Ints:
    weekday: Ints = (day.astype(np.int64) + _THURSDAY) % 7
    return weekday


def _points(scored: Scored, start: Days) -> list[dict[str, object]]:
    first, place = np.unique(start, return_inverse=True)
    if len(first) > MOST_POINTS:
        return []
    table = scored.counts(place, len(first))
    n = table.sum(1)
    bands = {label: _band(table, n, label) for label in ("neg", "pos")}
    rows = zip(first.astype(str).tolist(), n.tolist(), table.tolist(), bands["neg"], bands["pos"], strict=True)
    return [{"t": t, "n": n, "counts": counts, "neg": neg, "pos": pos} for t, n, counts, neg, pos in rows]


def _band(table: Ints, n: Ints, label: Label) -> list[list[float]]:
    band: list[list[float]] = np.round(np.stack(wilson(table[:, LABELS.index(label)], n), 1), 4).tolist()
    return band
