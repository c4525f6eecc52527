"""Duplicates: the same as a search of all pairs finds, the first stays, and short messages are never compared."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.corpus.dedup import LEAST_WORDS, PERMUTATIONS, Signatures, distinct, firsts, key_of, signature_of

WORDS = [f"mot{n}" for n in range(400)]
PINNED = [66170546, 296979198, 322175044, 427223030]  # of the first 20 words


def signed(texts: list[str]) -> Signatures:
    found = [signature_of(text) for text in texts]
    assert all(one is not None for one in found)
    return np.array(found, dtype=np.uint32)


def of_all_pairs(signatures: Signatures, least: float) -> list[bool]:
    stays: list[int] = []
    for text in range(len(signatures)):
        if all((signatures[text] == signatures[other]).mean() < least for other in stays):
            stays.append(text)
    return [text in stays for text in range(len(signatures))]


def variants(random: Random, count: int) -> list[str]:
    """Texts of 60 words, most of them another one with a word or two changed."""
    texts: list[list[str]] = []
    for _ in range(count):
        if texts and random.random() < 0.6:
            words = list(random.choice(texts))
            for _ in range(random.choice((0, 1, 2))):
                words[random.randrange(60)] = random.choice(WORDS)
        else:
            words = random.choices(WORDS, k=60)
        texts.append(words)
    return [" ".join(words) for words in texts]


def test_buckets_find_what_all_pairs_find() -> None:
    signatures = signed(variants(Random(1), 150))
    expected = of_all_pairs(signatures, 0.7)
    assert 40 < sum(expected) < 110
    assert distinct(signatures, 0.7).tolist() == expected


def test_what_comes_later_changes_nothing_before_it() -> None:
    signatures = signed(variants(Random(2), 80))
    assert distinct(signatures, 0.7)[:40].tolist() == distinct(signatures[:40], 0.7).tolist()


def test_the_estimate_is_near_the_truth() -> None:
    words = Random(3).choices(WORDS, k=300)
    other = [*words[:200], *Random(4).choices(WORDS, k=100)]
    runs = [set(zip(one, one[1:], one[2:], strict=False)) for one in (words, other)]
    truth = len(runs[0] & runs[1]) / len(runs[0] | runs[1])
    a, b = signed([" ".join(words), " ".join(other)])
    assert abs(float((a == b).mean()) - truth) < 3.5 * (0.25 / PERMUTATIONS) ** 0.5


def test_signatures_are_the_same_everywhere() -> None:
    """Digests in cards rest on them: another version of datasketch that gives other numbers is noticed here."""
    signature = signature_of(" ".join(WORDS[:20]))
    assert signature is not None
    assert (signature.dtype, signature.shape) == (np.uint32, (PERMUTATIONS,))
    assert signature[:4].tolist() == PINNED


def test_short_messages_are_not_compared() -> None:
    assert signature_of("je viens ce soir " * 3) is None
    assert signature_of(" ".join(WORDS[:LEAST_WORDS])) is not None
    assert distinct(np.zeros((0, PERMUTATIONS), np.uint32), 0.7).tolist() == []


def test_a_key_ignores_capitals_spaces_and_form_but_not_signs() -> None:
    assert key_of("De\u0301c\u0327u  !\n") == key_of("déçu !")
    assert len({key_of(text) for text in ("ok", "ok !", "ok :(", "ok ok", "")}) == 5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=40))
def test_firsts_are_the_first_of_each(keys: list[int]) -> None:
    mask = firsts(np.array(keys, dtype=np.uint64))
    assert [key for key, first in zip(keys, mask, strict=True) if first] == list(dict.fromkeys(keys))
