"""The local web application in a real browser: an export in, a report out, and nothing hostile on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier
from nlpchat.serve.app import MB, Settings
from tests.browser.conftest import Screen
from tests.serve.served import TWO_CHATS, WHATSAPP, Served, running

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
PHONE = 360  # pixels
HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
EXPORT = WHATSAPP + f"06/03/2024, 20:01 - {HOSTILE}: c'est génial {HOSTILE}\n".encode()
# As somebody who drops a file on the page: its name and its content.
DROP = """
const files = new DataTransfer();
files.items.add(new File([arguments[1]], arguments[0]));
document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
"""


@pytest.fixture(scope="module")
def served(bundle: Bundle) -> Iterator[Served]:
    with running(Classifier(bundle, threads=1), Settings(most_upload=MB)) as server:
        yield server


@pytest.fixture
def opened(served: Served, screen: Screen) -> Iterator[Callable[..., Screen]]:
    """Opens the page, ready to take a file; closes it in the end."""

    def open_page(lang: str = "en-GB", **options: Any) -> Screen:
        screen.driver.execute_cdp_cmd(
            "Emulation.setUserAgentOverride", {"userAgent": "Chromium", "acceptLanguage": lang}
        )
        screen.open(served.url, **options)
        until(screen, lambda: shown(screen, "drop") and screen.run("return page !== null"))
        return screen

    yield open_page
    screen.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": "", "acceptLanguage": ""})
    screen.driver.get("about:blank")


def until(screen: Screen, condition: Callable[[], Any]) -> Any:
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(screen.driver, 20, 0.05).until(lambda _driver: condition())


def shown(screen: Screen, name: str) -> bool:
    return bool(screen.run("return document.getElementById(arguments[0])?.checkVisibility() ?? false", name))


def text(screen: Screen, name: str) -> str:
    return str(screen.run("return document.getElementById(arguments[0]).innerText", name))


def test_an_export_that_is_dropped_becomes_a_report_that_runs_apart(
    served: Served, opened: Callable[..., Screen]
) -> None:
    screen = opened()
    screen.run(DROP, f"{HOSTILE.replace('/', '')}.txt", EXPORT.decode())
    until(screen, lambda: shown(screen, "done"))
    assert served.left == []
    report = screen.driver.find_element("id", "report")
    screen.driver.switch_to.frame(report)
    until(screen, lambda: screen.run("return document.querySelectorAll('.chart').length > 0"))
    screen.run("document.querySelector('.chart').scrollIntoView()")
    until(screen, lambda: screen.run("return document.querySelectorAll('.chart svg').length > 0"))
    assert "window.ran" in screen.run("return document.body.innerText")
    assert screen.run("return window.ran") is None
    # Nothing of the page or its server is within its reach.
    assert screen.run("return self.origin") == "null"
    assert screen.run("try { return parent.document.title } catch (fault) { return fault.name }") == "SecurityError"
    screen.driver.switch_to.default_content()
    assert screen.run("return window.ran") is None
    assert screen.said() == []
    asked = screen.asked_for()
    assert len(asked) > 6
    assert [address for address in asked if not address.startswith((f"{served.url}/", "data:", "about:"))] == []


def test_the_report_opens_in_a_tab_of_its_own(opened: Callable[..., Screen]) -> None:
    screen = opened()
    screen.run(DROP, "chat.txt", EXPORT.decode())
    until(screen, lambda: shown(screen, "done"))
    driver, first = screen.driver, screen.driver.current_window_handle
    driver.find_element("id", "tab").click()
    until(screen, lambda: len(driver.window_handles) == 2)
    driver.switch_to.window(next(name for name in driver.window_handles if name != first))
    try:
        until(screen, lambda: screen.run("return document.querySelectorAll('h1').length > 0"))
        assert screen.run("return [self.origin, window.opener, window.ran ?? null]") == ["null", None, None]
    finally:
        driver.close()
        driver.switch_to.window(first)


def test_a_conversation_is_chosen_with_the_keyboard(opened: Callable[..., Screen]) -> None:
    from selenium.webdriver import ActionChains, Keys

    screen = opened()
    export = json.loads(TWO_CHATS)
    export["chats"]["list"][0]["name"] = HOSTILE
    screen.run(DROP, "result.json", json.dumps(export))
    until(screen, lambda: shown(screen, "choose"))
    assert text(screen, "which") == "2 conversations: which one?"
    assert screen.run("return document.activeElement.id") == "which"
    assert text(screen, "choices").splitlines()[::2] == ["Les colocs", HOSTILE]
    assert screen.run("return document.querySelectorAll('#choices script, #choices img').length") == 0
    ActionChains(screen.driver).send_keys(Keys.TAB, Keys.TAB, Keys.ENTER).perform()
    until(screen, lambda: shown(screen, "done"))
    assert screen.run("return document.activeElement.id") == "tab"
    assert screen.run("return window.ran") is None
    screen.driver.find_element("id", "again").send_keys(Keys.ENTER)
    until(screen, lambda: shown(screen, "drop") and not shown(screen, "done"))
    assert screen.run("return document.activeElement.id") == "files"
    assert screen.said() == []


def test_what_cannot_be_read_is_said_in_one_line(opened: Callable[..., Screen], tmp_path: Path) -> None:
    screen = opened("fr-FR")
    letter = tmp_path / "<b>lettre.txt"
    letter.write_text("Bonjour,\n" * 20, encoding="utf-8")
    screen.driver.find_element("id", "files").send_keys(str(letter))
    until(screen, lambda: shown(screen, "fault"))
    assert text(screen, "fault").startswith("blettre.txt, line 1: ")
    assert shown(screen, "drop")
    large = tmp_path / "grand.txt"
    large.write_bytes(b"a" * (MB + 1))
    screen.asked_for()
    screen.driver.find_element("id", "files").send_keys(str(large))
    until(screen, lambda: text(screen, "fault") == "Ce fichier dépasse la limite de 1 Mo.")
    assert [address for address in screen.asked_for() if address.endswith("/jobs")] == []


@pytest.mark.parametrize(
    ("lang", "width", "dark"), [("fr-CA", PHONE, True), ("en-GB", PHONE, False), ("fr-FR", 1100, True)]
)
def test_everybody_can_read_it(opened: Callable[..., Screen], lang: str, width: int, dark: bool) -> None:
    screen = opened(lang, width=width, dark=dark)
    assert screen.run("return document.documentElement.lang") == lang[:2]
    screen.driver.find_element("tag name", "summary").click()
    export = json.loads(TWO_CHATS)
    export["chats"]["list"][0]["name"] = "m" * 5_000
    for _ in range(2):
        assert screen.run("return document.documentElement.scrollWidth") <= width
        assert screen.run("return [...document.querySelectorAll('[data-say]')].every((one) => one.textContent)")
        checked = screen.run(CONTRAST)
        assert checked["looked"] > 5
        assert [low for low in checked["low"] if not low[0].startswith("--")] == []  # those are colours of the report's
        if not shown(screen, "choose"):
            screen.run(DROP, "result.json", json.dumps(export))
            until(screen, lambda: shown(screen, "choose"))


def test_a_page_that_is_closed_is_forgotten(served: Served, opened: Callable[..., Screen]) -> None:
    screen = opened()
    screen.run(DROP, "chat.txt", EXPORT.decode())
    until(screen, lambda: shown(screen, "done"))
    report = screen.driver.find_element("id", "tab").get_attribute("href").removeprefix(served.url)
    assert served.get(report).status_code == 200
    screen.driver.get("about:blank")
    until(screen, lambda: served.get(report).status_code == 404)
