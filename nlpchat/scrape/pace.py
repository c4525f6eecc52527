"""When the next request may go to a host: one at a time, and never in haste, over all processes that share a store.

FOLDER/HOST/lock        held while a page is being fetched
FOLDER/HOST/pace.json   when the host was last asked, how long it took, and when it may be asked again if it said so
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from nlpchat.errors import OutputError, RecipeError, ScrapeError
from nlpchat.files import written_beside
from nlpchat.scrape.store import PageStore

LEAST_DELAY = 3.0  # seconds
PATIENCE = 120.0  # seconds: a host that asks for a longer rest is left alone, and the run stops


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly, in seconds. delay: between two requests to a host, 3 or more; jitter: what it is multiplied by, drawn anew
    each time; timeout: to connect, and between two pieces of an answer; max_body: bytes of a page, as sent and unpacked.
    """

    delay: float = LEAST_DELAY
    jitter: tuple[float, float] = (0.8, 1.4)
    timeout: tuple[float, float] = (10.0, 30.0)
    max_body: int = 5_000_000

    def __post_init__(self) -> None:
        if not LEAST_DELAY <= self.delay < float("inf"):  # NaN too
            raise RecipeError(
                f"a delay of {self.delay:g} s: a site is asked every {LEAST_DELAY:g} s at most. Give a longer one."
            )
        if not 0 < self.jitter[0] <= self.jitter[1] or min(self.timeout) <= 0 or self.max_body <= 0:
            raise RecipeError(f"{self}: jitter needs two increasing numbers above 0; timeout and max_body are above 0.")


@dataclass
class Turn:
    """The right to ask one host, held by one process at a time.

    site_delay: what the site's robots.txt asks for between two requests, in seconds.
    """

    host: str
    pace: Pace
    clocks: Clocks
    file: Path
    site_delay: float = 0.0
    _asked_at: datetime | None = None
    _took: float = 0.0
    _not_before: datetime | None = None
    _started: float | None = None

    def wait(self, at_least: float = 0.0) -> None:
        """Sleeps until the host may be asked: delay x jitter after the last request's end, at least `at_least` after it.

        The delay is the longest of the pace's own, the site's and the time of the last answer; jitter never takes it below the
        first two. Raises ScrapeError if the host asked for a longer rest than PATIENCE.
        """
        now = self.clocks.now()
        seconds = 0.0
        if self._asked_at is not None:
            floor = max(self.pace.delay, self.site_delay)
            drawn = max(floor, self._took) * self.clocks.chance(*self.pace.jitter)
            since = max(0.0, (now - self._asked_at).total_seconds())  # a clock that was set back hurries nobody
            seconds = max(floor, drawn, at_least) - since
        if self._not_before is not None:
            rest = (self._not_before - now).total_seconds()
            if rest > PATIENCE:
                raise ScrapeError(
                    f"{self.host}: the site asks for a rest until {self._not_before:%Y-%m-%d %H:%M} UTC. "
                    "What was fetched is kept; run it again then."
                )
            seconds = max(seconds, rest)
        if seconds > 0:
            self.clocks.sleep(seconds)

    def begun(self) -> None:
        """A request goes out now."""
        self._started = self.clocks.clock()
        self._note()

    def answered(self) -> None:
        """The answer's first line is there: how long that took is what the next delay goes by, not how long the body is."""
        if self._started is not None:
            self._took = self._believed(self.clocks.clock() - self._started)
            self._started = None

    def over(self) -> None:
        """The request is over, well or not: the next one's delay counts from now."""
        self.answered()
        self._note()

    def rest(self, seconds: float) -> None:
        """The host asked to be left alone for so long."""
        self._not_before = self.clocks.now() + timedelta(seconds=seconds)

    def recall(self) -> None:
        """What the last run noted."""
        try:
            said = json.loads(self.file.read_bytes())
            self._asked_at = _moment(said["asked_at"])
            self._took = self._believed(float(said["took"]))
            self._not_before = _moment(said["not_before"]) if said["not_before"] else None
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):  # damaged: as if the host had been asked just now
            self._asked_at = self.clocks.now()

    def _believed(self, took: float) -> float:
        return min(max(took, 0.0), max(self.pace.timeout))

    def _note(self) -> None:
        self._asked_at = self.clocks.now()
        said = {
            "asked_at": self._asked_at.isoformat(),
            "took": self._took,
            "not_before": self._not_before.isoformat() if self._not_before else None,
        }
        with written_beside(self.file) as beside:
            beside.write_text(json.dumps(said) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time, for a fetcher: clock and sleep in seconds, now as an aware datetime, chance(low, high) a number between."""

    clock: Callable[[], float]
    sleep: Callable[[float], object]
    now: Callable[[], datetime]
    chance: Callable[[float, float], float]


class Turns:
    """The turns of one store's hosts."""

    def __init__(self, store: PageStore, pace: Pace, clocks: Clocks):
        self._store, self._pace, self._clocks = store, pace, clocks
        self._swept: set[str] = set()

    @contextmanager
    def taken(self, host: str, *, patient: bool = True) -> Iterator[Turn]:
        """The turn of `host`, once no other process (or thread) has it.

        patient: waits for it; otherwise raises ScrapeError if somebody has it. A process that is killed gives it back.
        """
        folder = self._store.make_host(host)
        try:
            handle = (folder / "lock").open("a+b")
        except OSError as fault:
            raise OutputError(f"{folder / 'lock'}: {fault.strerror}. Give another folder.") from fault
        with handle:
            if not _locked(handle, patient=patient):
                raise ScrapeError(
                    f"{host}: another run is asking this site ({folder / 'lock'}). Wait until it has ended."
                )
            if host not in self._swept:
                self._store.sweep(host)
                self._swept.add(host)
            turn = Turn(host, self._pace, self._clocks, folder / "pace.json")
            turn.recall()
            yield turn


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if sys.platform == "win32":
    import msvcrt
    import time

    def _locked(handle: BinaryIO, *, patient: bool) -> bool:
        while True:
            try:
                msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                if not patient:
                    return False
                time.sleep(0.2)
            else:
                return True

else:
    import fcntl

    def _locked(handle: BinaryIO, *, patient: bool) -> bool:
        """Whether the lock is held now; it goes with the handle."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError as fault:
            raise OutputError(f"{handle.name}: {fault.strerror}. Give a folder on a disk that knows locks.") from fault
        return True
