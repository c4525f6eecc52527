"""Small dumps with invented articles, in every form that Wikimedia gives."""

from __future__ import annotations

import bz2
import gzip
import json
import random
from functools import cache
from html import escape

WORDS = (
    "rivière", "moulin", "pierre", "école", "village", "pont", "tour", "forêt", "marché", "chapelle", "colline", "ferme",
    "atelier", "jardin", "gare", "port", "musée", "ancienne", "petite", "longue", "vieille", "haute", "célèbre", "étroite",
)  # fmt: skip
HEADER = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="fr">
  <siteinfo>
    <sitename>Wikipédia</sitename>
    <dbname>frwiki</dbname>
    <base>https://fr.wikipedia.org/wiki/Accueil</base>
  </siteinfo>
"""
FOOTER = "</mediawiki>\n"
SHARED = "Cette commune de la vallée inventée se trouve au bord de la grande rivière qui lui donne son nom."


def text(number: int, paragraphs: int = 6) -> str:
    """An invented article of its own, about 1,500 characters; every third one has a paragraph that they share."""
    chance = random.Random(number)
    found = [
        " ".join(
            f"La {chance.choice(WORDS)} {chance.randrange(1000)} de la {chance.choice(WORDS)} se voit depuis l'{chance.choice(WORDS)}."
            for _ in range(5)
        )
        for _ in range(paragraphs)
    ]
    if number % 3 == 0:
        found.insert(2, SHARED)
    return "\n\n".join(found)


def page(
    number: int,
    wikitext: str | None = None,
    *,
    title: str = "",
    ns: int = 0,
    redirect: bool = False,
    model: str = "wikitext",
) -> str:
    content = escape(text(number) if wikitext is None else wikitext, quote=True)
    target = '    <redirect title="Ailleurs" />\n' if redirect else ""
    return f"""  <page>
    <title>{escape(title or f"Lieu {number}")}</title>
    <ns>{ns}</ns>
    <id>{number}</id>
{target}    <revision>
      <id>{9000 + number}</id>
      <timestamp>2026-03-{1 + number % 28:02}T10:00:00Z</timestamp>
      <contributor>
        <username>Personne</username>
        <id>7</id>
      </contributor>
      <model>{model}</model>
      <format>text/x-wiki</format>
      <text bytes="{len(content)}" xml:space="preserve">{content}</text>
      <sha1>0</sha1>
    </revision>
  </page>
"""


def xml(pages: list[str]) -> bytes:
    return (HEADER + "".join(pages) + FOOTER).encode()


def multistream(pages: list[str], each: int = 10) -> bytes:
    """As Wikimedia cuts it: the header, so many pages a stream, the end."""
    groups = [pages[start : start + each] for start in range(0, len(pages), each)]
    return b"".join(bz2.compress(part.encode()) for part in (HEADER, *map("".join, groups), FOOTER))


def cut_anywhere(pages: list[str], each: int = 5000) -> bytes:
    """As pbzip2 cuts it: streams of so many bytes, through the middle of pages."""
    whole = xml(pages)
    return b"".join(bz2.compress(whole[start : start + each]) for start in range(0, len(whole), each))


def cirrus(numbers: list[int], **fields: object) -> bytes:
    lines: list[object] = []
    for number in numbers:
        lines.append({"index": {"_type": "_doc", "_id": str(number)}})
        lines.append(
            {
                "page_id": number, "wiki": "frwiki", "namespace": 0, "title": f"Lieu {number}", "content_model": "wikitext",
                "timestamp": "2026-03-01T10:00:00Z", "text": text(number).replace("\n\n", " "),
                "opening_text": text(number).split("\n\n")[0], "heading": ["Histoire"], "template": ["Modèle:Infobox"],
            }
            | fields
        )  # fmt: skip
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


@cache
def in_every_form(count: int) -> dict[str, bytes]:
    """The same pages, 1 to `count`, in each form of a dump. Level 1 of bz2 has blocks of 100 kB rather than 900."""
    pages = [page(number) for number in range(1, count + 1)]
    search = cirrus(list(range(1, count + 1)))
    return {
        "single": bz2.compress(xml(pages), 1), "multistream": multistream(pages), "cut anywhere": cut_anywhere(pages),
        "gzip": gzip.compress(xml(pages)), "plain": xml(pages), "part": multistream(pages)[len(bz2.compress(HEADER.encode())) :],
        "cirrus bz2": bz2.compress(search, 1), "cirrus gz": gzip.compress(search), "cirrus": search,
    }  # fmt: skip
