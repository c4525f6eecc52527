"""The pipelines of the project."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from nlpchat.cli import COMMANDS, main
from nlpchat.pipeline import Pipeline, faults_of, read_pipeline, understood

PIPELINES = Path(__file__).parents[2] / "pipelines"
BASE = PIPELINES / "fr-base.toml"


def read(file: Path, size: str | None = None) -> Pipeline:
    return read_pipeline(file, commands=COMMANDS, size=size, understand=partial(understood, main))


def told(pipeline: Pipeline, name: str) -> dict[str, str]:
    """The options of a step, by what follows them."""
    step = next(step for step in pipeline.steps if step.name == name)
    return {option: value for option, value in pairwise(step.command) if option.startswith("--")}


def test_the_pipelines_of_the_project_are_without_fault():
    """Words of every step of every size, as their commands read them."""
    files = sorted(PIPELINES.glob("*.toml"))
    assert len(files) >= 5
    for file in files:
        pipeline = read(file)
        assert pipeline.steps
        for size in pipeline.sizes:
            assert read(file, size).steps


def test_a_pipeline_opens_with_the_line_that_runs_it():
    for file in PIPELINES.glob("*.toml"):
        head = file.read_text(encoding="utf-8").partition("\ntitle = ")[0]
        assert f"#   nlpchat run pipelines/{file.name}" in head
        assert "two cores" in head or "2 cores" in head  # what it needs


def test_fr_base_goes_from_a_dump_to_a_bundle_in_both_directions():
    faults = partial(faults_of, BASE, commands=COMMANDS, understand=partial(understood, main))
    assert faults(asked={"contact": "me@example.org"}) == []
    (fault,) = faults()
    assert "say it with --set contact=..." in fault
    assert fault.endswith("(size published)")
    base = read(BASE)
    commands = [step.command[0] for step in base.steps]
    assert commands == [
        "scrape", "scrape", "corpus", "train-tokenizer", "pretrain-lm", "pretrain-lm", "finetune-lm", "finetune-lm",
        "train-classifier", "train-classifier", "ensemble", "export", "export", "evaluate",
    ]  # fmt: skip
    assert [step.options["backward"] for step in base.steps if step.command[0] == "pretrain-lm"] == [False, True]
    assert all(step.resume for step in base.steps if "lm" in step.command[0] or "classifier" in step.command[0])


def test_size_small_of_fr_base_needs_nothing_but_the_repository():
    small = read(BASE, "small")
    assert faults_of(BASE, commands=COMMANDS, size="small", understand=partial(understood, main)) == []
    assert not [step for step in small.steps if any("{contact}" in word or "{dump}" in word for word in step.command)]
    assert [step.command[:2] for step in small.steps if step.command[0] == "scrape"] == [("scrape", "wikipedia")]
    (dump,) = [place for step in small.steps for place in step.inputs if place.endswith("frwiki.xml")]
    assert dump.startswith("{here}/")
    assert {name.split("-")[0] for name in (step.name for step in small.steps)} >= {
        "wikipedia",
        "films",
        "ensemble",
        "bundle",
    }


@pytest.mark.parametrize("name", ["lm", "lm-backward"])
def test_fr_base_pretrains_as_multifit_does(name):
    published = told(read(PIPELINES / "multifit.toml"), "lm")
    ours = told(read(BASE), name)
    for option in set(published) - {"--cap"}:
        assert ours[option] == published[option], option
    assert (ours["--emb"], ours["--hidden"], ours["--layers"], ours["--epochs"]) == ("400", "1550", "4", "10")
    assert told(read(BASE), "tokenizer")["--pieces"] == "15000"


def test_the_published_recipes_run_as_published_unless_a_size_is_chosen():
    for name in ("ulmfit", "multifit"):
        file = PIPELINES / f"{name}.toml"
        published, small = (read_pipeline(file, commands=COMMANDS, size=size) for size in (None, "small"))
        told, reduced = (
            {option: value for option, value in pairwise(pipeline.steps[1].command) if option.startswith("--")}
            for pipeline in (published, small)
        )
        assert (told["--emb"], told["--layers"], told["--bptt"]) == ("400", "3" if name == "ulmfit" else "4", "70")
        assert (told["--alpha"], told["--beta"], told["--clip"]) == ("2", "1", "0.12")
        assert (told["--hidden"], told["--batch"]) == (("1152", "64") if name == "ulmfit" else ("1550", "50"))
        assert int(reduced["--hidden"]) <= 256
        assert told["--norm"] == "none"
        assert "--no-residual" in published.steps[1].command
        assert len(published.steps[1].command) == len(small.steps[1].command)
