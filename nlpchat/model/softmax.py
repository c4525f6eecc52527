"""Cross-entropy of a tied softmax without ever holding all logits.

Logits of 4,480 tokens x 10,000 pieces are 180 MB in fp32, and on a CPU writing, copying and differentiating them costs as
much as the LSTM itself. So the rows go through in chunks, and each chunk's gradient is made while its logits are still
in cache (as Liger Kernel's fused linear cross-entropy does on GPUs; Hsu et al. 2024, section 3.2).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK_ROWS = 512


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, low: torch.dtype | None
    ) -> Tensor:
        rows = len(states)
        d_states = torch.empty_like(states, dtype=weight.dtype)
        d_weight, d_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        kernel = weight if low is None else weight.to(low)
        total = weight.new_zeros(())
        for start in range(0, rows, CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            x = states[part].to(kernel.dtype)
            logits = torch.addmm(bias, x.float(), weight.t()) if low is None else (x @ kernel.t()).float().add_(bias)
            norm = logits.logsumexp(1, keepdim=True)
            target = targets[part, None]
            total += (norm - logits.gather(1, target)).sum()
            grad = logits.sub_(norm).exp_().div_(rows)  # softmax, in the logits' own memory
            grad.scatter_add_(1, target, torch.full_like(norm, -1 / rows))
            d_bias += grad.sum(0)
            grad = grad.to(kernel.dtype)
            d_states[part] = grad @ kernel
            d_weight += grad.t() @ x
        ctx.save_for_backward(d_states.to(states.dtype), d_weight, d_bias)
        return total / rows

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        d_states, d_weight, d_bias = ctx.saved_tensors
        return d_states * grads[0], d_weight * grads[0], d_bias * grads[0], None, None


def linear_cross_entropy(states: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats of softmax(states @ weight.T + bias) against `targets`, under autocast in its dtype.

    states: (..., E). weight: (V, E) fp32. bias: (V,). targets: (...) int64. Not twice differentiable.
    """
    device = states.device.type
    low = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    with torch.autocast(device, enabled=False):
        flat = states.reshape(-1, states.shape[-1])
        loss: Tensor = _LinearCrossEntropy.apply(flat, weight, bias, targets.reshape(-1), low)  # type: ignore[no-untyped-call]
        return loss
