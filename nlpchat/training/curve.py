"""The picture of a training: losses.csv -> losses.png."""

from __future__ import annotations

import csv
from pathlib import Path

from nlpchat.files import written_beside


def draw_curve(table: Path, picture: Path) -> None:
    """Training and held-out loss in nats over tokens (millions), drawn to `picture`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.use("agg")
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([int(r["tokens"]) / 1e6 for r in rows], [float(r["loss"]) for r in rows], label="training (smoothed)")
    held = [r for r in rows if r["held_out_loss"]]
    axes.plot([int(r["tokens"]) / 1e6 for r in held], [float(r["held_out_loss"]) for r in held], "o-", label="held out")
    axes.set_xlabel("tokens (millions)")
    axes.set_ylabel("cross-entropy (nats)")
    axes.grid(alpha=0.3)
    axes.legend()
    with written_beside(picture) as beside:
        figure.savefig(beside, dpi=110)
