"""The report's page in a real browser: what it draws, what it refuses, and that hands and eyes of all kinds can use it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nlpchat.report.page import report_page
from tests.browser.conftest import Screen
from tests.report.sample_data import HOSTILE, sample_data

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
PHONE = 360  # pixels
# As a person who scrolls to the end: charts are drawn when they come near.
SCROLL = """
const done = arguments[arguments.length - 1];
(async () => {
  for (const chart of document.querySelectorAll(".chart")) {
    chart.scrollIntoView({ behavior: "instant" });
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  }
  for (let i = 0; i < 100 && document.querySelector(".chart:not(:has(svg))"); i++) await new Promise((next) => setTimeout(next, 20));
  done(document.querySelectorAll(".chart").length);
})();
"""
# Of each chart: how many marks with an extent it has.
MARKS = """
return [...document.querySelectorAll(".chart")].map((chart) => [...chart.querySelectorAll("[class*='mark-'] path, [class*='mark-'] line")]
  .filter((mark) => { const box = mark.getBoundingClientRect(); return box.width + box.height > 1; }).length);
"""


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The address of a sample's page."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def address(lang: str = "fr", messages: int = 600) -> str:
        name = f"{lang}-{messages}.html"
        if name not in made:
            (folder / name).write_text(report_page(sample_data(lang, messages=messages)), encoding="utf-8")
            made[name] = (folder / name).as_uri()
        return made[name]

    return address


@pytest.mark.parametrize(("lang", "width", "dark"), [("fr", 1100, False), ("en", 1100, True), ("fr", PHONE, True)])
def test_everything_is_drawn_and_nothing_hostile_runs(
    screen: Screen, page: Callable[..., str], lang: str, width: int, dark: bool
):
    screen.open(page(lang), width=width, dark=dark)
    charts = screen.driver.execute_async_script(SCROLL)
    screen.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert charts >= 8
    assert min(screen.run(MARKS)) >= 3
    assert screen.run("return document.querySelectorAll('main > section > h2').length") == 12
    assert screen.run("return window.hacked") is None
    assert screen.run("return document.querySelectorAll('body img, main script, main style').length") == 0
    assert HOSTILE[0] in screen.run("return document.querySelector('h1').textContent")
    assert [address for address in screen.asked_for() if not address.startswith((page(lang), "data:"))] == []
    assert screen.said() == []
    assert screen.run("return document.documentElement.scrollWidth") <= width
    theme = screen.run(
        "return [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]"
    )
    assert theme == (["dark", "rgb(23, 24, 27)"] if dark else ["light", "rgb(247, 246, 243)"])


@pytest.mark.parametrize("messages", [0, 1, 12])
def test_few_messages_are_said_to_be_few(screen: Screen, page: Callable[..., str], messages: int):
    screen.open(page("en", messages))
    screen.driver.execute_async_script(SCROLL)
    text = screen.run("return document.getElementById('main').innerText")
    assert screen.said() == []
    assert ("few messages" in text) == (messages > 0)
    assert ("No text message was classified" in text) == (messages == 0)


def test_words_are_those_of_the_language(screen: Screen, page: Callable[..., str]):
    screen.open(page("fr"))
    text = screen.run("return document.body.innerText")
    assert "600 messages texte ont été classés" in text
    assert re.search(r"du 18 août 2025 au \d+ \w+ 2026", text)
    assert re.search(r"\d+\s%", text)
    assert screen.run("return document.documentElement.lang") == "fr"
    screen.driver.execute_async_script(SCROLL)
    axes = screen.run(
        "return [...document.querySelectorAll('#time svg text')].map((each) => each.textContent).join('|')"
    )
    assert "déc." in axes
    assert re.search(r"20\s%", axes)


def test_search_and_filters(screen: Screen, page: Callable[..., str]):
    """What is found is what a look at the data finds."""
    data = sample_data("en", messages=600)
    screen.open(page("en"))

    def found(**wanted: str) -> tuple[int, list[str]]:
        script = """
        const [wanted] = arguments;
        document.querySelector(".filters").reset();
        for (const [name, value] of Object.entries(wanted)) document.getElementById("filter-" + name).value = value;
        document.querySelector(".filters").requestSubmit();
        return [document.querySelector(".status").textContent,
          [...document.querySelectorAll(".messages .text")].map((each) => each.textContent)];
        """
        status, texts = screen.run(script, wanted)
        number = re.match(r"([\d,]+) messages? found of 600", status)
        return int(number[1].replace(",", "")) if number else 0, texts

    rows = data["messages"]
    assert found()[0] == 600
    assert len(found()[1]) == 50
    assert found(text="DECUE")[0] == sum("déçue" in row[4] for row in rows) > 0  # neither accents nor capitals count
    assert found(label="0")[0] == data["whole"]["counts"][0]
    assert found(person="1")[0] == sum(row[1] == 1 for row in rows)
    assert found(person="null")[0] == sum(row[1] is None for row in rows) > 0
    days = {"from": "2025-10-01", "to": "2025-10-07"}
    assert found(**days)[0] == sum("2025-10-01" <= row[0][:10] <= "2025-10-07" for row in rows) > 0
    both = [row for row in rows if row[2] == 2 and "bravo" in row[4]]
    count, texts = found(label="2", text="bravo", order="oldest")
    assert (count, texts) == (len(both), [row[4] for row in both][:50])
    assert found(text="nowhere at all") == (0, [])
    assert found(text="<script>")[0] > 0
    assert screen.run("return window.hacked") is None


def test_a_stretch_shows_its_messages(screen: Screen, page: Callable[..., str]):
    screen.open(page("en"))
    screen.driver.find_element("css selector", ".stretches button").click()
    dates = "return ['from', 'to'].map((name) => document.getElementById('filter-' + name).value)"
    stretch = sample_data("en", messages=600)["stretches"]["pos"][0]
    _until(lambda: screen.run(dates) == [stretch["from"][:10], stretch["to"][:10]])
    _until(lambda: "600 messages found" not in screen.run("return document.querySelector('.status').textContent"))


def test_the_words_weights_stand_at_their_characters(screen: Screen, page: Callable[..., str]):
    """Offsets count characters as Python does: an emoji before them is one."""
    screen.open(page("en"))
    words = "return [...document.querySelector('.weighed').querySelectorAll('.word')].map((each) => [each.textContent, each.className])"
    assert screen.run(words) == [["génial", "word for pos w3"], [HOSTILE[0][:9], "word against pos w2"]]
    lines = "return [...document.querySelectorAll('.weighed .word')].map((each) => getComputedStyle(each).textDecorationStyle)"
    assert set(screen.run(lines)) == {"solid", "dotted"}  # not by hue alone


def test_the_keyboard_reaches_and_works_everything(screen: Screen, page: Callable[..., str]):
    from selenium.webdriver import ActionChains, Keys

    screen.open(page("en", 60))
    keys = lambda *pressed: ActionChains(screen.driver).send_keys(*pressed).perform()  # noqa: E731
    screen.run("""
    window.reached = new Set(); document.addEventListener("focusin", (event) => window.reached.add(event.target)); window.focus();
    """)
    can = "a[href], button, input, select, summary, [tabindex='0']"
    missed = f"""
    const radios = (each) => each.type === "radio" && !each.checked;
    const shown = [...document.querySelectorAll("{can}")].filter((each) => each.checkVisibility() && !each.disabled && !radios(each));
    return [shown.length, shown.filter((each) => !window.reached.has(each)).map((each) => each.outerHTML.slice(0, 120))];
    """
    # Three stops inside of each date field.
    keys(*[Keys.TAB] * (screen.run(missed)[0] + 12))
    number, left = screen.run(missed)
    assert number > 60
    assert left == []

    def focus(selector: str) -> None:
        screen.run("document.querySelector(arguments[0]).focus()", selector)

    focus("#theme")
    keys(Keys.SPACE)
    assert screen.run(
        "return [document.documentElement.dataset.theme, document.getElementById('theme').ariaPressed]"
    ) == ["dark", "true"]
    focus("#time summary")
    keys(Keys.ENTER)
    _until(lambda: screen.run("return document.querySelectorAll('#time table tbody tr').length") > 1)
    focus("#time input:checked")
    label = "return document.querySelector('#time .chart').ariaLabel"
    before = screen.run(label)
    keys(Keys.ARROW_RIGHT)
    assert screen.run(label) != before
    _until(lambda: screen.run("return document.querySelectorAll('#time .chart svg').length") == 1)
    focus(".weighed .word[tabindex='0']")
    said = "return document.querySelector('.said').textContent"
    first = screen.run(said)
    keys(Keys.ARROW_RIGHT)
    assert "génial" in first
    assert screen.run(said) not in ("", first)
    focus("#filter-text")
    keys("nowhere at all")
    _until(lambda: "No message found" in screen.run("return document.querySelector('.status').textContent"))
    focus(".filters [type=reset]")
    keys(Keys.ENTER)
    _until(lambda: screen.run("return document.querySelectorAll('.messages > li').length") == 50)
    focus("#messages > button")
    keys(Keys.ENTER)
    _until(lambda: screen.run("return document.querySelectorAll('.messages > li').length") == 60)
    assert screen.run("return document.activeElement === document.querySelectorAll('.messages > li')[50]")
    assert screen.said() == []


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_and_names(screen: Screen, page: Callable[..., str], dark: bool):
    """WCAG's AA for what is read, and a name for whatever is worked or looked at."""
    screen.open(page("fr"), dark=dark)
    screen.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    checked = screen.run(CONTRAST)
    assert checked["looked"] > 500
    assert checked["low"] == []
    nameless = """
    const named = (each) => each.ariaLabel || each.textContent.trim() || each.labels?.length;
    return [...document.querySelectorAll("button, select, input, summary, [role=img], [role=region]")]
      .filter((each) => !named(each)).map((each) => each.outerHTML.slice(0, 100));
    """
    assert screen.run(nameless) == []
    levels = screen.run(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map((each) => Number(each.tagName[1]))"
    )
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_policy_stops_what_a_hole_would_let_in(
    screen: Screen, page: Callable[..., str], listener: Listener, tmp_path: Path
):
    """Were there a way to run something, it could neither make code of strings nor reach anybody; without the policy it could."""
    attempt = """
    const [address, done] = arguments;
    const tried = (what) => { try { what(); return "done"; } catch (fault) { return fault.name; } };
    const script = document.createElement("script");
    const answers = [
      tried(() => { document.body.insertAdjacentHTML("beforeend", `<img src="${address}/markup">`); }),
      tried(() => { script.textContent = "window.hacked = 2"; document.body.append(script); }),
    ];
    new Image().src = `${address}/image`;
    document.body.append(Object.assign(document.createElement("iframe"), { src: `${address}/frame` }));
    fetch(`${address}/fetch`).catch(() => 0).then(() => setTimeout(() => done([...answers, window.hacked ?? null]), 300));
    """
    screen.open(page("en", 12))
    assert screen.driver.execute_async_script(attempt, listener.address) == ["TypeError", "TypeError", None]
    assert listener.heard == []

    bare = tmp_path / "bare.html"
    bare.write_text(
        re.sub(r"<meta http-equiv[^>]*>", "", report_page(sample_data("en", messages=12))), encoding="utf-8"
    )
    screen.open(bare.as_uri())
    assert screen.driver.execute_async_script(attempt, listener.address) == ["done", "done", 2]
    assert {line.split()[1] for line in listener.heard if line} >= {"/markup", "/image", "/frame", "/fetch"}


def test_paper_is_light_and_whole(chromium: Chrome, screen: Screen, page: Callable[..., str]):
    """Printed from the dark theme, without scrolling before: light, and every chart drawn."""
    screen.open(page("fr"), dark=True)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    screen.run("window.dispatchEvent(new Event('beforeprint'))")
    assert screen.run("return document.querySelectorAll('.chart:not(:has(svg))').length") == 0
    assert (
        screen.run("return getComputedStyle(document.querySelector('section')).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert screen.run("return document.querySelector('.filters').checkVisibility()") is False


class Listener:
    """Somebody on this machine who hears what he is asked."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                asked, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(asked,), daemon=True).start()

    def _answer(self, asked: socket.socket) -> None:
        with asked, suppress(OSError):  # a browser may open a connection that it then has no use for
            asked.settimeout(5)
            said = asked.recv(4096).decode("latin-1")
            self.heard.append(said.partition("\r\n")[0])
            asked.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.close()


def _until(true: Callable[[], Any], seconds: float = 5) -> None:
    """Nothing, once it is true; fails when it does not become so."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(None, seconds, poll_frequency=0.05).until(lambda _: true())
