"""Who answers whom, and how it sounds."""

from __future__ import annotations

import numpy as np

from nlpchat.report.scored import NOBODY, Scored

MOST_PAIRS = 40
ANSWER = np.timedelta64(12, "h")  # later, a message begins something new


def pairs(scored: Scored) -> list[dict[str, object]]:
    """The pairs with most messages: those of `from` that come within 12 hours right after one of `to`, another person.

    What `to` sent may be anything, a picture too; a notice between them is passed over. Two of the people who are counted
    together make no pair.
    """
    people = len(scored.people.names)
    author = scored.people.author
    said = np.flatnonzero(author != NOBODY)
    sent = scored.clock[said]
    before = np.full(len(author), NOBODY, np.int64)  # the person whom each message answers
    answers = (np.diff(author[said]) != 0) & (np.abs(np.diff(sent)) <= ANSWER)
    before[said[1:][answers]] = author[said[:-1][answers]]
    to = before[scored.message]
    place = scored.people.place[to]
    real = (to != NOBODY) & (place != scored.person)
    # One group more, of messages that answer nobody.
    table = scored.counts(np.where(real, scored.person * people + place, people**2), people**2 + 1)[:-1]
    n = table.sum(1)
    most = np.argsort(-n, kind="stable")[:MOST_PAIRS]
    return [
        {"from": pair // people, "to": pair % people, "n": int(n[pair]), "counts": table[pair].tolist()}
        for pair in most[n[most] > 0].tolist()
    ]
