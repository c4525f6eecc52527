"""The words of one entry of Telegram's result.json, and what stands for its photo, file, poll or place."""

from __future__ import annotations

from typing import Any

from nlpchat.text.characters import nfc

# Whatever has one of these is media where nobody wrote a word to it.
_MEDIA_FIELDS = (
    "photo", "file", "media_type", "contact_information", "contact_vcard", "location_information", "place_name",
    "poll", "todo_list", "game_title", "invoice_information", "giveaway_information", "story_data",
)  # fmt: skip


def clean(value: object) -> str:
    """The text in NFC, "" for anything else; a lone surrogate, which no file can hold, becomes U+FFFD."""
    if not isinstance(value, str):
        return ""
    return nfc(value)


def text_of(entry: dict[str, Any]) -> str:
    """What was typed: `text` is a string, or a list of strings and {"type": ..., "text": ...}."""
    return _joined(entry["text"] if entry.get("text") else entry.get("text_entities"))


def _joined(value: object) -> str:
    if isinstance(value, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in value)
        value = "".join(part for part in parts if isinstance(part, str))
    return clean(value)


def media_text(entry: dict[str, Any]) -> str | None:
    """What stands for the media of an entry, when nobody wrote a word to it; None when it has no media.

    File names, a sticker's emoji, "contact: name phone", "location: name, latitude, longitude", or a poll's
    question with its answers below; else the kind of media.
    """
    if not any(entry.get(name) is not None for name in _MEDIA_FIELDS):
        return None
    for said in (_contact(entry), _location(entry), _poll(entry), clean(entry.get("sticker_emoji"))):
        if said:
            return said
    names = [_file_name(entry, name) for name in ("photo", "file")]
    titles = [
        clean(entry.get("game_title")),
        _titled(entry.get("invoice_information")),
        _titled(entry.get("todo_list")),
    ]
    first = next((name for name in _MEDIA_FIELDS if entry.get(name) is not None), "")
    kind = clean(entry.get("media_type")) or first
    return ", ".join(filter(None, names)) or next(filter(None, titles), "") or kind


def _file_name(entry: dict[str, Any], field: str) -> str:
    """The name of a file; "" where it is a sentence: "(File not included. Change data exporting settings ...)"."""
    path = clean(entry.get(field))
    if not path:
        return ""
    given = clean(entry.get("file_name")) if field == "file" else ""
    if given:
        return given
    before, bracket, sentence = path.partition("(File ")
    if bracket and sentence.endswith(")"):
        return before.strip()
    return path.replace("\\", "/").rpartition("/")[2]


def _contact(entry: dict[str, Any]) -> str:
    card = entry.get("contact_information")
    if not isinstance(card, dict):
        return ""
    parts = (clean(card.get(name)) for name in ("first_name", "last_name", "phone_number"))
    return "contact: " + (" ".join(filter(None, parts)) or "?")


def _location(entry: dict[str, Any]) -> str:
    place = entry.get("location_information")
    point = place if isinstance(place, dict) else {}
    numbers = (point.get("latitude"), point.get("longitude"))
    parts = [clean(entry.get("place_name")), clean(entry.get("address"))]
    parts += [str(n) for n in numbers if isinstance(n, int | float)]
    said = ", ".join(filter(None, parts))
    return f"location: {said}" if said else ""


def _poll(entry: dict[str, Any]) -> str:
    poll = entry.get("poll")
    if not isinstance(poll, dict):
        return ""
    answers = poll.get("answers")
    listed = [answer for answer in answers if isinstance(answer, dict)] if isinstance(answers, list) else []
    lines = [_joined(poll.get("question")), *(f"- {_joined(answer.get('text'))}" for answer in listed)]
    return "\n".join(lines).strip() or "poll"


def _titled(value: object) -> str:
    return _joined(value.get("title")) if isinstance(value, dict) else ""
