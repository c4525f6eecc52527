"""An upload -> its report, in a worker's thread: read, chosen from, classified, written; and how far that is.

What lives how long: the files until they are read, the conversations until one is chosen and classified, the report until its page
is closed (`pages.py`). A job whose page is gone stops at the next message batch.
"""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from nlpchat.errors import NlpchatError
from nlpchat.report.printable import one_line
from nlpchat.report.written import Lang, report_of
from nlpchat.serve.answers import RefusalError
from nlpchat.serve.guard import log_fault
from nlpchat.serve.reports import keep
from nlpchat.serve.uploads import UNPACKED, Received, check_unpacked

if TYPE_CHECKING:
    from nlpchat.chats import DateOrder
    from nlpchat.chats.merge import Exported
    from nlpchat.classifier import Classifier
    from nlpchat.records import Chat

State = Literal["waiting", "reading", "choosing", "classifying", "reporting", "done", "failed", "gone"]

AT_ONCE = 2  # jobs at work
WAITING = 8  # jobs that wait for a worker; the next is told to come back
COME_BACK_S = 5
MOST_FAULT = 2_000  # characters shown
PATIENCE_S = 5.0  # until a stopped worker has to be done; the process ends without it then


class StoppedError(Exception):
    """Nobody waits for this job any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How the page wants its export read and its report written. None: decided from the export."""

    date_order: DateOrder | None = None
    lang: Lang | None = None

    @classmethod
    def of(cls, fields: dict[str, str]) -> Asked:
        """From a form's fields, "" being none. Raises RefusalError: unknown names or values."""
        known: dict[str, tuple[str, ...]] = {"date_order": ("dmy", "mdy", "ymd"), "lang": get_args(Lang)}
        for name, value in fields.items():
            if name not in known or value not in ("", *known[name]):
                raise RefusalError(
                    422, "wrong_field", f"the form has the fields {', '.join(known)}, with their own values."
                )
        return cls(**{name: value for name, value in fields.items() if value})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Tools:
    """What every job works with. most_upload: bytes; keep: a folder that reports are also written to; counted: told of texts."""

    classifier: Classifier
    most_upload: int
    keep: Path | None = None
    counted: Callable[[int], None] = lambda _count: None


class Job:
    """One upload on its way. Made and asked by the server's thread, moved on by one worker at a time."""

    def __init__(self, files: Received, asked: Asked):
        self.id = secrets.token_urlsafe(16)
        self.state: State = "waiting"
        self.done = self.total = 0
        self.fault = ""
        self.notes: list[str] = []
        self.kept = ""
        self.report: bytes | None = None
        self._files, self._asked = files, asked
        self._read: list[Exported] | None = None
        self._choice: int | None = None
        self._stopped = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether no worker has anything left to do for it."""
        return self.state in ("done", "failed", "gone")

    def seen(self) -> dict[str, object]:
        """How far it is, for the page."""
        choices = self._choices() if self.state == "choosing" else []
        error = {"code": "not_read", "message": self.fault} if self.fault else None
        return {
            "job": self.id, "state": self.state, "done": self.done, "total": self.total, "choices": choices, "error": error,
            "notes": self.notes, "kept": self.kept,
        }  # fmt: skip

    def choose(self, choice: object) -> None:
        """The conversation at that place is the one; it waits for a worker. Raises RefusalError: there is none, or not now."""
        read = self._read
        if self.state != "choosing" or read is None:
            raise RefusalError(409, "not_now", "there is nothing to choose from now.")
        if not isinstance(choice, int) or isinstance(choice, bool) or not 0 <= choice < len(read):
            raise RefusalError(422, "wrong_choice", f'give {{"choice": N}}, N from 0 to {len(read) - 1}.')
        self._choice, self.state = choice, "waiting"

    def choose_again(self) -> None:
        """No worker took it: the choice is open as before."""
        self._choice, self.state = None, "choosing"

    def stop(self) -> None:
        """Nobody waits for it: nothing of it is kept, and its worker ends as soon as it can."""
        self._stopped.set()
        self.drop()
        self._files.delete()

    def drop(self) -> None:
        """The report and what was read are let go."""
        self.report = self._read = None
        if self.state in ("done", "choosing"):
            self.state = "gone"

    def work(self, tools: Tools) -> None:
        """Moves it on until it is done, has failed or wants a choice. Raises nothing."""
        try:
            self._work(tools)
        except StoppedError:
            self.state = "gone"
        except NlpchatError as fault:
            self._fail(self._line(fault))
        except MemoryError:
            self._fail("the export is too large for the memory of this machine.")
        except Exception as fault:  # noqa: BLE001 - its words may be the chat's; the worker goes on
            log_fault(fault)
            self._fail("a fault of nlpchat's own, and not of what you sent; the terminal says where.")
        finally:
            self._files.delete()
            if self._stopped.is_set():
                self.drop()

    def _work(self, tools: Tools) -> None:
        self._check()
        if self._read is None:
            self.state = "reading"
            self._read = self._chats(tools)
            self._check()
        read, choice = self._read, self._choice if len(self._read) > 1 else 0
        if choice is None:
            self.state = "choosing"
            return
        chat, self._read = read[choice].chat, None
        del read
        self._classify(chat, tools)

    def _chats(self, tools: Tools) -> list[Exported]:
        from nlpchat.chats.reading import Reading, no_thread, read_exports

        try:
            for path in self._files.paths:
                check_unpacked(path, UNPACKED * tools.most_upload)
            how = Reading(self._asked.date_order)
            read, faults = read_exports(self._files.paths, how, progress=lambda _name: self._check())
        finally:
            self._files.delete()
        if not read:
            self.notes = [self._line(fault.error) for fault in faults[1:]]
            raise faults[0].error if faults else no_thread(self._files.paths)
        self.notes = [self._line(fault.error) for fault in faults]
        return sorted(read, key=lambda one: -len(one.chat))

    def _classify(self, chat: Chat, tools: Tools) -> None:
        from nlpchat.classifier import classify

        self.state = "classifying"
        predictions = classify(chat, tools.classifier, progress=self._progress)
        tools.counted(len(predictions))
        self._check()
        self.state = "reporting"
        page = report_of(chat, predictions, tools.classifier, self._asked.lang)
        self._check()
        if tools.keep is not None:
            self.kept = keep(page, chat.title, tools.keep)
        self.report = page.encode("utf-8", "replace")
        self.state = "done"

    def _choices(self) -> list[dict[str, object]]:
        return [
            {
                "title": one.chat.title,
                "thread": one.chat.thread,
                "platform": one.chat.platform,
                "messages": len(one.chat),
                "to": one.chat.messages[-1].sent_at.date().isoformat() if one.chat.messages else None,
            }
            for one in self._read or ()
        ]

    def _progress(self, done: int, total: int) -> None:
        self._check()
        self.done, self.total = done, total

    def _check(self) -> None:
        if self._stopped.is_set():
            raise StoppedError

    def _line(self, fault: Exception) -> str:
        return one_line(self._files.plain(str(fault)), MOST_FAULT)

    def _fail(self, line: str) -> None:
        self._read = None
        self.fault, self.state = line, "failed"


class Workers:
    """A few threads that work on jobs, and a short queue before them."""

    def __init__(self, tools: Tools, count: int = AT_ONCE, waiting: int = WAITING):
        self.tools = tools
        self.running = 0
        self._lock = threading.Lock()
        self._queue: queue.Queue[Job | None] = queue.Queue(waiting)
        # Daemons: a large export that is being read does not keep the process from ending.
        self._threads = [threading.Thread(target=self._run, daemon=True, name=f"job-{i}") for i in range(count)]
        for thread in self._threads:
            thread.start()

    def check_room(self) -> None:
        """Nothing; raises RefusalError when a job given now would not be taken."""
        if self._queue.full():
            raise RefusalError(429, "busy", "too many exports at once. Try again in a few seconds.", wait_s=COME_BACK_S)

    def give(self, job: Job) -> None:
        """The job waits for a worker. Raises RefusalError: too many wait already."""
        try:
            self._queue.put_nowait(job)
        except queue.Full:
            self.check_room()
            raise

    def close(self, jobs: Sequence[Job] = ()) -> None:
        """The threads end: these jobs are stopped, and what waits is not begun."""
        for job in jobs:
            job.stop()
        try:
            while True:
                self._queue.get_nowait()
        except queue.Empty:
            pass
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(PATIENCE_S / len(self._threads))

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            with self._lock:
                self.running += 1
            try:
                job.work(self.tools)
            finally:
                with self._lock:
                    self.running -= 1
