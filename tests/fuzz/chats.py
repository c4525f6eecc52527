"""Damaged and invented exports by the hundred thousand: reading raises NlpchatError or gives a chat. Run by hand:

    python tests/fuzz/chats.py [--inputs 200000] [--seed 0] [--processes 2]

Seeds are the fixtures of tests/chats (and of ../shared/chats where it lies beside the checkout), small Telegram, Messenger
and Signal exports, and WhatsApp files of random lines. Each input is a seed with one to eight mutations (bytes, lines,
tokens of the formats, cuts, joins), or a zip of such a one, itself damaged now and then. It is read, sometimes under
stand-ins, with ten seconds at most. Exit code 1 and the input kept in a file when something else than a chat or a
NlpchatError came out.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import random
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from nlpchat.chats.pseudonyms.anonymise import anonymise
from nlpchat.chats.reading import Reading, read_exports
from nlpchat.errors import NlpchatError
from nlpchat.records import KINDS

HERE = Path(__file__).parents[1] / "chats"
SHARED = Path(__file__).parents[3] / "shared" / "chats"
LONGEST_SEED = 20_000
SECONDS = 10
EVERY_STAND_IN = 8
EVERY_ZIP = 12

TOKENS = [
    *"[]{}():,.-/–<>\"'\\@~#\n\r\t\0 ", "\r\n", "\u200e", "\u200f", "\ufeff", "\u202a", "\u202c", "\u2068", "\u2069",
    "\u202f", "\u00a0", "\u2009", "٣", "१", "４", "13/05/2024", "5/13/24", "2024-05-13", "31/02/2024", "3/18/R4",
    "3/18/2565 BE", "14:05", "2:07 PM", "9 h 05", "21.25.15", "matin", "après-midi", "p. m.", "上午", "BE", " - ", "] ", ": ",
    "[13/05/2024, 08:00:00] ", "13/05/2024, 08:00 - ", "13/05/2024 à 08:00 - ", "\u200e[", "Alice: ", "Alice", "~ Bob",
    "<Médias omis>", "image absente", "\u200eimage absente", "Vous avez ajouté Zoé", "POLL:", "null", "(fichier joint)",
    '{"messages": [', '"sender_name"', '"timestamp_ms": 1', '"content"', "NaN", "1e999", "-1", "99999999999999999999", "true",
    '"text": ["a", {"type": "link", "text": "b"}]', '"date_unixtime"', '"chats": {"list": [', "Ã©", "\\ud83d", "\\u0000", "<div>", "</div>",
    "<h2>", "<br>", "11 juin 2026, 13:38", "Jun 11, 2026 1:38 pm", "&#x1F600;", "&nbsp;", "é", "😀", "👩‍👧", "\ud800",
]  # fmt: skip


def seeds() -> list[tuple[str, bytes]]:
    """(suffix, content) of whole exports."""
    found = [*HERE.rglob("*.txt"), *HERE.rglob("*.json"), *HERE.rglob("*.html")]
    if SHARED.is_dir():
        found += [
            p
            for p in SHARED.rglob("*")
            if p.suffix in (".txt", ".json", ".html", ".htm") and "reference" not in p.parts
        ]
    made = [(p.suffix, p.read_bytes()[:LONGEST_SEED]) for p in sorted(found) if "LICENSE" not in p.name]
    entry = {
        "sender_name": "ZoÃ©",
        "timestamp_ms": 1687117320000,
        "content": "cafÃ©",
        "reactions": [{"reaction": "ð\x9f\x98\x80", "actor": "Bob"}],
    }
    classic = {
        "participants": [{"name": "Bob"}],
        "messages": [entry, {**entry, "photos": [{"uri": "a.jpg"}]}],
        "title": "ZoÃ©",
    }
    sealed = {
        "participants": ["Bob"],
        "threadName": "Bob_12",
        "messages": [{"senderName": "Bob", "text": "x", "timestamp": 1600000060000}],
    }
    message = {
        "id": 1,
        "type": "message",
        "date": "2024-05-13T09:05:00",
        "date_unixtime": "1715583900",
        "from": "Bob",
        "text": ["a", {"type": "bold", "text": "b"}],
    }
    single = {
        "name": "Bob",
        "type": "personal_chat",
        "id": 1,
        "messages": [message, {**message, "type": "service", "action": "phone_call"}],
    }
    made += [
        (".json", json.dumps(one).encode()) for one in (classic, sealed, single, {"chats": {"list": [single, single]}})
    ]
    made.append(
        (
            ".txt",
            b"[2019-12-24, 12:23] Bob: salut\n\n[2019-12-24, 12:24] Me: > salut\n\noui  \n(- Bob: \xf0\x9f\x91\x8d -)\n",
        )
    )
    return made


def random_lines(draw: random.Random) -> bytes:
    """A text of tokens of the formats in any order."""
    return "".join(draw.choices(TOKENS, k=draw.randint(1, 120))).encode("utf-8", "surrogatepass")


def mutated(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    """The content after one to eight changes."""
    for _ in range(draw.randint(1, 8)):
        content = draw.choice(CHANGES)(content, draw, others)
    return content


def _bytes(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randint(1, 6) if changed else 0):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _token(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    at = draw.randint(0, len(content))
    drop = draw.choice((0, 0, 1, 3, 10))
    return content[:at] + draw.choice(TOKENS).encode("utf-8", "surrogatepass") + content[at + drop :]


def _cut(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    begin, end = sorted((draw.randint(0, len(content)), draw.randint(0, len(content))))
    return content[:begin] + content[end:] if draw.random() < 0.7 else content[:end]


def _lines(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    lines = content.split(b"\n")
    draw.shuffle(lines) if draw.random() < 0.3 else lines.insert(draw.randint(0, len(lines)), draw.choice(lines))
    return b"\n".join(lines)


def _join(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    other = draw.choice(others)[1]
    at, take = draw.randint(0, len(content)), draw.randint(0, min(len(other), 600))
    begin = draw.randint(0, len(other) - take)
    return content[:at] + other[begin : begin + take] + content[at:]


def _encoding(content: bytes, draw: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(draw.choice(("utf-16", "cp1252", "utf-8-sig", "utf-16-be", "latin-1")), "replace")


VALUES: list[object] = [
    None, True, 0, -1, 1.5, 1e308, 2**70, "", "a", "CafÃ©", "\ud83d", "2024-05-13T09:05:00", "1715583900", 1687117320000, [], {}, [[]],
    [{}], ["a", {"type": "link", "text": "b"}], {"type": "service"}, "phone_call", "Generic", "Call", {"uri": 3}, "\x00\u202e",
    "ZoÃ© a envoyÃ© une piÃ¨ce jointe.",
]  # fmt: skip
CHANGES: list[Callable[[bytes, random.Random, list[tuple[str, bytes]]], bytes]] = [
    _bytes, _token, _token, _token, _cut, _lines, _join, _encoding,
]  # fmt: skip


def other_values(content: bytes, draw: random.Random) -> bytes:
    """JSON with one to four of its values made something else, so that it stays JSON."""
    try:
        whole = json.loads(content)
    except ValueError:
        return content
    for _ in range(draw.randint(1, 4)):
        node, path = whole, []
        while isinstance(node, dict | list) and node and (not path or draw.random() < 0.8):
            path.append((node, draw.choice(list(node)) if isinstance(node, dict) else draw.randrange(len(node))))
            node = path[-1][0][path[-1][1]]
        if path:
            parent, key = path[-1]
            parent[key] = draw.choice(VALUES) if draw.random() < 0.8 else draw.choice(path)[0]
    try:
        return json.dumps(whole).encode()
    except (ValueError, RecursionError):  # a value put inside itself
        return content


def zipped(suffix: str, content: bytes, draw: random.Random) -> bytes:
    """The content as a member of a zip, beside others, the zip damaged now and then."""
    name = draw.choice(
        ("_chat", "message_1", "result", "../_chat", "__MACOSX/._chat", "messages/inbox/a_1/message_1", "é", "a\\b")
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        archive.writestr(name + suffix, content)
        if draw.random() < 0.5:
            archive.writestr(
                draw.choice(("photo.jpg", "notes.txt", "messages/inbox/b_2/message_1.json", "x.zip")), content[:50]
            )
    whole = held.getvalue()
    return _bytes(whole, draw, []) if draw.random() < 0.5 else whole


def checked(path: Path, how: Reading, *, stand_ins: bool) -> str:
    """What reading gave: "chat", "fault", or raises whatever else happened."""
    try:
        read, faults = read_exports([path], how)
    except NlpchatError:
        return "fault"
    for fault in faults:
        assert "\n" not in str(fault.error), f"a fault of several lines: {fault.error!r}"
    chats = [one.chat for one in read]
    for chat in anonymise(chats, "key") if stand_ins else chats:
        for message in chat.messages:
            assert isinstance(message.sent_at, datetime), "a time that is none"
            assert message.kind in KINDS, f"a kind that is none: {message.kind!r}"
            assert message.author or message.kind != "text", "a text of nobody"
            message.text.encode("utf-8")
        assert set(chat.authors) == {m.author for m in chat.messages if m.author is not None}, (
            "authors that did not write"
        )
    return "chat" if chats else "fault"


def run(job: tuple[int, int, int]) -> tuple[Counter[str], list[str]]:
    """What came out of so many inputs of one process, and the faults of nlpchat with where their inputs were kept."""
    seed, inputs, place = job
    draw, whole = random.Random(f"{seed}:{place}"), seeds()
    came: Counter[str] = Counter()
    bad: list[str] = []
    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(inputs):
            suffix, content = (
                draw.choice(whole)
                if draw.random() < 0.85
                else (draw.choice((".txt", ".json", ".html")), random_lines(draw))
            )
            changed = other_values(content, draw) if suffix == ".json" and draw.random() < 0.7 else content
            content = changed if changed is not content else mutated(content, draw, whole)
            if number % EVERY_ZIP == 0:
                suffix, content = ".zip", zipped(suffix, content, draw)
            path = Path(folder) / f"export{suffix}"
            path.write_bytes(content)
            how = Reading(date_order=draw.choice((None, None, "dmy", "mdy", "ymd")))
            signal.alarm(SECONDS)
            try:
                came[f"{suffix} {checked(path, how, stand_ins=number % EVERY_STAND_IN == 0)}"] += 1
            except BaseException as fault:
                if isinstance(fault, KeyboardInterrupt):
                    raise
                kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{place}-{number}{suffix}"
                kept.write_bytes(content)
                bad.append(f"{kept}: {traceback.format_exception(fault)[-2:]}")
                if len(bad) >= 20:
                    break
            finally:
                signal.alarm(0)
    return came, bad


def _too_long(*_: object) -> None:
    raise TimeoutError(f"took more than {SECONDS} s")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--inputs", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    share = -(-chosen.inputs // chosen.processes)
    began = time.monotonic()
    with multiprocessing.Pool(chosen.processes) as pool:
        results = pool.map(run, [(chosen.seed, share, place) for place in range(chosen.processes)])
    came = sum((result[0] for result in results), Counter[str]())
    bad = [line for result in results for line in result[1]]
    print(
        f"{came.total():,} inputs in {time.monotonic() - began:.0f} s, seed {chosen.seed}: {dict(sorted(came.items()))}"
    )
    for line in bad:
        print(line)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
