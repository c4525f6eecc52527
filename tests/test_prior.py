"""The prior: found again where it is known, left alone where little is known, and applied by Bayes' rule."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.bundle import load_bundle
from nlpchat.classifier import Classifier, classify
from nlpchat.cli import main
from nlpchat.errors import BundleError, RecipeError
from nlpchat.prior import assumed_prior, estimated_prior, shares_of, with_prior

ASSUMED = np.array([0.25, 0.5, 0.25])


def drawn(shares, n, seed=0, sureness=2.0):
    """Scores of a classifier calibrated for ASSUMED, of texts whose labels have other shares; and the labels.

    A text is a point drawn around its label's corner; its scores are what Bayes' rule gives under ASSUMED.
    """
    random = np.random.default_rng(seed)
    labels = random.choice(3, n, p=shares)
    points = sureness * np.eye(3)[labels] + random.normal(size=(n, 3))
    likelihood = np.exp(-((points[:, None, :] - sureness * np.eye(3)[None]) ** 2).sum(2) / 2)
    scores = likelihood * ASSUMED
    return scores / scores.sum(1, keepdims=True), labels


@pytest.mark.parametrize("shares", [(0.1, 0.8, 0.1), (0.05, 0.9, 0.05), (0.4, 0.2, 0.4), (0.3, 0.5, 0.2)])
def test_known_shares_are_found_again_and_read_better(shares):
    scores, labels = drawn(shares, 20_000)
    found = estimated_prior(scores, ASSUMED)
    assert np.abs(found - shares).max() < 0.03
    moved = scores * found / ASSUMED
    assert (moved.argmax(1) == labels).mean() >= (scores.argmax(1) == labels).mean() - 0.002


def test_few_messages_stay_near_the_classifiers_own():
    scores, _ = drawn((0.02, 0.96, 0.02), 20)
    assert np.abs(estimated_prior(scores, ASSUMED) - ASSUMED).max() < 0.1
    assert estimated_prior(np.zeros((0, 3)), ASSUMED) == pytest.approx(ASSUMED)


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), max_size=30), st.tuples(*[st.floats(0.01, 1)] * 3))
def test_shares_are_shares_whatever_the_scores(rows, wanted):
    scores = np.array(rows).reshape(-1, 3) + 1e-9
    found = estimated_prior(scores / scores.sum(1, keepdims=True), shares_of(wanted))
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()


def test_the_classifiers_own_prior_moves_nothing():
    bundle = load_bundle()
    said = classify(["trop bien ce film", "t'es où ?", "jsuis dégoûté"])
    moved, shares = with_prior(said, bundle, assumed_prior(bundle))
    assert moved.scores == pytest.approx(said.scores, abs=2e-5)
    assert shares == pytest.approx(assumed_prior(bundle), abs=1e-3)
    more, _ = with_prior(said, bundle, (1, 50, 1))
    assert (more.scores[:, 1] >= said.scores[:, 1]).all()


def test_classify_takes_a_prior():
    texts = ["trop bien ce film", "ok", "bof"]
    classifier = Classifier()
    neutral = classify(texts, classifier, prior=(0.001, 0.998, 0.001))
    assert [one.label for one in neutral] == ["neu"] * 3
    assert classify(texts, classifier, prior="auto", abstain=1.0)[1].label == "unsure"


@pytest.mark.parametrize("wanted", [(1, 2), (1, 0, 2), (1, 2, float("nan")), (1, 1, -1), ()])
def test_faulty_priors_are_refused(wanted):
    with pytest.raises(RecipeError, match="three numbers above 0"):
        shares_of(wanted)


def test_a_classifier_that_does_not_say_its_prior_is_refused(tmp_path):
    copy = shutil.copytree(load_bundle().folder, tmp_path / "old")
    manifest = json.loads((copy / "bundle.json").read_text())
    del manifest["scores"]["prior"]
    (copy / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="does not say which prior"):
        classify(["oui"], str(copy), prior="auto")


def run(*args, **more):
    return CliRunner().invoke(main, ["classify", *map(str, args)], **more)


def test_the_command_estimates_says_and_applies_it(tmp_path):
    chat = tmp_path / "chat.txt"
    lines = [f"12/05/2024, 14:{m:02d} - {'Ana' if m % 2 else 'Bo'}: t'arrives à {m}h ?" for m in range(60)]
    chat.write_text("\n".join(lines), encoding="utf-8")
    out = run(chat, "--prior", "auto")
    assert out.exit_code == 0, out.output
    assert "prior estimated from 60 messages: neg" in out.stderr
    assert run(chat, "--prior", "0.1,0.8,0.1").exit_code == 0
    fixed = run("--text", "trop bien", "--text", "super", "--prior", "0.0001,1,0.0001", "--json")
    assert [json.loads(line)["label"] for line in fixed.stdout.splitlines()] == ["neu", "neu"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--text", "oui", "--prior", "auto"], "estimated from a conversation"),
        (["-", "--prior", "auto"], "estimated from a conversation"),
        (["--text", "oui", "--prior", "0.5,0.5"], "three numbers above 0"),
        (["--text", "oui", "--prior", "a,b,c"], "three numbers above 0"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(given, said):
    out = run(*given)
    assert out.exit_code == 2
    assert said in out.stderr
