"""What commands make of the words of a step: their options, and all that is wrong with them at once."""

from __future__ import annotations

import click
import pytest

from nlpchat.cli import main
from nlpchat.cli.scrape import command as scrape
from nlpchat.pipeline import understood

LM = ("pretrain-lm", "{data}/a.txt", "--tokenizer", "{runs}/t", "-o", "{runs}/lm")
CLASSIFIER = ("train-classifier", "{data}/a.jsonl", "--lm", "{runs}/lm", "-o", "{runs}/c")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train-tokenizer", "a.txt", "-o", "t", "--pices", "3"), ["No such option '--pices'", "'--pieces'"]),
        (
            ("train-tokenizer", "--pices", "3", "--seed", "y", "--lines", "x"),
            ["'--pices'", "'-o' / '--output'", "'--lines': 'x'", "'--seed': 'y'"],
        ),
        (("train-tokenizer", "-o", "t"), ["Missing argument 'TEXTS...'"]),
        (("export", "a", "b", "-o", "c"), ["nothing is known of b"]),
        (("export", "-zq", "x", "-o", "c"), ["No such option '-z'"]),
        (("evaluate", "x", "--json=3", "--seed"), ["'--json' does not take a value", "'--seed' requires"]),
        (("export", "x", "--help"), ["--help only shows the help"]),
        (
            (*LM, "--norm", "post", "--batch", "1.5"),
            ["'--norm': 'post' is not one of 'none', 'pre'", "'--batch': '1.5'"],
        ),
        ((*LM, "--hidden", "-3", "--dropouts", "1,2"), ["hidden must be above 0, not -3; dropouts must be five rates"]),
        ((*LM, "--window", "a"), ["window must be 1 or 2 for each layer"]),
        ((*CLASSIFIER, "--cap-of", "b", "--noise", "2"), ["'--cap-of': 'b' is not NAME=ROWS"]),
        ((*CLASSIFIER, "--noise", "2"), ["noise must be 0.0 to 1.0, not 2.0"]),
        (("find-lr",), ["say which of its commands: finetune-lm, pretrain-lm, train-classifier"]),
        (("find-lr", "pretrain-ml"), ["'pretrain-ml'"]),
    ],
)
def test_all_that_is_wrong_with_words_is_said(words, said):
    faults = understood(main, words).faults
    for part in said:
        assert any(part in fault for fault in faults), faults
    assert len(faults) <= len(said)


@pytest.mark.parametrize(
    "words", [LM, CLASSIFIER, ("export", "{runs}/c", "-o", "{runs}/b", "--check", "{data}/a.jsonl")]
)
def test_places_stand_where_paths_are_expected(words):
    assert understood(main, words).faults == ()


def test_options_are_told_with_their_defaults_and_without_paths():
    words = understood(main, (*LM, "--emb", "8", "--no-residual", "--seed", "7", "--resume", "--minutes", "3"))
    assert words.seed == 7
    assert (words.options["emb"], words.options["layers"], words.options["residual"]) == (8, 3, False)
    assert not {"seed", "resume", "minutes", "tokenizer", "output", "texts", "cap"} & set(words.options)
    assert "--resume" in words.flags
    assert "--resume" not in understood(main, ("export", "a", "-o", "b")).flags


def test_a_command_within_a_group_is_found_in_whatever_order_the_group_takes():
    group = click.Group(commands={"scrape": scrape})
    reviews = understood(group, ["scrape", "allocine", "--films", "100", "--contact", "{contact}", "-o", "{runs}/a"])
    assert reviews.faults == ()
    assert reviews.options["films"] == 100
    assert "contact" not in reviews.options  # a place
    assert understood(group, ["scrape", "https://www.allocine.fr/film/x", "-o", "{runs}/a"]).faults == ()
    assert understood(group, ["scrape", "--from-html", "babelio", "{data}/a.html", "-o", "{runs}/b"]).faults == ()
    (fault,) = understood(group, ["scrape", "allocine", "--films", "x", "-o", "{runs}/a"]).faults
    assert "'--films': 'x' is not a valid integer" in fault
    assert understood(group, ["scrape", "--nonsense"]).faults
    assert understood(group, ["scrape"]).faults


def test_nothing_runs(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    understood(main, ("parse", "absent.txt", "-o", "x.csv"))
    understood(main, ("export", "--help"))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
