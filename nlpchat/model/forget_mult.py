"""The recurrence of a QRNN: h_t = f_t * z_t + (1 - f_t) * h_{t-1} (Bradbury et al. 2017, equation 3).

Nothing in it mixes units, so that it is serial in time and parallel over batch and width. Three ways to the same numbers:

* `naive_forget_mult`: the formula as it stands, differentiated by torch; what the tests compare with;
* torch, one fused operation a step, with the gradient written out: everywhere;
* Triton kernels (`forget_mult_triton.py`) on CUDA, compiled on the spot, no nvcc needed. They are imported only then. Should
  they fail, torch does it, and one warning says why.

Letters: B batch, T time, H width.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nlpchat.errors import on_one_line

_KERNEL_FAULTS: list[str] = []  # why the kernels are not used any more, once they have failed


def forget_mult(z: Tensor, f: Tensor, first: Tensor | None = None, *, reverse: bool = False) -> Tensor:
    """The states h (B, T, H). z, f: (B, T, H), of any strides; first: (B, H), the state before, zeros if None.

    reverse: time runs from the last step to the first, and `first` is the state after the last. bf16 and fp16 are summed up
    in fp32. Gradients for z, f and `first`; not twice differentiable.
    """
    h: Tensor = _ForgetMult.apply(z, f, first, reverse)  # type: ignore[no-untyped-call]
    return h


def naive_forget_mult(z: Tensor, f: Tensor, first: Tensor | None = None, *, reverse: bool = False) -> Tensor:
    """The same, step by step as the formula says it."""
    h = torch.zeros_like(z[:, 0]) if first is None else first
    steps = range(z.shape[1])
    found = {}
    for t in reversed(steps) if reverse else steps:
        h = f[:, t] * z[:, t] + (1 - f[:, t]) * h
        found[t] = h
    return torch.stack([found[t] for t in steps], 1)


class _ForgetMult(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, f: Tensor, first: Tensor | None, reverse: bool) -> Tensor:
        h: Tensor = _run("states", z, f, first, reverse)
        ctx.save_for_backward(z, f, first, h)
        ctx.reverse = reverse
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        z, f, first, h = ctx.saved_tensors
        d_z, d_f, d_first = _run("gradients", grad, z, f, first, h, ctx.reverse)
        return d_z, d_f, None if first is None else d_first.to(first.dtype), None


def _run(name: str, *arguments: Any) -> Any:
    """`states` or `gradients`: of the Triton kernels for tensors on CUDA, of torch otherwise."""
    if _wants_kernel(arguments[0]) and not _KERNEL_FAULTS:
        try:
            from nlpchat.model import forget_mult_triton

            return getattr(forget_mult_triton, name)(*arguments)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - a missing package, compiler or driver: each raises what it likes
            _KERNEL_FAULTS.append(f"{type(fault).__name__}: {on_one_line(fault)[:200]}")
            warnings.warn(
                f"the Triton kernels of the QRNN cannot be used here ({_KERNEL_FAULTS[0]}); torch does it instead, slower.",
                RuntimeWarning,
                stacklevel=2,
            )
    return _TORCH[name](*arguments)


def _wants_kernel(tensor: Tensor) -> bool:
    return tensor.is_cuda


def _states(z: Tensor, f: Tensor, first: Tensor | None, reverse: bool) -> Tensor:
    dtype = _sum_dtype(z)
    h = torch.empty(z.shape, dtype=dtype, device=z.device)
    before = h.new_zeros(h[:, 0].shape) if first is None else first.to(dtype)
    for z_t, f_t, h_t in _steps(reverse, z.to(dtype), f.to(dtype), h):
        before = torch.lerp(before, z_t, f_t, out=h_t)
    return h.to(z.dtype)


def _gradients(
    grad: Tensor, z: Tensor, f: Tensor, first: Tensor | None, h: Tensor, reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """What reaches h_t is g_t = grad_t + (1 - f_{t+1}) * g_{t+1}; then dz = f * g, df = (z - h_{t-1}) * g."""
    dtype = _sum_dtype(z)
    f_wide = f.to(dtype)
    keep = 1 - f_wide
    g = torch.empty(z.shape, dtype=dtype, device=z.device)
    carried = torch.zeros_like(g[:, 0])
    later_keep = carried
    for grad_t, keep_t, g_t in _steps(not reverse, grad.to(dtype), keep, g):
        carried = torch.addcmul(grad_t, later_keep, carried, out=g_t)
        later_keep = keep_t
    d_first = later_keep * carried
    d_f = torch.empty_like(g)
    now, before = (slice(None, -1), slice(1, None)) if reverse else (slice(1, None), slice(None, -1))
    torch.sub(z[:, now].to(dtype), h[:, before].to(dtype), out=d_f[:, now])
    begin = -1 if reverse else 0
    d_f[:, begin] = z[:, begin] if first is None else z[:, begin] - first.to(dtype)
    d_f *= g
    return g.mul_(f_wide).to(z.dtype), d_f.to(f.dtype), d_first


def _steps(reverse: bool, *tensors: Tensor) -> Any:
    """The time slices of several (B, T, H) side by side, from the first (or the last) step on."""
    slices = [tensor.unbind(1) for tensor in tensors]
    return zip(*([part[::-1] for part in slices] if reverse else slices), strict=True)


def _sum_dtype(z: Tensor) -> torch.dtype:
    return z.dtype if z.dtype == torch.float64 else torch.float32


_TORCH: dict[str, Callable[..., Any]] = {"states": _states, "gradients": _gradients}
