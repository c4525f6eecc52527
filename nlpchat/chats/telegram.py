"""The conversations of Telegram Desktop's result.json: one chat, or every chat of an account.

    {"name": "Zoé", "type": "personal_chat", "id": 7, "messages": [
      {"id": 1, "type": "message", "date": "2024-05-13T10:00:00", "date_unixtime": "1715587200",
       "from": "Zoé", "from_id": "user7", "text": ["vu sur ", {"type": "link", "text": "https://a.fr"}]}]}

An account has {"chats": {"list": [chat, ...]}, "left_chats": {"list": [...]}}. Telegram writes no sentences for
what it did itself ("service" entries): their text here is the action's name and what it names,
"invite_members: Bob, Inès".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nlpchat.chats.containers import Source
from nlpchat.chats.tally import Tally, authors_of
from nlpchat.chats.telegram_media import clean, media_text, text_of
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Kind, Message, Reaction, Warning

_ENTRY_TYPES = ("message", "service", "unsupported")
_CHAT_TYPES = frozenset({
    "saved_messages", "replies", "verification_codes", "personal_chat", "bot_chat", "private_group",
    "private_supergroup", "public_supergroup", "private_channel", "public_channel",
})  # fmt: skip
_UNNAMED = {"saved_messages": "Saved messages", "replies": "Replies", "verification_codes": "Verification codes"}
_CALLS = frozenset({"phone_call", "group_call", "invite_to_group_call", "group_call_scheduled", "conference_call"})
# What a service entry may name, in this order.
_DETAILS = (
    "title", "new_title", "information_text", "text", "members", "inviter", "from", "to", "emoticon",
    "discard_reason", "duration_seconds", "duration", "schedule_date",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A channel's post may have a million reactions without a name; so many of each emoji are kept.
MOST_UNNAMED = 1000


def is_telegram(whole: dict[str, Any]) -> bool:
    """Whether a JSON object is Telegram Desktop's, of one chat or of an account."""
    if any(_listed(whole, name) is not None for name in ("chats", "left_chats")):
        return True
    entries = whole.get("messages")
    if not isinstance(entries, list):
        return False
    if clean(whole.get("type")) in _CHAT_TYPES and "id" in whole:
        return True
    return any(
        isinstance(entry, dict)
        and entry.get("type") in _ENTRY_TYPES
        and ("date" in entry or "date_unixtime" in entry)
        and "sender_name" not in entry
        for entry in entries
    )


def read_telegram(source: Source, whole: dict[str, Any]) -> tuple[Chat, ...]:
    """Every chat that has a message, in the file's order; thread: its name, to choose it by.

    Times are in UTC where every message has `date_unixtime`; older exports state only the exporting computer's
    local time, kept without a zone. Raises ChatFormatError: no chat in it, or none with a message.
    """
    single = isinstance(whole.get("messages"), list)
    found = [whole] if single else [chat for name in ("chats", "left_chats") for chat in _listed(whole, name) or ()]
    chats = [_Reader(chat).read() for chat in found if isinstance(chat, dict)]
    filled = [chat for chat in chats if chat.messages]
    if not filled:
        skipped = "; ".join(f"{w.count} {w.what}" for chat in chats[:3] for w in chat.warnings)
        raise ChatFormatError(
            f"{source.name}: a Telegram export without a message that can be read ({skipped or 'it has none'}). "
            "Export it again with its messages, as JSON."
        )
    empty = len(found) - len(filled)
    if empty:
        said = Warning("conversations of the export without a message, left out", empty)
        filled[0] = replace(filled[0], warnings=(*filled[0].warnings, said))
    return tuple(_with_threads(filled))


def _listed(whole: dict[str, Any], name: str) -> list[Any] | None:
    value = whole.get(name)
    chats = value.get("list") if isinstance(value, dict) else None
    return chats if isinstance(chats, list) else None


def _with_threads(chats: list[Chat]) -> Iterator[Chat]:
    """Each chat with its title as its thread; a title that two have gets their numbers in brackets; one has none."""
    if len(chats) == 1:
        yield replace(chats[0], thread="")
        return
    titles = Counter(chat.title for chat in chats)
    taken: set[str] = set()
    for chat in chats:
        # The reader leaves the chat's own number in `thread`.
        thread = chat.title if titles[chat.title] == 1 else f"{chat.title} ({chat.thread})"
        number = 2
        unique = thread
        while unique in taken:
            unique, number = f"{thread} ({number})", number + 1
        taken.add(unique)
        yield replace(chat, thread=unique)


@dataclass(slots=True)
class _Reader:
    """One chat of the export on its way to a Chat."""

    chat: dict[str, Any]
    tally: Tally = field(default_factory=Tally)
    # Each name, to the first account seen with it; two accounts of one name are two people.
    accounts: dict[str, str] = field(default_factory=dict)

    def read(self) -> Chat:
        """The chat, its messages by time; thread: the chat's number, until its name among others is known."""
        timed = [self._timed(entry, place) for place, entry in enumerate(_items(self.chat.get("messages")), 1)]
        usable = [known for known in timed if known is not None]
        zoned = all(utc is not None for _, _, utc, _ in usable)
        if not zoned and any(utc is not None for _, _, utc, _ in usable):
            self.tally.add("conversations with times of two kinds, read without a time zone", None)
        messages = [self._message(entry, place, _moment(utc, local, zoned)) for entry, place, utc, local in usable]
        kind = clean(self.chat.get("type"))
        number = _said(self.chat.get("id"))
        return Chat(
            title=clean(self.chat.get("name"))
            or _UNNAMED.get(kind)
            or " ".join(filter(None, (kind, number)))
            or "Chat",
            platform="telegram",
            messages=tuple(sorted(messages, key=lambda message: message.sent_at)),
            authors=authors_of(messages),
            warnings=self.tally.warnings,
            variant=f"Telegram Desktop JSON, {kind}" if kind else "Telegram Desktop JSON",
            thread=number,
        )

    def _timed(self, entry: object, place: int) -> tuple[dict[str, Any], int, datetime | None, datetime | None] | None:
        """The entry, its place, and its time in UTC and as local time; None for one that is left out."""
        if not isinstance(entry, dict) or entry.get("type") not in ("message", "service"):
            unsupported = isinstance(entry, dict) and entry.get("type") == "unsupported"
            what = "messages that Telegram Desktop could not export" if unsupported else "entries that are no messages"
            self.tally.add(f"{what}, left out", place)
            return None
        utc, local = _utc(entry.get("date_unixtime")), _local(entry.get("date"))
        if utc is None and local is None:
            self.tally.add("messages without a usable time, left out", place)
            return None
        return entry, place, utc, local

    def _message(self, entry: dict[str, Any], place: int, sent_at: datetime) -> Message:
        if entry["type"] == "service":
            return self._service(entry, place, sent_at)
        author = self._person(entry.get("from"), entry.get("from_id")) or clean(entry.get("author")) or None
        text = text_of(entry)
        media = media_text(entry)
        kind: Kind = "text" if text or media is None else "media"
        if not text and media is None:
            kind = "notice"
            self.tally.add("messages without text or media, taken for notices", place)
        elif author is None and kind == "text":
            kind = "notice"
            self.tally.add("messages without a sender, taken for notices", place)
        if entry.get("forwarded_from") is not None:
            self.tally.add("forwarded messages, counted as words of who forwarded them", place)
        if entry.get("via_bot") is not None:
            self.tally.add("messages written by way of a bot, counted as words of who sent them", place)
        reactions = self._reactions(entry.get("reactions"), place)
        return Message(sent_at, None if kind == "notice" else author, text or media or "", kind, place, reactions)

    def _service(self, entry: dict[str, Any], place: int, sent_at: datetime) -> Message:
        action = clean(entry.get("action"))
        details = [said for name in _DETAILS if (said := _said(entry.get(name)))]
        text = ": ".join(filter(None, (action, ", ".join(details)))) or text_of(entry)
        reactions = self._reactions(entry.get("reactions"), place)
        if action in _CALLS:
            return Message(
                sent_at, self._person(entry.get("actor"), entry.get("actor_id")), text, "call", place, reactions
            )
        return Message(sent_at, None, text, "notice", place, reactions)

    def _person(self, name: object, account: object) -> str | None:
        """The name; for a deleted account its number; with the number, when another account has that name."""
        said, number = clean(name), _plain(account)
        if not said:
            return number or None
        if not number or self.accounts.setdefault(said, number) == number:
            return said
        return f"{said} ({number})"

    def _reactions(self, listed: object, place: int) -> tuple[Reaction, ...]:
        """One record for each reaction; the author is None beyond the few that Telegram names ("recent")."""
        reactions: list[Reaction] = []
        for given in _items(listed):
            if not isinstance(given, dict):
                continue
            emoji = clean(given.get("emoji")) or clean(given.get("type"))
            named = [who for who in _items(given.get("recent")) if isinstance(who, dict)]
            reactions += [Reaction(self._person(who.get("from"), who.get("from_id")), emoji) for who in named]
            count = given.get("count")
            more = count - len(named) if isinstance(count, int) and not isinstance(count, bool) else 0
            if more > MOST_UNNAMED:
                self.tally.add(f"messages with over {MOST_UNNAMED} reactions of one kind, the rest left out", place)
            reactions += [Reaction(None, emoji)] * min(max(more, 0), MOST_UNNAMED)
        return tuple(reactions)


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _plain(value: object) -> str:
    """An account: 123 in old exports, "user123" in new ones."""
    return f"user{value}" if isinstance(value, int) and not isinstance(value, bool) else clean(value)


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_said, value)))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else clean(value)


def _utc(value: object) -> datetime | None:
    """The time of a number of seconds since 1970, written as text (or, by other tools, as a number)."""
    try:
        return _EPOCH + timedelta(seconds=int(value)) if isinstance(value, str | int) and value is not True else None
    except (ValueError, OverflowError):
        return None


def _local(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(utc: datetime | None, local: datetime | None, zoned: bool) -> datetime:
    if zoned and utc is not None:
        return utc
    if local is not None:
        return local
    assert utc is not None
    return utc.replace(tzinfo=None)
