"""The object in an export's JSON file, or one line that says what is wrong with the file."""

from __future__ import annotations

import json
import re
from typing import Any

from nlpchat.chats.containers import Source
from nlpchat.errors import ChatFormatError

# An \xNN that is not the end of an escaped backslash.
_HEX_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*)\\x([0-9A-Fa-f]{2})")
WANTED = "Give a thread's message_1.json or its folder, or Telegram's result.json."


def load_object(source: Source) -> dict[str, Any]:
    """The JSON object that the file holds. Raises ChatFormatError: empty, cut, no JSON, no object."""
    try:
        text = _text(source.read())
        if not text or text.isspace():
            raise ChatFormatError(f"{source.name}: the file is empty. Download it again.")
        whole = _parsed(text)
    except json.JSONDecodeError as fault:
        raise ChatFormatError(
            f"{source.name}, line {fault.lineno}: broken or cut JSON ({fault.msg}). Download it again."
        ) from fault
    except (ValueError, RecursionError) as fault:
        raise ChatFormatError(f"{source.name}: not readable as JSON ({fault}). Download it again.") from fault
    if not isinstance(whole, dict):
        raise ChatFormatError(f"{source.name}: {shape_of(whole)}. {WANTED}")
    return whole


def _text(data: bytes) -> str:
    """The bytes as text, in the Unicode encoding that they begin in; they are let go of before it is parsed."""
    return data.decode(json.detect_encoding(data), "surrogatepass")


def _parsed(text: str) -> object:
    """The JSON value; Telegram writes control characters as \\x0B, which JSON does not know."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        if "escape" not in fault.msg:
            raise
        return json.loads(_HEX_ESCAPE.sub(r"\1\\u00\2", text))


def shape_of(whole: object) -> str:
    """What a JSON value that is no thread is, for a message to a person."""
    if isinstance(whole, dict):
        names = ", ".join(repr(str(key)[:30]) for key in list(whole)[:3])
        return f"JSON, but not of a conversation (it holds {names or 'nothing'})"
    return f"JSON, but not of a conversation (a {type(whole).__name__})"
