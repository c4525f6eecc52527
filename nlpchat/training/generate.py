"""A language model -> text: one next piece after the other, drawn from what the model expects. No corpus is needed.

Temperature T divides the logits before the softmax; top-k keeps the k likeliest pieces (Fan et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nlpchat.bundle import TOKENIZER, Bundle, default_folder, load_bundle
from nlpchat.errors import RecipeError
from nlpchat.text.normalise import normalise
from nlpchat.text.plain import plain
from nlpchat.text.tokens import BOS_ID, Tokenizer
from nlpchat.training.lm import load_lm


def generate(
    lm: str | Path | Bundle | None, prompt: str = "", *, tokens: int = 30, temperature: float = 0.8, top_k: int = 50,
    seed: int = 0, number: int = 1,
) -> list[str]:  # fmt: skip
    """`number` texts that go on from `prompt` (a backward model: that lead to it), each `tokens` pieces longer.

    lm: the language model that comes with nlpchat if None. temperature: 0.0 takes the likeliest piece each time. top_k: 0
    for all pieces. What a vocabulary has that is no text (unknown, padding, control, unused pieces, single bytes) is never
    drawn. Raises BundleError, RecipeError.
    """
    faults = [f"--{name} must be at least 1" for name, value in (("tokens", tokens), ("number", number)) if value < 1]
    faults += [
        f"--{name} must not be below 0" for name, value in (("temperature", temperature), ("top-k", top_k)) if value < 0
    ]
    if faults:
        raise RecipeError(f"generate: {'; '.join(faults)}.")
    bundle = lm if isinstance(lm, Bundle) else load_bundle(lm or default_folder("lm"), kind="lm")
    tokenizer = Tokenizer.load(bundle.path(TOKENIZER))
    begun = tokenizer.encode([normalise(prompt)])[0] if prompt.strip() else []
    drawn = next_pieces(bundle, tokenizer, begun, tokens, temperature, top_k, seed, number)
    if bundle.architecture.get("backward"):
        return [_joined(tokenizer, [*reversed(one), *begun], begun, prompt, backward=True) for one in drawn]
    return [_joined(tokenizer, [*begun, *one], begun, prompt, backward=False) for one in drawn]


@torch.no_grad()
def next_pieces(
    bundle: Bundle, tokenizer: Tokenizer, begun: Sequence[int], tokens: int, temperature: float, top_k: int, seed: int,
    number: int,
) -> list[list[int]]:  # fmt: skip
    """The ids drawn after those `begun` (given and returned in the order of the text), `number` rows of `tokens`.

    Of a backward model: the ids before them, the nearest first.
    """
    model = load_lm(bundle).eval()
    model.reset()
    allowed = _texts_only(tokenizer)
    random = torch.Generator().manual_seed(seed)
    read = [BOS_ID, *(reversed(begun) if bundle.architecture.get("backward") else begun)]
    ids = torch.tensor([read] * number)
    drawn = []
    for _ in range(tokens):
        logits = model.logits(model(ids)[1][:, -1]).masked_fill(~allowed, float("-inf"))
        ids = _drawn(logits, temperature, top_k, random)
        drawn.append(ids)
    rows: list[list[int]] = torch.cat(drawn, 1).tolist()
    return rows


def _drawn(logits: Tensor, temperature: float, top_k: int, random: torch.Generator) -> Tensor:
    """(B, V) -> (B, 1)."""
    if temperature == 0:
        return logits.argmax(-1, keepdim=True)
    if top_k:
        best, places = logits.topk(min(top_k, logits.shape[-1]), -1)
        chosen = torch.multinomial((best / temperature).softmax(-1), 1, generator=random)
        return places.gather(-1, chosen)
    return torch.multinomial((logits / temperature).softmax(-1), 1, generator=random)


def _texts_only(tokenizer: Tokenizer) -> Tensor:
    """(V,) bool: the pieces that stand for text."""
    return torch.tensor([tokenizer.is_text(i) for i in range(tokenizer.vocab_size)])


def _joined(tokenizer: Tokenizer, ids: Sequence[int], begun: Sequence[int], prompt: str, *, backward: bool) -> str:
    """The whole in plain text; the prompt in it letter for letter, where it ends between two words."""
    whole, known = plain(tokenizer.decode(ids)), plain(tokenizer.decode(begun)) if begun else ""
    given = prompt.strip()
    if backward:
        return whole[: len(whole) - len(known)] + given if known and whole.endswith(known) else whole
    return given + whole[len(known) :] if whole.startswith(known) else whole
