"""Hashed n-grams: the ones that scikit-learn counts, and the same numbers for ever."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.text.ngrams import NgramSpec, hashed_ngrams, padded, tfidf

SPEC = NgramSpec(buckets=1 << 30)  # so many buckets that no two of these n-grams share one
TEXTS = st.lists(st.text(alphabet="abcé 😂!", max_size=20), max_size=6)


def plain_ngrams(text: str) -> Counter[str]:
    """The same n-grams, one by one."""
    words = text.split()
    found = [
        f"w{len(some)} {' '.join(some)}" for n in (1, 2) for some in zip(*(words[i:] for i in range(n)), strict=False)
    ]
    for word in words:
        edged = f" {word} "
        found += [f"c{edged[i : i + n]}" for n in range(2, 6) for i in range(len(edged) - n + 1)]
    return Counter(found)


@given(TEXTS)
def test_counts_are_those_of_the_plain_way(texts: list[str]) -> None:
    ngrams = hashed_ngrams(texts, SPEC)
    assert len(ngrams) == len(texts)
    for i, text in enumerate(texts):
        counts = ngrams.counts[ngrams.indptr[i] : ngrams.indptr[i + 1]]
        assert sorted(counts) == sorted(plain_ngrams(text).values())


@given(TEXTS)
def test_a_text_has_the_same_ngrams_alone_and_in_company(texts: list[str]) -> None:
    together = hashed_ngrams(texts, SPEC)
    for i, text in enumerate(texts):
        alone = hashed_ngrams([text], SPEC)
        here = slice(together.indptr[i], together.indptr[i + 1])
        assert np.array_equal(alone.indices, together.indices[here])
        assert np.array_equal(alone.counts, together.counts[here])


def test_characters_are_those_of_scikit_learn() -> None:
    text_ = pytest.importorskip("sklearn.feature_extraction.text")
    text = "trop bien ce film ! a 😂 <rep>3"
    theirs = Counter(text_.CountVectorizer(analyzer="char_wb", ngram_range=(2, 5)).build_analyzer()(text))
    ours = hashed_ngrams([text], NgramSpec(1 << 30, words=(1, 0)))
    assert sorted(ours.counts) == sorted(theirs.values())


def test_golden_values() -> None:
    """A change here would make every trained model read noise: raise the bundle's format with it."""
    ngrams = hashed_ngrams(["mdr trop bien", "é 😂"], NgramSpec(buckets=65_536))
    assert ngrams.indptr.tolist() == [0, 43, 52]
    assert ngrams.indices[:8].tolist() == [446, 2563, 2664, 3060, 3836, 5203, 10793, 11083]
    assert ngrams.indices[ngrams.indptr[1] :].tolist() == [
        10123,
        20477,
        21165,
        24629,
        28224,
        33102,
        47103,
        50671,
        54703,
    ]


def test_a_word_and_the_same_characters_are_two_features() -> None:
    words = hashed_ngrams(["mdr"], NgramSpec(1 << 30, words=(1, 1), chars=(1, 0)))
    chars = hashed_ngrams(["mdr"], NgramSpec(1 << 30, words=(1, 0), chars=(3, 3)))
    assert len(words.indices) == 1
    assert not set(words.indices) & set(chars.indices)


def test_order_counts_for_two_words() -> None:
    one, other = (hashed_ngrams([t], NgramSpec(1 << 30, words=(2, 2), chars=(1, 0))) for t in ("pas bien", "bien pas"))
    assert one.indices.tolist() != other.indices.tolist()


def test_many_texts_go_through_in_pieces_without_a_seam() -> None:
    texts = [f"message {i} {'mdr ' * (i % 40)}fin" for i in range(5000)]
    spec = NgramSpec(buckets=1 << 22)  # 1,023 rows at most at a time
    whole = hashed_ngrams(texts, spec)
    for i in (0, 1022, 1023, 1024, 4999):
        assert np.array_equal(
            hashed_ngrams([texts[i]], spec).indices, whole.indices[whole.indptr[i] : whole.indptr[i + 1]]
        )


def test_buckets_are_evenly_used() -> None:
    ngrams = hashed_ngrams([" ".join(f"mot{i}" for i in range(20_000))], NgramSpec(1000, words=(1, 1), chars=(1, 0)))
    assert len(ngrams.indices) == 1000
    assert ngrams.counts.sum() == 20_000
    assert ngrams.counts.std() < 2 * np.sqrt(20)  # Poisson: the deviation of a count of 20 is 4.5


def test_tfidf_against_the_formula() -> None:
    ngrams = hashed_ngrams(["mdr mdr oui", "", "non"], NgramSpec(64))
    idf = np.linspace(1, 3, 64, dtype=np.float32)
    values = tfidf(ngrams, idf)
    row = slice(ngrams.indptr[0], ngrams.indptr[1])
    expected = (1 + np.log(ngrams.counts[row])) * idf[ngrams.indices[row]]
    assert np.allclose(values[row], expected / np.linalg.norm(expected), atol=1e-6)
    assert values.dtype == np.float32


def test_padded_rectangles() -> None:
    ngrams = hashed_ngrams(["", "a", "mdr oui"], NgramSpec(512))
    grams, weights = padded(ngrams, tfidf(ngrams, np.ones(512, np.float16)))
    assert grams.shape == weights.shape == (3, np.diff(ngrams.indptr).max())
    assert (grams.dtype, weights.dtype) == (np.int32, np.float32)
    assert not weights[0].any()
    assert np.allclose((weights[1:] ** 2).sum(axis=1), 1)
    assert grams[2].tolist() == ngrams.indices[ngrams.indptr[2] :].tolist()
    assert padded(*(lambda n: (n, n.counts))(hashed_ngrams([""], SPEC)))[0].shape == (1, 1)
    assert len(hashed_ngrams([], SPEC)) == 0
