"""Products of a layer for n networks at once.

A head has few outputs, and BLAS takes up to ten times as long for a product with few columns as for the same
one the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlsandbox.learning.lazy import Lazily

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

_FEW = 8
"""Outputs up to which products are computed the other way round."""


def weighed(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`[n, B, out]`: x weight + bias."""
    if weight.shape[2] > _FEW:
        return torch.baddbmm(bias, x, weight)
    turned = weight.transpose(1, 2).contiguous()
    return torch.baddbmm(bias.transpose(1, 2), turned, x.transpose(1, 2)).transpose(1, 2).contiguous()


def add_outer(grad: Tensor, x: Tensor, slope: Tensor) -> None:
    """Add the gradient of weights `[n, in, out]` that were given x and whose outputs have these slopes."""
    if slope.shape[2] > _FEW:
        grad.baddbmm_(x.transpose(1, 2), slope)
    else:
        grad.add_(torch.bmm(slope.transpose(1, 2).contiguous(), x).transpose(1, 2))


def sent_back(slope: Tensor, weight: Tensor) -> Tensor:
    """`[n, B, in]`: slopes before weights from those behind them."""
    turned = weight.transpose(1, 2)
    return slope * turned if slope.shape[2] == 1 else torch.bmm(slope, turned)
