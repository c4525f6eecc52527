"""How long a page, its job and its report live."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlpchat.serve import jobs
from nlpchat.serve.pages import KEPT_S, MOST_PAGES, SILENT_S
from tests.serve.served import TWO_CHATS, WHATSAPP, Served


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(serve: Callable[..., Served], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(jobs, "report_of", lambda *_: "<p>report")
    return serve(None, clock)


def test_a_page_that_falls_silent_is_closed(timed: Served, clock: Clock) -> None:
    beating, silent = timed.open(), timed.open()
    job = timed.job(silent, [("chat.txt", WHATSAPP)])
    timed.until(job, "done")
    inside = timed.app.pages.heard(silent).job
    for _ in range(4):
        clock.now += SILENT_S / 2
        assert timed.post(f"/pages/{beating}/beat").status_code == 204
        timed.app.pages.sweep()
    assert timed.get(f"{job}/report").status_code == 404
    assert timed.post(f"/pages/{silent}/beat").json()["error"]["code"] == "no_page"
    assert inside is not None
    assert inside.report is None


def test_a_report_is_forgotten_after_a_while_though_its_page_beats(timed: Served, clock: Clock) -> None:
    page = timed.open()
    job = timed.job(page, [("chat.txt", WHATSAPP)])
    timed.until(job, "done")
    waited = 0.0
    while waited < KEPT_S:
        timed.app.pages.sweep()
        assert timed.get(f"{job}/report").text == "<p>report"
        clock.now += SILENT_S / 2
        waited += SILENT_S / 2
    clock.now += 1
    timed.app.pages.sweep()
    assert timed.get(f"{job}/report").status_code == 410
    assert timed.get(job).json()["state"] == "gone"
    again = timed.job(page, [("chat.txt", WHATSAPP)])
    timed.until(again, "done")
    timed.app.pages.sweep()
    assert timed.get(f"{again}/report").status_code == 200


def test_a_choice_that_nobody_makes_is_forgotten(timed: Served, clock: Clock) -> None:
    page = timed.open()
    job = timed.job(page, [("result.json", TWO_CHATS)])
    timed.until(job, "choosing")
    timed.app.pages.sweep()
    for _ in range(20):
        clock.now += SILENT_S / 2
        timed.post(f"/pages/{page}/beat")
    timed.app.pages.sweep()
    assert timed.post(f"{job}/choose", json={"choice": 0}).status_code == 409
    assert timed.get(job).json() | {"job": ""} == {
        "job": "", "state": "gone", "done": 0, "total": 0, "choices": [], "error": None, "notes": [], "kept": "",
    }  # fmt: skip


def test_so_many_pages_are_open_at_once(timed: Served, clock: Clock) -> None:
    names = [timed.open() for _ in range(MOST_PAGES)]
    told = timed.post("/pages")
    assert (told.status_code, told.headers["Retry-After"]) == (429, "30")
    timed.post(f"/pages/{names[0]}/close")
    assert timed.post("/pages").status_code == 201
    clock.now += SILENT_S + 1
    assert timed.post("/pages").status_code == 201


def test_a_report_is_its_own_pages_alone(timed: Served) -> None:
    page, other = timed.open(), timed.open()
    job = timed.job(page, [("chat.txt", WHATSAPP)])
    timed.until(job, "done")
    assert timed.get(job.replace(page, other)).status_code == 404
    assert timed.get(f"{job.replace(page, other)}/report").status_code == 404
    assert len(page) >= 20
    assert page != other


def test_shut_leaves_nothing(timed: Served) -> None:
    page = timed.open()
    timed.until(timed.job(page, [("chat.txt", WHATSAPP)]), "done")
    inside = timed.app.pages.heard(page).job
    assert timed.app.pages.root.stat().st_mode & 0o777 == 0o700
    timed.app.shut()
    timed.app.shut()
    assert not timed.app.pages.root.exists()
    assert inside is not None
    assert inside.report is None
