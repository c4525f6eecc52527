"""The recurrence of a QRNN: torch's way, the kernels' way and the formula's give the same states and gradients."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from importlib.util import find_spec

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nlpchat.model
from nlpchat.model import forget_mult as module
from nlpchat.model.forget_mult import forget_mult, naive_forget_mult

NEEDS_TRITON = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
TOLERANCE = {torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def furthest(
    *,
    rows: int,
    steps: int,
    width: int,
    dtype: torch.dtype,
    first: bool,
    reverse: bool,
    seed: int = 0,
    device: str = "cpu",
) -> float:
    """How far states and gradients are from the naive loop's in float64, as a share of the largest of each.

    z and f are views of one product, as in a QRNN, and the gradient that comes in is laid out time first.
    """
    random = torch.Generator().manual_seed(seed)
    gates = torch.randn(rows, steps, 3 * width, generator=random).to(device, dtype)
    z, f = gates[..., :width].tanh(), gates[..., width : 2 * width].sigmoid()
    z, f = torch.stack([z, f], 2).unbind(2)
    inputs = [z.detach().requires_grad_(), f.detach().requires_grad_()]
    if first:
        inputs.append(torch.randn(rows, width, generator=random).to(device, dtype).requires_grad_())
    grad = torch.randn(steps, rows, width, generator=random).to(device, dtype).transpose(0, 1)
    said = forget_mult(*inputs, reverse=reverse)
    exact = [x.detach().double().requires_grad_() for x in inputs]
    expected = naive_forget_mult(*exact, reverse=reverse)
    pairs = [(said, expected)]
    pairs += zip(
        torch.autograd.grad(said, inputs, grad), torch.autograd.grad(expected, exact, grad.double()), strict=True
    )
    assert all(mine.shape == other.shape and mine.dtype == dtype for mine, other in pairs)
    return max(((mine.double() - other).abs().max() / (1 + other.abs().max())).item() for mine, other in pairs)


def test_a_worked_example() -> None:
    z, f = torch.tensor([[[4.0], [8.0], [0.0]]]), torch.tensor([[[0.5], [0.25], [1.0]]])
    assert forget_mult(z, f).flatten().tolist() == [2.0, 3.5, 0.0]
    assert forget_mult(z, f, torch.tensor([[10.0]])).flatten().tolist() == [7.0, 7.25, 0.0]
    assert forget_mult(z, f, torch.tensor([[10.0]]), reverse=True).flatten().tolist() == [3.0, 2.0, 0.0]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 4), steps=st.integers(1, 40), width=st.integers(1, 9), first=st.booleans(), reverse=st.booleans(),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_torch_says_what_the_formula_says(
    rows: int, steps: int, width: int, first: bool, reverse: bool, seed: int
) -> None:
    for dtype, allowed in TOLERANCE.items():
        apart = furthest(
            rows=rows, steps=steps, width=width, dtype=dtype, first=first, reverse=reverse, seed=seed
        )  # fmt: skip
        assert apart < allowed


def test_over_4096_steps() -> None:
    assert furthest(rows=2, steps=4096, width=3, dtype=torch.float32, first=True, reverse=False) < 1e-5


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_gradcheck(first: bool, reverse: bool) -> None:
    torch.manual_seed(0)
    z, f = torch.randn(2, 5, 3, dtype=torch.float64), torch.rand(2, 5, 3, dtype=torch.float64)
    inputs = [z, f, torch.randn(2, 3, dtype=torch.float64)] if first else [z, f]
    checked = torch.autograd.gradcheck(
        lambda *a: forget_mult(*a, reverse=reverse), [x.requires_grad_() for x in inputs]
    )
    assert checked


def _as_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels are tried on any tensor, and nothing is known of their faults."""
    monkeypatch.setattr(module, "_wants_kernel", lambda _: True)
    monkeypatch.setattr(module, "_KERNEL_FAULTS", [])


def test_without_triton_torch_does_it_and_one_warning_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _as_on_cuda(monkeypatch)
    monkeypatch.setitem(sys.modules, "triton", None)  # importing it fails
    monkeypatch.delitem(sys.modules, "nlpchat.model.forget_mult_triton", raising=False)
    monkeypatch.delattr(nlpchat.model, "forget_mult_triton", raising=False)
    z, f = torch.randn(2, 3, 4, requires_grad=True), torch.rand(2, 3, 4)
    with pytest.warns(
        RuntimeWarning, match=r"cannot be used here \(ModuleNotFoundError: .*triton.*torch does it"
    ) as said:
        _twice_there_and_back(z, f)
    assert len(said) == 1
    assert torch.allclose(forget_mult(z, f), naive_forget_mult(z, f))


def _twice_there_and_back(z: Tensor, f: Tensor) -> None:
    for _ in range(2):
        forget_mult(z, f).sum().backward()


def test_a_kernel_that_fails_on_the_way_back_is_done_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        states = staticmethod(module._states)

        @staticmethod
        def gradients(*_: Tensor) -> None:
            raise RuntimeError("Failed to find C compiler")

    _as_on_cuda(monkeypatch)
    monkeypatch.setitem(sys.modules, "nlpchat.model.forget_mult_triton", Broken)  # type: ignore[arg-type]
    monkeypatch.setattr("nlpchat.model.forget_mult_triton", Broken, raising=False)
    with pytest.warns(RuntimeWarning, match="RuntimeError: Failed to find C compiler") as said:
        apart = furthest(rows=2, steps=5, width=3, dtype=torch.float32, first=True, reverse=False)
    assert apart < 1e-5
    assert len(said) == 1


def test_on_a_cpu_triton_is_never_imported() -> None:
    code = (
        "import sys, torch; from nlpchat.model.forget_mult import forget_mult; "
        "forget_mult(torch.ones(1, 2, 3), torch.ones(1, 2, 3)); print('nlpchat.model.forget_mult_triton' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


INTERPRETED = """
import itertools, torch, warnings
import nlpchat.model
from nlpchat.model import forget_mult as module
from tests.model.test_forget_mult import TOLERANCE, furthest
warnings.simplefilter("error", RuntimeWarning)
module._wants_kernel = lambda _: True
dtypes = itertools.cycle(TOLERANCE.items())
seen = 0
for steps, first, reverse in itertools.product((1, 2, 3, 5, 8), (False, True), (False, True)):
    dtype, allowed = next(dtypes)
    apart = furthest(rows=1 + steps % 2, steps=steps, width=130, dtype=dtype, first=first, reverse=reverse)
    assert apart < allowed, (steps, first, reverse, dtype, apart)
    seen += 1
assert furthest(rows=1, steps=80, width=3, dtype=torch.float32, first=True, reverse=False) < 1e-5
z, f, first = (torch.rand(shape, dtype=torch.float64, requires_grad=True) for shape in ((1, 3, 2), (1, 3, 2), (1, 2)))
assert torch.autograd.gradcheck(module.forget_mult, (z, f, first))
assert not module._KERNEL_FAULTS
print(seen)
"""


@NEEDS_TRITON
def test_the_kernels_say_what_the_formula_says_in_tritons_interpreter() -> None:
    settled = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", INTERPRETED], capture_output=True, text=True, check=False, env=settled)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 5 * 2 * 2


BOUNDED = """
import itertools, numpy, torch
from triton.runtime.interpreter import InterpreterBuilder
from nlpchat.model import forget_mult_triton as kernels

def bounds(tensor):
    storage = tensor.untyped_storage()
    return storage.data_ptr(), storage.data_ptr() + storage.nbytes()

read, loads = InterpreterBuilder.create_masked_load, 0

def checked(self, places, mask, *more):
    global loads
    at = places.data.astype(numpy.int64).ravel()[mask.data.ravel()]
    assert all(any(low <= place < high for low, high in allowed) for place in (at.min(), at.max())) if len(at) else True
    loads += 1
    return read(self, places, mask, *more)

InterpreterBuilder.create_masked_load = checked
for steps, reverse in itertools.product((1, 2, 3, 4, 6), (False, True)):
    gates, first, grad = torch.rand(1, steps, 9), torch.rand(1, 3), torch.rand(1, steps, 3)
    z, f, _ = gates.chunk(3, 2)
    allowed = [bounds(gates), bounds(first), bounds(grad)]
    h = kernels.states(z, f, first, reverse)
    allowed.append(bounds(h))
    kernels.gradients(grad, z, f, first, h, reverse)
print(loads)
"""


@NEEDS_TRITON
def test_the_kernels_read_nothing_outside_their_arrays() -> None:
    """What is fetched ahead past the last step would change no number, and stop the program on a GPU."""
    settled = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", BOUNDED], capture_output=True, text=True, check=False, env=settled)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


COMPILED = """
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from nlpchat.model import forget_mult_triton as kernels

def types(kernel, stored):
    for name in kernel.arg_names:
        if name in ("has_first", "sums", "size"):
            yield name, "constexpr"
        elif name in ("z", "f", "first", "out", "grad", "h", "d_z", "d_f", "d_first"):
            yield name, "*fp32" if name == "d_first" else f"*{stored}"
        else:
            yield name, "i64" if name.endswith("_start") else "i32"

for kernel, stored, card in ((kernels.states_kernel, "bf16", 90), (kernels.gradients_kernel, "fp16", 80)):
    fixed = {"has_first": True, "sums": tl.float32, "size": kernels.BLOCK}
    source = ASTSource(kernel, dict(types(kernel, stored)), constexprs=fixed)
    print(len(compile(source, target=GPUTarget("cuda", card, 32), options={"num_warps": kernels.WARPS}).asm["cubin"]))
"""


@NEEDS_TRITON
def test_the_kernels_compile_to_machine_code_for_cards_that_are_not_here() -> None:
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [int(size) > 1000 for size in done.stdout.split()] == [True, True]


@NEEDS_CUDA
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize(
    ("rows", "steps", "width"), [(1, 1, 1), (3, 2, 130), (64, 70, 1150), (2, 4096, 33), (5, 70, 400)]
)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_on_cuda(rows: int, steps: int, width: int, dtype: torch.dtype, first: bool, reverse: bool) -> None:
    with warnings.catch_warnings(action="error", category=RuntimeWarning):  # torch's way would pass as well
        apart = furthest(
            rows=rows, steps=steps, width=width, dtype=dtype, first=first, reverse=reverse, device="cuda"
        )  # fmt: skip
    assert apart < TOLERANCE[dtype]
    assert module._KERNEL_FAULTS == []
