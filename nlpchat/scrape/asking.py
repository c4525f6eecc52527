"""One request with all its manners: the turn, the tries, the rests a site asks for, and the refusals that end a run.

| the site                                   | what happens                                                     |
|--------------------------------------------|------------------------------------------------------------------|
| 401, 403, 451, or a captcha with any status | RefusedError; the host is not asked again by this run            |
| 429, 503 with Retry-After up to 120 s      | waited for, twice at most                                        |
| 429, 503 with more; 429 with none          | ScrapeError; the host is not asked again by this run             |
| 500, 502, 503, 504, 522, 524, broken        | two more tries, after 10 and 30 s, then ScrapeError              |
| no answer in time                          | the same, but the third time-out in a row is a RefusedError      |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

from nlpchat.errors import RefusedError, ScrapeError
from nlpchat.scrape.answers import BrokenError, Opened, TimedOutError, opened
from nlpchat.scrape.challenges import challenger
from nlpchat.scrape.hosts import CheckedAdapter, Hosts
from nlpchat.scrape.pace import Clocks, Pace, Turn

T = TypeVar("T")

TRIES = (10.0, 30.0)  # seconds before the second and the third try
TIMEOUTS = 3  # in a row: how Cloudflare says no
FORBIDDEN = frozenset({401, 403, 451})
WAIT_FIRST = frozenset({429, 503})
PASSING = frozenset({500, 502, 503, 504, 522, 524})  # 522, 524: Cloudflare's names for a site that does not answer it
_LONGEST_REST = 86_400.0  # seconds; what asks for more is not believed to the letter, and stops the run as well


class BusyError(ScrapeError):
    """An answer that a later try may better. after: seconds that the site asks to wait."""

    def __init__(self, message: str, after: float | None = None):
        super().__init__(message)
        self.after = after


class NoAnswerError(ScrapeError):
    """All tries were in vain."""


class Job(Generic[T]):
    """What to ask for, and what to make of the answer: a page, a robots.txt, a part of a file."""

    patience = 120.0  # seconds for the whole body; what drips in for longer is a time-out
    progress = 0  # bytes that need not be asked for again; while it grows, tries start anew

    def headers(self) -> Mapping[str, str]:
        """Beside the User-Agent, for the next try."""
        return {}

    def takes(self, status: int) -> bool:
        """Whether `take` knows what to do with an answer of this status, 400 or more."""
        raise NotImplementedError

    def take(self, answer: Opened) -> T:
        """Reads the body as far as it is wanted."""
        raise NotImplementedError


class Asker:
    """Asks hosts that may be asked, for one fetcher. agent: the User-Agent."""

    def __init__(self, agent: str, hosts: Hosts, pace: Pace, clocks: Clocks):
        self._headers = {"User-Agent": agent, "Accept-Language": "fr,fr-FR;q=0.9,en;q=0.1"}
        self._hosts, self._pace, self._clocks = hosts, pace, clocks
        self._adapter = CheckedAdapter(hosts)
        self._stopped: dict[str, ScrapeError] = {}
        self._timeouts: dict[str, int] = {}

    def stop(self, host: str, error: ScrapeError) -> ScrapeError:
        """The error, after which `host` is not asked again by this run."""
        self._stopped[host] = error
        return error

    def check_stopped(self, host: str) -> None:
        """Raises again what stopped this run at `host`, if anything did; for whoever is about to ask."""
        if host in self._stopped:
            stopped = self._stopped[host]
            raise type(stopped)(*stopped.args)

    def ask(self, url: str, turn: Turn, job: Job[T]) -> T:
        """What `job` makes of the answer. Raises ScrapeError, RefusedError as the table above says."""
        self._hosts.check(url)
        waits, least, progress = iter(TRIES), 0.0, job.progress
        while True:
            turn.wait(least)
            try:
                return self._once(url, turn, job)
            except RefusedError as refusal:
                self.stop(turn.host, refusal)
                raise
            except (BusyError, BrokenError, TimedOutError) as fault:
                if job.progress > progress:
                    waits, progress = iter(TRIES), job.progress
                    self._timeouts.pop(turn.host, None)
                self._count(fault, turn)
                least = self._next_wait(waits, fault, turn)

    def _once(self, url: str, turn: Turn, job: Job[T]) -> T:
        turn.begun()
        try:
            with opened(
                self._adapter,
                url,
                self._headers | dict(job.headers()),
                timeout=self._pace.timeout,
                clock=self._clocks.clock,
                patience=job.patience,
            ) as answer:
                turn.answered()
                if answer.status >= 400 and not job.takes(answer.status):
                    raise self._error(answer, turn)
                taken = job.take(answer)
            self._timeouts.pop(turn.host, None)
            return taken
        finally:
            turn.over()

    def _error(self, answer: Opened, turn: Turn) -> ScrapeError:
        """What an answer that the job does not take means."""
        url, status = answer.url, answer.status
        refuse_challenge(url, answer.headers, answer.glimpse())
        if status in FORBIDDEN:
            return RefusedError(
                f"{url}: the site refuses ({status}). Nothing goes round that; what was fetched is kept."
            )
        if status in WAIT_FIRST:
            after = retry_after(answer.headers.get("retry-after", ""), self._clocks.now())
            if after is not None:
                turn.rest(after)  # before the next request, of this run or another: the turn waits, or gives up
            if after is not None or status in PASSING:
                return BusyError(f"{url}: the site is busy ({status})", after)
            return self.stop(
                turn.host, ScrapeError(f"{url}: the site asks for fewer requests (429). Run it again in an hour.")
            )
        if status in PASSING:
            return BusyError(f"{url}: the site is not well ({status})")
        return ScrapeError(f"{url}: the site answered {status}. Check the address.")

    def _next_wait(self, waits: Iterator[float], fault: ScrapeError, turn: Turn) -> float:
        least = next(waits, None)
        if isinstance(fault, BusyError) and fault.after is not None:
            if least is None:
                raise self.stop(
                    turn.host, ScrapeError(f"{fault}, after every rest it asked for. Run it again later.")
                ) from fault
            return 0.0  # the turn knows of the rest
        if least is None:
            raise NoAnswerError(f"{fault}, three times. What was fetched is kept; run it again later.") from fault
        return least

    def _count(self, fault: ScrapeError, turn: Turn) -> None:
        """Counts time-outs in a row. Raises RefusedError at the third."""
        count = self._timeouts.get(turn.host, 0) + 1 if isinstance(fault, TimedOutError) else 0
        self._timeouts[turn.host] = count
        if count >= TIMEOUTS:
            message = f"{fault}, {TIMEOUTS} times in a row. That is taken for a refusal; what was fetched is kept."
            raise self.stop(turn.host, RefusedError(message)) from fault


def refuse_challenge(url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises RefusedError if the answer demands a proof that a person asks."""
    who = challenger(headers, body)
    if who is not None:
        raise RefusedError(
            f"{url}: the site refuses (a captcha of {who}). Nothing goes round that; what was fetched is kept."
        )


def retry_after(said: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, from seconds or a date; None: none, or not understood."""
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return min(float(said[:20]), _LONGEST_REST)
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), _LONGEST_REST)
