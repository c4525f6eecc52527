"""An exported chat, whatever it came from: `read_chat(path)`.

read_chat("Discussion WhatsApp avec Julie.txt").messages[0].text
"""

from __future__ import annotations

from pathlib import Path

from nlpchat.chats.containers import open_export
from nlpchat.chats.date_order import DateOrder
from nlpchat.chats.messenger import read_messenger
from nlpchat.chats.whatsapp import read_whatsapp
from nlpchat.records import Chat

__all__ = ["DateOrder", "read_chat"]


def read_chat(path: str | Path, *, date_order: DateOrder | None = None) -> Chat:
    """The conversation in an export: WhatsApp .txt or .zip, Messenger JSON (file, thread folder, zip).

    date_order: how WhatsApp's dates are to be read ("dmy", "mdy", "ymd"), when the file leaves it open. What
    is inside decides, not the file's name. Raises ChatFormatError (no chat, damaged) or InputError (missing,
    unreadable).
    """
    opened = open_export(Path(path))
    return read_messenger(opened.json) if opened.json else read_whatsapp(opened.text, date_order)
