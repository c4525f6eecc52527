"""Emoji by mood: which labels the messages that hold an emoji have."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from nlpchat.report.scored import Scored

# What the normaliser takes for one emoji: skin tones, ZWJ sequences and flags stay whole.
from nlpchat.text.normalise import ONE_EMOJI

MOST_EMOJI = 24
FEWEST = 3  # messages
LONGEST = 16  # code points; the longest real ones, kisses with two skin tones, have ten
VARIATION = "\ufe0f"  # shown in colour: the same emoji with it and without
# Letters and arrows rather than emoji, unless that variation is asked for.
_PLAIN = frozenset("©®™ℹ↔↕↖↗↘↙↩↪▪▫▶◀◻◼")
_EMOJI = re.compile(ONE_EMOJI)


def emoji(scored: Scored) -> list[dict[str, object]]:
    """The emoji in most messages, each message counted once, however often it repeats them."""
    holders = _holders(scored)
    kept = sorted((found for found in holders.items() if len(found[1][1]) >= FEWEST), key=_first)[:MOST_EMOJI]
    rows: list[dict[str, object]] = []
    for _, (shown, places) in kept:
        counts = np.bincount(scored.label[list(places)], minlength=len(scored.verdicts)).tolist()
        rows.append({"emoji": shown, "n": len(places), "counts": counts})
    return rows


def _holders(scored: Scored) -> dict[str, tuple[str, set[int]]]:
    """Emoji without its variation -> how it is shown, and the places of the scored messages that hold it."""
    texts = [scored.chat.messages[message].text for message in scored.message.tolist()]
    # One search over all of them: no emoji reaches over a line's end, and a call for each would cost more than it.
    ends = np.cumsum([len(text) + 1 for text in texts]) if texts else np.zeros(0, np.int64)
    shown: dict[str, str] = {}
    places: defaultdict[str, set[int]] = defaultdict(set)
    found = [(match.start(), match[0]) for match in _EMOJI.finditer("\n".join(texts))]
    at = np.searchsorted(ends, [start for start, _ in found], side="right").tolist()
    for place, (_, one) in zip(at, found, strict=True):
        if len(one) > LONGEST or one in _PLAIN:
            continue
        key = one.replace(VARIATION, "")
        shown[key] = max(shown.get(key, ""), one, key=len)
        places[key].add(place)
    return {key: (shown[key], places[key]) for key in shown}


def _first(found: tuple[str, tuple[str, set[int]]]) -> tuple[int, str]:
    return -len(found[1][1]), found[0]
