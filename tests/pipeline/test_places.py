"""Places: filled in, matched, and taken out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlpchat.errors import RecipeError
from nlpchat.pipeline.places import Places, is_pattern

PLACES = Places(
    data=Path("/d/data"), runs=Path("runs/tiny"), here=Path("/p/pipelines"),
    asked={"dump": "/home/me/frwiki.bz2", "contact": "me@example.org"}, hidden=frozenset({"contact"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("word", "filled"),
    [
        ("{runs}/lm", "runs/tiny/lm"),
        ("{here}/../models", "/p/pipelines/../models"),
        ("--lm={runs}/lm", "--lm=runs/tiny/lm"),
        ("{dump}", "/home/me/frwiki.bz2"),
        ("{contact}", "me@example.org"),
        ("no place", "no place"),
    ],
)
def test_places_are_filled_in(word, filled):
    assert PLACES.fill(word) == filled


def test_what_stands_for_nothing_is_said():
    with pytest.raises(RecipeError, match=r"says no folder for it\. Give one with --data"):
        Places(None, Path("runs"), Path("/p")).fill("{data}/a")
    with pytest.raises(RecipeError, match="--set dump="):
        Places(None, Path("runs"), Path("/p")).fill("{dump}")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("runs/tiny/lm: perplexity 3.", "{runs}/lm: perplexity 3."),
        ("/p/pipelines/../nlpchat/models/fr: 9 MB.", "{here}/../nlpchat/models/fr: 9 MB."),
        ("read /d/data/a.txt, /d/data/b.txt.", "read {data}/a.txt, {data}/b.txt."),
        ("all in runs/tiny.", "all in {runs}."),
        ("runs/tiny.small/lm", "runs/tiny.small/lm"),  # another size's
        ("my/runs/tiny/lm and runs/tiny2", "my/runs/tiny/lm and runs/tiny2"),
        ("sent as nlpchat/1 (me@example.org)", "sent as nlpchat/1 ({contact})"),
        ({"/d/data/a": {"n": 1, "of": ["/d/data"]}}, {"{data}/a": {"n": 1, "of": ["{data}"]}}),
        (None, None),
        (3, 3),
    ],
)
def test_a_result_names_places_and_no_folders(said, kept):
    assert PLACES.unfill(said) == kept


def test_a_folder_named_as_a_word_is_not_taken_for_it():
    places = Places(None, Path("runs"), Path("/p"))
    assert places.unfill("5 runs in runs/lm") == "5 runs in {runs}/lm"
    assert Places(None, Path(), Path("/p")).unfill("Done. ./a") == "Done. ./a"


def test_what_a_step_reads_and_makes_is_known_by_another_way_to_it(tmp_path):
    (tmp_path / "models").mkdir()
    places = Places(None, Path("runs"), tmp_path / "pipelines")
    said = f"{(tmp_path / 'models' / 'fr').as_posix()}: well."
    assert places.unfill(said) == said
    assert places.unfill(said, ["{here}/../models/fr"]) == "{here}/../models/fr: well."


def test_what_was_filled_in_comes_back(tmp_path):
    places = Places(tmp_path / "data", tmp_path / "runs", tmp_path)
    for word in ("{runs}/a b/c.txt", "{data}/x", "{here}/y", "{runs}"):
        assert places.unfill(places.fill(word)) == word


def test_patterns_match_files_of_the_place_and_no_others(tmp_path):
    odd = tmp_path / "a [b] *"
    (odd / "texts").mkdir(parents=True)
    for name in ("train-2.txt", "train-10.txt", "valid-1.txt"):
        (odd / "texts" / name).touch()
    places = Places(None, odd, tmp_path)
    assert [one.name for one in places.found("{runs}/texts/train-*.txt")] == ["train-10.txt", "train-2.txt"]
    assert places.words("{runs}/*/valid-?.txt") == [(odd / "texts" / "valid-1.txt").as_posix()]
    assert places.found("{runs}/texts") == [odd / "texts"]
    with pytest.raises(RecipeError, match="no file matches it"):
        places.words("{runs}/texts/test-*.txt")
    assert not is_pattern("a*b")
    assert not is_pattern("why?")
