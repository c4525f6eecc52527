"""Batches: every token once an epoch, any step reachable at once, draws that keep to caps and shares."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.corpus.store import TokenStore, write_store
from nlpchat.errors import TrainingError
from nlpchat.training.batches import ClassifierBatches, Example, LanguageModelBatches, ShuffledStream
from nlpchat.training.noise import respell


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    random = Random(3)
    pieces = [[1, *(random.randrange(4, 99) for _ in range(random.randrange(1, 30)))] for _ in range(80)]
    return write_store(pieces, tmp_path_factory.mktemp("store") / "s", vocab_size=100, tokenizer="")


def test_a_shuffled_stream_is_the_same_pieces_in_another_order(store: TokenStore) -> None:
    plain = ShuffledStream(store, None).read(0, store.tokens)
    mixed = ShuffledStream(store, 5).read(0, store.tokens)
    assert np.array_equal(plain, store.read(0, store.tokens))
    assert not np.array_equal(plain, mixed)
    assert np.array_equal(np.sort(plain), np.sort(mixed))
    assert np.array_equal(ShuffledStream(store, 5).read(37, 301), mixed[37:301])


def test_rows_go_on_from_batch_to_batch_and_targets_are_the_next_tokens(store: TokenStore) -> None:
    batches = list(LanguageModelBatches(store, batch=4, bptt=10, seed=2))
    rows = torch.cat([ids for ids, _ in batches], 1)
    following = torch.cat([targets for _, targets in batches], 1)
    assert torch.equal(rows[:, 1:], following[:, :-1])
    mixed = ShuffledStream(store, 2 * 1_000_003).read(0, store.tokens)
    assert np.array_equal(rows[0].numpy(), mixed[: rows.shape[1]])


@pytest.mark.parametrize("step", [0, 1, 17, 60])
def test_any_step_is_what_it_would_have_been(store: TokenStore, step: int) -> None:
    def batches() -> LanguageModelBatches:
        return LanguageModelBatches(store, batch=4, bptt=10, epochs=3, seed=2)

    whole = list(batches())
    later = batches()
    later.start = step
    for (ids, targets), (same_ids, same_targets) in zip(whole[step:], later, strict=True):
        assert torch.equal(ids, same_ids)
        assert torch.equal(targets, same_targets)


def test_epochs_differ_and_small_corpora_get_narrow_batches(store: TokenStore) -> None:
    batches = LanguageModelBatches(store, batch=4, bptt=10, epochs=2, seed=0)
    everything = list(batches)
    assert not torch.equal(everything[0][0], everything[batches.per_epoch][0])
    assert LanguageModelBatches(store, batch=512, bptt=300).batch < 8
    with pytest.raises(TrainingError, match="too few to train on"):
        LanguageModelBatches(store, batch=1, bptt=store.tokens)


EXAMPLES = [Example("x" * (5 + i % 40), label=0 if i % 10 else 2, source="many") for i in range(400)]
EXAMPLES += [Example("y" * 9, label=1, source="few") for _ in range(30)]


def drawn(*, power: float, cap: int, epochs: float = 1) -> list[int]:
    def encode(texts: list[str], _random: Random) -> list[list[int]]:
        return [[1, *([7] * (len(text) // 3))] for text in texts]

    batches = ClassifierBatches(
        EXAMPLES,
        encode,
        epochs=epochs,
        batch_tokens=200,
        caps={"few": 10},
        default_cap=cap,
        power=power,
        seed=1,
        pad_id=3,
    )
    labels = []
    for ids, lengths, given_labels in batches:
        assert ids.shape[0] == len(lengths) == len(given_labels)
        assert all((row[length:] == 3).all() for row, length in zip(ids, lengths.tolist(), strict=True))
        labels += given_labels.tolist()
    return labels


def test_caps_and_shares() -> None:
    natural, equal = drawn(power=1.0, cap=60), drawn(power=0.0, cap=60)
    assert len(natural) == len(equal) == 70
    assert natural.count(1) == equal.count(1) == 10
    assert equal.count(2) > 2 * natural.count(2)
    assert len(drawn(power=1.0, cap=1000)) == 410
    assert len(drawn(power=1.0, cap=60, epochs=0.5)) == 35


@given(st.text(max_size=60), st.integers(0, 2**30))
def test_respelling_is_repeatable(text: str, seed: int) -> None:
    assert respell(text, Random(seed)) == respell(text, Random(seed))


def test_respelling_keeps_smileys_and_emoji_and_writes_as_people_do() -> None:
    text = "Je suis déçue, c'est vraiment nul pour demain :( 😭❤️"
    forms = {respell(text, Random(seed)) for seed in range(200)}
    assert len(forms) > 100
    assert all(":(" in form and "😭❤️" in form for form in forms)
    for typed in ("jsuis", "decue", "pr ", "vrmt", "2m1"):
        assert any(typed in form for form in forms), typed
