"""--thread, --all-threads, --tz, --anonymise and --key, as they are typed to `parse` and `classify`."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat.bundle import Bundle
from nlpchat.cli import main

DAY = 1715583600000  # 2024-05-13 07:00 UTC
CHAT = """\
13/05/2024, 08:00 - Julie Martin a créé le groupe "Les colocs"
13/05/2024, 08:01 - Julie Martin: salut Karim, mon numéro c'est le 06 12 34 56 78
13/05/2024, 08:02 - Karim: merci Julie ! écris à karim@exemple.fr \x1b[31mrouge
13/05/2024, 08:03 - Julie Martin: Karim Benali.vcf (fichier joint)
"""


def thread(title: str, *said: tuple[str, str]) -> str:
    entries = [
        {"sender_name": who, "timestamp_ms": DAY + 60_000 * i, "content": text} for i, (who, text) in enumerate(said)
    ]
    return json.dumps({"participants": [{"name": title}], "messages": entries[::-1], "title": title})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "Discussion WhatsApp avec Les colocs.txt"
    path.write_text(CHAT, encoding="utf-8")
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "facebook.zip"
    with zipfile.ZipFile(path, "w") as made:
        for folder, title in (("alice_1", "Alice"), ("zoe_2", "Zoé")):
            name = f"your_facebook_activity/messages/inbox/{folder}/message_1.json"
            made.writestr(name, thread(title, (title, "c'est génial"), ("Moi", "je trouve ça nul")))
    return path


def typed(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def test_an_archive_is_listed(archive):
    done = typed("parse", archive)
    assert done.exit_code == 0
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:]] == [
        ["Alice", "inbox/alice_1", "2"], ["Zoé", "inbox/zoe_2", "2"],
    ]  # fmt: skip
    assert done.stderr == "2 conversations. Choose with --thread NAME, or read them all with --all-threads.\n"


def test_a_table_of_an_archive_needs_a_choice(archive, tmp_path):
    done = typed("parse", archive, "-o", tmp_path / "a.csv")
    assert done.exit_code == 1
    assert "2 conversations (inbox/alice_1, inbox/zoe_2). Choose with --thread NAME" in done.stderr
    assert not (tmp_path / "a.csv").exists()


def test_a_thread_is_chosen(archive):
    done = typed("parse", archive, "--thread", "zoé")
    assert done.stdout.startswith("Zoé\nmessenger · ")
    assert typed("parse", archive, "--thread", "Max").exit_code == 1


def test_all_threads_into_one_table(archive, tmp_path):
    out = tmp_path / "a.csv"
    assert typed("parse", archive, "--all-threads", "-o", out).exit_code == 0
    with out.open(encoding="utf-8", newline="") as stream:
        assert [row["chat"] for row in csv.DictReader(stream)] == ["Alice", "Alice", "Zoé", "Zoé"]


def test_a_thread_and_all_of_them_is_too_much(archive):
    done = typed("parse", archive, "--all-threads", "--thread", "Zoé")
    assert (done.exit_code, "give --thread or --all-threads, not both" in done.stderr) == (2, True)


def test_times_in_a_zone(archive):
    told = json.loads(typed("parse", archive, "--thread", "Zoé", "--tz", "Europe/Paris", "--json").stdout)
    assert told["from"] == "2024-05-13T09:00:00+02:00"
    done = typed("parse", archive, "--tz", "Europe/Pari")
    assert (done.exit_code, "'Europe/Pari' is no time zone" in done.stderr) == (1, True)


def test_nothing_that_a_terminal_obeys_is_printed(export):
    done = typed("parse", export)
    assert "\x1b" not in done.output
    assert "day first" in done.stdout
    assert "nlpchat: the dates were read day first" in done.stderr


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_stand_ins_leave_no_name(export, more):
    done = typed("parse", export, "--anonymise", *more)
    assert done.exit_code == 0
    for name in ("Julie", "Martin", "Karim", "colocs", "06 12", "exemple.fr"):
        assert name not in done.stdout
    assert "Personne 1" in done.stdout


def test_a_key_makes_stand_ins_stable(export):
    def people(*more: str, env: dict[str, str] | None = None) -> dict[str, int]:
        arguments = ["parse", str(export), "--anonymise", "--json", *more]
        return json.loads(CliRunner().invoke(main, arguments, env=env).stdout)["people"]

    assert people("--key", "a") == people("--key", "a") == people(env={"NLPCHAT_KEY": "a"}) != people("--key", "b")


def test_a_key_alone_does_nothing_and_that_is_said(export):
    done = typed("parse", export, "--key", "a")
    assert (done.exit_code, "give --anonymise with it" in done.stderr) == (2, True)


def test_labels_are_those_of_the_words_not_of_the_stand_ins(bundle: Bundle, archive, tmp_path):
    def rows(*more: str) -> list[dict[str, str]]:
        out = tmp_path / "rows.csv"
        done = typed("classify", archive, "--thread", "Zoé", "--model", bundle.folder, "-o", out, *more)
        assert done.exit_code == 0
        with out.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    plain, hidden = rows(), rows("--anonymise")
    assert [row["neg"] for row in plain] == [row["neg"] for row in hidden]
    assert {row["author"] for row in hidden} == {"Personne 1", "Personne 2"}


def test_classifying_an_archive_needs_a_choice(bundle: Bundle, archive):
    done = typed("classify", archive, "--model", bundle.folder)
    assert done.exit_code == 1
    assert "2 conversations (inbox/alice_1, inbox/zoe_2). Choose with --thread NAME" in done.stderr
    done = typed("classify", archive, "--model", bundle.folder, "--all-threads", "--json")
    told = json.loads(done.stdout)
    assert [one["title"] for one in told["exports"]] == ["Alice", "Zoé"]
    assert told["failed"] == []


def test_two_exports_of_one_conversation_are_classified_as_one(bundle: Bundle, export, tmp_path):
    later = tmp_path / "later" / export.name
    later.parent.mkdir()
    later.write_text(CHAT + "14/05/2024, 09:00 - Karim: trop bien\n", encoding="utf-8")
    told = json.loads(typed("classify", export, later, "--model", bundle.folder, "--json").stdout)
    assert [one["messages"] for one in told["exports"]] == [5]
    assert told["exports"][0]["export"] == f"{export} + {later}"


def test_what_lies_beside_the_conversations_of_an_archive_is_no_fault(archive):
    with zipfile.ZipFile(archive, "a") as made:
        made.writestr("your_facebook_activity/no-data.txt", "Aucune donnée")
    assert typed("parse", archive).exit_code == 0


def test_all_that_was_given_is_listed(archive, export):
    listed = typed("parse", archive, export).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["conversation", "Les", "Alice", "Zoé"]


def test_conversations_of_one_title_are_told_apart_in_a_table(tmp_path):
    path = tmp_path / "facebook.zip"
    with zipfile.ZipFile(path, "w") as made:
        for folder in ("alice_1", "alice_2"):
            made.writestr(f"messages/inbox/{folder}/message_1.json", thread("Alice", ("Alice", folder)))
    assert typed("parse", path, "--all-threads", "-o", tmp_path / "a.csv").exit_code == 0
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        assert [(row["chat"], row["text"]) for row in csv.DictReader(stream)] == [
            ("Alice", "alice_1"), ("Alice (inbox/alice_2)", "alice_2"),
        ]  # fmt: skip


@pytest.mark.parametrize(("columns", "headings"), [
    ("100", ["conversation", "thread", "messages", "people", "from", "to"]), ("40", ["conversation", "messages"]),
])  # fmt: skip
def test_a_list_fits_the_terminal(archive, monkeypatch, columns, headings):
    monkeypatch.setenv("COLUMNS", columns)
    lines = typed("parse", archive).stdout.splitlines()
    assert lines[0].split() == headings
    assert max(map(len, lines)) <= int(columns)


def test_a_fault_with_stand_ins_asked_for_names_nobody(archive, bundle: Bundle, tmp_path):
    for command in (("parse", archive, "-o", tmp_path / "a.csv"), ("classify", archive, "--model", bundle.folder)):
        done = typed(*command, "--anonymise")
        assert (done.exit_code, "alice" in done.output.casefold()) == (1, False)
        assert "2 conversations." in done.stderr


def test_a_name_in_a_zip_is_not_obeyed(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("\x1b[31m_chat.txt", "rien\n")
    done = CliRunner().invoke(main, ["parse", str(tmp_path / "a.zip")], color=True)
    assert (done.exit_code, "\x1b" in done.stderr, "␛[31m_chat.txt" in done.stderr) == (1, False, True)


def test_a_folder_of_zips_says_to_give_them(archive, tmp_path):
    done = typed("parse", tmp_path)
    assert (done.exit_code, f"Give the zip files themselves: {tmp_path}/*.zip" in done.stderr) == (1, True)


@pytest.mark.parametrize("wrong", [[""], ["--tz", ""], ["-o", "."], ["-o", "nowhere/a.csv"]])
def test_what_cannot_be_is_said_before_anything_is_read(export, wrong):
    done = typed("parse", export, *wrong)
    assert done.exit_code in (1, 2)
    assert done.stdout == ""


def test_an_encoding_without_emoji_stops_nothing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("13/05/2024, 08:01 - Zoé 🌸: salut\n", encoding="utf-8")
    runner = CliRunner(charset="ascii")
    done = runner.invoke(main, ["parse", str(path)])
    assert (done.exit_code, "Zo? ?" in done.stdout) == (0, True)
    told = json.loads(runner.invoke(main, ["parse", str(path), "--json"]).stdout)
    assert list(told["people"]) == ["Zoé 🌸"]
