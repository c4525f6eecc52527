"""Explaining: words as people see them, weights as the model gives them, and no text that takes for ever."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier, Progress
from nlpchat.errors import RecipeError
from nlpchat.explain import MOST_VARIANTS, WordWeight, explain, words
from nlpchat.predictions import Predictions
from nlpchat.records import LABELS

ZWJ = "\u200d"
ROCKET = f"👩🏽{ZWJ}🚀"


class Counting(Classifier):
    """A classifier that remembers what it was asked."""

    asked: tuple[Sequence[str], ...] = ()

    def predict(self, texts: Sequence[str], progress: Progress | None = None) -> Predictions:
        self.asked += (texts,)
        return super().predict(texts, progress)


@pytest.fixture
def tiny(bundle: Bundle) -> Counting:
    return Counting(bundle, threads=1)


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return Classifier(threads=1)


def heaviest(text: str, weights: Sequence[WordWeight]) -> str:
    best = max(weights, key=lambda one: one.weight)
    return text[best.start : best.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trop nul ce film", ["trop", "nul", "ce", "film"]),
        ("C'est l’ami d'aujourd'hui, peut-être…", ["C'est", "l’ami", "d'aujourd'hui", "peut-être", "…"]),
        ("oui!!! non ?! bof...", ["oui", "!!!", "non", "?!", "bof", "..."]),
        ("de\u0301c\u0327u, déçu", ["de\u0301c\u0327u", "déçu"]),
        (f"ok{ROCKET}👍🏽👍🏽👍 ❤️ ❤️", ["ok", ROCKET, "👍🏽👍🏽", "👍", "❤️ ❤️"]),
        ("🇫🇷🇫🇷 🇧🇪🇨 1️⃣ #️⃣", ["🇫🇷🇫🇷", "🇧🇪", "🇨", "1️⃣", "#️⃣"]),
        (":)))) <3 <333 :'( -_- ^^ T_T", [":))))", "<3", "<333", ":'(", "-_-", "^^", "T_T"]),
        (
            "le 06 12 34 56 78 à 18h30, 9/10 (https://a.fr/nul?x=1).",
            ["le", "06 12 34 56 78", "à", "18h30", "9/10", "https://a.fr/nul?x=1"],
        ),
        ("zoe.nul@a.fr @Zoé, @\u2068Jean Nul\u2069 !", ["zoe.nul@a.fr", "@Zoé", "@\u2068Jean Nul\u2069", "!"]),
        ("« *nul* », _ok_", ["nul", "ok"]),
        ("\u202eabc\u202c \u200fשלום עֲלֵיכֶם می\u200cخواهم", ["abc", "שלום", "עֲלֵיכֶם", "می\u200cخواهم"]),
        ("nu\u200bl \x00a\x1b[31mb", ["nu\u200bl", "a", "31mb"]),
        ("हिन्दी ดำ", ["हिन्दी", "ดำ"]),
        ("", []),
        (" \n\t ", []),
        (" ,;« » \u0301", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in words(text)] == expected


def continues(text: str, place: int) -> bool:
    """Whether the character at `place` is of one grapheme with the one before (UAX 29, of what PARTS is made of)."""
    before, here = text[place - 1], text[place]
    if unicodedata.category(before) in ("Cc", "Cf", "Zl", "Zp") and before not in f"{ZWJ}\u200c\u0600":
        return False
    if before == "\u0600":
        return unicodedata.category(here) not in ("Cc", "Cf") or here in f"{ZWJ}\u200c\u0600"
    if unicodedata.category(here)[0] == "M" or here in f"{ZWJ}\u200c\u0e33" or "🏻" <= here <= "🏿":
        return True
    if before == ZWJ and here in "👩🚀❤😂ℹ©":
        start = text[: place - 1].rstrip("\ufe0f\u20e3\u0301🏻🏽🏿")[-1:]
        return start != "" and start in "👩🚀❤😂ℹ©"
    if "🇦" <= here <= "🇿":
        run = text[:place]
        return (len(run) - len(run.rstrip("🇫🇷🇧🇪"))) % 2 == 1
    return False


PARTS = [
    *"aNé0 \n.,!?:)(<3'’-_@#+/*…«ℹ©", *"e\u0301\ufe0f\u20e3\u200d\u200c\u200b\u202e\u2068\u2069\u0600🏻🏽🏿👩🚀❤😂🇫🇷🇧🇪", *"שלֵहिन्ำ",
    "nul", "l'ami", "http://", "www.", "a.fr", "@Zoé", ":)", "<3", "!!!", "...", "06 12 34 56 78", ROCKET, "👍🏽", "🇫🇷", "1️⃣", "\r\n",
]  # fmt: skip


def is_letter(letter: str) -> bool:
    return letter.isalnum() and letter != "\u0e33"  # a letter that only ever stands after another


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join))
@example("👩👩🏽")
@example("🇫 🇫🇷")
@example("\u0600!")
@example("http://a\u0600!")
@example(f"aℹ{ZWJ}🚀")
def test_words_are_in_order_disjoint_and_cut_no_grapheme(text: str) -> None:
    reached = 0
    for start, end in words(text):
        assert reached <= start < end <= len(text)
        assert start == 0 or not continues(text, start)
        assert end == len(text) or not continues(text, end)
        assert not any(map(is_letter, text[reached:start]))
        reached = end
    assert not any(map(is_letter, text[reached:]))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_words_of_any_text_at_all(text: str) -> None:
    found = words(text)
    assert found == sorted(found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert all(0 <= start < end <= len(text) for start, end in found)


def test_a_weight_is_what_the_score_loses_without_the_word(tiny: Counting) -> None:
    texts = ["c'est génial ce film", "Franchement nul !!! 😡", "", "on se voit demain", "c'est génial ce film"]
    found = explain(texts, tiny)
    assert len(tiny.asked) == 1
    assert found[0] == found[4]
    for text, weights in zip(texts, found, strict=True):
        assert [(one.start, one.end) for one in weights] == words(text)
        whole = tiny.predict([text])[0]
        column = LABELS.index(whole.label)
        for one in weights:
            without = tiny.predict([text[: one.start] + " " + text[one.end :]])[0]
            assert one.weight == pytest.approx(whole.scores[column] - without.scores[column], abs=1e-5)


def test_the_label_asked_for(tiny: Counting) -> None:
    texts = ["c'est génial", "c'est génial"]
    for_pos, for_neg = explain(texts, tiny, ["pos", "neg"])
    assert heaviest(texts[0], for_pos) == "génial"
    assert explain(texts[:1], tiny) == [for_pos]
    assert min(for_neg, key=lambda one: one.weight).start == texts[1].index("génial")


def test_the_best_scored_label_where_the_classifier_is_unsure(bundle: Bundle) -> None:
    assert explain(["c'est génial"], Classifier(bundle, threads=1, abstain=1.0)) == explain(
        ["c'est génial"], Classifier(bundle, threads=1)
    )


@pytest.mark.parametrize("labels", [["pos"], ["pos", "unsure"]])
def test_labels_that_do_not_fit(tiny: Counting, labels: list[str]) -> None:
    with pytest.raises(RecipeError):
        explain(["a", "b"], tiny, labels)  # type: ignore[arg-type]
    assert tiny.asked == ()


PLAIN = (
    "le repas était dégueulasse", "super soirée hier", "tu viens demain 😍", "la soirée était géniale", "oh non :(", "je te déteste",
    "c'est triste ce qui lui arrive", "quelle horrible journée", "j'ai adoré le film", "bravo pour ton examen", "TROP NUL CE FILM!!!",
    "ce serveur est insupportable", "je suis déçu du film", "il m'énerve ce prof", "c'est pas génial",
)  # fmt: skip


@pytest.mark.parametrize("alone", [False, True])
def test_the_word_that_turns_the_label_weighs_most(shipped: Classifier, alone: bool) -> None:
    seen = 0
    for text, weights in zip(PLAIN, explain(PLAIN, shipped, alone=alone), strict=True):
        spans = words(text)
        whole, *without = shipped.predict([text, *(text[:start] + " " + text[end:] for start, end in spans)])
        turning = [
            text[start:end] for (start, end), one in zip(spans, without, strict=True) if one.label != whole.label
        ]
        if len(turning) == 1:
            seen += 1
            assert heaviest(text, weights) == turning[0]
    assert seen > 8


@pytest.mark.parametrize("alone", [False, True])
def test_nul_in_a_bad_film(shipped: Classifier, alone: bool) -> None:
    text = "trop nul ce film"
    [weights] = explain([text], shipped, alone=alone)
    assert heaviest(text, weights) == "nul"
    assert max(one.weight for one in weights) > 0.35


def test_words_that_say_the_same_weigh_alone(shipped: Classifier) -> None:
    text = "j'ai adoré, merci 😍😍"
    assert max(one.weight for one in explain([text], shipped)[0]) < 0.1
    weights = {text[one.start : one.end]: one.weight for one in explain([text], shipped, alone=True)[0]}
    assert min(weights["adoré"], weights["😍😍"]) > 0.3
    assert all(-1 <= weight <= 1 for weight in weights.values())


def test_a_text_of_one_word_is_compared_with_nothing(shipped: Classifier) -> None:
    score = shipped.predict(["nul"])[0].scores[0]
    for alone in (False, True):
        [(word,)] = explain(["nul"], shipped, alone=alone)
        assert (word.start, word.end) == (0, 3)
        assert word.weight == pytest.approx(score, abs=0.01)
    assert score > 0.5


@pytest.mark.parametrize("alone", [False, True])
def test_nothing_to_explain(tiny: Counting, alone: bool) -> None:
    assert explain(["", "  \n ", ",", "\u202e\u200f"], tiny, alone=alone) == [()] * 4
    assert explain([], tiny, alone=alone) == []


@pytest.mark.parametrize("alone", [False, True])
def test_long_texts_in_groups_as_the_model_reads_them(tiny: Counting, alone: bool) -> None:
    text = "demain soir " * 300 + "c'est nul nul nul nul"
    weights = explain([text], tiny, ["neg"], alone=alone)[0]
    assert 20 < len(weights) < MOST_VARIANTS
    assert len(tiny.asked[0]) <= MOST_VARIANTS
    inside = [any(one.start <= start and end <= one.end for one in weights) for start, end in words(text)]
    assert all(inside)
    assert all(before.end <= after.start for before, after in pairwise(weights))
    assert heaviest(text, weights).endswith("nul nul")
    if not alone:  # the tiny model's window has room for nothing of the middle
        assert weights[len(weights) // 2].weight == pytest.approx(0, abs=1e-6)


def test_as_many_words_as_there_is_room_for_stay_apart(tiny: Counting) -> None:
    text = "mot " * (MOST_VARIANTS - 1)
    assert [(one.start, one.end) for one in explain([text], tiny)[0]] == words(text)


@pytest.mark.parametrize("letter", ["a", "é", "!", "😂", "\u0301", "\u202e", "\u0600", "_", "ש"])
def test_a_megabyte_of_one_letter_is_quick(tiny: Counting, letter: str) -> None:
    began = time.process_time()
    found = explain([letter * (1_000_000 // len(letter.encode()))], tiny)[0]
    assert time.process_time() - began < 2
    assert len(found) <= 1


def test_half_a_character_is_taken_for_an_unknown_one(tiny: Counting) -> None:
    text = "c'est génial \ud83d nul"
    assert [(one.start, one.end) for one in explain([text], tiny)[0]] == [(0, 5), (6, 12), (15, 18)]


def test_no_torch_is_needed() -> None:
    code = "import nlpchat.explain, nlpchat.cli.explain, sys; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False"]
