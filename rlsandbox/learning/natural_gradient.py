"""Natural gradients of policies: steps measured by how far they move the policy, not its numbers.

With z the outputs that state the policy, J = dz/dtheta, and F_z the Fisher matrix of the distribution with
respect to z (of a softmax diag(pi) - pi pi^T), the Fisher matrix of a policy is the mean of

    J^T F_z J

over the states, which is also the curvature of the mean divergence KL(pi_old, pi) where pi is pi_old (Amari,
1998; Kakade, 2002). It is far too large to be written down; its product with a vector takes one pass through
the networks forwards, J v, and one backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats
from rlsandbox.learning.dense import Units
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Judged, Networks
from rlsandbox.learning.policy_gradient import Policy
from rlsandbox.learning.threads import in_shares

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")


class Fisher:
    """The Fisher matrices of the head "policy" of N replicas, each averaged over its own states.

    Args:
        nets: the networks, as they are now.
        family: the distributions that the head states.
        seen: observations of the states, `[N, B, D]` or `[N, B]` int64 where one is hot.
        share: `[N, B]` how much each of them counts.
        damping: added to the diagonal.
        threads: how many share the work; changes no result.
    """

    def __init__(
        self,
        nets: Networks,
        family: Policy,
        seen: Tensor,
        share: Floats,
        damping: float,
        threads: int = 1,
    ) -> None:
        self.nets, self.family, self.share, self.damping = nets, family, share, damping

        def judged(begin: int, end: int) -> Judged:
            return nets.judge(seen[begin:end], Units(begin, end))

        self._judged = in_shares(nets.n_seeds, threads, judged)
        self.said = self._together([judged.said["policy"] for judged in self._judged])

    def gradient(self, slope: Floats) -> Floats:
        """`[N, P / N]`: J^T applied to slopes `[N, B, size]` at the head."""

        def share(n: int, _: int) -> None:
            judged = self._judged[n]
            judged.slopes["policy"][:] = slope[judged.given.units.own]
            self.nets.backward(judged)

        in_shares(len(self._judged), len(self._judged), share)
        return rows_of(self.nets, self.nets.grad)

    def product(self, vector: Floats) -> Floats:
        """`[N, P / N]`: each replica's matrix times its row of a `[N, P / N]`."""
        direction = torch.from_numpy(flat_of(self.nets, vector)).to(self.nets.flat)

        def share(n: int, _: int) -> NDArray[Any]:
            move = self.nets.tangent(direction, self._judged[n])
            return self.nets.by_head(move)["policy"]

        move = self._together(in_shares(len(self._judged), len(self._judged), share))
        curved = self.share[:, :, None] * self.family.curved(self.said, move)
        return self.gradient(curved) + self.damping * vector

    @staticmethod
    def _together(shares: list[NDArray[Any]]) -> Floats:
        return np.concatenate(shares).astype(np.float64)


def rows_of(nets: Networks, flat: Tensor) -> Floats:
    """Numbers `[P]` as one row `[N, P / N]` a replica, in float64."""
    parts = np.split(flat.cpu().numpy().astype(np.float64), nets.bounds[:-1])
    return np.concatenate([part.reshape(nets.n_seeds, -1) for part in parts], axis=1)


def flat_of(nets: Networks, rows: Floats) -> Floats:
    """The way back of `rows_of`."""
    parts = np.split(rows, nets.bounds[:-1] // nets.n_seeds, axis=1)
    return np.concatenate([part.ravel() for part in parts])


def dot(one: Floats, other: Floats) -> Floats:
    """`[N, 1]`: product of two vectors of each replica."""
    return np.einsum("np,np->n", one, other)[:, None]


def conjugate_gradient(product: Callable[[Floats], Floats], wanted: Floats, iterations: int) -> Floats:
    """Solve H x = wanted for each row (Hestenes & Stiefel, 1952), as far as so many iterations come.

    Args:
        product: gives H x for rows x `[N, P]`; H is symmetric and positive definite.
        wanted: `[N, P]`.
        iterations: at most P are of use.
    """
    x, residual, direction = np.zeros_like(wanted), wanted.copy(), wanted.copy()
    left = dot(residual, residual)
    for _ in range(iterations):
        curved = product(direction)
        bend = dot(direction, curved)
        rate = left / np.where(bend == 0.0, np.inf, bend)  # 0: this replica has arrived
        x += rate * direction
        residual -= rate * curved
        before, left = left, dot(residual, residual)
        direction = residual + left / np.where(before == 0.0, np.inf, before) * direction
    return x
