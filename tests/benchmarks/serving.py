"""How many requests a second `nlpchat serve` answers on this machine, and what memory it takes over time. Run by hand:

    python tests/benchmarks/serving.py [--seconds 10] [--connections 1 8 64] [--texts 1] [--minutes 10] [--model FOLDER]

The load comes over loopback from this process, which takes a part of the cores itself. For each number of connections:
requests/s, the median and the 99th percentile of their times, the server's CPU time for each. With --minutes, texts and
exports are given all the while, the reports fetched, and the server's memory is printed as it goes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

import psutil

from nlpchat.workers import usable_cores

CODE = "from nlpchat.cli.serve import command; command()"
WORDS = (
    "je tu on nous vous il elle ça c'est pas plus trop bien mal ce soir demain hier matin film train maison bus merci désolé super nul "
    "content triste génial oui non mdr ok bisous salut coucou attends arrive viens pars reste mange dors travaille cours école"
)
MESSAGES = 2_000  # of an export


@dataclass
class Load:
    """What came of a load: the seconds of each request, and how many were refused."""

    seconds: list[float]
    refused: int = 0

    def said(self, over: float) -> str:
        times = sorted(self.seconds)
        median, p99 = (1000 * times[min(int(share * len(times)), len(times) - 1)] for share in (0.5, 0.99))
        return (
            f"{len(times) / over:8,.0f} requests/s, median {median:7.1f} ms, p99 {p99:7.1f} ms, {self.refused} refused"
        )


class Connection:
    """One keep-alive connection; no more of HTTP than this server speaks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, url: str) -> Connection:
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = answer.partition("content-length:")[2].partition("\r\n")[0]
        return int(answer.split(" ", 2)[1]), await self.reader.readexactly(int(length or 0))


@contextmanager
def server(model: str | None) -> Iterator[tuple[str, psutil.Process]]:
    """A server of its own process: its address, and the process."""
    line = [sys.executable, "-c", CODE, "--port", "0", "--no-browser", *(["--model", model] if model else [])]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "TMPDIR": folder}
        )
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def text(drawn: random.Random) -> str:
    return " ".join(drawn.choices(WORDS.split(), k=drawn.randint(3, 14)))


async def asking(url: str, until: float, texts: int, load: Load, seed: int) -> None:
    connection, drawn = await Connection.to(url), random.Random(seed)
    while time.perf_counter() < until:
        body = json.dumps({"texts": [text(drawn) for _ in range(texts)]}).encode()
        begun = time.perf_counter()
        status, _ = await connection.ask("POST", "/v1/classify", body)
        load.seconds.append(time.perf_counter() - begun)
        load.refused += status != 200
    connection.writer.close()


async def measured(url: str, process: psutil.Process, connections: int, seconds: float, texts: int) -> str:
    load, busy = Load([]), sum(process.cpu_times()[:2])
    begun = time.perf_counter()
    await asyncio.gather(*(asking(url, begun + seconds, texts, load, seed) for seed in range(connections)))
    told = load.said(time.perf_counter() - begun)
    # What the server's cores did for a request, which others that use them change little.
    return f"{told}, {1000 * (sum(process.cpu_times()[:2]) - busy) / len(load.seconds):.1f} ms of CPU each"


async def giving(url: str, until: float) -> int:
    """How many exports became reports: one page after the other, as people come and go."""
    connection, drawn = await Connection.to(url), random.Random(0)
    for done in count():
        if time.perf_counter() >= until:
            return done
        lines = (
            f"0{1 + i % 9}/03/2024, {i % 24:02}:{i % 60:02} - {'Zoé' if i % 3 else 'Léo'}: {text(drawn)}"
            for i in range(MESSAGES)
        )
        export = "\n".join(lines).encode()
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="chat.txt"\r\n\r\n'
        page = json.loads((await connection.ask("POST", "/pages"))[1])["page"]
        form = head + export + b"\r\n--b--\r\n"
        _, told = await connection.ask("POST", f"/pages/{page}/jobs", form, "multipart/form-data; boundary=b")
        job = f"/pages/{page}/jobs/{json.loads(told)['job']}"
        while (state := json.loads((await connection.ask("GET", job))[1])["state"]) not in ("done", "failed"):
            await asyncio.sleep(0.2)
        assert state == "done", state
        await connection.ask("GET", f"{job}/report")
        await connection.ask("POST", f"/pages/{page}/close")
    return 0


async def memory(url: str, process: psutil.Process, minutes: float) -> None:
    """Prints the server's memory while it is used."""
    begun = time.perf_counter()
    until, load = begun + 60 * minutes, Load([])

    async def watch() -> None:
        while (now := time.perf_counter()) < until:
            print(f"  {now - begun:6.0f} s  {process.memory_info().rss / 1e6:7.0f} MB", flush=True)
            await asyncio.sleep(min(30.0, 60 * minutes / 8))

    *_, reports = await asyncio.gather(
        watch(), *(asking(url, until, 1, load, seed) for seed in range(4)), giving(url, until)
    )
    print(f"  end       {process.memory_info().rss / 1e6:7.0f} MB; {len(load.seconds):,} requests, {reports} reports")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 8, 64])
    parser.add_argument("--texts", type=int, default=1, help="of each request")
    parser.add_argument("--minutes", type=float, default=0, help="of watching the memory")
    parser.add_argument("--model")
    given = parser.parse_args()
    print(
        f"{platform.machine()}, {usable_cores()} cores, Python {platform.python_version()}, {given.texts} texts a request"
    )
    with server(given.model) as (url, process):
        asyncio.run(measured(url, process, 1, 1, given.texts))  # warm
        for connections in given.connections:
            told = asyncio.run(measured(url, process, connections, given.seconds, given.texts))
            print(f"{connections:3} connections: {told}", flush=True)
        if given.minutes:
            asyncio.run(memory(url, process, given.minutes))


if __name__ == "__main__":
    main()
