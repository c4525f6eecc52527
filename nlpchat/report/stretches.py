"""The longest good and bad stretches of a conversation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlpchat.records import LABELS, Label
from nlpchat.report.scored import Ints, Scored, moment

MOST_STRETCHES = 3
SHORTEST = 8  # scored messages


def stretches(scored: Scored) -> dict[str, list[dict[str, object]]]:
    """At most three good and three bad stretches, the greatest sums first.

    Every scored message counts 1 - t where it has the label and -t where it has not, t being twice the label's share
    in the whole conversation (halfway from that share to 1 where that is less, above a third). A stretch is a run of
    messages whose sum can be made no greater by moving an end: it begins and ends with the label, and holds it more
    often than t throughout. Runs of fewer than eight messages are left out.
    """
    return {label: _of(scored, label) for label in ("pos", "neg")}


def _of(scored: Scored, label: Label) -> list[dict[str, object]]:
    hits = np.flatnonzero(scored.label == LABELS.index(label))
    if not len(hits):
        return []
    share = len(hits) / len(scored)
    runs = [run for run in maximal_runs(hits, min(2 * share, (1 + share) / 2)) if run.stop - run.start >= SHORTEST]
    runs.sort(key=lambda run: run.low - run.high)
    return [_shown(scored, hits, run) for run in runs[:MOST_STRETCHES]]


def _shown(scored: Scored, hits: Ints, run: Run) -> dict[str, object]:
    held = int(np.searchsorted(hits, run.stop) - np.searchsorted(hits, run.start))
    first, last = (scored.chat.messages[int(scored.message[place])] for place in (run.start, run.stop - 1))
    n = run.stop - run.start
    return {"from": moment(first.sent_at), "to": moment(last.sent_at), "n": n, "share": round(held / n, 4)}


@dataclass(frozen=True, slots=True)
class Run:
    """Messages from start to before stop. low, high: the sum of everything before start, and before stop."""

    start: int
    stop: int
    low: float
    high: float


def maximal_runs(hits: Ints, cost: float) -> list[Run]:
    """The maximal scoring runs (Ruzzo and Tompa 1999), in order: in linear time, over the hits alone.

    hits: increasing places, each worth 1 - cost; every place between them is worth -cost. cost: 0.0 to 1.0.
    """
    runs: list[Run] = []
    under: list[int] = []  # of each run: the nearest one before it with a smaller `low`, or -1
    if cost >= 1:
        return runs
    for number, hit in enumerate(hits.tolist()):
        new = Run(hit, hit + 1, number - cost * hit, number + 1 - cost * (hit + 1))
        at = len(runs) - 1
        while True:
            while at >= 0 and runs[at].low >= new.low:
                at = under[at]
            if at < 0 or runs[at].high >= new.high:
                break
            new = Run(runs[at].start, new.stop, runs[at].low, new.high)
            before = under[at]
            del runs[at:], under[at:]
            at = before
        runs.append(new)
        under.append(at)
    return runs
