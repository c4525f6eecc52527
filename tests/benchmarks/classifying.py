"""How fast, and in how much memory, messages are classified. Run by hand:

    python tests/benchmarks/classifying.py [MODEL] [--workers N] [--threads N] [--million]

Prints messages/s for messages of 16 pieces, the time of 100 messages end to end (a fresh process, parsing and
start-up included), n-gram features/s, and with --million the peak memory of a chat of a million messages.
"""

from __future__ import annotations

import argparse
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from nlpchat.bundle import load_bundle
from nlpchat.classifier import Classifier, classify
from nlpchat.records import Chat, Message
from nlpchat.text.ngrams import NgramSpec, hashed_ngrams, padded, tfidf
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import Tokenizer
from nlpchat.workers import usable_cores

PIECES = 16  # of a message
WORDS = (
    "je tu on nous vous il elle ça c'est pas plus trop bien mal ce soir demain hier matin film train "
    "maison bus merci désolé super nul content triste génial oui non mdr ok bisous salut coucou attends "
    "arrive viens pars reste mange dors travaille cours école boulot parents copine pote vacances cadeau "
    "photo message appel"
)


def messages(tokenizer: Tokenizer, count: int, seed: int = 0) -> list[str]:
    """Different texts of about 16 pieces each, 15 to 17."""
    drawn, words = random.Random(seed), WORDS.split()
    found: list[str] = []
    while len(found) < count:
        some = [" ".join(drawn.choices(words, k=drawn.randint(2, 16))) for _ in range(4 * (count - len(found)) + 100)]
        lengths = map(len, tokenizer.encode([normalise(text) for text in some]))
        found += [text for text, length in zip(some, lengths, strict=True) if abs(length - PIECES) <= 1]
    return found[:count]


def speed(classifier: Classifier, texts: list[str]) -> float:
    """Messages a second, the best of three."""
    classifier.predict(texts[:500])
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        classifier.predict(texts)
        best = min(best, time.perf_counter() - begun)
    return len(texts) / best


def end_to_end(model: Path, texts: list[str]) -> float:
    """Seconds of `nlpchat classify` on a WhatsApp export of 100 messages, the best of five."""
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "chat.txt"
        lines = (f"01/03/2026, 20:{i % 60:02} - Zoé: {text}\n" for i, text in enumerate(texts[:100]))
        export.write_text("".join(lines), encoding="utf-8")
        best = float("inf")
        for _ in range(5):
            begun = time.perf_counter()
            line = [sys.executable, "-m", "nlpchat", "classify", str(export), "--model", str(model)]
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
            best = min(best, time.perf_counter() - begun)
    return best


def ngram_speed(texts: list[str], spec: NgramSpec) -> float:
    """Messages a second on one core: features, weights and padding, in batches of 64."""
    import numpy as np

    idf = np.ones(spec.buckets, np.float32)
    cleaned = [normalise(text) for text in texts]
    begun = time.process_time()
    for i in range(0, len(cleaned), 64):
        ngrams = hashed_ngrams(cleaned[i : i + 64], spec)
        padded(ngrams, tfidf(ngrams, idf))
    return len(cleaned) / (time.process_time() - begun)


def million(classifier: Classifier, texts: list[str], count: int = 1_000_000) -> tuple[float, float, float]:
    """Seconds for a chat of `count` different messages, and the peak memory in MB before and after."""
    start = datetime(2020, 1, 1)
    made = tuple(
        Message(
            start + timedelta(minutes=i),
            "Zoé" if i % 3 else "Léo",
            f"{texts[i % len(texts)]} {i}",
            "text",
            i + 1,
        )
        for i in range(count)
    )
    before = peak()
    begun = time.perf_counter()
    classify(Chat("million", "whatsapp", made, ("Zoé", "Léo")), classifier)
    return time.perf_counter() - begun, before, peak()


def peak() -> float:
    """Of this process so far, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--million", action="store_true")
    given = parser.parse_args()
    bundle = load_bundle(given.model, kind="classifier")
    classifier = Classifier(bundle, threads=given.threads, workers=given.workers)
    texts = messages(Tokenizer.load(bundle.folder), given.count)
    report = [
        f"{platform.processor() or platform.machine()}, {usable_cores()} cores, Python {platform.python_version()}",
        f"classify: {speed(classifier, texts):,.0f} messages/s ({PIECES} pieces each)",
        f"100 messages end to end: {end_to_end(bundle.folder, texts):.2f} s",
        f"n-grams: {ngram_speed(texts, bundle.ngrams or NgramSpec(1 << 18)):,.0f} messages/s on one core",
    ]
    if given.million:
        seconds, before, after = million(classifier, texts)
        report.append(f"1,000,000 messages: {seconds:.0f} s, peak {after:.0f} MB ({before:.0f} MB before)")
    sys.stdout.write("\n".join(report) + "\n")


if __name__ == "__main__":
    main()
