"""Texts as a backward model reads them: from the end to the beginning, the mark of a beginning (bos) still first.

    >>> backward_line([1, 10, 11, 12])
    [1, 12, 11, 10]

A document of several lines is read from its last line to its first. Everywhere else ids stay in the order of the text: the
classifier turns them round itself, in torch and in its ONNX graph, so that nothing that feeds it need know.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def backward_line(ids: Sequence[int]) -> list[int]:
    """bos and pieces -> bos and the same pieces from the last to the first."""
    return [*ids[:1], *reversed(ids[1:])]


def backward_ids(ids: Tensor, lengths: Tensor) -> Tensor:
    """(B, T) padded on the right, lengths (B,) -> the same with each row's pieces after bos turned round, its padding kept."""
    place = torch.arange(ids.shape[1], device=ids.device)[None, :]
    inside = (place > 0) & (place < lengths[:, None])
    return ids.gather(1, torch.where(inside, lengths[:, None] - place, place))
