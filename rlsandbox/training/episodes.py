"""Episodes of a policy, recorded frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.exploration import DRAW, draw, seeded, uniform
from rlsandbox.learning.stacks import Stacks
from rlsandbox.learning.walk import Model, noise, outcome, start_state
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP


@dataclass(frozen=True)
class Episode:
    """T transitions; frame t stands at `states[t]`, before action t.

    Attributes:
        states: `[T + 1]` int64.
        actions: `[T]` int64.
        rewards: `[T]` float64.
        terminated: whether it ended by itself; else it was cut.
    """

    states: NDArray[np.int64]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    terminated: bool

    def __len__(self) -> int:
        """T."""
        return self.actions.size

    @property
    def score(self) -> float:
        """Undiscounted return."""
        return float(self.rewards.sum())

    def shown(self, snapshot: Snapshot, t: int) -> Snapshot:
        """What was learnt, with frame `t` in the place of what the agent does now."""
        return replace(snapshot, state=int(self.states[t]), trail=self.states[:t].copy(), update=None)


def record_episode(
    mdp: TabularMDP, probs: NDArray[np.float64], seed: int, cap: int, start: int | None = None
) -> Episode:
    """Record one episode of a policy `[S, A]`, of at most `cap` steps, from a drawn or given start state."""
    states, actions, rewards = np.empty(cap + 1, np.int64), np.empty(cap, np.int64), np.empty(cap)
    first = -1 if start is None else start
    length, terminated = _record(
        probs, Model.of(mdp), seeded((seed,))[0], first, mdp.live, states, actions, rewards
    )
    return Episode(states[: length + 1], actions[:length], rewards[:length], terminated)


def record_stacked(stacks: Stacks, probs: NDArray[np.float64], seed: int, cap: int) -> Episode:
    """Record one episode of a policy `[T, A]` that tells stacks apart; its states are those of the world."""
    episode = record_episode(stacks.mdp, probs, seed, cap)
    return replace(episode, states=stacks.last[episode.states])


@kernel
def _record(
    probs: Any, model: Any, rng: Any, start: int, live: Any, states: Any, actions: Any, rewards: Any
) -> tuple[int, bool]:
    """Fill `[T + 1]` states, `[T]` actions and rewards; returns the length and whether it ended by itself."""
    rng += DRAW
    s = start if start >= 0 else start_state(model, uniform(rng))
    states[0] = s
    for t in range(actions.shape[0]):
        if not live[s]:
            return t, False
        rng += DRAW
        a = draw(probs[s], uniform(rng))
        rng += DRAW
        k = outcome(model, s, a, uniform(rng))
        actions[t], rewards[t] = a, model.reward[s, a, k]
        if model.reward_sd[s, a, k] > 0:
            rng += DRAW + DRAW
            rewards[t] += noise(model.reward_sd[s, a, k], rng)
        s = model.next_state[s, a, k]
        states[t + 1] = s
        if model.terminal[states[t], a, k]:
            return t + 1, True
    return actions.shape[0], False
