"""What a language model writes: likely, repeatable, readable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from nlpchat.bundle import MANIFEST, TOKENIZER, Bundle, load_bundle
from nlpchat.errors import BundleError, RecipeError
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import BOS_ID, Tokenizer
from nlpchat.training.generate import generate, next_pieces
from nlpchat.training.lm import load_lm


def test_greedy_takes_the_likeliest_text_piece_each_time(lm: Bundle) -> None:
    tokenizer = Tokenizer.load(lm.path(TOKENIZER))
    begun = tokenizer.encode([normalise("on se voit")])[0]
    (drawn,) = next_pieces(lm, tokenizer, begun, 8, 0.0, 50, 0, 1)
    model = load_lm(lm).eval()
    ids = [BOS_ID, *begun]
    for piece in drawn:
        model.reset()  # the whole text again at every step, where `generate` carries the state on
        with torch.no_grad():
            logits = model.logits(model(torch.tensor([ids]))[0])[0, -1]
        order = logits.argsort(descending=True).tolist()
        assert next(i for i in order if tokenizer.is_text(i)) == piece
        ids.append(piece)
    assert generate(lm, "on se voit", tokens=8, temperature=0) == generate(lm, "on se voit", tokens=8, top_k=1, seed=9)


def test_draws_depend_on_the_seed_alone(lm: Bundle) -> None:
    first = generate(lm, "trop bien", number=4, seed=3)
    torch.manual_seed(5)
    assert generate(lm, "trop bien", number=4, seed=3) == first
    assert generate(lm, "trop bien", number=4, seed=4) != first
    assert len(set(first)) > 1
    assert all(text.startswith("trop bien") for text in first)


def test_nothing_that_is_no_text_is_ever_drawn(lm: Bundle) -> None:
    tokenizer = Tokenizer.load(lm.path(TOKENIZER))
    rows = next_pieces(lm, tokenizer, [], 60, 50.0, 0, 0, 20)  # so hot that every piece is as likely as any other
    seen = {piece for row in rows for piece in row}
    assert len(seen) > 300
    assert not [piece for piece in tokenizer.pieces(seen) if piece in ("<unk>", "<s>", "</s>", "<pad>")]
    assert not [piece for piece in tokenizer.pieces(seen) if piece.startswith("<0x")]
    assert all(map(tokenizer.is_text, seen))


def test_marks_are_made_plain(lm: Bundle) -> None:
    texts = generate(lm, "", number=30, tokens=20, temperature=1.5, top_k=0)
    assert not [text for text in texts for mark in ("<cap>", "<up>", "<rep>", "<url>") if mark in text]
    assert any(c.isupper() for text in texts for c in text)


def test_the_prompt_stays_letter_for_letter(lm: Bundle) -> None:
    (text,) = generate(lm, "Ouiiiii  c’est  TROP", tokens=5)
    assert text.startswith("Ouiiiii  c’est  TROP")


def test_a_backward_model_writes_what_comes_before(lm: Bundle, tmp_path: Path) -> None:
    """The same weights said to read backward: what they write is the mirror of what they wrote."""
    shutil.copytree(lm.folder, tmp_path / "back")
    manifest = json.loads((tmp_path / "back" / MANIFEST).read_text(encoding="utf-8"))
    manifest["architecture"]["backward"] = True
    (tmp_path / "back" / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    back = load_bundle(tmp_path / "back")
    tokenizer = Tokenizer.load(lm.path(TOKENIZER))
    begun = tokenizer.encode([normalise("on se voit demain")])[0]
    forward = next_pieces(lm, tokenizer, [*reversed(begun)], 6, 0.0, 0, 0, 1)
    assert next_pieces(back, tokenizer, begun, 6, 0.0, 0, 0, 1) == forward
    texts = generate(back, "on se voit demain", tokens=6, number=5)
    assert all(text.lower().endswith("on se voit demain") for text in texts)  # a <cap> may come before it
    assert sum(len(text) > len("on se voit demain") for text in texts) >= 4


def test_faults(lm: Bundle, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--tokens must be at least 1; --temperature must not be below 0"):
        generate(lm, "a", tokens=0, temperature=-1)
    with pytest.raises(BundleError, match="no such model folder"):
        generate(tmp_path / "none", "a")
