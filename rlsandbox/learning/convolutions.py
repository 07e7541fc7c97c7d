"""Convolutions of N replicas: what networks do with pictures before their layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.lazy import Lazily

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

KERNEL = 3
_CHANNELS = (16, 32)
_SMALL = 12
"""Cells (pixels) a side up to which a picture is looked at as it is; a larger one is halved first."""


class Convolutions:
    """3x3 convolutions with rectified units: two on a small picture, and one with stride 2 a halving before.

    Args:
        shape: (C, H, W) of a picture.

    Attributes:
        weights: (channels out, channels in, stride) of each convolution.
        n_features: how many numbers come out.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        channels, height, width = shape
        self.weights: list[tuple[int, int, int]] = []
        while max(height, width) > _SMALL:
            self.weights.append((_CHANNELS[0], channels, 2))
            channels, height, width = _CHANNELS[0], -(-height // 2), -(-width // 2)
        for out in _CHANNELS:
            self.weights.append((out, channels, 1))
            channels = out
        self.n_features = channels * height * width

    def drawn(self, rngs: Sequence[np.random.Generator]) -> list[NDArray[np.float32]]:
        """Weights `[nets, out, in, 3, 3]` and biases `[nets, out]` at their start, a generator a net."""
        arrays: list[NDArray[np.float32]] = []
        for out, channels, _ in self.weights:
            spread = np.sqrt(2.0 / (channels * KERNEL**2))  # He et al. (2015), equation 10
            shape = (out, channels, KERNEL, KERNEL)
            arrays.append(np.stack([spread * rng.normal(size=shape) for rng in rngs]).astype(np.float32))
            arrays.append(np.zeros((len(rngs), out), np.float32))
        return arrays

    def features(self, pictures: Tensor, numbers: Sequence[Tensor]) -> Tensor:
        """`[nets, B, F]` of pictures `[nets, B, C, H, W]`, by `numbers` as `drawn` gives them.

        One network after another: as groups of one convolution they take longer.
        """
        by_net = zip(pictures, *(array.unbind() for array in numbers), strict=True)
        return torch.stack([self._of_one(x, own) for x, *own in by_net])

    def _of_one(self, x: Tensor, numbers: Sequence[Tensor]) -> Tensor:
        for (_, _, stride), weight, bias in zip(self.weights, numbers[::2], numbers[1::2], strict=True):
            x = torch.nn.functional.conv2d(x, weight, bias, stride=stride, padding=1).relu()
        return x.flatten(1)
