"""What can act: observation in, action out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Policy(Protocol):
    """Anything that chooses actions."""

    def act(self, observation: Any, rng: np.random.Generator) -> int:
        """Choose an action for one observation."""
        ...


@dataclass(frozen=True)
class TabularPolicy:
    """The greedy policies of N replicas over S states; ties share their probability.

    Attributes:
        probs: `[N, S, A]` float64, sums to 1 over A.
        q: `[N, S, A]` float64, the action values that they come from.
    """

    probs: NDArray[np.float64]
    q: NDArray[np.float64]

    @classmethod
    def greedy(cls, q: NDArray[np.float64]) -> TabularPolicy:
        """The policies that are greedy to `[N, S, A]` action values."""
        return cls(greedy_probs(q), np.array(q))

    @property
    def n_seeds(self) -> int:
        """N."""
        return self.probs.shape[0]

    def act(self, observation: int, rng: np.random.Generator, replica: int = 0) -> int:
        """Draw an action in the state `observation`."""
        probs = self.probs[replica, observation]
        best = np.flatnonzero(probs)
        return int(best[0]) if best.size == 1 else int(rng.choice(probs.size, p=probs))


def greedy_probs(q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of the greedy policy: the best actions (exact ties) in equal shares.

    Args:
        q: `[..., A]` action values.

    Returns:
        `[..., A]` probabilities.
    """
    best = q == q.max(axis=-1, keepdims=True)
    return best / best.sum(axis=-1, keepdims=True)
