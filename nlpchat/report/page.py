"""A report's data -> its page: one HTML text that holds everything it needs and may ask nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("base.js", "charts.js", "specs.js", "sections.js", "strongest.js", "messages.js", "page.js")
# Vega first: the others find it. They stand after the page's own script, so that its text is there before them.
VENDOR = ("vega.min.js", "vega-lite.min.js", "vega-interpreter.min.js")
LANGUAGES = ("fr", "en")
LONGEST_TITLE = 120  # characters of the browser's tab

# What ends a script element or opens a comment in it, and the line ends that JavaScript once choked on; half a surrogate
# pair has no UTF-8, but JSON can name it.
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def report_page(data: Mapping[str, object]) -> str:
    """The page of a report as one HTML text, from the dict that `report_data` makes.

    Its Content-Security-Policy lets the scripts and the style run that stand in it, known by their SHA-256, and nothing else:
    no request, no eval, no other script, whatever a message says. Vega sets the few styles it needs through the DOM, so
    'unsafe-inline' is not needed.
    """
    lang = data["lang"] if data["lang"] in LANGUAGES else "en"
    words = _words(str(lang))
    style, scripts = _asset("page.css"), (_script(), *(_asset(f"vendor/{name}") for name in VENDOR))
    parts = {
        "lang": str(lang),
        "policy": policy(style, scripts),
        "title": html.escape(_title(data, words)),
        "style": style,
        "skip": html.escape(words["skip"]),
        "noscript": html.escape(words["noscript"]),
        "licences_title": html.escape(words["licences_title"]),
        "licences": html.escape(_asset("vendor/LICENSES")),
        "words": embedded(words),
        "data": embedded({**data, "lang": lang}),
        "page": scripts[0],
        "vendor": "\n".join(f"<script>{script}</script>" for script in scripts[1:]),
    }
    # In one pass: what is filled in is never read for places to fill.
    return _PLACE.sub(lambda found: parts[found[1]], _asset("page.html"))


def policy(style: str, scripts: tuple[str, ...]) -> str:
    """The Content-Security-Policy under which only these run.

    img-src data: is for the empty icon, without which a browser asks the server for one. With trusted types no string
    becomes markup or code anywhere in the page, in Vega either.
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(map(_source, scripts)),
        "style-src": _source(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def embedded(value: object) -> str:
    r"""JSON that can stand in a script element: nothing in it ends the element or begins another.

    >>> embedded({"text": "</script>"})
    '{"text":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _title(data: Mapping[str, object], words: Mapping[str, str]) -> str:
    chat = data["chat"]
    said = _CONTROL.sub(" ", str(chat["title"])).strip() if isinstance(chat, Mapping) else ""
    cut = said if len(said) <= LONGEST_TITLE else said[: LONGEST_TITLE - 1] + "…"
    return words["page_title"].replace("{title}", cut or words["untitled"])


def _source(inline: str) -> str:
    """How a policy names an inline script or style: by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """The page's own script: its files in order, in one scope of their own."""
    body = "\n".join(map(_asset, SCRIPTS))
    return f'(() => {{\n"use strict";\n{body}}})();'


@cache
def _words(lang: str) -> dict[str, str]:
    """The page's words in a language; those that know one and many are objects there, which Python has no need of."""
    words: dict[str, str] = json.loads(_asset(f"words.{lang}.json"))
    return words
