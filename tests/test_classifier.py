"""Classifying: in order, once for equal texts, whatever the company, and within the window."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlpchat
from nlpchat import classifier as room
from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier, classify
from nlpchat.errors import RecipeError
from nlpchat.predictions import Predictions
from nlpchat.records import Chat, Message, Prediction
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import Tokenizer

TEXTS = [
    "c'est génial",
    "c'est nul",
    "on se voit demain",
    "C'EST GÉNIAL !!!",
    "merci 😍",
    "je trouve ça horrible",
]
LABELS = ["pos", "neg", "neu", "pos", "pos", "neg"]


@pytest.fixture(scope="session")
def classifier(bundle: Bundle) -> Classifier:
    return Classifier(bundle, threads=2)


def message(text: str, kind: str = "text") -> Message:
    return Message(datetime(2026, 1, 1), "Zoé", text, kind, 1)  # type: ignore[arg-type]


def test_some_texts(classifier: Classifier) -> None:
    predictions = classifier.predict(TEXTS)
    assert [p.label for p in predictions] == LABELS
    assert [p.message for p in predictions] == list(range(len(TEXTS)))
    for prediction in predictions:
        assert sum(prediction.scores) == pytest.approx(1, abs=1e-6)
        assert not prediction.cut


def test_ngrams_decide_where_the_bundle_has_them(ngram_bundle: Bundle) -> None:
    assert [p.label for p in classify(TEXTS, ngram_bundle)] == LABELS


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([*TEXTS, "", " ", "ok " * 50, "mdr"]), max_size=40))
def test_company_order_and_repetition_change_nothing(classifier: Classifier, texts: list[str]) -> None:
    together = classifier.predict(texts)
    alone = {text: classifier.predict([text])[0] for text in set(texts)}
    assert len(together) == len(texts)
    for text, prediction in zip(texts, together, strict=True):
        assert prediction.scores == pytest.approx(alone[text].scores, abs=1e-5)
        assert (prediction.tokens, prediction.cut) == (alone[text].tokens, alone[text].cut)


def test_chunks_and_batches_leave_no_seam(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{TEXTS[i % 6]} {'on se voit ' * (i % 11)}{i % 97}" for i in range(1000)]
    whole = classifier.predict(texts)
    monkeypatch.setattr(room, "CHUNK_TEXTS", 130)
    monkeypatch.setattr(room, "CHUNK_CHARACTERS", 5_000)
    monkeypatch.setattr(room, "BATCH_PIECES", 40)
    said: list[int] = []
    pieces = classifier.predict(texts, lambda done, total: said.append(done))
    assert np.allclose(whole.scores, pieces.scores, atol=1e-5)
    assert np.array_equal(whole.tokens, pieces.tokens)
    assert np.array_equal(whole.messages, pieces.messages)
    assert said == sorted(said)
    assert said[-1] == len(texts)


def test_equal_texts_are_scored_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    scored: list[str] = []
    scores = classifier._scorer.scores

    def counted(texts, ids):
        scored.extend(texts)
        return scores(texts, ids)

    monkeypatch.setattr(classifier._scorer, "scores", counted)
    monkeypatch.setattr(room, "CHUNK_TEXTS", 100)
    predictions = classifier.predict(["Super", "super", "super ", "c'est nul"] * 200)
    assert predictions.counts() == {"neg": 200, "neu": 0, "pos": 600}
    # Two chunks are under way before the first is known; from then on nothing is new.
    assert len(scored) == 2 * len({normalise("Super"), normalise("super"), normalise("c'est nul")})


def test_a_long_text_is_cut_and_says_so(classifier: Classifier, bundle: Bundle, tokenizer: Tokenizer) -> None:
    long = "on se voit demain " * 20 + "c'est génial"
    (prediction,) = classifier.predict([long])
    assert prediction.tokens == len(tokenizer.encode([normalise(long)])[0]) > bundle.window
    assert prediction.cut
    # A verdict in the middle is out of the window, one at the end is in it.
    hidden = "on se voit demain " * 20 + "génial " + "on se voit demain " * 20
    neutral = "on se voit demain " * 41
    assert classifier.predict([hidden])[0].scores == pytest.approx(classifier.predict([neutral])[0].scores, abs=1e-6)
    assert prediction.scores[2] > classifier.predict([neutral])[0].scores[2]


def test_a_text_that_fills_the_window_is_not_cut(classifier: Classifier, bundle: Bundle, tokenizer: Tokenizer) -> None:
    room_ = bundle.window - 1
    texts = ["zq" * n + end for n in range(1, 60) for end in ("", "z")]
    lengths = [len(ids) for ids in tokenizer.encode([normalise(text) for text in texts])]
    assert {room_, room_ + 1} <= set(lengths)
    assert [p.cut for p in classifier.predict(texts)] == [length > room_ for length in lengths]


@pytest.mark.parametrize("text", ["", " \n", "\u200b\ufeff"])
def test_nothing_said_is_neutral(classifier: Classifier, text: str) -> None:
    assert classifier.predict([text])[0] == Prediction(0, "neu", (0.0, 1.0, 0.0), 0, False)


def test_only_text_messages_of_a_chat_are_scored(classifier: Classifier) -> None:
    messages = (
        message("<Médias omis>", "media"),
        message("c'est nul"),
        message("", "deleted"),
        message("super"),
    )
    predictions = nlpchat.classify(Chat("t", "whatsapp", messages, ("Zoé",)), classifier)
    assert [(p.message, p.label) for p in predictions] == [(1, "neg"), (3, "pos")]


def test_one_text_none_and_any_iterable(classifier: Classifier) -> None:
    assert [p.label for p in classify("super", classifier)] == ["pos"]
    assert len(classify([], classifier)) == 0
    assert [p.label for p in classify(iter(TEXTS), classifier)] == LABELS


@pytest.mark.parametrize(("threads", "workers"), [(1, None), (2, 1), (3, 2)])
def test_threads_change_no_score(bundle: Bundle, classifier: Classifier, threads: int, workers: int | None) -> None:
    other = Classifier(bundle, threads=threads, workers=workers)
    assert np.allclose(other.predict(TEXTS).scores, classifier.predict(TEXTS).scores, atol=1e-6)


def test_predictions_are_a_sequence_with_a_table(classifier: Classifier) -> None:
    predictions = classifier.predict(TEXTS)
    assert predictions[-1] == list(predictions)[-1]
    assert [p.message for p in predictions[1:3]] == [1, 2]
    with pytest.raises(IndexError):
        predictions[len(TEXTS)]
    assert predictions.counts() == {"neg": 2, "neu": 1, "pos": 3}
    assert sum(predictions.shares().values()) == pytest.approx(1)
    strongest = predictions.strongest("pos", 2)
    assert len(strongest) == 2
    assert strongest[0].scores[2] >= strongest[1].scores[2]
    table = predictions.to_pandas()
    assert list(table.columns) == ["message", "label", "neg", "neu", "pos", "tokens", "cut"]
    assert table["label"].tolist() == LABELS
    assert Predictions.joined([]).shares() == {"neg": 0.0, "neu": 0.0, "pos": 0.0}


def test_unsure_below_a_threshold(bundle: Bundle, classifier: Classifier) -> None:
    plain = classify(TEXTS, classifier)
    best = plain.scores.max(axis=1)
    unsure = []
    for least in (0.0, 0.3, 0.5, 0.9, 1.0):
        said = classify(TEXTS, classifier, abstain=least)
        assert [p.label for p in said] == [
            "unsure" if score < least else p.label for p, score in zip(plain, best, strict=True)
        ]
        assert np.array_equal(said.scores, plain.scores)
        unsure.append(said.counts().get("unsure", 0))
        assert sum(said.shares().values()) == pytest.approx(1)
        assert said.to_pandas()["label"].tolist() == [p.label for p in said]
    assert unsure == sorted(unsure)
    assert (unsure[0], unsure[-1]) == (0, len(TEXTS))
    assert len(set(unsure)) > 2
    assert set(plain.counts()) == set(room.LABELS)


def test_a_classifier_that_abstains_does_so_always(bundle: Bundle, classifier: Classifier) -> None:
    least = float(np.median(classifier.predict(TEXTS).scores.max(axis=1)))
    wary = Classifier(bundle, abstain=least)
    said = wary.predict(TEXTS)
    assert said.counts()["unsure"] == 3
    assert [p.label for p in said[1:4]] == [p.label for p in said][1:4]
    assert classify(Chat("t", "whatsapp", tuple(map(message, TEXTS)), ("Zoé",)), wary).counts() == said.counts()
    assert "unsure" not in classify(TEXTS, wary, abstain=0).counts()
    assert {p.label for label in room.LABELS for p in said.strongest(label, 9)} <= set(room.LABELS)
    assert wary.predict([""])[0].label == "neu"


@pytest.mark.parametrize("least", [-0.1, 1.01, float("nan")])
def test_a_threshold_is_a_share(bundle: Bundle, least: float) -> None:
    for call in (lambda: classify(TEXTS, bundle, abstain=least), lambda: Classifier(bundle, abstain=least)):
        with pytest.raises(RecipeError, match=r"abstain must be 0\.0 to 1\.0"):
            call()


@pytest.mark.parametrize("zone", [None, UTC])
def test_a_table_joins_with_the_chats_messages(bundle: Bundle, zone: tzinfo | None) -> None:
    kinds = ("text", "media", "text", "notice", "text")
    messages = tuple(
        Message(datetime(2024, 5, n + 1, tzinfo=zone), None if kind == "notice" else f"p{n % 2}", f"mot {n}", kind, n)
        for n, kind in enumerate(kinds)
    )
    chat = Chat("t", "whatsapp", messages, ("p0", "p1"))
    table = classify(chat, bundle).to_pandas(chat)
    assert list(table.columns)[:5] == ["message", "sent_at", "author", "text", "label"]
    assert table["text"].tolist() == [chat.messages[i].text for i in table["message"]] == ["mot 0", "mot 2", "mot 4"]
    assert table["sent_at"].tolist() == [chat.messages[i].sent_at for i in table["message"]]
    shorter = Chat("t", "whatsapp", messages[:3], ("p0", "p1"))
    with pytest.raises(RecipeError, match="Give the chat that was classified"):
        classify(chat, bundle).to_pandas(shorter)
