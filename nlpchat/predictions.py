"""What a classifier says of many texts, compactly: 22 bytes each, read like a list of Prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from nlpchat.errors import RecipeError
from nlpchat.records import LABELS, VERDICTS, Chat, Label, Prediction, Verdict

if TYPE_CHECKING:
    import pandas


class Predictions(Sequence[Prediction]):
    """Predictions in the order of their texts.

    messages: (n,) int32, the place of each text in the chat or list that was classified, increasing.
    labels: (n,) uint8, places in VERDICTS; the best score's, the first of equals; unsure where that is below `abstain`.
    scores: (n, 3) float32, in the order of LABELS, rows of sum 1.
    tokens: (n,) int32, pieces before any cut. cut: (n,) bool, longer than the model's window.
    """

    __slots__ = ("abstain", "cut", "labels", "messages", "scores", "tokens")

    def __init__(
        self,
        messages: npt.NDArray[np.int32],
        scores: npt.NDArray[np.float32],
        tokens: npt.NDArray[np.int32],
        cut: npt.NDArray[np.bool_],
        abstain: float = 0.0,
    ):
        self.messages, self.scores, self.tokens, self.cut = messages, scores, tokens, cut
        self.abstain = abstain
        self.labels: npt.NDArray[np.uint8] = scores.argmax(axis=1).astype(np.uint8)
        if abstain:
            self.labels[scores.max(axis=1) < np.float32(abstain)] = VERDICTS.index("unsure")

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """One after the other, as one."""
        if not parts:
            return cls(
                np.zeros(0, np.int32),
                np.zeros((0, 3), np.float32),
                np.zeros(0, np.int32),
                np.zeros(0, np.bool_),
            )
        return cls(
            np.concatenate([part.messages for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([part.cut for part in parts]),
            parts[0].abstain,
        )

    def __len__(self) -> int:
        return len(self.messages)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> Predictions: ...
    def __getitem__(self, place: int | slice) -> Prediction | Predictions:
        if isinstance(place, slice):
            return self.chosen(place)
        neg, neu, pos = self.scores[place].tolist()
        return Prediction(
            message=int(self.messages[place]),
            label=VERDICTS[self.labels[place]],
            scores=(neg, neu, pos),
            tokens=int(self.tokens[place]),
            cut=bool(self.cut[place]),
        )

    def __iter__(self) -> Iterator[Prediction]:
        return (self[place] for place in range(len(self)))

    def chosen(self, places: slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Predictions:
        """Those at `places`, a numpy index."""
        chosen = self.messages[places], self.scores[places], self.tokens[places], self.cut[places]
        return Predictions(*chosen, self.abstain)

    def moved(self, messages: npt.NDArray[np.int32]) -> Predictions:
        """The same, of the texts at `messages` in a longer list: (n,) int32."""
        return Predictions(messages, self.scores, self.tokens, self.cut, self.abstain)

    def abstaining(self, abstain: float) -> Predictions:
        """The same, those whose best score is below `abstain` (0.0 to 1.0) being unsure. Raises RecipeError."""
        return Predictions(self.messages, self.scores, self.tokens, self.cut, threshold(abstain))

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What may be said of a text: the labels, and unsure where a threshold was asked for."""
        return VERDICTS if self.abstain else LABELS

    def counts(self) -> dict[Verdict, int]:
        """How many texts have each of `verdicts`."""
        found = np.bincount(self.labels, minlength=len(self.verdicts)).tolist()
        return dict(zip(self.verdicts, found, strict=True))

    def shares(self) -> dict[Verdict, float]:
        """The share of each, 0.0 to 1.0; all 0.0 without a text."""
        return {label: count / max(len(self), 1) for label, count in self.counts().items()}

    def strongest(self, label: Label, most: int = 3) -> list[Prediction]:
        """At most `most` texts that have this label, the surest first, earlier ones before later equals."""
        column = LABELS.index(label)
        places = np.flatnonzero(self.labels == column)
        order = np.argsort(-self.scores[places, column], kind="stable")[:most]
        return [self[int(place)] for place in places[order]]

    def to_pandas(self, chat: Chat | None = None) -> pandas.DataFrame:
        """A row for each text: message, label, neg, neu, pos, tokens, cut.

        chat: the one that was classified; sent_at, author and text then stand beside its messages' places.
        Raises RecipeError: it has not so many messages.
        """
        import pandas

        table = pandas.DataFrame(self.scores, columns=list(LABELS))
        table.insert(0, "message", self.messages)
        labels = pandas.Categorical.from_codes(self.labels, categories=pandas.Index(self.verdicts))
        table.insert(1, "label", pandas.Series(labels, index=table.index))
        if chat is not None:
            for place, (name, column) in enumerate(self._columns(chat).items(), start=1):
                table.insert(place, name, column)
        return table.assign(tokens=self.tokens, cut=self.cut)

    def _columns(self, chat: Chat) -> dict[str, pandas.Series[Any]]:
        import pandas

        if len(self) and int(self.messages[-1]) >= len(chat):
            raise RecipeError(f"{chat.title}: {len(chat):,} messages, and message {self.messages[-1]:,} was classified. "
                              "Give the chat that was classified.")  # fmt: skip
        messages = [chat.messages[place] for place in map(int, self.messages)]
        zone = messages[0].sent_at.tzinfo if messages else None
        when = pandas.DatetimeTZDtype("us", zone) if zone is not None else "datetime64[us]"
        return {
            "sent_at": pandas.Series([message.sent_at for message in messages], dtype=when),
            "author": pandas.Series([message.author for message in messages], dtype=object),
            "text": pandas.Series([message.text for message in messages], dtype=object),
        }

    def __repr__(self) -> str:
        return f"Predictions({', '.join(f'{count:,} {label}' for label, count in self.counts().items())})"

    def _repr_html_(self) -> str:
        import nlpchat

        return nlpchat.predictions_html(self)


def threshold(abstain: float) -> float:
    """`abstain` itself. Raises RecipeError: it is not 0.0 to 1.0."""
    if not 0 <= abstain <= 1:
        raise RecipeError(f"abstain must be 0.0 to 1.0, not {abstain}: the best score below which a label is unsure.")
    return abstain
