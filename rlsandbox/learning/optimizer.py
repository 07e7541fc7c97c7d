"""Adam and RMSprop for networks of N replicas, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.threads import in_shares
from rlsandbox.worlds.compiled import kernel

if TYPE_CHECKING:
    import torch
else:
    torch = Lazily("torch")

UNCLIPPED = 1e30
"""A norm that no gradient reaches."""


class Optimizer:
    """Follows the gradients of networks, clipped replica by replica, in one pass of compiled code.

    For small networks torch's own optimizers cost several times as long. What stands on another device comes
    to the processor for it.

    Args:
        nets: what it improves.
        rule: "adam" (Kingma & Ba, 2015, algorithm 1) or "rmsprop" (Tieleman & Hinton, 2012).
        learning_rate: step size.
        eps: added to the root of the second moment.

    Attributes:
        first, second: `[P]` float32 running means of the gradient (`[0]` of RMSprop) and of its square.
        steps: `[N]` updates of each replica.
    """

    def __init__(self, nets: Networks, rule: str, learning_rate: float, eps: float) -> None:
        self.nets, self.rule, self.learning_rate, self.eps = nets, rule, learning_rate, eps
        size = nets.flat.numel()
        self.first = np.zeros(size if rule == "adam" else 0, np.float32)
        self.second = np.zeros(size, np.float32)
        self.steps = np.zeros(nets.n_seeds, np.int64)
        # on the processor the same memory
        self._flat, self._grad = nets.flat.cpu().numpy(), nets.grad.cpu().numpy()

    def step(
        self, active: NDArray[np.bool_], most: float, threads: int = 1, replicas: range | None = None
    ) -> NDArray[np.float64]:
        """Follow the gradient that stands in the networks' `grad`.

        Args:
            active: `[N]`, the replicas that learn; the others stay as they are.
            most: largest norm of a replica's gradient.
            threads: how many share the work; changes no result.
            replicas: those that are looked at alone; on another device than the processor all.

        Returns:
            `[N]` norms of the gradients before they were clipped.
        """
        norms, elsewhere = np.zeros(active.size), self.nets.flat.device.type != "cpu"
        if elsewhere:
            self._flat, self._grad = self.nets.flat.cpu().numpy(), self.nets.grad.cpu().numpy()
        numbers = self._flat, self._grad, self.first, self.second
        setting = self.rule == "adam", self.learning_rate, self.eps, most

        def share(begin: int, end: int) -> None:
            descend(*numbers, self.nets.bounds, active, self.steps, *setting, norms, begin, end)

        if replicas is None:
            in_shares(active.size, threads, share)
        else:
            share(replicas.start, replicas.stop)
        if elsewhere:
            self.nets.flat.copy_(torch.from_numpy(self._flat))
        self.nets.version += 1
        return norms

    def improve(self, flat: NDArray[np.float32], second: NDArray[np.float32]) -> None:
        """Improve numbers that live elsewhere, `[P]`, with second moments that do as well."""
        self._flat, self.second = flat, second

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that it remembers, by reference."""
        return {"steps": self.steps, "first": self.first, "second": self.second}


@kernel(fastmath=True, error_model="numpy")
def descend(
    flat: Any,
    grad: Any,
    first: Any,
    second: Any,
    bounds: Any,
    active: Any,
    steps: Any,
    adam: bool,
    learning_rate: float,
    eps: float,
    most: float,
    norms: Any,
    begin_replica: int,
    end_replica: int,
) -> None:
    """A step of Adam or RMSprop for each active replica of a range, down gradients clipped to norm `most`.

    `flat`, `grad`, `second` and, of Adam, `first` are `[P]`, `bounds` `[L]` where the arrays in them end,
    which hold the numbers of all replicas in turn.
    """
    n = active.shape[0]
    for i in range(begin_replica, end_replica):
        squares, begin = np.float32(0), 0
        for end in bounds:
            size = (end - begin) // n
            own = grad[begin + i * size : begin + (i + 1) * size]
            for j in range(size):
                squares += own[j] * own[j]
            begin = end
        norms[i] = np.sqrt(squares)
        if active[i]:
            steps[i] += 1
            scale = np.float32(min(1.0, most / (norms[i] + 1e-6)))
            rate = np.float32(learning_rate / (1.0 - 0.9 ** steps[i]))
            root = np.float32(1.0 / np.sqrt(1.0 - 0.999 ** steps[i]))
            begin = 0
            for end in bounds:
                size = (end - begin) // n
                own = slice(begin + i * size, begin + (i + 1) * size)
                if adam:
                    follow_mean(
                        flat[own], grad[own], first[own], second[own], scale, rate, root, np.float32(eps)
                    )
                else:
                    follow(
                        flat[own], grad[own], second[own], scale, np.float32(learning_rate), np.float32(eps)
                    )
                begin = end


@kernel(fastmath=True, error_model="numpy")
def follow_mean(
    flat: Any, grad: Any, first: Any, second: Any, scale: Any, rate: Any, root: Any, eps: Any
) -> None:
    """A step of Adam for the numbers of one array and replica."""
    for j in range(flat.shape[0]):
        slope = scale * grad[j]
        first[j] = np.float32(0.9) * first[j] + np.float32(0.1) * slope
        second[j] = np.float32(0.999) * second[j] + np.float32(0.001) * slope * slope
        flat[j] -= rate * first[j] / (root * np.sqrt(second[j]) + eps)


@kernel(fastmath=True, error_model="numpy")
def follow(flat: Any, grad: Any, second: Any, scale: Any, rate: Any, eps: Any) -> None:
    """A step of RMSprop."""
    for j in range(flat.shape[0]):
        slope = scale * grad[j]
        second[j] = np.float32(0.99) * second[j] + np.float32(0.01) * slope * slope
        flat[j] -= rate * slope / (np.sqrt(second[j]) + eps)
