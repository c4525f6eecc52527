"""Pipelines, with real steps: what runs, what is skipped, what the lock keeps, and what is refused."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from nlpchat.cli import COMMANDS
from nlpchat.errors import InputError, NlpchatError, RecipeError
from nlpchat.pipeline import read_pipeline, run_pipeline

CHAT = "13/05/2026, 08:00 - Alice: trop bien !\n13/05/2026, 08:01 - Bob: à demain\n"

PIPELINE = """
title = "Two chats as tables"
data = "chats"

[sets]
both = ["{data}/a.txt", "{data}/b.txt"]

[[step]]
name = "first"
command = ["parse", "{data}/a.txt", "-o", "{runs}/first/a.csv"]

[[step]]
name = "second"
command = ["parse", "{data}/b.txt", "-o", "{runs}/second.jsonl"]
inputs = ["@both", "{runs}/first/a.csv"]
"""


class Bench:
    """A pipeline file with its data and runs in one folder; `run()` gives the names that ran."""

    def __init__(self, folder: Path, text: str = PIPELINE) -> None:
        self.folder, self.file, self.runs = folder, folder / "two.toml", folder / "runs"
        self.lock = folder / "two.lock.json"
        self.said: list[str] = []
        (folder / "chats").mkdir()
        for name in ("a.txt", "b.txt"):
            (folder / "chats" / name).write_text(CHAT, encoding="utf-8")
        self.write(text)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def run(self, **options: object) -> tuple[str, ...]:
        self.said.clear()
        pipeline = read_pipeline(self.file, commands=COMMANDS)
        return run_pipeline(pipeline, runs=self.runs, say=self.said.append, **options).ran

    def locked(self) -> dict[str, dict[str, object]]:
        return json.loads(self.lock.read_text(encoding="utf-8"))["steps"]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_steps_run_once(bench):
    assert bench.run() == ("first", "second")
    assert (bench.runs / "first" / "a.csv").read_text(encoding="utf-8").count("\n") == 3
    assert any(line.startswith("$ nlpchat parse ") for line in bench.said)
    assert bench.run() == ()
    assert bench.said == ["[1/2] first: unchanged, skipped", "[2/2] second: unchanged, skipped"]


def test_the_lock_says_what_was_done_and_holds_no_path_of_this_machine(bench):
    bench.run()
    first = bench.locked()["first"]
    assert first["command"] == ["parse", "{data}/a.txt", "-o", "{runs}/first/a.csv"]
    assert list(first["inputs"]) == ["{data}/a.txt"]
    assert len(first["outputs"]["{runs}/first/a.csv"]) == 64
    assert first["seconds"] > 0
    assert first["started"].endswith("+00:00")
    assert {"python", "sentencepiece"} <= set(first["versions"])
    assert first["machine"]["cores"] >= 1
    assert str(bench.folder) not in json.dumps({key: first[key] for key in ("command", "inputs", "outputs")})
    assert list(bench.locked()["second"]["inputs"]) == ["{data}/a.txt", "{data}/b.txt", "{runs}/first/a.csv"]


def test_a_changed_input_runs_its_steps_again(bench):
    bench.run()
    (bench.folder / "chats" / "b.txt").write_text(CHAT + CHAT, encoding="utf-8")
    assert bench.run() == ("second",)
    assert "its input {data}/b.txt has changed" in bench.said[1]


def test_a_changed_command_runs_its_step_and_what_follows_from_it(bench):
    bench.run()
    bench.write(PIPELINE.replace("first/a.csv", "first/a.jsonl"))
    assert bench.run() == ("first", "second")


def test_a_lost_or_changed_output_is_made_again(bench):
    bench.run()
    (bench.runs / "second.jsonl").unlink()
    assert bench.run() == ("second",)
    (bench.runs / "first" / "a.csv").write_text("damaged", encoding="utf-8")
    assert bench.run() == ("first",)  # its output is again what the second step was made from


def test_a_failed_step_stops_the_run_and_the_next_run_goes_on_there(bench):
    broken = bench.folder / "chats" / "b.txt"
    broken.write_text("not a chat\n", encoding="utf-8")
    with pytest.raises(NlpchatError, match=r"step 'second' failed \(exit code 1\).*goes on at this step") as caught:
        bench.run()
    assert caught.value.exit_code == 1
    assert list(bench.locked()) == ["first"]
    broken.write_text(CHAT, encoding="utf-8")
    assert bench.run() == ("second",)


def test_a_step_can_run_alone_changed_or_not(bench):
    bench.run()
    assert bench.run(only=["second"]) == ("second",)
    with pytest.raises(RecipeError, match="no step third; there are first, second"):
        bench.run(only=["third"])


def test_a_dry_run_says_what_would_run_and_touches_nothing(bench):
    assert bench.run(dry_run=True) == ("first", "second")
    assert not bench.runs.exists()
    assert not bench.lock.exists()
    bench.run()
    (bench.folder / "chats" / "a.txt").write_text(CHAT + CHAT, encoding="utf-8")
    assert bench.run(dry_run=True) == ("first", "second")
    assert any("would run (after first)" in line for line in bench.said)


def test_missing_inputs_are_all_said_before_anything_runs(bench):
    for name in ("a.txt", "b.txt"):
        (bench.folder / "chats" / name).unlink()
    with pytest.raises(InputError) as caught:
        bench.run()
    assert "2 missing input(s)" in str(caught.value)
    assert "not among the data; say where they lie with --data" in str(caught.value)
    assert not bench.said


def test_an_input_that_another_step_makes_is_asked_of_that_step(bench):
    with pytest.raises(InputError, match="step 'first' makes it; run that one first"):
        bench.run(only=["second"])


def test_a_step_that_makes_nothing_it_promised_fails(bench):
    bench.write(PIPELINE.replace('name = "second"', 'name = "second"\noutputs = ["{runs}/elsewhere"]'))
    with pytest.raises(NlpchatError, match=r"without making \{runs\}/elsewhere"):
        bench.run()


def test_a_step_that_can_resume_is_asked_to(bench):
    # `parse` knows no --resume and refuses it: the line that was said shows what was asked of it.
    bench.write(PIPELINE.replace('name = "second"', 'name = "second"\nresume = true'))
    with pytest.raises(NlpchatError, match=r"step 'second' failed \(exit code 2\)"):
        bench.run()
    assert bench.said[-1].endswith("second.jsonl --resume")
    assert not bench.said[1].endswith("--resume")


def test_big_files_are_digested_once(bench, monkeypatch):
    from nlpchat.pipeline import lock

    monkeypatch.setattr(lock, "BIG", 1)
    monkeypatch.setattr(lock, "SETTLED", -1.0)
    bench.run()
    digested = []
    monkeypatch.setattr(lock, "digest", lambda path: digested.append(path) or "")
    assert bench.run() == ()
    assert digested == []
    assert (bench.runs / ".digests.json").exists()


@pytest.mark.parametrize("damage", ['{"steps": {', "[]", "{}", '{"steps": []}', '{"steps": {"first": 1}}'])
def test_a_damaged_lock_is_refused(bench, damage):
    bench.lock.write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match=r"this lock is damaged\. Remove it"):
        bench.run()


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


def test_results_that_steps_print_are_kept():
    from nlpchat.pipeline.running import _result

    assert _result(["Trained.", '{"accuracy": 0.9}', "Saved."]) == {"accuracy": 0.9}
    assert _result(["{", '  "n": 560', "}"]) == {"n": 560}
    assert _result(["Read.", "12 messages.", ""]) == "12 messages."
    assert _result([]) is None


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


def test_the_pipelines_of_the_project_are_without_fault():
    files = sorted((Path(__file__).parents[1] / "pipelines").glob("*.toml"))
    assert files
    for file in files:
        pipeline = read_pipeline(file, commands=COMMANDS)
        assert pipeline.steps
        for size in pipeline.sizes:
            assert read_pipeline(file, commands=COMMANDS, size=size).steps


def test_the_published_recipes_run_as_published_unless_a_size_is_chosen():
    for name in ("ulmfit", "multifit"):
        file = Path(__file__).parents[1] / "pipelines" / f"{name}.toml"
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
