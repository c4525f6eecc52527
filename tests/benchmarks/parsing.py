"""Speed and memory of reading a WhatsApp export. Run by hand: python tests/benchmarks/parsing.py [MESSAGES]

Writes an invented export of 200,000 messages (13 MB) into a temporary folder, reads it, and prints the
messages per second, the seconds, and the peak memory of a fresh process that did nothing else.
"""

import json
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

MESSAGES = 200_000
WORDS = (  # noqa: SIM905 - one line of words reads better than a page of strings
    "salut ça va oui non mdr trop bien demain on se voit où hâte pas encore le film était génial je suis "
    "crevé à quelle heure 😀 😂 d'accord merci beaucoup c'est nul franchement bof ok"
).split()
MEASURE = """
import json, resource, sys, time
import nlpchat.chats
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, cpu = time.perf_counter(), time.process_time()
chat = nlpchat.chats.read_chat(sys.argv[1])
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"messages": len(chat), "seconds": seconds, "cpu": cpu,
                  "peak_mb": peak / 1024, "import_mb": before / 1024}))
"""


def write_export(path: Path, messages: int) -> None:
    """An invented export of so many messages, about 65 bytes each, a few on several lines or media."""
    draw = random.Random(20240513)
    moment = datetime(2019, 5, 13, 8, 0)
    with path.open("w", encoding="utf-8") as stream:
        for _ in range(messages):
            moment += timedelta(seconds=draw.randrange(600))
            body = " ".join(draw.choices(WORDS, k=draw.randint(2, 12)))
            kind = draw.random()
            body = "<Médias omis>" if kind < 0.05 else body.replace(" ", "\n", 1) if kind < 0.1 else body
            author = draw.choice(("Alice", "Bob", "Chloé Martin"))
            stream.write(f"{moment:%d/%m/%Y, %H:%M} - {author}: {body}\n")


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "Discussion WhatsApp avec Alice.txt"
        write_export(export, messages)
        done = subprocess.run([sys.executable, "-c", MEASURE, str(export)], check=True, capture_output=True, text=True)
        told = json.loads(done.stdout)
        size = export.stat().st_size / 1e6
    print(  # noqa: T201 - a script for the terminal
        f"{told['messages']:,} messages ({size:.1f} MB) in {told['seconds']:.2f} s "
        f"({told['cpu']:.2f} s of processor): "
        f"{told['messages'] / told['seconds']:,.0f} messages/s; peak {told['peak_mb']:.0f} MB "
        f"({told['import_mb']:.0f} MB before reading)"
    )


if __name__ == "__main__":
    main()
