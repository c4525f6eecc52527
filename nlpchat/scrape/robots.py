"""Whether a site's robots.txt lets nlpchat in, by RFC 9309. There is no way round its answer.

The file is read before anything else of a host, kept for 24 hours, and asked for again then. An answer of 4xx means that there are
no rules; one of 5xx, or none in time, means that nothing may be asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from protego import Protego

from nlpchat.errors import RefusedError
from nlpchat.scrape.answers import Opened
from nlpchat.scrape.asking import PASSING, WAIT_FIRST, Asker, Job, NoAnswerError, refuse_challenge
from nlpchat.scrape.pace import Clocks, Turn
from nlpchat.scrape.store import KeptRobots, PageStore
from nlpchat.scrape.urls import host_of, joined

PRODUCT = "nlpchat"  # the name that robots.txt knows us by
LONGEST = 512_000  # bytes that are read: RFC 9309, section 2.5
KEPT_FOR = timedelta(hours=24)  # section 2.4
HOPS = 5  # section 2.3.1.2
_DISALLOW = re.compile(r"\s*di", re.IGNORECASE)  # "Disallow", and every misspelling of it that the parser understands
_TRIED = 20  # rules, before a refusal goes unnamed: a file of a million rules must not cost minutes


@dataclass(frozen=True, slots=True)
class _Rules:
    kept: KeptRobots
    parsed: Protego


class Robots:
    """The rules of each host of a store."""

    def __init__(self, store: PageStore, asker: Asker, clocks: Clocks):
        self._store, self._asker, self._clocks = store, asker, clocks
        self._rules: dict[str, _Rules] = {}

    def check(self, url: str, turn: Turn) -> None:
        """Nothing, if the canonical `url` may be fetched; the turn learns the delay that the file asks for.

        Raises RefusedError with the rule and the file's date, or because the file could not be had.
        """
        rules = self._of(host_of(url), url, turn)
        turn.site_delay = site_delay(rules.parsed)
        if not rules.parsed.can_fetch(url, PRODUCT):
            when, rule = f"{rules.kept.fetched_at:%Y-%m-%d %H:%M} UTC", refusing_rule(rules.kept.text, url)
            raise RefusedError(
                f"{url}: refused by the site's robots.txt, {rule} (fetched {when}, kept as {rules.kept.path})."
            )

    def _of(self, host: str, url: str, turn: Turn) -> _Rules:
        rules = self._rules.get(host)
        if rules is None or not self._fresh(rules.kept):
            kept = self._store.robots(host)
            if kept is None or not self._fresh(kept):
                kept = self._fetched(host, url, turn)
            rules = self._rules[host] = _Rules(kept, Protego.parse(kept.text))
        return rules

    def _fresh(self, kept: KeptRobots) -> bool:
        return timedelta() <= self._clocks.now() - kept.fetched_at < KEPT_FOR

    def _fetched(self, host: str, url: str, turn: Turn) -> KeptRobots:
        parts = urlsplit(url)
        home = f"{parts.scheme}://{parts.netloc}/robots.txt"
        try:
            found = self._found(home, turn)
        except NoAnswerError as fault:
            refusal = RefusedError(f"{str(fault).rstrip('.')}. Without its robots.txt nothing of {host} is asked.")
            raise self._asker.stop(host, refusal) from fault
        return self._store.put_robots(host, found.text, url=home, status=found.status, fetched_at=self._clocks.now())

    def _found(self, home: str, turn: Turn) -> _Found:
        here = home
        for _ in range(1 + HOPS):
            found = self._asker.ask(here, turn, _RobotsJob())
            if found.leads_to is None:
                return found
            here = joined(here, found.leads_to)
            if host_of(here) != host_of(home):
                raise NoAnswerError(f"{home}: it leads to another site, {here}")
        raise NoAnswerError(f"{home}: it leads on and on, more than {HOPS} times")


@dataclass(frozen=True, slots=True)
class _Found:
    status: int
    text: str
    leads_to: str | None = None


class _RobotsJob(Job[_Found]):
    def headers(self) -> Mapping[str, str]:
        return {"Accept": "text/plain,*/*;q=0.5", "Accept-Encoding": "gzip"}

    def takes(self, status: int) -> bool:
        return status not in WAIT_FIRST | PASSING

    def take(self, answer: Opened) -> _Found:
        if answer.location is not None:
            return _Found(answer.status, "", answer.location)
        body = answer.head(LONGEST) if answer.status == 200 else answer.glimpse()
        refuse_challenge(answer.url, answer.headers, body)
        if 400 <= answer.status < 500:
            return _Found(answer.status, "")
        if answer.status != 200:
            raise NoAnswerError(f"{answer.url}: the site answered {answer.status}")
        if len(body) == LONGEST:  # a rule that was cut in two could allow more than it says
            body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
        return _Found(answer.status, body.decode("utf-8-sig", errors="replace"))


def site_delay(rules: Protego) -> float:
    """Seconds between two requests that the file asks of us: Crawl-delay or Request-rate, the slower of both; 0.0: none."""
    rate = rules.request_rate(PRODUCT)
    return max(rules.crawl_delay(PRODUCT) or 0.0, rate.seconds / rate.requests if rate else 0.0)


def refusing_rule(text: str, url: str) -> str:
    """The rule that refuses `url`, for a person: 'line 12, "Disallow: /rechercher/"'.

    Found by asking the parser about each line by itself, then about the file with one such line left at a time.
    """
    lines = text.splitlines()
    rules = [place for place, line in enumerate(lines) if _DISALLOW.match(line)]
    alone = {place for place in rules if not _allows(f"User-agent: *\n{lines[place]}", url)}
    said = {place: lines[place].split("#")[0].strip() for place in alone}
    for place in sorted(alone, key=lambda place: (-len(said[place]), place))[:_TRIED]:
        # An empty rule takes the place of the others: an empty line would join the groups before and after it.
        left = ("Disallow:" if i in alone and i != place else line for i, line in enumerate(lines))
        if not _allows("\n".join(left), url):
            return f'line {place + 1}, "{said[place]:.200}"'
    return "its rules together"


def _allows(text: str, url: str) -> bool:
    return Protego.parse(text).can_fetch(url, PRODUCT)
