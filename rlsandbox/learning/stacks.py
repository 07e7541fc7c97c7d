"""The last k states as one: what an agent tells apart whose networks see several frames."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsandbox.worlds.errors import check
from rlsandbox.worlds.mdp import TabularMDP

MOST = 100_000
"""Stacks of a world: networks are asked about all of them."""


@dataclass(frozen=True)
class Stacks:
    """All T runs of k states, oldest first, that somebody who walks through a model can have behind him.

    An episode begins with its first state k times over, as if the agent had stood still: stack number s < S
    is (s, ..., s), and the others follow. What happens hangs on the last state alone, so that what the stacks
    are worth is what their last states are worth.

    Attributes:
        mdp: the model of S states whose states are stacks; of one frame it is the model of the world itself.
        states: `[T, k]` int64.
    """

    mdp: TabularMDP
    states: NDArray[np.int64]

    @classmethod
    def of(cls, mdp: TabularMDP, frames: int) -> Stacks:
        """Those of so many frames.

        Raises:
            SandboxError: they are more than `MOST`.
        """
        model, states = mdp, np.arange(mdp.n_states)[:, None]
        for _ in range(frames - 1):
            model, before, now = _paired(model, mdp.n_states, frames)
            states = np.column_stack([states[before, 0], states[now]])
        return cls(model, states)

    @property
    def last(self) -> NDArray[np.int64]:
        """`[T]`: the state that an agent stands in."""
        return self.states[:, -1]

    @property
    def frames(self) -> int:
        """K."""
        return self.states.shape[1]

    def number(self, states: ArrayLike) -> int:
        """The number of the stack `[k]`.

        Raises:
            SandboxError: nobody can have been there, one after the other.
        """
        wanted = np.asarray(states, np.int64)
        fits = wanted.shape == (self.frames,)
        found = np.flatnonzero((self.states == wanted).all(axis=1)) if fits else wanted[:0]
        check(found.size == 1, f"{wanted.tolist()} are no {self.frames} states that follow each other here.")
        return int(found[0])

    def usual(self, weight: NDArray[Any]) -> NDArray[np.int64]:
        """`[S]`: of the stacks with each last state the heaviest by `[T]`; without one, standing still."""
        order = np.argsort(weight, kind="stable")
        order = order[weight[order] > 0]
        found = np.arange(int(self.last.max()) + 1)
        found[self.last[order]] = order  # the heaviest comes last
        return found

    def folded(self, counts: NDArray[Any], axis: int = 0) -> NDArray[Any]:
        """`[..., S, ...]`: sums of counts `[..., T, ...]` over stacks with the same last state."""
        by_stack = np.moveaxis(counts, axis, 0)
        sums = np.zeros((int(self.last.max()) + 1, *by_stack.shape[1:]), counts.dtype)
        np.add.at(sums, self.last, by_stack)
        return np.moveaxis(sums, 0, axis)


def _paired(
    mdp: TabularMDP, n_still: int, frames: int
) -> tuple[TabularMDP, NDArray[np.int64], NDArray[np.int64]]:
    """The model whose states are a state of `mdp` and the one before it, and both of each, `[T]`.

    The first `n_still` are who has stood still in a state of that number.
    """
    n, possible = mdp.n_states, mdp.prob > 0
    steps = (np.arange(n)[:, None, None] * n + mdp.next_state)[possible]
    still = np.arange(n_still) * (n + 1)
    keys = np.concatenate([still, np.setdiff1d(steps, still)])
    check(
        keys.size <= MOST,
        f"{frames} frames of {n_still:,} states can look in more than {MOST:,} ways: choose fewer frames or "
        "a smaller world.",
        "frames",
    )
    before, now = np.divmod(keys, n)
    order = np.argsort(keys)
    wanted = now[:, None, None] * n + mdp.next_state[now]
    place = np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)
    itself = np.arange(keys.size)[:, None, None]
    next_state = np.where(possible[now], order[place], itself).astype(np.int32)
    start = np.zeros(keys.size)
    start[:n_still] = mdp.start[:n_still]
    outcomes = {name: getattr(mdp, name)[now] for name in ("prob", "reward", "reward_sd", "terminal", "live")}
    return dataclasses.replace(mdp, next_state=next_state, start=start, **outcomes), before, now
