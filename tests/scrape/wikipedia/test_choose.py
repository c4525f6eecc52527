"""The choice: by a hash, stable under growth, the same as a plain loop would make it."""

from __future__ import annotations

import random

import pytest

from nlpchat.scrape.wikipedia.choose import (
    TOKENS_PER_BYTE,
    WHOLE,
    Candidates,
    Choice,
    choose,
    count_tokens,
    first_share,
    next_share,
    place,
    prose_share,
    split_of,
)

Documents = list[tuple[int, list[str]]]


def documents(seed: int, count: int = 60) -> Documents:
    """Invented ones, with lines that come again in others and in themselves; some ids come twice."""
    chance = random.Random(seed)
    ids = [chance.randrange(1, 2 * count) for _ in range(count)]
    return [
        (n, ["abcdefghij"[: chance.randrange(1, 11)] * chance.randrange(1, 4) for _ in range(chance.randrange(6))])
        for n in ids
    ]


def chosen(found: Documents, budget: int | None, min_chars: int = 0) -> tuple[Choice, dict[int, list[str]]]:
    candidates = Candidates()
    for page_id, lines in found:
        candidates.add(page_id, place(page_id, 0), 2, lines, [len(line) // 3 + 1 for line in lines])
    choice = choose(candidates, budget, min_chars)
    kept, at = {}, 0
    for (page_id, lines), keep in zip(found, choice.keep, strict=True):
        if keep:
            kept[page_id] = [
                line for line, good in zip(lines, choice.keep_line[at : at + len(lines)], strict=True) if good
            ]
        at += len(lines)
    return choice, kept


def by_a_plain_loop(found: Documents, budget: int | None, min_chars: int) -> tuple[int, dict[int, list[str]]]:
    kept: dict[int, list[str]] = {}
    seen, ids, tokens = set(), set(), 0
    for page_id, lines in sorted(found, key=lambda document: place(document[0], 0)):
        if page_id in ids:
            continue
        ids.add(page_id)
        fresh = []
        for line in lines:
            if line not in seen:
                fresh.append(line)
                seen.add(line)
        if sum(map(len, fresh)) >= min_chars and (budget is None or tokens < budget):
            kept[page_id] = fresh
            tokens += 2 + sum(len(line) // 3 + 1 for line in fresh)
    return tokens, kept


@pytest.mark.parametrize("budget", [1, 40, 150, 10_000, None])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_a_plain_loop_over_the_hashes_makes(seed: int, budget: int | None) -> None:
    found = documents(seed)
    choice, kept = chosen(found, budget, min_chars=5)
    tokens, expected = by_a_plain_loop(found, budget, min_chars=5)
    assert kept == expected
    assert choice.tokens == tokens
    assert len(kept) + sum(choice.left_out.values()) == len(found)
    assert choice.left_out["there twice"] == len(found) - len({page_id for page_id, _ in found}) > 0
    assert budget is None or choice.tokens >= min(budget, choice.available)


def test_a_larger_budget_gives_the_same_documents_and_more() -> None:
    found = documents(7, 200)
    before: dict[int, list[str]] = {}
    for budget in (20, 80, 160, 320, None):
        _, now = chosen(found, budget)
        assert before.items() <= now.items()
        assert len(now) > len(before)
        before = now


def test_the_order_of_the_dump_changes_nothing() -> None:
    found = list(dict(documents(3)).items())
    _, once = chosen(found, 80)
    assert len(once) > 5
    for seed in range(3):
        shuffled = random.Random(seed).sample(found, len(found))
        assert chosen(shuffled, 80)[1] == once


def test_nothing_at_all_gives_nothing() -> None:
    choice, kept = chosen([], 100)
    assert (choice.tokens, choice.available, kept) == (0, 0, {})


def test_places_and_splits_are_even_and_never_change() -> None:
    places = [place(number, 0) / WHOLE for number in range(20_000)]
    assert abs(sum(places) / len(places) - 0.5) < 0.01
    assert place(7221, 0) == 17476166970635494319  # on every machine, in every version
    assert place(7221, 0) != place(7221, 1) != place(7221, 0, "split")
    splits = [split_of(number, 0, 0.1) for number in range(20_000)]
    assert all(
        abs(splits.count(split) / 20_000 - share) < 0.01
        for split, share in [("train", 0.8), ("valid", 0.1), ("test", 0.1)]
    )
    larger = [split_of(number, 0, 0.2) for number in range(20_000)]
    assert all(after == "valid" for before, after in zip(splits, larger, strict=True) if before == "valid")


def test_a_token_is_a_word_or_a_mark() -> None:
    assert count_tokens("l'été, 12,5 %") == 8
    assert count_tokens("« Déjà ? »\u00a0!") == 5


def test_the_share_to_read() -> None:
    assert first_share(None, 1, "xml") == 1
    assert first_share(10**12, 1000, "xml") == 1
    assert first_share(100_000, 100_000_000, "xml") == pytest.approx(
        1.2 * 100_000 / 100_000_000 / TOKENS_PER_BYTE["xml"]
    )
    assert next_share(0.1, 50, 100) == pytest.approx(0.24)
    assert next_share(0.1, 99, 100) == pytest.approx(0.15)
    assert next_share(0.1, 0, 100) == 1


def test_lines_that_end_as_sentences_do() -> None:
    prose, listed = ["Une phrase.", "« Une autre ? »", "(Encore une !)", "Fin…"], ["Nom, 1912", "Film"]
    assert prose_share(prose) == 1
    assert prose_share(listed) == 0
    assert prose_share([*prose, *listed]) == pytest.approx(44 / 57)
    assert prose_share([]) == 0
