"""Numbers of gradient updates, logged in bins that merge when they are too many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Curve, Floats, Ints
from rlsandbox.learning.walk import BINS, copy_of_first, merge_bins
from rlsandbox.worlds.compiled import kernel


class UpdateLog:
    """Means over updates, by name: losses, entropy, norms of gradients.

    Args:
        names: what is logged, K names.
        n_seeds: N.

    Attributes:
        sums: `[K, N, BINS]` sums over the updates of a bin.
        count: `[N]` updates of each replica.
        width: `[N]` updates a bin.
        latest: `[K, N]` the numbers of each replica's last update, NaN before the first.
    """

    def __init__(self, names: Sequence[str], n_seeds: int) -> None:
        self.names = tuple(names)
        self.sums = np.zeros((len(self.names), n_seeds, BINS))
        self.count = np.zeros(n_seeds, np.int64)
        self.width = np.ones(n_seeds, np.int64)
        self.latest = np.full((len(self.names), n_seeds), np.nan)

    def add(self, values: NDArray[Any], active: NDArray[np.bool_]) -> None:
        """Log an update `[K, N]` of the replicas that made it `[N]`."""
        log_update(self.sums, self.count, self.width, self.latest, values, active)

    def curves(self) -> dict[str, Curve]:
        """Means over the bins."""
        used = int(max(1, self.used.max()))
        filled = np.clip(self.count[:, None] - np.arange(used) * self.width[:, None], 0, self.width[:, None])
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = np.where(filled > 0, self.sums[:, :, :used] / filled, np.nan)
        width, count = self.width.copy(), self.count.copy()
        return {
            name: Curve(mean, width, count, "updates") for name, mean in zip(self.names, means, strict=True)
        }

    @property
    def used(self) -> Ints:
        """`[N]` bins that hold something."""
        return -(-self.count // self.width)

    def copies(self) -> dict[str, NDArray[Any]]:
        """Of `arrays`."""
        rows = self.sums.reshape(-1, BINS)
        sums = copy_of_first(rows, np.tile(self.used, len(self.names))).reshape(self.sums.shape)
        return {name: array.copy() for name, array in self.arrays().items() if name != "sums"} | {
            "sums": sums
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything in it, by reference."""
        return {"sums": self.sums, "count": self.count, "width": self.width, "latest": self.latest}


@kernel(nogil=False)
def log_update(sums: Any, count: Any, width: Any, latest: Any, values: Any, active: Any) -> None:
    """Add values `[K, N]` to the bins of active replicas."""
    for i in range(count.shape[0]):
        if not active[i]:
            continue
        if count[i] // width[i] >= sums.shape[2]:
            for k in range(sums.shape[0]):
                merge_bins(sums[k, i])
            width[i] *= 2
        for k in range(sums.shape[0]):
            sums[k, i, count[i] // width[i]] += values[k, i]
            latest[k, i] = values[k, i]
        count[i] += 1
