"""The encoder as a classifier: concat pooling over the whole text (Howard and Ruder 2018, section 3.3), two linear layers.

Beside it, if asked for, a linear layer over hashed n-grams of the same text: what the encoder cannot spell, they can.
Letters: B batch, T time, E width of the encoder, G n-grams of the longest text, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nlpchat.model.direction import backward_ids
from nlpchat.model.encoder import Encoder


class SentimentClassifier(nn.Module):
    """ids (B, T) padded on the right, lengths (B,) [, grams (B, G), gram_values (B, G)] -> logits (B, C).

    Ids are in the order of the text, whichever way the encoder reads it: for a backward one they are turned round here.
    long_from: pieces (bos included) from which a text is long, 0 for never. A message and a review say things differently, so
    that long texts have n-gram rows of their own (the second `buckets` of the table), and a factor and bias of their own on the
    head's logits. posts: pieces (links, mentions, hashtags) of which one makes a text that is not long a post, written for
    everybody and less often neutral than a message: posts have a bias of their own beside the messages'. With fewer pieces than
    post_from it is a message all the same, that passes a link on.
    """

    def __init__(
        self, encoder: Encoder, *, classes: int, hidden: int, dropout: float, buckets: int = 0, long_from: int = 0,
        posts: Sequence[int] = (), post_from: int = 0,
    ):  # fmt: skip
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(3 * encoder.shape.emb, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
        )  # fmt: skip
        # Fitted apart (see training.stacking), not by gradient: a buffer, so that it is saved but not trained.
        self.ngram_weight: Tensor
        self.length_scale: Tensor
        self.length_bias: Tensor
        self.post_bias: Tensor
        self.buckets, self.long_from, self.posts, self.post_from = buckets, long_from, tuple(posts), post_from
        kinds = 2 if long_from else 1
        self.register_buffer("ngram_weight", torch.zeros(buckets * kinds, classes))
        self.register_buffer("length_scale", torch.ones(kinds, 1))
        self.register_buffer("length_bias", torch.zeros(kinds, classes))
        self.register_buffer("post_bias", torch.zeros(classes))

    def kinds_config(self) -> dict[str, object]:
        """How it tells long texts and posts from messages, for its description and its export."""
        posts = {"posts": list(self.posts), "post_from": self.post_from} if self.posts else {}
        return {"long_from": self.long_from, **posts}

    def forward(
        self, ids: Tensor, lengths: Tensor, grams: Tensor | None = None, gram_values: Tensor | None = None
    ) -> Tensor:
        logits = self.weighed(self.head_logits(ids, lengths), lengths, self.is_post(ids, lengths))
        if grams is not None and gram_values is not None and self.buckets:
            logits = logits + self.ngram_logits(lengths, grams, gram_values)
        return logits

    def head_logits(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, C): what the encoder's head says, before it is weighed against the n-grams."""
        self.encoder.reset()
        states = self.encoder(backward_ids(ids, lengths) if self.encoder.shape.backward else ids)
        logits: Tensor = self.head(concat_pooling(states, lengths))
        return logits

    def weighed(self, head: Tensor, lengths: Tensor, post: Tensor) -> Tensor:
        """The head's logits (B, C) by the factor and the biases fitted after training: 1 and 0 until then. post: (B,) bool."""
        long = self.is_long(lengths)
        return head * self.length_scale[long] + self.length_bias[long] + post[:, None] * self.post_bias

    def is_long(self, lengths: Tensor) -> Tensor:
        """(B,) pieces -> (B,) int64: 1 for a long text, 0 for another."""
        return (lengths >= self.long_from).long() if self.long_from else torch.zeros_like(lengths, dtype=torch.long)

    def is_post(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B,) bool: with one of the pieces that make a post, and neither a line about a link nor long."""
        marked = torch.isin(ids, torch.tensor(self.posts, dtype=ids.dtype, device=ids.device)).any(1)
        return marked & (lengths >= self.post_from) & ~self.is_long(lengths).bool()

    def ngram_logits(self, lengths: Tensor, grams: Tensor, gram_values: Tensor) -> Tensor:
        """(B, C): the n-grams' half of the logits."""
        rows = grams + self.buckets * self.is_long(lengths)[:, None]
        return (self.ngram_weight[rows] * gram_values[..., None]).sum(1)

    def reset(self) -> None:
        self.encoder.reset()

    def groups(self) -> list[list[nn.Parameter]]:
        return [*self.encoder.groups(), list(self.head.parameters())]


def concat_pooling(states: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, E), lengths (B,) -> (B, 3E): the last state, the maximum and the mean over each text's own length."""
    inside = torch.arange(states.shape[1], device=states.device)[None, :] < lengths[:, None]
    inside = inside[..., None]
    last = states[torch.arange(len(states), device=states.device), lengths - 1]
    # -1e4 and not -inf, which int8 and bf16 do not carry well; states are LayerNorm or tanh sized
    highest = states.masked_fill(~inside, -1e4).amax(1)
    mean = (states * inside).sum(1) / lengths[:, None]
    return torch.cat([last, highest, mean], 1)
