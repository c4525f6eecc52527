"""What a reader sees of a link, and of an element of HTML or of MediaWiki: `link("chat|chats")` is "chats"."""

from __future__ import annotations

import re

from nlpchat.scrape.wikipedia.figures import lowered, raised
from nlpchat.scrape.wikipedia.renderers import CUT, FORMULA, FORMULA_END, LOST, PIPE
from nlpchat.scrape.wikipedia.tex import formula

_FILES = frozenset(
    ("fichier", "file", "image", "média", "media", "catégorie", "category", "modèle", "spécial", "special")
)
_LONGEST_PREFIX = 20  # characters, the colon with them
_PROJECTS = frozenset((
    "w", "wikt", "s", "b", "n", "q", "v", "m", "d", "c", "wiktionary", "wiktionnaire", "wikisource", "commons",
    "species", "meta", "wikipedia", "wikipédia",
))  # fmt: skip
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,8})*|simple")
_TAG = re.compile(r"</?([a-z]+[1-6]?)", re.IGNORECASE)
_INSIDE = re.compile(r"<[^<>]*>(.*)<[^<>]*>", re.DOTALL)
_BLOCKS = frozenset((
    "gallery", "pre", "timeline", "score", "graph", "mapframe", "imagemap", "syntaxhighlight", "p", "div", "center",
    "blockquote", "poem", "ul", "ol", "li", "dl", "dt", "dd", "hr", "table", "tr", "td", "th", "caption", "h1", "h2",
    "h3", "h4", "h5", "h6", "section",
))  # fmt: skip


def link(inside: str) -> str:
    """What a reader sees of [[inside]]; nothing of files, categories and the same article in other languages."""
    target, _, label = (inside.replace(PIPE, "|") if PIPE in inside else inside).partition("|")
    if ":" not in target:
        return label if label.strip() else target
    before, _, after = target.partition(":")
    prefix = before.strip().lower()
    if prefix in _FILES or (prefix not in _PROJECTS and _LANGUAGE.fullmatch(before)):
        return ""
    if label.strip():
        return label
    if prefix in ("http", "https"):
        return target.partition(" ")[2]
    return after if prefix in _PROJECTS or not prefix else target


def is_file(target: str) -> bool:
    """Whether a link's target begins as a file's or a category's name does."""
    return target[:_LONGEST_PREFIX].partition(":")[0].strip().lower() in _FILES


def tag(token: str) -> str:
    """What is seen of an element, or of a start or an end that stands alone."""
    if token.startswith("<ref"):
        return CUT if token == "<ref>" else ""
    match = _TAG.match(token)
    if match is None:  # a comment
        return CUT if token == "<!--" else ""
    name = match[1].lower()
    if name in _BLOCKS:
        return "\n\n"
    if name == "br":
        return " "
    inside = _INSIDE.fullmatch(token)
    return _element(name, inside[1]) if inside else ""


def _element(name: str, inside: str) -> str:
    if name == "sup":
        return raised(inside)
    if name == "sub":
        return lowered(inside)
    if name in ("math", "ce", "chem"):
        text = formula(inside).replace("|", PIPE)
        return f"{FORMULA}{text}{FORMULA_END}" if text else LOST
    return inside.replace("|", PIPE) if name == "nowiki" else ""
