"""`nlpchat report`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat.bundle import Bundle
from nlpchat.cli import main
from nlpchat.cli.classify import command as classify

CHAT = """\
01/03/2026, 20:00 - Les messages et les appels sont chiffrés de bout en bout.
01/03/2026, 20:01 - Zoé Martin: c'est génial ce film </script><script>alert(1)</script>
01/03/2026, 20:02 - Léo: je trouve ça nul Zoé
et triste
02/04/2026, 09:00 - Zoé Martin: <Médias omis>
02/04/2026, 09:05 - Zoé Martin: on se voit demain
02/04/2026, 09:06 - Léo: merci 😍
"""


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "Discussion WhatsApp avec Léo.txt"
    path.write_text(CHAT, encoding="utf-8")
    return path


@pytest.fixture
def typed(bundle: Bundle):
    def invoke(*arguments: str | Path) -> Result:
        line = ["report", "--model", str(bundle.folder), *map(str, arguments)]
        return CliRunner().invoke(main, line, catch_exceptions=False)

    return invoke


def test_a_page_from_an_export(typed, chat: Path, tmp_path: Path):
    output = tmp_path / "report.html"
    result = typed(chat, "-o", output)
    assert (result.exit_code, result.stdout) == (0, f"{output}: a report of 4 messages. Open it in a browser.\n")
    page = output.read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    for words in ("génial ce film", "je trouve ça nul", "Zoé Martin"):
        assert words in page
    assert "<script>alert" not in page
    assert str(tmp_path) not in page
    assert sorted(tmp_path.iterdir()) == sorted([chat, output])


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_page_from_a_table_says_the_same(typed, bundle: Bundle, chat: Path, tmp_path: Path, ending: str):
    table = tmp_path / f"Léo.{ending}"
    line = [str(chat), "--model", str(bundle.folder), "-q", "-o", str(table)]
    assert CliRunner().invoke(classify, line, catch_exceptions=False).exit_code == 0
    pages = []
    for source in (chat, table):
        output = tmp_path / "report.html"
        assert typed(source, "-o", output, "-q").output == ""
        pages.append(output.read_text(encoding="utf-8"))
    assert abs(len(pages[0]) - len(pages[1])) < 500
    assert pages[1].count("génial ce film") == pages[0].count("génial ce film") > 0


def test_stand_ins_reach_the_page(typed, bundle: Bundle, chat: Path, tmp_path: Path):
    table, output = tmp_path / "Léo.csv", tmp_path / "report.html"
    line = [str(chat), "--model", str(bundle.folder), "-q", "-o", str(table)]
    CliRunner().invoke(classify, line, catch_exceptions=False)
    for source in (chat, table):
        assert typed(source, "-o", output, "--anonymise", "-q").exit_code == 0
        page = output.read_text(encoding="utf-8")
        assert "Personne 1" in page
        assert [name for name in ("Zoé", "Martin", "Léo") if name in page] == []


def test_the_language_asked_for(typed, chat: Path, tmp_path: Path):
    pages = {}
    for lang in ("fr", "en", None):
        output = tmp_path / "report.html"
        typed(chat, "-o", output, *(("--lang", lang) if lang else ()))
        pages[lang] = output.read_text(encoding="utf-8")
    assert pages[None] == pages["fr"] != pages["en"]
    assert '"lang":"en"' in pages["en"].replace(" ", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{chat}", "-o", "{folder}/report.csv"], 2, "a report is a web page. Give a path that ends in .html."),
        (["{chat}", "-o", "{folder}/none/report.html"], 1, "does not exist"),
        (["{folder}/none.txt", "-o", "{folder}/report.html"], 1, "no such file"),
        (["{folder}/none.csv", "-o", "{folder}/report.html"], 1, "no such file"),
        (["{chat}", "{folder}/other.txt", "-o", "{folder}/report.html"], 2, "of one conversation, and 2 were given"),
        (["{folder}/a.csv", "{chat}", "-o", "{folder}/report.html"], 2, "give one table, or exports"),
        (["{folder}/a.csv", "--prior", "auto", "-o", "{folder}/report.html"], 2, "a table is shown as it is"),
        (["-", "-o", "{folder}/report.html"], 2, "a report is of a conversation"),
        (["{chat}"], 2, "Missing option '-o'"),
    ],
)
def test_faults_are_one_line_and_leave_no_page(
    typed, chat: Path, tmp_path: Path, arguments: list[str], code: int, words: str
):
    other = CHAT.replace("2026", "2025").replace("Léo", "Max").replace("Zoé", "Ana")
    (tmp_path / "other.txt").write_text(other, encoding="utf-8")
    result = typed(*(argument.format(chat=chat, folder=tmp_path) for argument in arguments))
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in " ".join(result.stderr.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([chat.name, "other.txt"])


def test_one_conversation_out_of_a_table(typed, bundle: Bundle, chat: Path, tmp_path: Path):
    other, table, output = tmp_path / "Max.txt", tmp_path / "all.csv", tmp_path / "report.html"
    other.write_text(CHAT.replace("2026", "2025").replace("Léo", "Max"), encoding="utf-8")
    line = [str(chat), str(other), "--model", str(bundle.folder), "-q", "-o", str(table)]
    CliRunner().invoke(classify, line, catch_exceptions=False)
    assert "Choose with --thread NAME" in typed(table, "-o", output).stderr
    assert "no conversation is called 'Ana'" in typed(table, "-o", output, "--thread", "Ana").stderr
    assert typed(table, "-o", output, "--thread", "max").exit_code == 0
    page = output.read_text(encoding="utf-8")
    assert "2025-03-01T20:01" in page
    assert "2026-03-01T20:01" not in page


def test_a_chat_of_notices_alone(typed, tmp_path: Path):
    chat, output = tmp_path / "chat.txt", tmp_path / "report.html"
    chat.write_text(CHAT.splitlines()[0] + "\n", encoding="utf-8")
    result = typed(chat, "-o", output)
    assert (result.exit_code, output.exists()) == (0, True)
    assert "a report of 0 messages" in result.stdout


def test_an_unreadable_export_does_not_stop_the_others(typed, chat: Path, tmp_path: Path):
    output = tmp_path / "report.html"
    result = typed(chat, tmp_path / "none.txt", "-o", output)
    assert (result.exit_code, output.exists()) == (1, True)
    assert "none.txt: no such file" in result.stderr


def test_a_prior_that_the_model_cannot_have(typed, chat: Path, tmp_path: Path):
    result = typed(chat, "-o", tmp_path / "report.html", "--prior", "auto")
    assert result.exit_code == 1
    assert "leave --prior out" in result.stderr
