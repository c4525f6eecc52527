"""Chat x Predictions x Bundle -> everything that the report's page shows, as plain lists and dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

import nlpchat
from nlpchat.bundle import Bundle
from nlpchat.predictions import Predictions
from nlpchat.records import LABELS, Chat, Warning
from nlpchat.report.doubts import in_french
from nlpchat.report.emoji import emoji
from nlpchat.report.pairs import pairs
from nlpchat.report.scored import Scored, moment, scored, shortened
from nlpchat.report.stretches import stretches
from nlpchat.report.strongest import messages, strongest
from nlpchat.report.times import hours, months_by_person, over_time, weekdays

if TYPE_CHECKING:
    from nlpchat.report.strongest import Explained

FEW = 20  # messages; below it a figure is said to rest on few
MOST_TEXT = 1_200_000  # bytes of the messages that can be searched
MOST_TITLE, MOST_SAID = 200, 400  # characters of a title; of a warning or an example of one
MOST_WARNINGS = 50
MOST_SETS = 6  # of what a model was measured on
BINS = 20


def report_data(
    chat: Chat,
    predictions: Predictions,
    bundle: Bundle,
    *,
    explained: Explained | None = None,
    lang: str = "fr",
    most_text: int = MOST_TEXT,
) -> dict[str, object]:
    """What a report shows of a chat and of `classify(chat)`; every key is there, also of an empty chat.

    `counts` are in the order of `labels`; times are the chat's own clock's, `zone` naming its time zone where it has one; people are
    places in `people`. explained: gives words' weights, as nlpchat.explain does; without it there are none. most_text: bytes
    of JSON that `messages` may take.
    """
    columns = scored(chat, predictions)
    whole = columns.counts(np.zeros(len(columns), np.int64), 1)[0].tolist()
    return {
        "lang": lang,
        "made": date.today().isoformat(),
        "nlpchat": nlpchat.__version__,
        "few": FEW,
        "chat": _chat(chat),
        "read": _read(chat, predictions, lang),
        "model": _model(bundle, predictions),
        "labels": list(columns.verdicts),
        "whole": {"n": len(columns), "counts": whole},
        "people": _people(columns),
        "time": over_time(columns),
        "by_person": {"month": months_by_person(columns)},
        "pairs": pairs(columns),
        "hours": hours(columns),
        "weekdays": weekdays(columns),
        "distribution": _distribution(columns),
        "emoji": emoji(columns),
        "stretches": stretches(columns),
        "strongest": strongest(columns, predictions, explained),
        "messages": messages(columns, most_text),
        "messages_of": len(columns),
    }


def _chat(chat: Chat) -> dict[str, object]:
    first, last = (chat.messages[0].sent_at, chat.messages[-1].sent_at) if chat.messages else (None, None)
    zone = next((one.sent_at.tzinfo for one in chat.messages if one.sent_at.tzinfo is not None), None)
    return {
        "title": shortened(chat.title, MOST_TITLE),
        "platform": chat.platform,
        "variant": shortened(chat.variant.partition(", '")[0], MOST_TITLE),  # without a header as it stands in the file
        "from": moment(first) if first else None,
        "to": moment(last) if last else None,
        "zone": None if zone is None else str(zone),
        "messages": len(chat),
        "people": len(chat.authors),
    }


def _read(chat: Chat, predictions: Predictions, lang: str) -> dict[str, object]:
    skipped = Counter(message.kind for message in chat.messages)
    del skipped["text"]
    return {
        "scored": len(predictions),
        "skipped": dict(skipped.most_common()),
        "cut": int(predictions.cut.sum()),
        "warnings": [_warning(warning, lang) for warning in chat.warnings[:MOST_WARNINGS]],
    }


def _warning(warning: Warning, lang: str) -> dict[str, object]:
    what = in_french(warning.what) if lang == "fr" else warning.what
    examples = [shortened(example, MOST_SAID) for example in warning.examples]
    return {**warning.as_json(), "what": shortened(what, MOST_SAID), "examples": examples}


def _model(bundle: Bundle, predictions: Predictions) -> dict[str, object]:
    """What the model is and how well it did where that was measured; the folder's name, and not where it lies."""
    measured = _measured(bundle)
    sets = [_set(name, told) for name, told in sorted(measured.items(), key=_rank)[:MOST_SETS]]
    name = shortened(bundle.folder.resolve().name, MOST_TITLE)
    return {"name": name, "created": bundle.created, "sets": sets, "abstain": predictions.abstain}


def _measured(bundle: Bundle) -> dict[str, Mapping[str, object]]:
    """Sets that the classifier did not learn from -> its scores there; as shipped where that is known."""
    found: dict[str, Mapping[str, object]] = {}
    for part in ("held_out", "shipped"):
        told = bundle.scores.get(part)
        for name, scores in told.items() if isinstance(told, Mapping) else ():
            if isinstance(scores, Mapping) and {"n", "macro_f1", "interval"} <= scores.keys():
                found[PurePath(name).name.removesuffix(".jsonl")] = scores
    return found


def _rank(measured: tuple[str, Mapping[str, object]]) -> tuple[int, int]:
    """Messages as people send them first, then everything together, then the rest by size."""
    name, told = measured
    size = told["n"]
    rank = next((rank for rank, start in enumerate(("sms", "chat", "all ")) if name.startswith(start)), 3)
    return rank, -size if isinstance(size, int) else 0


def _set(name: str, told: Mapping[str, object]) -> dict[str, object]:
    interval = told["interval"]
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
    return {"set": name, "n": told["n"], "macro_f1": told["macro_f1"], "low": low, "high": high}


def _people(columns: Scored) -> list[dict[str, object]]:
    names = columns.people.names
    table = columns.counts(columns.person, len(names)).tolist()
    return [{"name": name, "n": sum(row), "counts": row} for name, row in zip(names, table, strict=True)]


def _distribution(columns: Scored) -> dict[str, object]:
    """How many messages from all negative (-1) to all positive (1), in twenty steps."""
    lean = columns.scores[:, LABELS.index("pos")] - columns.scores[:, LABELS.index("neg")]
    counts, edges = np.histogram(np.clip(lean, -1, 1), BINS, (-1, 1))
    return {"edges": np.round(edges, 2).tolist(), "counts": counts.tolist()}
