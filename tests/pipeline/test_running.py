"""Pipelines, with real steps: what runs, what is skipped, what the lock keeps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nlpchat.errors import InputError, NlpchatError, RecipeError
from nlpchat.pipeline import lock as locks
from nlpchat.pipeline.calling import Called
from nlpchat.pipeline.lock import scores_in
from tests.pipeline.bench import CHAT, PIPELINE, Bench


def test_steps_run_once(bench):
    assert bench.run() == ("first", "second")
    assert (bench.runs / "first" / "a.csv").read_text(encoding="utf-8").count("\n") == 3
    assert any(line.startswith("$ nlpchat parse ") for line in bench.said)
    assert bench.run() == ()
    assert bench.said == ["[1/2] first: unchanged, skipped", "[2/2] second: unchanged, skipped"]


def test_the_lock_says_what_was_done_and_holds_no_path_of_this_machine(ran):
    first = ran.locked()["first"]
    assert first["command"] == ["parse", "{data}/a.txt", "-o", "{runs}/first/a.csv"]
    assert list(first["inputs"]) == ["{data}/a.txt"]
    assert len(first["outputs"]["{runs}/first/a.csv"]) == 64
    assert first["seconds"] > 0
    assert first["started"].endswith("+00:00")
    assert {"python", "sentencepiece"} <= set(first["versions"])
    assert first["machine"]["cores"] >= 1
    assert str(ran.folder) not in json.dumps({key: first[key] for key in ("command", "inputs", "outputs")})
    assert list(ran.locked()["second"]["inputs"]) == ["{data}/a.txt", "{data}/b.txt", "{runs}/first/a.csv"]


def test_a_changed_input_runs_its_steps_again(ran):
    (ran.folder / "chats" / "b.txt").write_text(CHAT + CHAT, encoding="utf-8")
    assert ran.run() == ("second",)
    assert "its input {data}/b.txt has changed" in ran.said[1]


def test_a_changed_command_runs_its_step_and_what_follows_from_it(ran):
    ran.write(PIPELINE.replace("first/a.csv", "first/a.jsonl"))
    assert ran.run() == ("first", "second")


def test_a_lost_or_changed_output_is_made_again(ran):
    (ran.runs / "second.jsonl").unlink()
    assert ran.run() == ("second",)
    (ran.runs / "first" / "a.csv").write_text("damaged", encoding="utf-8")
    assert ran.run() == ("first",)  # its output is again what the second step was made from


def test_a_failed_step_stops_the_run_and_the_next_run_goes_on_there(bench):
    broken = bench.folder / "chats" / "b.txt"
    broken.write_text("not a chat\n", encoding="utf-8")
    with pytest.raises(NlpchatError, match=r"step 'second' failed \(exit code 1\).*goes on at this step") as caught:
        bench.run()
    assert caught.value.exit_code == 1
    assert list(bench.locked()) == ["first"]
    broken.write_text(CHAT, encoding="utf-8")
    assert bench.run() == ("second",)


def test_a_step_can_run_alone_changed_or_not(ran):
    assert ran.run(only=["second"]) == ("second",)
    with pytest.raises(RecipeError, match="no step third; there are first, second"):
        ran.run(only=["third"])


def test_a_dry_run_says_what_would_run_and_touches_nothing(ran):
    assert ran.run(dry_run=True) == ()
    (ran.folder / "chats" / "a.txt").write_text(CHAT + CHAT, encoding="utf-8")
    assert ran.run(dry_run=True) == ("first", "second")
    assert any("would run (after first)" in line for line in ran.said)
    shutil.rmtree(ran.runs)
    ran.lock.unlink()
    assert ran.run(dry_run=True) == ("first", "second")
    assert not ran.runs.exists()
    assert not ran.lock.exists()


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


def test_a_step_that_makes_nothing_it_promised_fails(ran):
    ran.write(PIPELINE.replace('name = "second"', 'name = "second"\noutputs = ["{runs}/elsewhere"]'))
    with pytest.raises(NlpchatError, match=r"without making \{runs\}/elsewhere"):
        ran.run()


def test_a_step_that_can_resume_is_asked_to(bench):
    lm = ["pretrain-lm", "{data}/b.txt", "--tokenizer", "{runs}/first/a.csv", "-o", "{runs}/lm"]
    bench.write(PIPELINE[: PIPELINE.index('command = ["parse", "{data}/b.txt"')] + f"command = {lm}\nresume = true\n")
    bench.run(dry_run=True)
    assert bench.said[-1].endswith("/lm --resume")
    assert not bench.said[1].endswith("--resume")


def test_big_files_are_digested_once(ran, monkeypatch):
    monkeypatch.setattr(locks, "BIG", 1)
    monkeypatch.setattr(locks, "SETTLED", -1.0)
    assert ran.run() == ()
    digested = []
    monkeypatch.setattr(locks, "digest", lambda path: digested.append(path) or "")
    assert ran.run() == ()
    assert digested == []
    assert (ran.runs / ".digests.json").exists()


@pytest.mark.parametrize("damage", ['{"steps": {', "[]", "{}", '{"steps": []}', '{"steps": {"first": 1}}'])
def test_a_damaged_lock_is_refused(bench, damage):
    bench.lock.write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match=r"this lock is damaged\. Remove it"):
        bench.run()


def test_results_that_steps_print_are_kept():
    assert Called(0, ("Trained.", '{"accuracy": 0.9}', "Saved.")).result() == {"accuracy": 0.9}
    assert Called(0, ("{", '  "n": 560', "}")).result() == {"n": 560}
    assert Called(0, ("Read.", "12 messages.", "")).result() == "12 messages."
    assert Called(0, ()).result() is None


def test_how_a_step_ended_is_said_in_words():
    assert Called(3, ()).how == "exit code 3"
    assert Called(-9, ()).how == "ended by SIGKILL: was there enough memory?"
    assert Called(-15, ()).how == "ended by SIGTERM"


def test_a_lock_is_the_same_wherever_the_pipeline_and_its_runs_lie(first_run, tmp_path, monkeypatch):
    """But for times and the machine; in results too, where the step names what it read and made."""
    (tmp_path / "and deeper").mkdir()
    bench = Bench(tmp_path / "and deeper")
    monkeypatch.chdir(bench.folder)
    bench.runs = Path("runs")  # as it is by default: relative
    bench.run()
    told = [
        [{k: v for k, v in step.items() if k not in ("started", "seconds")} for step in one.locked().values()]
        for one in (first_run, bench)
    ]
    assert told[0] == told[1]
    for one in (first_run, bench):
        assert str(one.folder) not in one.lock.read_text(encoding="utf-8")


def test_options_and_seeds_are_in_the_lock_said_or_not(ran):
    ran.write(PIPELINE + TOKENIZER)
    (ran.folder / "chats" / "c.jsonl").write_text(
        "".join(json.dumps({"text": f"{word} {word}s {word}ment"}) + "\n" for word in WORDS), encoding="utf-8"
    )
    assert ran.run() == ("tokenizer",)
    done = ran.locked()["tokenizer"]
    assert (done["options"], done["seed"]) == ({"pieces": 540, "lines": 1_000_000}, 3)
    assert done["result"] == "{runs}/tokenizer: a tokenizer of 540 pieces."
    assert "seed" not in ran.locked()["first"]  # it takes none

    # A default that another version of nlpchat has changed
    whole = json.loads(ran.lock.read_text(encoding="utf-8"))
    whole["steps"]["tokenizer"]["options"]["lines"] = 500_000
    ran.lock.write_text(json.dumps(whole), encoding="utf-8")
    assert ran.run() == ("tokenizer",)
    assert any("(its option lines is 1000000, and was 500000)" in line for line in ran.said)

    # One that the version of the lock did not have
    del whole["steps"]["tokenizer"]["options"]["lines"], whole["steps"]["tokenizer"]["seed"]
    ran.lock.write_text(json.dumps(whole), encoding="utf-8")
    assert ran.run() == ()


TOKENIZER = """
[[step]]
name = "tokenizer"
command = ["train-tokenizer", "{data}/*.jsonl", "--pieces", 540, "--seed", 3, "-o", "{runs}/tokenizer"]
"""
WORDS = ("grand", "doux", "lent", "vif", "franc", "clair", "juste", "haut", "chaud", "froid", "long", "rond", "vert")


def test_files_that_match_are_what_a_step_reads(ran):
    """As in a shell; one more of them, or another content, runs the step again."""
    ran.write(
        PIPELINE.replace('["parse", "{data}/b.txt"', '["parse", "{data}/*.txt"').replace(
            'inputs = ["@both", "{runs}/first/a.csv"]', ""
        )
    )
    assert ran.run() == ("second",)
    assert any("/chats/*.txt -o " in line for line in ran.said)
    assert (ran.runs / "second.jsonl").read_text(encoding="utf-8").count("\n") == 4
    assert list(ran.locked()["second"]["inputs"]) == ["{data}/*.txt"]
    assert ran.run() == ()
    (ran.folder / "chats" / "c.txt").write_text(CHAT.replace("08:0", "09:0"), encoding="utf-8")
    assert ran.run(dry_run=True) == ("second",)
    assert any("its input {data}/*.txt has changed" in line for line in ran.said)
    for one in (ran.folder / "chats").glob("*.txt"):
        one.unlink()
    with pytest.raises(InputError, match=r"2 missing input"):
        ran.run()


def test_scores_of_the_models_that_a_step_made_are_in_the_lock(tmp_path):
    scores = {
        "perplexity": 56.9, "measured": [{"accuracy": 0.1}], "halves": {"ngram_weight": 2.0},
        "held_out": {"films": {"n": 200, "accuracy": 0.83, "macro_f1": 0.84, "interval": [0.7, 0.9], "baseline": {"macro_f1": 0.8}}},
    }  # fmt: skip
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "bundle.json").write_text(json.dumps({"scores": scores}), encoding="utf-8")
    films = {"n": 200, "accuracy": 0.83, "macro_f1": 0.84, "baseline": {"macro_f1": 0.8}}
    assert scores_in([tmp_path / "model"]) == {"perplexity": 56.9, "held_out": {"films": films}}
    assert scores_in([tmp_path]) == {}
    (tmp_path / "model" / "bundle.json").write_text("half of", encoding="utf-8")
    assert scores_in([tmp_path / "model"]) == {}


ASKING = PIPELINE.replace(
    "[sets]",
    """
[ask.chat]
what = "an export to read"
file = true

[ask.tz]
what = "the zone of its times"
default = "Europe/Paris"

[ask.key]
what = "a secret"
private = true

[sets]""",
).replace(
    """["parse", "{data}/b.txt", "-o", "{runs}/second.jsonl"]
inputs = ["@both", "{runs}/first/a.csv"]""",
    """["parse", "{chat}", "--tz", "{tz}", "--anonymise", "--key", "{key}", "-o", "{runs}/second.jsonl"]""",
)


def test_what_is_asked_for_is_said_with_set(ran):
    ran.write(ASKING)
    with pytest.raises(RecipeError) as caught:
        ran.run()
    for part in ("2 thing(s) to say first", "chat, an export to read: say it with --set chat=...", "--set key=..."):
        assert part in str(caught.value)
    chat = ran.folder / "mine.txt"
    with pytest.raises(InputError, match=r"mine\.txt: no such file\. Say where it is with --set chat="):
        ran.run(asked={"chat": str(chat), "key": "hush-hush"})
    chat.write_text(CHAT, encoding="utf-8")
    assert ran.run(asked={"chat": str(chat), "key": "hush-hush"}) == ("second",)
    assert any("mine.txt --tz Europe/Paris" in line for line in ran.said)


def test_what_was_said_is_in_the_lock_but_for_folders_and_what_is_private(ran):
    ran.write(ASKING)
    chat = ran.folder / "mine.txt"
    chat.write_text(CHAT, encoding="utf-8")
    said = {"chat": str(chat), "key": "hush-hush"}
    ran.run(asked=said)
    second = ran.locked()["second"]
    assert second["asked"] == {"chat": "mine.txt", "tz": "Europe/Paris"}
    assert list(second["inputs"]) == ["{chat}"]
    assert "hush-hush" not in ran.lock.read_text(encoding="utf-8")
    assert "asked" not in ran.locked()["first"]

    assert ran.run(asked=said | {"key": "another"}) == ()
    moved = ran.folder / "chats" / "mine.txt"
    chat.rename(moved)
    assert ran.run(asked=said | {"chat": str(moved)}) == ()
    moved.write_text(CHAT + CHAT.replace("08:0", "09:0"), encoding="utf-8")
    assert ran.run(asked=said | {"chat": str(moved)}) == ("second",)
    assert any("its input {chat} has changed" in line for line in ran.said)
    assert ran.run(asked=said | {"chat": str(moved), "tz": "UTC"}) == ("second",)
    assert any("what was asked for has changed: tz is 'UTC', and was 'Europe/Paris'" in line for line in ran.said)


def test_an_address_is_let_be(ran):
    ran.write(ASKING)
    with pytest.raises(NlpchatError, match="step 'second' failed"):  # it is for a command that fetches; parse does not
        ran.run(asked={"chat": "https://example.org/chat.txt", "key": "k"})
    assert any("parse https://example.org/chat.txt --tz" in line for line in ran.said)
