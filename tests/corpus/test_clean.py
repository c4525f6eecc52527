"""What stays of a batch: labels by the rule, French, people's own lines; short chat lines whatever the language guess says."""

from __future__ import annotations

import pickle

import pytest

from nlpchat.corpus.boilerplate import is_boilerplate
from nlpchat.corpus.card_words import BuildRules, LabelRule
from nlpchat.corpus.clean import CleanOptions, clean_batch
from nlpchat.corpus.language import is_foreign
from nlpchat.corpus.reading import Row
from nlpchat.exclude import digest_of

STARS = LabelRule(neg=0.4, pos=0.8)
LABELLED, TEXT = CleanOptions("labelled", STARS), CleanOptions("text")
FRENCH = "Le film est un peu long, mais la dernière scène m'a fait pleurer."
ENGLISH = "This movie is far too long and I nearly fell asleep in the middle."


def labels(*ratings: float, keep: tuple[str, ...] = ("neg", "neu", "pos")) -> list[str | None]:
    rule = LabelRule(keep, 0.4, 0.8)
    rows = [Row(f"texte {number}", rating=rating) for number, rating in enumerate(ratings)]
    return [row.label for row in clean_batch(rows, CleanOptions("labelled", rule)).rows]


def test_ratings_become_labels_by_the_rule() -> None:
    assert labels(0.0, 2 / 5, 0.41, 3 / 5, 0.79, 4 / 5, 1.0) == ["neg", "neg", "neu", "neu", "neu", "pos", "pos"]
    assert labels(4 / 10, 8 / 10, 0.1 + 0.2, 0.5) == ["neg", "pos", "neg", "neu"]
    assert labels(0.5, 1.0, keep=("neg", "pos")) == ["pos"]


def test_why_rows_are_left_out_is_counted() -> None:
    rows = [
        Row("bien", label="pos"),
        Row("sans étoile"),
        Row("les deux", label="mixed"),
        Row("   \n ", label="neu"),
        Row(ENGLISH, label="neg"),
        Row("Lire la suite", label="neu"),
        Row("a demandé", label="pos", site="allocine", review_id="7"),
    ]
    part = clean_batch(rows, CleanOptions("labelled", STARS, exclude=frozenset({"allocine:7"})))
    assert [row.text for row in part.rows] == ["bien"]
    assert part.left_out == {
        "without a label": 1,
        "another label": 1,
        "empty": 1,
        "not in the language": 1,
        "of the page, not of a person": 1,
        "asked to be left out": 1,
    }


def test_a_label_that_a_row_has_is_kept_whatever_its_rating() -> None:
    assert clean_batch([Row("ironie", label="neg", rating=1.0)], LABELLED).rows[0].label == "neg"


def test_letters_stay_and_paragraphs_too() -> None:
    row = Row(" De\u0301c\u0327u…\n\nspoiler:\n Il meurt  ! 😭 ", label="neg")
    part = clean_batch([row], LABELLED)
    assert part.rows[0].text == "Déçu…\n\nIl meurt  ! 😭"
    assert part.lines_out == {"of the page, not of a person": 1}


def test_of_a_document_only_foreign_lines_go() -> None:
    part = clean_batch([Row(f"{FRENCH}\n{ENGLISH}\nok")], TEXT)
    assert part.rows[0].text == f"{FRENCH}\nok"
    assert part.lines_out == {"not in the language": 1}
    assert (
        len(clean_batch([Row(f"{FRENCH}\n{ENGLISH}")], CleanOptions("text", build=BuildRules(language=""))).line_keys)
        == 2
    )


def test_one_line_of_a_document_is_left_out_by_its_digest() -> None:
    options = CleanOptions("text", exclude=frozenset({digest_of("à oublier")}))
    part = clean_batch([Row("reste\nà oublier")], options)
    assert (part.rows[0].text, part.lines_out) == ("reste", {"asked to be left out": 1})


def test_cleaning_twice_changes_nothing() -> None:
    rows = [Row(f"{FRENCH}\n\nspoiler:\nVoir plus\n {ENGLISH}"), Row("  ok "), Row("De\u0301c\u0327u")]
    once = clean_batch(rows, TEXT)
    assert clean_batch(once.rows, TEXT).rows == once.rows


def test_the_side_is_that_of_the_row_as_it_was_read() -> None:
    """A better cleaning, or another language check, moves nothing."""
    rows = [Row(f"spoiler:\ncritique {number}", label="pos") for number in range(60)]
    other = CleanOptions("labelled", STARS, BuildRules(language="", near=0))
    assert clean_batch(rows, LABELLED).sides == clean_batch(rows, other).sides
    assert len(set(clean_batch([Row(f"t{n}", f"g{n}", "pos") for n in range(99)], LABELLED).sides)) == 3


def test_a_part_and_its_options_travel() -> None:
    part = clean_batch([Row(FRENCH, label="pos")], pickle.loads(pickle.dumps(LABELLED)))  # noqa: S301 (its own)
    again = pickle.loads(pickle.dumps(part))  # noqa: S301 (its own)
    assert (again.rows, again.keys.tolist(), again.left_out) == (part.rows, part.keys.tolist(), part.left_out)


CHAT = """jtm fort | ftg | tg jim | slt cv ? | keske wlh | mdrrr | ok | 👍🔥💯 | lol jsp frr | bv bv | tkt bb | jui mor 2 rire ptdr
g pa u le tem dsl, jtapel 2m1 | Nn cv merci g deja un :) | tes ds kel wagon ? ^^ | tro hate detr a dem1 jariv pa a dormir 🤗
Aaaaaaaaaaaaaahhhhh arrete ca my gooooooode mdrrr | jtatten depui 40 min jmgele tu fou koi ???? | bisou bisou bisou bisou bisou"""
FOREIGN = """We have not been able to talk to Julien yet. We will call you as soon as we talk to him.
La aplicación es excelente, solo que me come la batería en dos horas
Das Buch ist leider viel zu lang und die Figuren bleiben blass
Non vedo l'ora di vederti questo fine settimana, ci sentiamo dopo
Это приложение не работает после последнего обновления, верните деньги"""


def test_chat_lines_are_not_thrown_out_by_a_guess() -> None:
    lines = [line.strip() for line in CHAT.replace("\n", "|").split("|")]
    assert len(lines) > 15
    assert [line for line in lines if is_foreign(line)] == []


def test_another_language_is_found() -> None:
    lines = FOREIGN.splitlines()
    assert [line for line in lines if not is_foreign(line)] == []


def test_french_with_a_name_in_another_script_is_french() -> None:
    assert not is_foreign(
        "La Mauritanie (en arabe : موريتانيا), en forme longue la république islamique de Mauritanie."
    )


@pytest.mark.parametrize(
    "line",
    ["Lire la suite", "« Voir plus »", "spoiler:", "[modifier | modifier le code]", "© 2026 Exemple SA", "Achat vérifié",
     "Signaler un abus", "12 personnes ont trouvé cet avis utile", "Nous utilisons des cookies pour mesurer l’audience."],
)  # fmt: skip
def test_what_a_page_says_of_itself(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    ["j'ai hâte de lire la suite", "Publicité mensongère, produit cassé", "ok", "je refuse", "tu peux partager ?",
     "Attention, cette critique contient des spoilers sur la fin et je m'en excuse, " + "mais c'est dit. " * 8],
)  # fmt: skip
def test_what_a_person_says(line: str) -> None:
    assert not is_boilerplate(line)
