"""GB/s of the QRNN's Triton kernels beside the card's own copy, and beside torch's way on the same card. On a GPU, by hand:

    python tests/benchmarks/forget_mult.py [--rows 64 128 256] [--width 1152 1550] [--steps 70] [--dtype bf16 fp32]

A state costs three streams of memory (z and f read, h written), a gradient six (grad, z, f and h read, d_z and d_f written); a copy
costs two. z and f are views of one product, as in a layer. Arrays are taken in turn, MEGABYTES of them, so that the cache holds none
of the next. Median of RUNS, timed by the card. The goal is 70% of what the copy reaches.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from nlpchat.model import forget_mult as module

RUNS, MEGABYTES = 50, 512
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def milliseconds(calls: list[Callable[[], object]]) -> float:
    """Median time of a call, each being made in turn."""
    for call in calls:
        call()
    torch.cuda.synchronize()
    measured = []
    for run in range(RUNS):
        begun, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begun.record()
        calls[run % len(calls)]()
        ended.record()
        torch.cuda.synchronize()
        measured.append(begun.elapsed_time(ended))
    return statistics.median(measured)


def copy_rate() -> float:
    """GB/s of a copy of MEGABYTES, reading and writing counted."""
    source = torch.zeros(MEGABYTES << 18, dtype=torch.float32, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / milliseconds([lambda: target.copy_(source)]) / 1e6


def arrays(rows: int, steps: int, width: int, dtype: torch.dtype) -> list[tuple[Tensor, ...]]:
    """Some (z, f, first, h, grad), MEGABYTES of them together."""
    size = rows * steps * width * dtype.itemsize
    made = []
    for _ in range(max(2, (MEGABYTES << 20) // (5 * size))):
        gates = torch.randn(rows, steps, 3 * width, device="cuda", dtype=dtype).sigmoid_()
        z, f, h = gates.chunk(3, 2)
        first = torch.zeros(rows, width, device="cuda", dtype=dtype)
        made.append((z, f, first, h.contiguous(), torch.randn(rows, steps, width, device="cuda", dtype=dtype)))
    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, value in (("rows", [64, 128, 256]), ("width", [1152, 1550]), ("steps", [70])):
        parser.add_argument(f"--{name}", type=int, nargs="+", default=value)
    parser.add_argument("--dtype", choices=DTYPES, nargs="+", default=["bf16", "fp32"])
    given = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA device here: this measures the kernels of a GPU.")
    from nlpchat.model import forget_mult_triton as kernels

    copy = copy_rate()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; copy {copy:.0f} GB/s; median of {RUNS}")
    for dtype, width, rows, steps in product(given.dtype, given.width, given.rows, given.steps):
        some = arrays(rows, steps, width, DTYPES[dtype])
        size = some[0][3].nbytes
        for name, streams in (("states", 3), ("gradients", 6)):
            rates = [_rate(way, name, some, streams * size) for way in (vars(kernels), module._TORCH)]
            print(
                f"{dtype} rows {rows:4} steps {steps} width {width}: {name:9} {rates[0]:6.0f} GB/s, "
                f"{100 * rates[0] / copy:3.0f}% of copy, {rates[0] / rates[1]:5.1f} x torch's way"
            )


def _rate(way: dict, name: str, some: list[tuple[Tensor, ...]], moved: int) -> float:
    def call(z: Tensor, f: Tensor, first: Tensor, h: Tensor, grad: Tensor) -> Callable[[], object]:
        inputs = (z, f, first, False) if name == "states" else (grad, z, f, first, h, False)
        return lambda: way[name](*inputs)

    return moved / milliseconds([call(*one) for one in some]) / 1e6


if __name__ == "__main__":
    main()
