"""A cleaner of French wikitext, measured against the text of the rendered pages. By hand:

    python tests/benchmarks/wikitext.py ../shared/data/wikitext/articles.jsonl.xz [--peers] [--show A|B|C|words]

The file holds one article a line: `name`, `wikitext`, `reference` (the plain text of the rendered page). With --peers
mwparserfromhell and gensim, where this Python has them, clean the same articles.

How it counts. MB/s: UTF-8 bytes of wikitext over time.process_time() of one process, the best of RUNS over all
articles, each begun with nothing remembered; on a busy machine it says less than its ratio to the peers of the run.
Words: runs of letters and digits (\\w+) after NFKC (XIXᵉ and XIXe, km² and km2 are one word), capitals kept. Recall is
the number of the reference's words that are found again over all its words, precision that number over the cleaner's
words, as multisets, article by article, summed over all. "prose" leaves the reference's headings (lines in #) and table
rows (lines in |) out of the recall, which no cleaner here is to give; "whole" leaves nothing out. Precision is always
against the whole.
Faults, per 10,000 words of the cleaner: A, an article or a preposition right before punctuation or the end of a line,
whether a space parts them or not, or "né le à"; B, empty brackets; C, a space between a word and a comma or full stop.
The reference is counted the same way: what French itself writes so ("un (ou des) point(s)", "arrêté depuis.") is the
floor. Markup left: paragraphs (the peers': lines) that hold any of MARKUP.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from nlpchat.scrape.wikipedia.cleaner import _short_template, clean
from nlpchat.scrape.wikipedia.tex import _formula

RUNS = 3
WORD = re.compile(r"\w+")
FAULTS = {
    "A": re.compile(
        r"(?<![\w'’-])(?:(?:le|la|les|un|une|des|du|de|au|aux|en|par|pour|dans|sur|vers|chez|à)(?= ?[,.;:)]|$)"
        r"|(?:avec|depuis|entre|sans|sous)(?= ?[.;:)]|$)|[ldLD]['’](?= ?[,.;:)]|$)"
        r"|(?:née?s?|morte?s?|décédée?s?) le (?=à|en|dans))(?! ?\.\.\.)",
        re.MULTILINE,
    ),
    "B": re.compile(r"\([\s,;:]*\)|\[\s*\]|«\s*»"),
    "C": re.compile(r"(?<=\w)[ \xa0](?:,|\.(?=\s|$))", re.MULTILINE),
}
MARKUP = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|\|-|''|&nbsp;|&[a-z]+;|<ref|</|<br|<!--|-->|(?:thumb|vignette)\||__[A-Z]+__"
    r"|(?:style|class|align|colspan|rowspan|bgcolor) ?="
)
Cleaner = Callable[[str], list[str]]


def words(text: str) -> Counter[str]:
    return Counter(WORD.findall(unicodedata.normalize("NFKC", text)))


def prose(reference: str) -> str:
    return "\n".join(line for line in reference.split("\n") if not line.lstrip().startswith(("# ", "## ", "###", "|")))


def seconds(cleaner: Cleaner, texts: list[str]) -> float:
    """The best of RUNS."""
    best = float("inf")
    for _ in range(RUNS):
        _short_template.cache_clear()
        _formula.cache_clear()
        start = time.process_time()
        for text in texts:
            cleaner(text)
        best = min(best, time.process_time() - start)
    return best


def faults(lines: list[str]) -> dict[str, list[str]]:
    """What is wrong, with a little of what is around it."""
    found: dict[str, list[str]] = {name: [] for name in FAULTS}
    for line in lines:
        for name, pattern in FAULTS.items():
            found[name] += [line[max(0, m.start() - 50) : m.end() + 25] for m in pattern.finditer(line)]
    return found


def measure(name: str, cleaner: Cleaner, articles: list[dict[str, str]], *, timed: bool = True) -> dict[str, list[str]]:
    """One line of the table; the faults found."""
    texts = [article["wikitext"] for article in articles]
    common = ours = whole = said = told = left = paragraphs = 0
    found: dict[str, list[str]] = {fault: [] for fault in FAULTS}
    for article in articles:
        lines = cleaner(article["wikitext"])
        mine, all_words = words("\n".join(lines)), words(article["reference"])
        running = words(prose(article["reference"]))
        common += (mine & all_words).total()
        said += (mine & running).total()
        ours, whole, told = ours + mine.total(), whole + all_words.total(), told + running.total()
        paragraphs += len(lines)
        left += sum(MARKUP.search(line) is not None for line in lines)
        for fault, cases in faults(lines).items():
            found[fault] += [f"{article['name']}: {case}" for case in cases]
    speed = sum(len(text.encode()) for text in texts) / seconds(cleaner, texts) / 1e6 if timed else float("nan")
    rates = "  ".join(f"{fault} {10_000 * len(cases) / ours:5.2f}" for fault, cases in found.items())
    print(
        f"{name:17} {speed:6.1f} MB/s  recall prose {said / told:.4f} whole {common / whole:.4f}"
        f"  precision {common / ours:.4f}  {rates}  markup left in {left} of {paragraphs:,} paragraphs"
    )
    return found


def peers() -> dict[str, Cleaner]:
    """mwparserfromhell's and gensim's way from wikitext to text, where they are installed."""
    found: dict[str, Cleaner] = {}
    try:
        import mwparserfromhell  # type: ignore[import-not-found]

        found["mwparserfromhell"] = lambda text: _lines(str(mwparserfromhell.parse(text).strip_code()))
    except ImportError:
        print("mwparserfromhell is not installed here")
    try:
        from gensim.corpora.wikicorpus import filter_wiki  # type: ignore[import-not-found]

        found["gensim"] = lambda text: _lines(filter_wiki(text))
    except ImportError:
        print("gensim is not installed here")
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def show_words(articles: list[dict[str, str]]) -> None:
    """The words that are most often missing, and most often too many."""
    missing: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    for article in articles:
        mine, running = words("\n".join(clean(article["wikitext"]))), words(prose(article["reference"]))
        missing += running - mine
        extra += mine - words(article["reference"])
    print("missing:", *(f"{word} {count}" for word, count in missing.most_common(100)))
    print("too many:", *(f"{word} {count}" for word, count in extra.most_common(100)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--show", choices=("A", "B", "C", "words"))
    options = parser.parse_args()
    with lzma.open(options.articles, "rt", encoding="utf-8") as file:
        articles = [json.loads(line) for line in file]
    found = measure("nlpchat", clean, articles)
    references = {article["wikitext"]: _lines(article["reference"]) for article in articles}
    measure("(the reference)", references.__getitem__, articles, timed=False)
    for name, cleaner in peers().items() if options.peers else ():
        measure(name, cleaner, articles)
    if options.show == "words":
        show_words(articles)
    elif options.show:
        print(*found[options.show], sep="\n")


if __name__ == "__main__":
    main()
