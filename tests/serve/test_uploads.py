"""Exports given to the page: what comes back, what is refused, and that nothing of them stays."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlpchat.serve import jobs, page_routes, uploads
from nlpchat.serve.app import MB, Settings
from tests.serve.served import TWO_CHATS, WHATSAPP, Served, form

REAL_REPORT = jobs.report_of


@pytest.fixture(autouse=True)
def _short_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page itself is tested elsewhere: here a report says what it was made of."""
    monkeypatch.setattr(
        jobs, "report_of", lambda chat, said, _model, lang: f"<p>{chat.title}|{len(chat)}|{said.counts()['pos']}|{lang}"
    )


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reports wait until this is set."""
    event = threading.Event()

    def wait(*_: object) -> str:
        assert event.wait(20)
        return "<p>at last"

    monkeypatch.setattr(jobs, "report_of", wait)
    yield event
    event.set()


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_dot_", "."), content)
    return packed.getvalue()


def test_an_export_becomes_a_report_and_its_file_is_gone(served: Served, page: str) -> None:
    job = served.job(page, [("Discussion WhatsApp avec Les colocs.txt", WHATSAPP)], lang="fr")
    seen = served.until(job, "done", "failed")
    assert (seen["state"], seen["error"], seen["total"], seen["done"]) == ("done", None, 15, 15)
    assert served.left == []
    report = served.get(f"{job}/report")
    assert report.text == "<p>Les colocs|15|5|fr"
    policy = report.headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "default-src 'none'" in policy
    assert "allow-same-origin" not in policy
    assert report.headers["Cache-Control"] == "no-store"
    assert (
        served.get(f"{job}/report?save=1").headers["Content-Disposition"]
        == 'attachment; filename="nlpchat-report.html"'
    )


def test_two_exports_of_one_conversation_are_one_chat(served: Served, page: str) -> None:
    later = WHATSAPP + "06/03/2024, 20:01 - Zoé: c'est génial\n".encode()
    name = "Discussion WhatsApp avec Les colocs.txt"
    seen = served.until(job := served.job(page, [(name, WHATSAPP), (name, later)]), "done", "failed")
    assert seen["error"] is None
    assert served.get(f"{job}/report").text == "<p>Les colocs|16|6|None"


def test_a_zip_is_read(served: Served, page: str) -> None:
    job = served.job(page, [("WhatsApp Chat - Les colocs.zip", zipped(_chat_dot_txt=WHATSAPP, photo_dot_jpg=b"x"))])
    assert served.until(job, "done", "failed")["error"] is None


def test_out_of_several_conversations_one_is_chosen(served: Served, page: str) -> None:
    job = served.job(page, [("result.json", TWO_CHATS)])
    seen = served.until(job, "choosing", "failed")
    assert [(one["title"], one["messages"], one["to"]) for one in seen["choices"]] == [
        ("Les colocs", 5, "2024-03-05"), ("<script>alert(1)</script>", 2, "2024-03-02"),
    ]  # fmt: skip
    assert served.left == []
    assert served.get(f"{job}/report").status_code == 410
    for wrong in (2, -1, True, "0", None, 1.0):
        assert served.post(f"{job}/choose", json={"choice": wrong}).status_code == 422
    assert served.post(f"{job}/choose", data=b"{").status_code == 400
    assert served.post(f"{job}/choose", data=b"{" * 2000).status_code == 413
    assert served.post(f"{job}/choose", json={"choice": 1}).status_code == 202
    served.until(job, "done")
    assert served.get(f"{job}/report").text.startswith("<p><script>alert(1)</script>|2|2|")
    assert served.post(f"{job}/choose", json={"choice": 0}).status_code == 409


@pytest.mark.parametrize(
    "name", ["../../../chat.txt", "<script>alert(1)</script>.txt", "a" * 3000 + ".txt", "\u202egpj.txt", "CON"]
)
def test_a_hostile_name_stays_in_its_folder(served: Served, page: str, name: str, held: threading.Event) -> None:
    before = set(Path(served.app.pages.root).parent.iterdir())
    job = served.job(page, [(name, WHATSAPP)])
    served.until(job, "reporting", "failed")
    held.set()
    assert served.until(job, "done", "failed")["error"] is None
    assert served.left == []
    assert {path for path in Path(served.app.pages.root).parent.iterdir() if "chat" in path.name} <= before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("lettre.txt", b"Bonjour,\n" * 50, r"^lettre\.txt, line 1: "),
        ("vide.txt", b"", r"^vide\.txt: the file is empty"),
        ("faux.zip", b"PK\x03\x04" + b"\0" * 200, r"^faux\.zip: the zip is damaged"),
        ("photos.zip", zipped(photo_dot_jpg=b"x"), r"^photos\.zip: no WhatsApp text"),
        ("x.json", b"{" * 5000, r"^x\.json"),
        ("\x1b[31mrouge.bin", b"\0\1\2" * 500, r"^\[31mrouge\.bin: this is not text"),
    ],
)
def test_what_is_no_export_is_one_line_without_our_folders(
    served: Served, page: str, name: str, content: bytes, said: str
) -> None:
    seen = served.until(served.job(page, [(name, content)]), "failed", "done")
    assert re.search(said, seen["error"]["message"]), seen
    assert "\n" not in seen["error"]["message"]
    assert str(served.app.pages.root) not in seen["error"]["message"]
    assert served.left == []


def test_what_could_not_be_read_beside_what_could_is_said(served: Served, page: str) -> None:
    seen = served.until(served.job(page, [("a.txt", WHATSAPP), ("b.txt", b"rien")]), "done", "failed")
    assert seen["state"] == "done"
    assert [note.partition(":")[0] for note in seen["notes"]] == ["b.txt, line 1"]


def test_a_zip_that_would_unpack_too_far_is_not_unpacked(serve: Callable[..., Served]) -> None:
    small = serve(Settings(most_upload=MB))
    packed = zipped(_chat_dot_txt=WHATSAPP, more_dot_txt=b"a" * (uploads.UNPACKED * MB))
    assert len(packed) < 20_000
    seen = small.until(small.job(small.open(), [("chat.zip", packed)]), "failed", "done")
    assert re.match(
        r"chat\.zip: its texts take 4 MB once unpacked, and the limit here is 4 MB", seen["error"]["message"]
    )


def test_an_upload_above_the_limit_is_refused(serve: Callable[..., Served]) -> None:
    small = serve(Settings(most_upload=MB))
    page = small.open()
    body, kind = form([("chat.txt", b"a" * (2 * MB))], {})
    told = small.post(f"/pages/{page}/jobs", data=body, headers={"Content-Type": kind})
    assert (told.status_code, told.json()["error"]["code"]) == (413, "too_large")
    # Without a Content-Length, it is counted as it comes.
    told = small.post(f"/pages/{page}/jobs", data=iter([body[:MB], body[MB:]]), headers={"Content-Type": kind})
    assert (told.status_code, told.json()["error"]["code"]) == (413, "too_large")
    # What the form adds to a file is not the file's.
    just_over = small.upload(page, [("a.txt", b"a" * (MB // 2)), ("b.txt", b"a" * (MB // 2 + 1))])
    assert just_over.status_code == 413
    assert small.left == []
    assert small.upload(page, [("a.txt", b"a" * MB)]).status_code == 202


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{}", "application/json", 415, "wrong_kind"),
        (b"x", "multipart/form-data", 415, "wrong_kind"),
        (b"x", "multipart/form-data; boundary=x", 400, "damaged"),
        (form([("a.txt", WHATSAPP)], {})[0][:-9], "multipart/form-data; boundary=grenze7", 400, "damaged"),
        (b"", "multipart/form-data; boundary=grenze7", 400, "damaged"),
        (b"--x\r\n" + b"A: " + b"b" * 9000 + b"\r\n\r\n", "multipart/form-data; boundary=x", 400, "damaged"),
        (*form([], {"lang": "fr"}), 422, "no_file"),
        (*form([("a.txt", b"x")], {"lang": "de"}), 422, "wrong_field"),
        (*form([("a.txt", b"x")], {"colour": "red"}), 422, "wrong_field"),
        (*form([("a.txt", b"x")], {"lang": "x" * 300}), 422, "too_long"),
        (*form([("a.txt", b"x")] * (uploads.MOST_FILES + 1), {}), 422, "too_many"),
        (*form([], {str(i): "" for i in range(20)}), 422, "too_many"),
    ],
)  # fmt: skip
def test_a_form_that_is_none_is_refused(
    served: Served, page: str, body: bytes, kind: str, status: int, code: str
) -> None:
    told = served.post(f"/pages/{page}/jobs", data=body, headers={"Content-Type": kind})
    assert (told.status_code, told.json()["error"]["code"]) == (status, code)
    assert served.left == []


def begin_upload(served: Served, page: str, length: int = 10_000) -> socket.socket:
    """A connection on which an upload was begun and does not go on."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    body, kind = form([("chat.txt", WHATSAPP)], {})
    head = f"POST /pages/{page}/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + body[:300])
    return connection


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_slow_uploads_keep_nobody_waiting(served: Served) -> None:
    slow = [begin_upload(served, served.open()) for _ in range(6)]
    wait_for(lambda: len(served.left) == 6)
    begun = time.monotonic()
    for _ in range(5):
        assert served.get("/healthz").status_code == 200
        assert served.classify({"texts": ["c'est génial"]}).json()["labels"] == ["pos"]
    fast = served.open()
    assert served.until(served.job(fast, [("chat.txt", WHATSAPP)]), "done", "failed")["state"] == "done"
    assert time.monotonic() - begun < 5
    for connection in slow:
        connection.close()
    wait_for(lambda: served.left == [])


def test_an_upload_that_falls_silent_is_given_up(served: Served, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SILENT_S", 0.2)
    with begin_upload(served, page) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert served.left == []


def test_an_upload_whose_page_is_closed_stops(served: Served) -> None:
    page = served.open()
    with begin_upload(served, page) as connection:
        wait_for(lambda: len(served.left) == 1)
        served.post(f"/pages/{page}/close")
        connection.sendall(b"more")
        assert connection.recv(1000).startswith(b"HTTP/1.1 404 ")
    assert served.left == []


def test_too_many_uploads_at_once_are_told_to_come_back(
    served: Served, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_routes, "UPLOADS", 1)
    with begin_upload(served, served.open()):
        wait_for(lambda: len(served.left) == 1)
        told = served.upload(page, [("chat.txt", WHATSAPP)])
        assert (told.status_code, told.headers["Retry-After"]) == (429, "5")
    wait_for(lambda: served.left == [])
    assert served.upload(page, [("chat.txt", WHATSAPP)]).status_code == 202


def test_too_many_jobs_at_once_are_told_to_come_back(serve: Callable[..., Served], held: threading.Event) -> None:
    busy = serve()
    given = []
    for _ in range(jobs.AT_ONCE):
        given.append(busy.job(busy.open(), [("chat.txt", WHATSAPP)]))
        busy.until(given[-1], "reporting")
    given += [busy.job(busy.open(), [("chat.txt", WHATSAPP)]) for _ in range(jobs.WAITING)]
    assert busy.get(given[-1]).json()["state"] == "waiting"
    told = busy.upload(busy.open(), [("chat.txt", WHATSAPP)])
    assert (told.status_code, told.json()["error"]["code"]) == (429, "busy")
    assert int(told.headers["Retry-After"]) > 0
    # Texts over HTTP do not wait for them.
    assert busy.classify({"texts": ["c'est nul"]}).json()["labels"] == ["neg"]
    held.set()
    for job in given:
        busy.until(job, "done")


def test_a_page_that_is_closed_takes_its_job_along(served: Served, held: threading.Event) -> None:
    page = served.open()
    job = served.job(page, [("chat.txt", WHATSAPP)])
    served.until(job, "reporting")
    inside = served.app.pages.heard(page).job
    assert served.post(f"/pages/{page}/close").status_code == 204
    assert served.get(job).status_code == 404
    held.set()
    wait_for(lambda: inside is not None and inside.state == "gone")
    assert inside is not None
    assert inside.report is None
    assert served.left == []


def test_a_job_can_be_stopped_and_another_given(served: Served, page: str) -> None:
    first = served.job(page, [("chat.txt", WHATSAPP)])
    served.until(first, "done")
    assert served.post(f"{first}/stop").status_code == 204
    assert served.get(f"{first}/report").status_code == 404
    second = served.job(page, [("chat.txt", WHATSAPP)])
    served.until(second, "done")
    third = served.job(page, [("chat.txt", WHATSAPP)])
    served.until(third, "done")
    assert served.get(second).status_code == 404


def test_a_fault_of_our_own_says_nothing_of_the_chat(
    served: Served, page: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> str:
        raise KeyError("secret de Zoé")

    monkeypatch.setattr(jobs, "report_of", broken)
    seen = served.until(served.job(page, [("chat.txt", WHATSAPP)]), "failed", "done")
    assert "fault of nlpchat's own" in seen["error"]["message"]
    assert "KeyError at test_uploads.py" in caplog.text
    assert "secret" not in caplog.text + str(seen)


def test_reports_are_kept_where_that_was_asked_for(serve: Callable[..., Served], tmp_path: Path) -> None:
    keeping = serve(Settings(keep=tmp_path))
    assert keeping.post("/pages").json()["keeps"] is True
    names = []
    for _ in range(2):
        job = keeping.job(keeping.open(), [("result.json", TWO_CHATS)])
        keeping.until(job, "choosing")
        keeping.post(f"{job}/choose", json={"choice": 1})
        names.append(keeping.until(job, "done")["kept"])
    assert names == ["script.html", "script (2).html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert (tmp_path / names[0]).read_text(encoding="utf-8").startswith("<p><script>alert(1)</script>|2")


def test_the_real_report_of_an_export(served: Served, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nlpchat.explain")
    pytest.importorskip("nlpchat.report.page")
    monkeypatch.setattr(jobs, "report_of", REAL_REPORT)
    hostile = (
        WHATSAPP
        + "06/03/2024, 20:01 - </script><script>alert(1)</script>: génial <img src=x onerror=alert(1)>\n".encode()
    )
    seen = served.until(job := served.job(page, [("chat.txt", hostile)], lang="en"), "done", "failed")
    assert seen["error"] is None
    report = served.get(f"{job}/report").text
    assert report.lower().startswith("<!doctype html>")
    assert "<script>alert(1)" not in report
    assert "<img src=x" not in report
