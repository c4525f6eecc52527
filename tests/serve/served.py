"""A real server on a free port of 127.0.0.1, and a browser's part played by requests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from nlpchat.classifier import Classifier
from nlpchat.serve.app import App, Settings, bind, make_app, server_for

WHATSAPP = "".join(
    f"0{day}/03/2024, 20:{minute:02} - {who}: {text}\n"
    for day in range(1, 6)
    for minute, who, text in ((1, "Zoé", "c'est génial"), (2, "Léo", "bof, c'est nul"), (3, "Zoé", "on se voit demain"))
).encode()
TWO_CHATS = json.dumps(
    {
        "chats": {
            "list": [
                {
                    "name": name,
                    "type": "personal_chat",
                    "id": number,
                    "messages": [
                        {"id": i, "type": "message", "date": f"2024-03-0{i + 1}T10:00:00", "date_unixtime": str(1709287200 + 86400 * i),
                         "from": "Zoé", "from_id": "user1", "text": "c'est génial", "text_entities": []}
                        for i in range(messages)
                    ],
                }
                for number, (name, messages) in enumerate((("<script>alert(1)</script>", 2), ("Les colocs", 5)))
            ]
        }
    }
).encode()  # fmt: skip
Files = Sequence[tuple[str, bytes]]


@dataclass
class Served:
    """A server that runs, and how a page talks to it."""

    url: str
    app: App
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def left(self) -> list[Path]:
        """The uploads that lie on the disk."""
        return list(self.app.pages.root.iterdir()) if self.app.pages.root.exists() else []

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=20, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.session.post(self.url + path, timeout=20, **more)

    def classify(self, given: object, **more: Any) -> requests.Response:
        return self.post("/v1/classify", json=given, **more)

    def open(self) -> str:
        name: str = self.post("/pages").json()["page"]
        return name

    def upload(self, page: str, files: Files, **fields: str) -> requests.Response:
        body, kind = form(files, fields)
        return self.post(f"/pages/{page}/jobs", data=body, headers={"Content-Type": kind})

    def job(self, page: str, files: Files, **fields: str) -> str:
        """The path of a job that has just been given."""
        told = self.upload(page, files, **fields)
        assert told.status_code == 202, told.text
        return f"/pages/{page}/jobs/{told.json()['job']}"

    def until(self, job: str, *states: str) -> dict[str, Any]:
        """What the server says of a job once it is in one of these states."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            seen: dict[str, Any] = self.get(job).json()
            if seen.get("state") in states:
                return seen
            time.sleep(0.01)
        raise AssertionError(f"never {states}: {seen}")


def form(files: Files, fields: dict[str, str]) -> tuple[bytes, str]:
    """A multipart body as browsers send it (names in UTF-8), and its Content-Type."""
    line = "grenze7"
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    for name, content in files:
        sent = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'--{line}\r\nContent-Disposition: form-data; name="files"; filename="{sent}"\r\nContent-Type: text/plain\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{line}--\r\n".encode(), f"multipart/form-data; boundary={line}"


@contextmanager
def running(
    classifier: Classifier, settings: Settings | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Served]:
    """A server with these settings; when it has ended, nothing of it may be left."""
    with bind("127.0.0.1", 0) as listening:
        app = make_app(classifier, settings, clock)
        server = server_for(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", app)
        finally:
            server.should_exit = True
            thread.join(10)
        assert not app.pages.root.exists()
