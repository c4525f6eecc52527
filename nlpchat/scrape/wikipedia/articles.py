"""The articles in a batch of a dump: from MediaWiki's XML, or from the documents of the search index.

Pages are found by plain search for <page> and </page>: no XML parser, hence no entities to blow up and no character that stops
everything; what is written as text in a page has its < escaped.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nlpchat.scrape.wikipedia.dumps import Batch, blocks_of

UNKNOWN = 0  # stands for the id of a page too damaged to show it; no page has it
PARAGRAPH = 500  # characters: where the search index has lost its paragraphs, sentences are put together up to so many

_HEAD = re.compile(rb"<title>([^<]*)</title>\s*<ns>(-?\d+)</ns>\s*<id>(\d+)</id>(\s*<redirect\b)?")
_MODEL = re.compile(rb"<model>([^<]*)</model>")
_EDITED = re.compile(rb"<timestamp>([^<]*)</timestamp>")
_NUMBERED = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_INDEX_ID = re.compile(rb'"_id":\s*"?(\d+)')
_SENTENCE_END = re.compile(r"(?<=[.!?…]) +(?=[A-ZÀ-ÖØ-ÞŒ«“\"(])")
_NOTES = re.compile(r" [↑^] ")  # what is left of a note's arrow, from the first of which all is notes
_TEMPLATE = re.compile(r"^[^:]*:")


@dataclass(frozen=True, slots=True)
class Article:
    """A page of the encyclopaedia. edited: when its text was saved, ISO; paragraphs: those of the search index, which has
    no wikitext; None: they are to be made from `wikitext`."""

    page_id: int
    title: str
    edited: str
    wikitext: str
    paragraphs: tuple[str, ...] | None = None


def articles(batch: Batch, wanted: Callable[[int], bool], counts: Counter[str]) -> Iterator[Article]:
    """The articles of a batch whose page id is wanted, in their order.

    counts: "pages" (all there are) and "read" (the wanted ones) go up, and why wanted pages gave no article; "ends": the dump's
    last tag was seen.
    """
    read = _of_xml if batch.form == "xml" else _of_cirrus
    for block in blocks_of(batch):
        yield from read(block, wanted, counts)


def _of_xml(block: bytes, wanted: Callable[[int], bool], counts: Counter[str]) -> Iterator[Article]:
    start = end = 0
    while (start := block.find(b"<page>", end)) >= 0:
        counts["pages"] += 1
        end = block.find(b"</page>", start)
        head = _HEAD.search(block, start, end if end >= 0 else len(block))
        if wanted(int(head[3]) if head else UNKNOWN):
            counts["read"] += 1
            if reason := _no_article(head, end):
                counts[reason] += 1
            elif head is not None and (article := _article(block, head, end, counts)):
                yield article
        if end < 0:
            return
    counts["ends"] += b"</mediawiki>" in block[end:]


def _no_article(head: re.Match[bytes] | None, end: int) -> str:
    if head is None or end < 0:
        return "damaged"
    return "other namespace" if int(head[2]) else "redirect" if head[4] else ""


def _article(block: bytes, head: re.Match[bytes], end: int, counts: Counter[str]) -> Article | None:
    revision = block.rfind(b"<revision>", head.end(), end)  # the newest, where a page has several
    text = block.find(b"<text", revision, end)
    if revision < 0 or text < 0:
        counts["damaged"] += 1
        return None
    model = _MODEL.search(block, revision, text)
    if model is not None and model[1] != b"wikitext":
        counts["not wikitext"] += 1
        return None
    begin = block.find(b">", text, end) + 1
    close = block.find(b"</text>", begin, end)
    if close < 0 or not begin:  # <text ... /> has no end of its own
        counts["empty"] += 1
        return None
    edited = _EDITED.search(block, revision, text)
    return Article(
        page_id=int(head[3]),
        title=" ".join(_unescaped(head[1]).split()),
        edited=edited[1].decode("ascii", "replace") if edited else "",
        wikitext=_unescaped(block[begin:close]),
    )


def _unescaped(raw: bytes) -> str:
    """Text of the XML as it was; what no character may be is left out or shown as U+FFFD."""
    text = raw.decode("utf-8", "replace")
    if "&#" in text:
        text = _NUMBERED.sub(_character, text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    return _CONTROL.sub("", text)


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


def _of_cirrus(block: bytes, wanted: Callable[[int], bool], counts: Counter[str]) -> Iterator[Article]:
    lines = iter(block.split(b"\n"))
    for line in lines:
        if not line.startswith(b'{"index":'):
            continue
        counts["pages"] += 1
        page = _INDEX_ID.search(line)
        document = next(lines, b"")
        if not wanted(int(page[1]) if page else UNKNOWN):
            continue
        counts["read"] += 1
        content = _object(document)
        if page is None or content is None:
            counts["damaged"] += 1
        elif content.get("namespace", 0) != 0:
            counts["other namespace"] += 1
        elif content.get("content_model", "wikitext") != "wikitext":
            counts["not wikitext"] += 1
        else:
            yield _found(int(page[1]), content)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    good = isinstance(content, dict) and all(isinstance(content.get(key), str) for key in ("title", "text"))
    return content if good else None


def _found(page_id: int, content: dict[str, Any]) -> Article:
    """Its templates stand for the wikitext where there is none: by them pages of homonyms are known."""
    used = (_TEMPLATE.sub("", name, count=1) for name in content.get("template") or () if isinstance(name, str))
    opening = content.get("opening_text")
    return Article(
        page_id=page_id,
        title=" ".join(_CONTROL.sub("", content["title"]).split()),
        edited=str(content.get("timestamp") or ""),
        wikitext=content.get("source_text") or "".join(f"{{{{{name}}}}}\n" for name in used) or content["text"],
        paragraphs=tuple(_paragraphs(_CONTROL.sub("", content["text"]), opening if isinstance(opening, str) else "")),
    )


def _paragraphs(text: str, opening: str) -> Iterator[str]:
    """Those of the text if it has any; else its opening, then sentences put together. Notes at its end are left out."""
    if notes := _NOTES.search(text, len(opening)):
        text = text[: notes.start()]
    opening = opening.strip()
    if "\n" in text.strip():
        yield from text.split("\n")
        return
    if opening and text.lstrip().startswith(opening):
        yield opening
        text = text.lstrip()[len(opening) :]
    together = ""
    for sentence in _SENTENCE_END.split(text.strip()):
        together = f"{together} {sentence}" if together else sentence
        if len(together) >= PARAGRAPH:
            yield together
            together = ""
    yield together
