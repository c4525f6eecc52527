"""What a folder of reviews says about itself, and the command says before it begins."""

from __future__ import annotations

from nlpchat.scrape.sites import Site

_PACE = (
    "One request at a time, 3 seconds or more apart and slower where the site asks for it; robots.txt is read first and obeyed, "
    "with no switch; a refusal ends the run. No member's page, no search, no picture is ever asked for."
)
_SAVED = "Nothing was fetched: these are pages or exports that a person saved."
_NOTICE = """\
Reviews of {site}, gathered with `nlpchat scrape`.

Purpose      Private study: to train models of what texts express, and to measure them.
Kept         Of each review: its text, rating, day, votes, whether it is marked as a spoiler, its id and address, and the id
             of what it is about (reviews.jsonl).
Not kept     Who wrote it: no name, no picture, no profile. {pages}
Pace         {pace}
The site     {position}
Rights       The texts stay their writers' and the site's. They are not to be passed on, whole or in part.
Left out     Whoever wants a review left out gives its address or id to whoever holds this folder: one a line in a file,
             then the same command with --exclude FILE (the commands that train take the same file).
"""
_PAGES = """The pages under pages/ are as the site sent them and do show
             names: keep them to yourself, and delete them when you are done."""


def notice(site: Site, *, fetched: bool) -> str:
    """The text of NOTICE.txt; fetched: by a robot, rather than saved by a person."""
    return _NOTICE.format(
        site=site.SITE,
        pages=_PAGES if fetched else "",
        pace=_folded(_PACE if fetched else _SAVED),
        position=_folded(site.POSITION),
    ).replace(" \n", "\n")


def _folded(text: str, width: int = 105) -> str:
    """The text in lines under the first one's beginning."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{word}"
    return "\n             ".join(lines)
