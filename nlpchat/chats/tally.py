"""What a reader counts on its way: who sent how much, and what was left out or doubtful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nlpchat.records import Message, Warning


def authors_of(messages: Iterable[Message]) -> tuple[str, ...]:
    """Everyone who sent something, by number of messages."""
    # A list, which is counted in C: a generator would cost a large chat more than all else here.
    counts = Counter([message.author for message in messages])
    return tuple(author for author, _ in counts.most_common() if author is not None)


@dataclass(slots=True)
class Tally:
    """What was left out or doubtful, each kind of it said once."""

    counted: dict[str, Warning] = field(default_factory=dict)

    def add(self, what: str, line: int | None, example: str = "") -> None:
        old = self.counted.get(what, Warning(what, 0, line))
        examples = (*old.examples, example[:100]) if example and len(old.examples) < 3 else old.examples
        self.counted[what] = Warning(what, old.count + 1, old.line, examples)

    @property
    def warnings(self) -> tuple[Warning, ...]:
        return tuple(self.counted.values())
