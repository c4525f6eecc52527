"""The recurrence of a QRNN and its gradient as two Triton kernels: what `forget_mult` calls on CUDA.

Each program walks through time with BLOCK units of one row, the state in registers; memory is read once and written once.
Since the steps depend on one another, what hides the memory's latency is that the next AHEAD steps are already on their way.
Any strides will do: z and f are views of one matrix product as a rule. Sums are fp32 (fp64 for fp64) whatever is stored.
Letters: B batch, T time, H width.
"""

# A kernel is Triton's language, not Python's: its arguments have no Python types. Triton itself is not there without CUDA.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import-untyped, import-not-found"

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK, WARPS = 128, 2
# AHEAD is 4: the loops below name the four.


@triton.jit
def _mask(unit, width, there):
    """The units of the row, if the step is there at all."""
    return unit < tl.where(there, width, 0)


@triton.jit(do_not_specialize=["steps"])
def states_kernel(
    z, f, first, out, steps, width,
    z_row, z_start, z_step, z_unit, f_row, f_start, f_step, f_unit, first_row, first_unit, out_row, out_start, out_step,
    has_first: tl.constexpr, sums: tl.constexpr, size: tl.constexpr,
):  # fmt: skip
    """out_t = h_t. X_row, X_step, X_unit: strides of X, in elements; X_start: its first step's offset."""
    row = tl.program_id(0).to(tl.int64)
    unit = tl.program_id(1) * size + tl.arange(0, size)
    inside = unit < width
    z += row * z_row + z_start + unit * z_unit
    f += row * f_row + f_start + unit * f_unit
    out += row * out_row + out_start + unit
    h = tl.zeros([size], dtype=sums)
    if has_first:
        h = tl.load(first + row * first_row + unit * first_unit, mask=inside, other=0.0).to(sums)
    z0 = tl.load(z, mask=inside, other=0.0)
    f0 = tl.load(f, mask=inside, other=0.0)
    z1 = tl.load(z + z_step, mask=_mask(unit, width, steps > 1), other=0.0)
    f1 = tl.load(f + f_step, mask=_mask(unit, width, steps > 1), other=0.0)
    z2 = tl.load(z + 2 * z_step, mask=_mask(unit, width, steps > 2), other=0.0)
    f2 = tl.load(f + 2 * f_step, mask=_mask(unit, width, steps > 2), other=0.0)
    z3 = tl.load(z + 3 * z_step, mask=_mask(unit, width, steps > 3), other=0.0)
    f3 = tl.load(f + 3 * f_step, mask=_mask(unit, width, steps > 3), other=0.0)
    for step in tl.range(0, steps, loop_unroll_factor=4):
        more = _mask(unit, width, step + 4 < steps)
        z4 = tl.load(z + 4 * z_step, mask=more, other=0.0)
        f4 = tl.load(f + 4 * f_step, mask=more, other=0.0)
        h += f0.to(sums) * (z0.to(sums) - h)
        tl.store(out, h.to(out.dtype.element_ty), mask=inside)
        z0, z1, z2, z3 = z1, z2, z3, z4
        f0, f1, f2, f3 = f1, f2, f3, f4
        z += z_step
        f += f_step
        out += out_step


@triton.jit(do_not_specialize=["steps"])
def gradients_kernel(
    grad, z, f, first, h, d_z, d_f, d_first, steps, width,
    grad_row, grad_start, grad_step, grad_unit, z_row, z_start, z_step, z_unit, f_row, f_start, f_step, f_unit,
    first_row, first_unit, h_row, h_start, h_step,
    has_first: tl.constexpr, sums: tl.constexpr, size: tl.constexpr,
):  # fmt: skip
    """d_z_t = f_t g_t, d_f_t = (z_t - h_{t-1}) g_t, g_t = grad_t + (1 - f_{t+1}) g_{t+1}; d_first = (1 - f_0) g_0.

    Starts are those of the step that comes last in time, steps lead back from it. h, d_z and d_f are laid out alike.
    """
    row = tl.program_id(0).to(tl.int64)
    unit = tl.program_id(1) * size + tl.arange(0, size)
    inside = unit < width
    grad += row * grad_row + grad_start + unit * grad_unit
    z += row * z_row + z_start + unit * z_unit
    f += row * f_row + f_start + unit * f_unit
    place = row * h_row + h_start + unit
    h += place
    d_z += place
    d_f += place
    begin = tl.zeros([size], dtype=sums)
    if has_first:
        begin = tl.load(first + row * first_row + unit * first_unit, mask=inside, other=0.0).to(sums)
    g0 = tl.load(grad, mask=inside, other=0.0)
    z0 = tl.load(z, mask=inside, other=0.0)
    f0 = tl.load(f, mask=inside, other=0.0)
    h0 = tl.load(h + h_step, mask=_mask(unit, width, steps > 1), other=0.0)  # the state before each step
    g1 = tl.load(grad + grad_step, mask=_mask(unit, width, steps > 1), other=0.0)
    z1 = tl.load(z + z_step, mask=_mask(unit, width, steps > 1), other=0.0)
    f1 = tl.load(f + f_step, mask=_mask(unit, width, steps > 1), other=0.0)
    h1 = tl.load(h + 2 * h_step, mask=_mask(unit, width, steps > 2), other=0.0)
    carried = tl.zeros([size], dtype=sums)
    for step in tl.range(0, steps, loop_unroll_factor=2):
        more = _mask(unit, width, step + 2 < steps)
        g2 = tl.load(grad + 2 * grad_step, mask=more, other=0.0)
        z2 = tl.load(z + 2 * z_step, mask=more, other=0.0)
        f2 = tl.load(f + 2 * f_step, mask=more, other=0.0)
        h2 = tl.load(h + 3 * h_step, mask=_mask(unit, width, step + 3 < steps), other=0.0)
        before = tl.where(step + 1 < steps, h0.to(sums), begin)
        carried += g0.to(sums)
        gate = f0.to(sums)
        tl.store(d_z, (gate * carried).to(d_z.dtype.element_ty), mask=inside)
        tl.store(d_f, ((z0.to(sums) - before) * carried).to(d_f.dtype.element_ty), mask=inside)
        carried -= gate * carried
        g0, g1, z0, z1, f0, f1, h0, h1 = g1, g2, z1, z2, f1, f2, h1, h2
        grad += grad_step
        z += z_step
        f += f_step
        h += h_step
        d_z += h_step
        d_f += h_step
    if has_first:
        tl.store(d_first + row * width + unit, carried, mask=inside)


def states(z: Tensor, f: Tensor, first: Tensor | None, reverse: bool) -> Tensor:
    """h (B, T, H), contiguous, of z's dtype. z, f: (B, T, H); first: (B, H) or None."""
    out = torch.empty(z.shape, dtype=z.dtype, device=z.device)
    begin = z if first is None else first
    with torch.cuda.device_of(z):
        states_kernel[_grid(z)](
            z, f, begin, out, z.shape[1], z.shape[2],
            *_walk(z, reverse), *_walk(f, reverse), begin.stride(0), begin.stride(-1), *_walk(out, reverse)[:3],
            has_first=first is not None, sums=_sum(z), size=BLOCK, num_warps=WARPS,
        )  # fmt: skip
    return out


def gradients(
    grad: Tensor, z: Tensor, f: Tensor, first: Tensor | None, h: Tensor, reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """(d_z, d_f, d_first), as `forget_mult._gradients` gives them. h: what `states` gave."""
    d_z, d_f = torch.empty_like(h), torch.empty_like(h)
    sums = torch.float64 if h.dtype == torch.float64 else torch.float32
    d_first = torch.empty(h[:, 0].shape, dtype=sums, device=h.device)
    begin = z if first is None else first
    back = not reverse
    with torch.cuda.device_of(z):
        gradients_kernel[_grid(z)](
            grad, z, f, begin, h, d_z, d_f, d_first, z.shape[1], z.shape[2],
            *_walk(grad, back), *_walk(z, back), *_walk(f, back), begin.stride(0), begin.stride(-1), *_walk(h, back)[:3],
            has_first=first is not None, sums=_sum(z), size=BLOCK, num_warps=WARPS,
        )  # fmt: skip
    return d_z, d_f.to(f.dtype), d_first


def _grid(z: Tensor) -> tuple[int, int]:
    return z.shape[0], triton.cdiv(z.shape[2], BLOCK)


def _walk(x: Tensor, reverse: bool) -> tuple[int, int, int, int]:
    """Of a (B, T, H) tensor: stride of a row, offset of the first step, stride to the next step, stride of a unit."""
    row, step, unit = x.stride()
    return (row, (x.shape[1] - 1) * step, -step, unit) if reverse else (row, 0, step, unit)


def _sum(z: Tensor) -> Any:
    return tl.float64 if z.dtype == torch.float64 else tl.float32
