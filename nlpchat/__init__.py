"""What is felt in a WhatsApp or Messenger conversation, message by message.

    >>> import nlpchat
    >>> chat = nlpchat.read_chat("chat.txt")
    >>> predictions = nlpchat.classify(chat)
    >>> predictions[0].label
    'pos'

Each name is loaded when it is first used: `import nlpchat` alone costs next to nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlpchat import records as records
    from nlpchat.bundle import load_bundle as load_bundle
    from nlpchat.chats import read_chat as read_chat
    from nlpchat.chats import read_chats as read_chats
    from nlpchat.chats.pseudonyms.anonymise import anonymise as anonymise
    from nlpchat.classifier import classify as classify
    from nlpchat.report.notebook import chat_html as chat_html
    from nlpchat.report.notebook import predictions_html as predictions_html
    from nlpchat.text.normalise import normalise as normalise

# ONNX Runtime's wheels from 1.29 report what they run to Microsoft, on Linux and macOS too, and give the machine an id for
# it, from the moment they are imported: only this, set before, keeps them from it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
__all__ = [
    "__version__", "anonymise", "classify", "load_bundle", "normalise", "read_chat", "read_chats", "records",
]  # fmt: skip

_HOMES = {
    "anonymise": "nlpchat.chats.pseudonyms.anonymise",
    "chat_html": "nlpchat.report.notebook",
    "classify": "nlpchat.classifier",
    "load_bundle": "nlpchat.bundle",
    "normalise": "nlpchat.text.normalise",
    "predictions_html": "nlpchat.report.notebook",
    "read_chat": "nlpchat.chats",
    "read_chats": "nlpchat.chats",
}


def __getattr__(name: str) -> object:
    if name == "records":
        return import_module("nlpchat.records")
    if name not in _HOMES:
        raise AttributeError(f"module 'nlpchat' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
