"""Speed and memory of reading a WhatsApp export, beside other readers. Run by hand:

    python tests/benchmarks/parsing.py [--messages 200000] [--repeats 5] [--peers]

Writes an invented export of 200,000 messages (13.8 MB) into a temporary folder and reads it in fresh processes that do
nothing else: the best and the median time, and the peak memory. With --peers whatstk and chat-miner from PyPI read the
same file in the same run, in an environment made for them (.benchmark-venv beside this checkout's pyproject.toml), in
turn with nlpchat, and the ratios are printed.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import venv
from datetime import datetime, timedelta
from pathlib import Path

MESSAGES = 200_000
PEERS_HOME = Path(__file__).parents[2] / ".benchmark-venv"
PEERS = ("whatstk==0.9.1", "chat-miner==0.6.0")
WORDS = (  # noqa: SIM905 - one line of words reads better than a page of strings
    "salut ça va oui non mdr trop bien demain on se voit où hâte pas encore le film était génial je suis "
    "crevé à quelle heure 😀 😂 d'accord merci beaucoup c'est nul franchement bof ok"
).split()
MEASURE = """
import json, resource, sys, time
{imports}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, cpu = time.perf_counter(), time.process_time()
messages = {read}
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({{"messages": messages, "seconds": seconds, "cpu": cpu,
                  "peak_mb": peak / 1024, "import_mb": before / 1024}}))
"""
# Reader: what it imports before the clock starts, and the expression that reads the file and counts its messages.
READERS = {
    "nlpchat": ("import nlpchat.chats", "len(nlpchat.chats.read_chat(sys.argv[1]))"),
    "whatstk": ("import whatstk", "len(whatstk.WhatsAppChat.from_source(sys.argv[1]).df)"),
    "chat-miner": (
        "from chatminer.chatparsers import WhatsAppParser",
        "[p := WhatsAppParser(sys.argv[1]), p.parse_file(), len(p.parsed_messages.get_df())][-1]",
    ),
}


def write_export(path: Path, messages: int) -> None:
    """An invented export of so many messages, about 65 bytes each, a few on several lines or media."""
    draw = random.Random(20240513)
    moment = datetime(2019, 5, 13, 8, 0)
    with path.open("w", encoding="utf-8") as stream:
        for _ in range(messages):
            moment += timedelta(seconds=draw.randrange(600))
            body = " ".join(draw.choices(WORDS, k=draw.randint(2, 13)))
            kind = draw.random()
            body = "<Médias omis>" if kind < 0.05 else body.replace(" ", "\n", 1) if kind < 0.1 else body
            author = draw.choice(("Alice R.", "Bob", "Chloé Martin"))
            stream.write(f"{moment:%d/%m/%Y, %H:%M} - {author}: {body}\n")


def peers_python() -> str:
    """The interpreter of the peers' own environment, made and filled where it is not there yet."""
    python = PEERS_HOME / "bin" / "python"
    if not python.exists():
        venv.create(PEERS_HOME, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return str(python)


def measured(reader: str, python: str, export: Path) -> dict[str, float]:
    """One reading in a fresh process."""
    imports, read = READERS[reader]
    code = MEASURE.format(imports=imports, read=read)
    done = subprocess.run([python, "-c", code, str(export)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{reader}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--messages", type=int, default=MESSAGES)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--peers", action="store_true")
    chosen = options.parse_args()
    pythons = {"nlpchat": sys.executable}
    if chosen.peers:
        pythons |= dict.fromkeys(("whatstk", "chat-miner"), peers_python())
    found: dict[str, list[dict[str, float]]] = {reader: [] for reader in pythons}
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "Discussion WhatsApp avec Alice.txt"
        write_export(export, chosen.messages)
        size = export.stat().st_size / 1e6
        for _ in range(chosen.repeats):
            for reader, python in pythons.items():
                found[reader].append(measured(reader, python, export))
    print(f"{chosen.messages:,} messages, {size:.1f} MB, {chosen.repeats} readings each, in turn")
    ours = statistics.median(one["seconds"] for one in found["nlpchat"])
    for reader, all_of in found.items():
        seconds = [one["seconds"] for one in all_of]
        median = statistics.median(seconds)
        peak, imported = (max(one[name] for one in all_of) for name in ("peak_mb", "import_mb"))
        print(
            f"{reader:<11} {all_of[0]['messages']:>9,.0f} messages  best {min(seconds):.2f} s  median {median:.2f} s  "
            f"{median / ours:5.1f} x  peak {peak:.0f} MiB ({imported:.0f} before reading)"
        )


if __name__ == "__main__":
    main()
