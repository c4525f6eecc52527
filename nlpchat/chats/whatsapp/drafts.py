"""Messages that are still being written: cheap to make and to change, and turned into records at once.

A frozen dataclass costs a microsecond to make, most of it for setting six frozen fields one by one; a million-message
file would spend a second on it. A draft has the same slots and no locks, so that the finished one can simply be
declared a Message.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from nlpchat.records import Kind, Message, Reaction, Warning

# So many lines, cut to so many characters, are shown of whatever was not understood.
SHOWN = 3
SHOWN_LENGTH = 80


class Draft:
    """A message whose fields can still change; see `seal`."""

    __slots__ = Message.__slots__

    sent_at: datetime
    author: str | None
    text: str
    kind: Kind
    line: int
    reactions: tuple[Reaction, ...]


def seal(drafts: Sequence[Draft]) -> tuple[Message, ...]:
    """The drafts as frozen messages: the same objects, with no copy."""
    for draft in drafts:
        draft.__class__ = Message  # type: ignore[assignment] # the same slots: checked by Python itself
    return cast(tuple[Message, ...], tuple(drafts))


@contextmanager
def no_garbage_hunt() -> Iterator[None]:
    """Python's search for cycles is off inside: it would go over hundreds of thousands of messages, which have none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            # The way to call everything old at once, so that turning the search on does not go over it all.
            gc.freeze()
            gc.unfreeze()
        if was_on:
            gc.enable()


@dataclass(slots=True)
class Tally:
    """How often something happened, the first line where it did, and the first few of those lines."""

    what: str
    count: int = 0
    line: int | None = None
    examples: list[str] = field(default_factory=list)

    def add(self, line: int, example: str = "") -> None:
        self.count += 1
        self.line = self.line or line
        if example and len(self.examples) < SHOWN:
            self.examples.append(example if len(example) <= SHOWN_LENGTH else example[: SHOWN_LENGTH - 1] + "…")

    def warnings(self) -> list[Warning]:
        """One warning; none when nothing happened."""
        return [Warning(self.what, self.count, self.line, tuple(self.examples))] if self.count else []
