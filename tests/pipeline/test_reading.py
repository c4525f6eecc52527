"""Pipeline files: what they say, and everything that is wrong with them at once."""

from __future__ import annotations

import pytest

from nlpchat.cli import COMMANDS
from nlpchat.errors import RecipeError
from nlpchat.pipeline import read_pipeline, run_pipeline
from tests.pipeline.bench import PIPELINE, Bench


def test_all_faults_of_a_file_are_said_at_once(tmp_path):
    bench = Bench(
        tmp_path,
        """
titel = "t"
[sets]
one = ["{nowhere}/a"]
[[step]]
name = "a"
command = ["train-tokeniser", "@tets", true, "-o", "{runs}/a"]
[[step]]
name = "a"
command = ["parse", "{runs}/z/b"]
out = 2
[[step]]
name = "z"
command = ["run", "x", "-o", "{runs}/z"]
[[step]]
command = "parse chat.txt"
resume = "yes"
""",
    )
    with pytest.raises(RecipeError) as caught:
        bench.run()
    said = str(caught.value)
    for part in (
        "unknown key 'titel'",
        "title must be a word or a sentence, and is missing",
        "{nowhere} is no place",
        "no command 'train-tokeniser'; there are ",
        "no set '@tets' under [sets]",
        "True is neither a word nor a number",
        "2 steps have this name",
        "step 'a': unknown key 'out'",
        "reads {runs}/z/b, which step 'z' makes, not before it",
        "no command 'run'",
        "step number 4: name must be",
        "step number 4: command: must be a list of words",
        "step number 4: resume must be true or false",
    ):
        assert part in said
    assert "13 fault(s)" in said


@pytest.mark.parametrize(("text", "says"), [("title = ", "not a pipeline file"), ('title = "t"', "no steps")])
def test_what_is_no_pipeline(tmp_path, text, says):
    with pytest.raises(RecipeError, match=says):
        Bench(tmp_path, text).run()


SIZED = PIPELINE.replace(
    "[sets]",
    """[sizes.full]
suffix = "jsonl"
rows = 7

[sizes.small]
suffix = "csv"

[sets]""",
).replace("second.jsonl", "second.{suffix}")


def test_a_size_chooses_values_runs_and_lock(tmp_path):
    bench = Bench(tmp_path, SIZED)
    assert bench.run() == ("first", "second")
    assert bench.said[0] == "size full (others: --size small)"
    assert (bench.runs / "second.jsonl").exists()
    assert bench.locked()["second"]["command"][-1] == "{runs}/second.jsonl"

    small = read_pipeline(bench.file, commands=COMMANDS, size="small")
    assert (small.name, small.size, small.sizes) == ("two.small", "small", ("full", "small"))
    assert run_pipeline(small, runs=tmp_path / "small").lock == tmp_path / "two.small.lock.json"
    assert (tmp_path / "small" / "second.csv").exists()
    assert bench.run() == ()  # the other size's lock is as it was
    with pytest.raises(RecipeError, match="no size 'big'; there are full, small"):
        read_pipeline(bench.file, commands=COMMANDS, size="big")


def test_a_pipeline_without_sizes_has_none_to_choose(bench):
    assert read_pipeline(bench.file, commands=COMMANDS).name == "two"
    with pytest.raises(RecipeError, match="no size 'small'; it states none"):
        read_pipeline(bench.file, commands=COMMANDS, size="small")


def test_faults_of_sizes_are_said(tmp_path):
    faulty = SIZED.replace("rows = 7", "runs = 7\ndeep = [1]").replace('suffix = "csv"', "rows = 3")
    with pytest.raises(RecipeError) as caught:
        Bench(tmp_path, faulty.replace("{suffix}", "{sufix}")).run()
    for part in (
        "size 'full': runs is the name of a place",
        "size 'full': deep is [1], neither a word nor a number",
        "size 'small': rows is not stated by the first size",
        "{sufix} is no place and no value; there are {data}, {runs}, {here}, {suffix}",
    ):
        assert part in str(caught.value)


def test_a_step_may_belong_to_some_sizes_alone(tmp_path):
    text = SIZED.replace('name = "second"', 'name = "second"\nsizes = ["full"]')
    text += """
[[step]]
name = "second"
sizes = ["small"]
command = ["parse", "{runs}/first/a.csv", "-o", "{runs}/second.{suffix}"]
"""
    bench = Bench(tmp_path, text)
    assert [step.command[1] for step in bench.read().steps] == ["{data}/a.txt", "{data}/b.txt"]
    assert [step.command[1] for step in bench.read(size="small").steps] == ["{data}/a.txt", "{runs}/first/a.csv"]
    bench.write(text.replace('sizes = ["small"]', 'sizes = ["smal"]'))
    with pytest.raises(RecipeError, match="step 'second': no size 'smal' is stated"):
        bench.read()


def test_faults_of_what_is_asked_for_are_said(tmp_path):
    bench = Bench(
        tmp_path,
        """
[ask]
runs = { what = "a place's name" }
one = "word"
two = { what = "two", deflaut = "2", file = "yes" }
three = { default = "{nowhere}/3" }
"""
        + PIPELINE.replace('title = "Two chats as tables"\ndata = "chats"', "").replace(
            "[sets]", '[sets]\nx = ["{two}"]'
        ),
    )
    bench.write('title = "t"\ndata = "chats"\n' + bench.file.read_text(encoding="utf-8"))
    with pytest.raises(RecipeError) as caught:
        bench.read(asked={"four": "4"})
    for part in (
        "ask 'runs': there is a place or a value of that name",
        "ask 'one': must be a table",
        "ask 'two': unknown key 'deflaut'",
        "ask 'two': file must be true or false",
        "ask 'three': what must be a word or a sentence, and is missing",
        "ask 'three': {nowhere} is no place",
        "--set four=...: the file does not ask for it; it asks for runs, two, three",
        "7 fault(s)",
    ):
        assert part in str(caught.value)


def test_inputs_and_outputs_are_found_however_options_are_written(bench):
    bench.write("""
title = "t"
[[step]]
name = "lm"
command = ["pretrain-lm", "{here}/a.txt", "--tokenizer={runs}/tokenizer", "--output={runs}/lm", "--emb", 8]
""")
    (step,) = bench.read().steps
    assert step.inputs == ("{here}/a.txt", "{runs}/tokenizer")
    assert step.outputs == ("{runs}/lm",)
    assert step.options["emb"] == 8
    assert step.options["layers"] == 3  # a default


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("{runs}/a", "{runs}/a", "makes {runs}/a, as step 'one' does"),
        ("{runs}/a", "{runs}/./a/", "makes {runs}/./a/, as step 'one' does"),
        ("{runs}/a", "{runs}/a/b", "makes {runs}/a/b, in or around what step 'one' makes"),
        ("{runs}/a/b", "{runs}/a", "makes {runs}/a, in or around what step 'one' makes"),
    ],
)
def test_two_steps_do_not_make_one_thing(bench, first, second, said):
    steps = "".join(
        f'[[step]]\nname = "{name}"\ncommand = ["parse", "{{data}}/a.txt", "-o", "{place}"]\n'
        for name, place in (("one", first), ("two", second))
    )
    bench.write(f'title = "t"\ndata = "chats"\n{steps}')
    with pytest.raises(RecipeError, match="1 fault") as caught:
        bench.read()
    assert f"step 'two': {said}" in str(caught.value)


def test_what_only_looks_alike_is_no_fault(bench):
    """One name may begin with another's, and what is beside a place is not in it."""
    places = ["{runs}/a", "{runs}/ab", "{here}/../a", "{runs}/b/a", "{here}/a"]
    steps = "".join(
        f'[[step]]\nname = "{number}"\ncommand = ["parse", "{{data}}/a.txt", "-o", "{place}"]\n'
        for number, place in enumerate(places)
    )
    bench.write(f'title = "t"\ndata = "chats"\n{steps}')
    assert len(bench.read().steps) == 5


def test_a_step_that_reads_what_it_makes_is_a_fault(bench):
    bench.write(PIPELINE.replace("{runs}/first/a.csv", "{data}/a.txt"))
    with pytest.raises(RecipeError, match=r"step 'first': reads \{data\}/a\.txt, which it makes itself"):
        bench.read()
