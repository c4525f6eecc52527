"""The report's page as text: one file, nothing of a chat in it that a browser could take for markup or code."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.report.page import ASSETS, SCRIPTS, VENDOR, embedded, report_page
from tests.report.sample_data import HOSTILE, sample_data

MOST_BYTES = 3_000_000


class Elements(HTMLParser):
    """Every element of a page with its attributes, and what stands in its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside = False
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

        if tag in ("script", "style", "title"):
            self.inline.append((tag, dict(attrs), ""))
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, attrs, before = self.inline.pop()
            self.inline.append((tag, attrs, before + data))


@pytest.fixture(scope="module")
def page() -> str:
    return report_page(sample_data("fr"))


def test_the_policy_names_what_runs_and_nothing_else(page: str):
    elements = Elements(page)
    policy = next(attrs["content"] for tag, attrs in elements.found if tag == "meta" and "http-equiv" in attrs)
    rules = dict(rule.split(" ", 1) for rule in (policy or "").split("; "))
    code = [
        (tag, text)
        for tag, attrs, text in elements.inline
        if tag == "style" or (tag == "script" and "type" not in attrs)
    ]
    digests = {
        tag: {
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for name, text in code
            if name == tag
        }
        for tag in ("script", "style")
    }
    assert len(digests["script"]) == 1 + len(VENDOR)
    assert set(rules["script-src"].split()) == digests["script"]
    assert set(rules["style-src"].split()) == digests["style"]
    assert (rules["default-src"], rules["img-src"], rules["base-uri"], rules["form-action"]) == (
        "'none'",
        "data:",
        "'none'",
        "'none'",
    )
    assert not {"connect-src", "unsafe-inline", "unsafe-eval"} & set(re.split(r"[ ;']+", policy or ""))


def test_nothing_is_loaded_and_nothing_listens_in_the_markup(page: str):
    elements = Elements(page)
    attributes = [(tag, name, value) for tag, attrs in elements.found for name, value in attrs.items()]
    assert [each for each in attributes if each[1] == "src" or each[1].startswith("on") or each[1] == "style"] == []
    assert [value for _, name, value in attributes if name == "href"] == ["data:,", "#main"]
    assert sum(tag == "script" for tag, _ in elements.found) == 2 + 1 + len(VENDOR)


def test_the_data_arrive_letter_for_letter(page: str):
    data = json.loads(next(text for tag, attrs, text in Elements(page).inline if attrs.get("id") == "data"))
    assert data == sample_data("fr")
    assert HOSTILE[0] in {row[4] for row in data["messages"]}
    page.encode("utf-8")


@given(st.text(st.characters(), max_size=40))
def test_embedded_json_is_read_back_and_ends_nothing(text: str):
    made = embedded({text: [text]})
    assert json.loads(made) == {text: [text]}
    assert not set("<>&\u2028\u2029") & set(made)
    made.encode("utf-8")


@pytest.mark.parametrize("title", [*HOSTILE, "", "x" * 1_000_000])
def test_a_title_stays_a_title(title: str):
    data = sample_data("en", messages=0)
    data["chat"]["title"] = title
    elements = Elements(report_page(data))
    named = "".join(text for tag, _, text in elements.inline if tag == "title")
    assert named.endswith(": what is felt in it")
    assert len(named) < 160
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", named)
    assert [tag for tag, _ in elements.found].count("script") == 2 + 1 + len(VENDOR)


def test_a_place_to_fill_in_a_message_is_not_filled():
    page = report_page(sample_data("en", messages=400))
    assert "{{page}} {{data}}" in page


def test_an_unknown_language_is_english():
    assert '<html lang="en">' in report_page({**sample_data(messages=0), "lang": '"><script>'})


def test_a_hundred_thousand_messages_fit():
    """1.2 MB of rows, which is the most that the data hold, and 800 days, 30 people and 40 pairs beside them."""
    data = sample_data("fr", messages=3_000)
    row = ["2026-03-02T18:04", 3, 1, 0.93, "on se voit demain à 18 h chez Léa ?"]
    data["messages"] = [row] * (1_200_000 // len(embedded(row).encode()))
    data["messages_of"] = 100_000
    point = data["time"]["week"][0]
    data["time"] = {"day": [point] * 800, "week": [point] * 400, "month": [point] * 100}
    data["by_person"] = {"month": [data["by_person"]["month"][0]] * 4_000}
    assert len(report_page(data).encode()) < MOST_BYTES


def test_both_languages_say_everything_that_the_scripts_ask_for():
    french, english = (json.loads((ASSETS / f"words.{lang}.json").read_text(encoding="utf-8")) for lang in ("fr", "en"))
    assert french.keys() == english.keys()
    script = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    asked = set(re.findall(r'\bwords\("(\w+)"', script))
    assert len(asked) > 60
    assert asked - french.keys() == set()
    places = lambda said: set(re.findall(r"\{\w+\}", json.dumps(said)))  # noqa: E731
    assert {key: places(french[key]) for key in french} == {key: places(english[key]) for key in french}


def test_no_script_of_the_page_makes_markup_or_code_of_strings():
    script = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b\(|new Function|DOMParser", script)
        == []
    )


def test_the_libraries_are_those_that_the_licences_name():
    licences = (ASSETS / "vendor" / "LICENSES").read_text(encoding="utf-8")
    for name in VENDOR:
        assert hashlib.sha256((ASSETS / "vendor" / name).read_bytes()).hexdigest() in licences
    assert html.escape(licences[:500]) in report_page(sample_data(messages=0))
